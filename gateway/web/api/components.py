"""`/components` of the API, their order and their history."""

from typing import Any
from uuid import UUID

from pydantic import Field, TypeAdapter

from gateway.domain.access import Permission
from gateway.domain.component import Component, ComponentStatus, Visibility
from gateway.domain.component_history import History
from gateway.domain.errors import ForbiddenError
from gateway.domain.snapshot import Moment
from gateway.service.drafts.components import ComponentChange, ComponentDraft, HistoryRange
from gateway.service.drafts.fields import Draft, Name, Slug
from gateway.store.components import Wanted
from gateway.web.api.bodies import Move, Versioned
from gateway.web.api.documents import Document, Instant, Page
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import MOST, PageQuery, paged, place_of

_PLACE: TypeAdapter[str] = TypeAdapter(Slug)


class ComponentQuery(PageQuery):
    """Which components are listed: `?group=Core&status=major_outage`."""

    group: Name | None = Field(None, description="Of the group with this name.")
    status: ComponentStatus | None = Field(None, description="With this own status.")
    visibility: Visibility | None = Field(None, description="With this visibility.")
    removed: bool = Field(default=False, description="Those that were removed, instead of those that are there.")


class ComponentPatch(ComponentChange, Versioned):
    """A change of a component; with `row_version` only if it is still at that version."""

    def change(self) -> ComponentChange:
        """Return the change alone, with exactly the fields that were sent."""
        names = self.model_fields_set - {"row_version"}
        return ComponentChange.model_construct(names, **{name: getattr(self, name) for name in names})


class ComponentOrder(Draft):
    """Some components in the order that they shall have, at the places that they have among the others."""

    slugs: tuple[Slug, ...] = Field(min_length=1, max_length=MOST, json_schema_extra={"uniqueItems": True})


class ComponentMove(Move):
    """Right before or right after which other component of its group: one of them."""

    before: Slug | None = None
    after: Slug | None = None


class ComponentDocument(Document):
    """A component; `status` is its own, `shown_status` what customers see: an active window may worsen it."""

    id: UUID
    slug: str
    name: str
    description: str
    status: ComponentStatus
    shown_status: ComponentStatus
    visibility: Visibility
    group: str | None = Field(description="The name of its group.")
    position: int
    row_version: int
    created_at: Instant
    updated_at: Instant
    removed_at: Instant | None

    @classmethod
    def of(cls, component: Component, moment: Moment) -> "ComponentDocument":
        """Return a component as it is at a moment."""
        same = {name: getattr(component, name) for name in cls.model_fields if name != "shown_status"}
        return cls(**same, shown_status=moment.component_statuses.get(component.slug, component.status))


class ComponentPage(Page):
    """Components, page by page."""

    components: tuple[ComponentDocument, ...]


class ComponentOrderDocument(Document):
    """All components in their order: those without a group first, then group by group."""

    slugs: tuple[str, ...]


class CauseDocument(Document):
    """A window that was in force and named the component."""

    id: UUID
    title: str


class IntervalDocument(Document):
    """A time in which customers saw one status; `until` is exclusive."""

    since: Instant
    until: Instant
    status: ComponentStatus
    windows: tuple[CauseDocument, ...]
    changed_by: str | None = Field(description="Who set the component's own status, where that began the interval.")


class HistoryDocument(Document):
    """What customers saw of a component. Where nothing is known (it was not there yet, or removed) is no interval."""

    slug: str
    since: Instant
    until: Instant
    intervals: tuple[IntervalDocument, ...]
    seconds: dict[ComponentStatus, float] = Field(description="How long each status lasted.")
    share_up: float | None = Field(
        description="The share of the known time without an outage, partial or major; null where nothing is known."
    )

    @classmethod
    def of(cls, slug: str, history: History) -> "HistoryDocument":
        """Return a history."""
        intervals = tuple(
            IntervalDocument(
                since=interval.since,
                until=interval.until,
                status=interval.status,
                windows=tuple(CauseDocument(id=which, title=history.titles[which]) for which in interval.windows),
                changed_by=interval.changed_by or None,
            )
            for interval in history.intervals
        )
        seconds = {status: length.total_seconds() for status, length in history.lasted.items()}
        return cls(
            slug=slug,
            since=history.since,
            until=history.until,
            intervals=intervals,
            seconds=seconds,
            share_up=history.share_up,
        )


async def list_components(call: Call[None, ComponentQuery]) -> Answer:
    """List components in the order of the page: those without a group first, then group by group."""
    query, after = call.query, place_of(call.query.cursor, _PLACE)
    wanted = Wanted(group=query.group, status=query.status, visibility=query.visibility, removed=query.removed)
    found = await call.services.components.list(wanted, after=after, limit=query.limit + 1)
    components, cursor = paged(found, query.limit, lambda component: component.slug)
    moment = call.moment
    shown = tuple(ComponentDocument.of(component, moment) for component in components)
    return Answer(document=ComponentPage(components=shown, next_cursor=cursor))


async def add_component(call: Call[ComponentDraft, None]) -> Answer:
    """Add a component behind the others; its group is made where it does not exist. A removed one comes back."""
    component = await call.services.components.add(call.body, call.actor)
    return _answer(call, component, location=call.path_of("api.components.show", slug=component.slug))


async def show_component(call: Call[None, None]) -> Answer:
    """Return one component."""
    return _answer(call, await call.services.components.get(call.slug()))


async def edit_component(call: Call[ComponentPatch, None]) -> Answer:
    """Change the fields that are sent. Another one than `status` takes the scope `write`."""
    change = call.body.change()
    if change.model_fields_set - {"status"} and not call.actor.may(Permission.OPERATE):
        raise ForbiddenError(f"{call.actor.name} may set the status alone: other fields take the scope write")
    component = await call.services.components.edit(call.slug(), change, call.actor, row_version=call.row_version)
    return _answer(call, component)


async def remove_component(call: Call[None, None]) -> Answer:
    """Remove a component; its history is kept. Refused while a window that is not over names it."""
    component = await call.services.components.remove(call.slug(), call.actor, row_version=call.row_version)
    return Answer(document=ComponentDocument.of(component, call.moment))


async def order_components(call: Call[ComponentOrder, None]) -> Answer:
    """Put components in order; those that are not named stay where they are. Answers with the order of all."""
    ordered = await call.services.components.reorder(call.body.slugs, call.actor)
    return Answer(document=ComponentOrderDocument(slugs=tuple(component.slug for component in ordered)))


async def move_component(call: Call[ComponentMove, None]) -> Answer:
    """Move a component right before or right after another one of its group."""
    move = call.body
    component = await call.services.components.move(call.slug(), call.actor, before=move.before, after=move.after)
    return _answer(call, component)


async def show_history(call: Call[None, HistoryRange]) -> Answer:
    """Tell what customers saw of a component: the worst of its own status and of what windows said."""
    since, until = call.query.since, call.query.until
    history = await call.services.component_histories.of(call.slug(), since=since, until=until)
    return Answer(document=HistoryDocument.of(call.slug(), history))


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
        query=ComponentQuery,
        answer=ComponentPage,
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
        edit_component,
        name="api.components.edit",
        summary="Change a component",
        body=ComponentPatch,
        answer=ComponentDocument,
        show=show_component,
    ),
    Operation(
        "DELETE",
        "/components/{slug}",
        remove_component,
        name="api.components.remove",
        summary="Remove a component",
        answer=ComponentDocument,
        show=show_component,
    ),
    Operation(
        "POST",
        "/components/{slug}/move",
        move_component,
        name="api.components.move",
        summary="Move a component",
        body=ComponentMove,
        answer=ComponentDocument,
    ),
    Operation(
        "GET",
        "/components/{slug}/history",
        show_history,
        name="api.components.history",
        summary="Show what customers saw of a component",
        query=HistoryRange,
        answer=HistoryDocument,
    ),
    # Not below /components: each word there may be a component's slug.
    Operation(
        "POST",
        "/component-order",
        order_components,
        name="api.components.order",
        summary="Put components in order",
        body=ComponentOrder,
        answer=ComponentOrderDocument,
    ),
)
