"""Components and their groups, as they are asked for."""

from gateway.domain.component import ComponentStatus, Visibility
from gateway.service.drafts.fields import Description, Draft, Name, Slug
from gateway.service.drafts.period import Period


class ComponentDraft(Draft):
    """A component to be added; the group is made where it does not exist."""

    slug: Slug
    name: Name
    description: Description = ""
    status: ComponentStatus = ComponentStatus.OPERATIONAL
    visibility: Visibility = Visibility.SHOWN
    group: Name | None = None


class ComponentChange(Draft):
    """What is to be changed of a component; what is left out stays.

    `group` is a group's name, made where it does not exist; null takes the component out of its group.
    """

    name: Name | None = None
    description: Description | None = None
    status: ComponentStatus | None = None
    visibility: Visibility | None = None
    group: Name | None = None


class StatusDraft(Draft):
    """A component's own status."""

    status: ComponentStatus


class GroupDraft(Draft):
    """A group to be added. `collapsed`: the page shows its name alone while all of it is operational."""

    name: Name
    description: Description = ""
    collapsed: bool = False


class GroupChange(Draft):
    """What is to be changed of a group; what is left out stays."""

    name: Name | None = None
    description: Description | None = None
    collapsed: bool | None = None


class HistoryRange(Period):
    """From when until when a history is wanted: without `until` until now, without `since` the 90 days before."""
