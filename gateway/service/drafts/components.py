"""Components, as they are asked for."""

from gateway.domain.component import ComponentStatus
from gateway.service.drafts.fields import Description, Draft, Name, Slug


class ComponentDraft(Draft):
    """A component to be added; the group is made where it does not exist."""

    slug: Slug
    name: Name
    description: Description = ""
    status: ComponentStatus = ComponentStatus.OPERATIONAL
    group: Name | None = None


class StatusDraft(Draft):
    """A component's own status."""

    status: ComponentStatus
