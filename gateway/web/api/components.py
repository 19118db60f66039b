"""`/components` of the API."""

from typing import Any
from uuid import UUID

from gateway.domain.component import Component, ComponentStatus
from gateway.domain.snapshot import Moment
from gateway.service.drafts.components import ComponentDraft, StatusDraft
from gateway.web.api.documents import Document, Instant
from gateway.web.api.operation import Answer, Call, Operation


class ComponentDocument(Document):
    """A component; `status` is its own, `shown_status` what customers see: an active window may worsen it."""

    id: UUID
    slug: str
    name: str
    description: str
    status: ComponentStatus
    shown_status: ComponentStatus
    group: str | None
    position: int
    row_version: int
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, component: Component, moment: Moment) -> "ComponentDocument":
        """Return a component as it is at a moment."""
        groups = {group.id: group.name for group in moment.snapshot.groups} if moment.snapshot else {}
        return cls(
            id=component.id,
            slug=component.slug,
            name=component.name,
            description=component.description,
            status=component.status,
            shown_status=moment.component_statuses.get(component.slug, component.status),
            group=groups.get(component.group_id) if component.group_id else None,
            position=component.position,
            row_version=component.row_version,
            created_at=component.created_at,
            updated_at=component.updated_at,
        )


class ComponentList(Document):
    """All components in their order."""

    components: tuple[ComponentDocument, ...]


async def list_components(call: Call[None, None]) -> Answer:
    """List all components in their order."""
    found = await call.services.components.list()
    moment = call.moment
    return Answer(document=ComponentList(components=tuple(ComponentDocument.of(each, moment) for each in found)))


async def add_component(call: Call[ComponentDraft, None]) -> Answer:
    """Add a component behind the others; its group is made where it does not exist."""
    component = await call.services.components.add(call.body, call.actor)
    return _answer(call, component, location=call.path_of("api.components.show", slug=component.slug))


async def show_component(call: Call[None, None]) -> Answer:
    """Return one component."""
    return _answer(call, await call.services.components.get(call.slug()))


async def set_component_status(call: Call[StatusDraft, None]) -> Answer:
    """Set a component's own status."""
    return _answer(call, await call.services.components.set_status(call.slug(), call.body.status, call.actor))


def _answer(call: Call[Any, Any], component: Component, *, location: str | None = None) -> Answer:
    document = ComponentDocument.of(component, call.moment)
    return Answer(document=document, location=location, row_version=component.row_version)


OPERATIONS = (
    Operation(
        "GET",
        "/components",
        list_components,
        name="api.components.list",
        summary="List components",
        answer=ComponentList,
    ),
    Operation(
        "POST",
        "/components",
        add_component,
        name="api.components.add",
        summary="Add a component",
        body=ComponentDraft,
        answer=ComponentDocument,
        status=201,
    ),
    Operation(
        "GET",
        "/components/{slug}",
        show_component,
        name="api.components.show",
        summary="Show a component",
        answer=ComponentDocument,
    ),
    Operation(
        "PATCH",
        "/components/{slug}",
        set_component_status,
        name="api.components.set",
        summary="Set a component's own status",
        body=StatusDraft,
        answer=ComponentDocument,
    ),
)
