"""`/windows` of the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field, StrictBool, TypeAdapter

from gateway.domain.component import ComponentStatus
from gateway.domain.scope import Scope
from gateway.domain.window import Ends, Gate, Kind, Recurring, State, Update, UpdateStatus, Window, WindowText
from gateway.service.drafts.fields import Draft, Instant, Length, Slug
from gateway.service.drafts.period import Period
from gateway.service.drafts.templates import UpdateRequest, WindowRequest
from gateway.service.drafts.windows import WindowChange
from gateway.store.windows import WindowFilter
from gateway.web.api import documents
from gateway.web.api.bodies import Nothing, Versioned
from gateway.web.api.documents import Document, Page
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import PageQuery, paged, place_of

_PLACE = TypeAdapter(tuple[datetime, UUID])


class WindowQuery(Period, PageQuery):
    """Which windows are listed: `?state=active&state=scheduled&limit=20`."""

    state: frozenset[State] | None = Field(None, description="In one of these states.")
    kind: frozenset[Kind] | None = Field(None, description="Of one of these kinds.")
    component: Slug | None = Field(None, description="That name this component.")
    since: Instant | None = Field(None, description="That start at this instant or later.")
    until: Instant | None = Field(None, description="That start before this instant.")

    def filter(self) -> WindowFilter:
        """Return what the store selects by."""
        return WindowFilter(
            states=self.state, kinds=self.kind, component=self.component, since=self.since, until=self.until
        )


class WindowPatch(WindowChange, Versioned):
    """A change of a window; with `row_version` only if the window is still at that version."""

    fixed: StrictBool | None = None

    def change(self) -> WindowChange:
        """Return the change alone, with exactly the fields that were sent."""
        names = self.model_fields_set - {"row_version"}
        return WindowChange.model_construct(names, **{name: getattr(self, name) for name in names})


class Extension(Draft):
    """By how much an estimated end moves: `{"by": "PT15M"}`."""

    by: Length


class Ending(Draft):
    """How a window ends: `{"fixed": false}` where what it was about is not settled."""

    fixed: StrictBool = True


class Reopening(Draft):
    """How long a window that is reopened lasts from now on: `{"remaining": "PT30M"}`; left out: as it was planned."""

    remaining: Length | None = None


class ScopeDocument(Document):
    """Which requests a window is about: empty hosts and paths mean all, `excluded_paths` are left out again."""

    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    excluded_paths: tuple[str, ...]

    @classmethod
    def of(cls, scope: Scope) -> "ScopeDocument":
        """Return a scope."""
        return cls(hosts=scope.hosts, paths=scope.paths, excluded_paths=scope.excluded_paths)


class EffectDocument(Document):
    """The status that a window gives a component while it is active."""

    slug: str
    status: ComponentStatus


class TextDocument(Document):
    """What a window says in another language; with an empty description the original one stays."""

    title: str
    description: str

    @classmethod
    def of_each(cls, translations: Mapping[str, WindowText]) -> "dict[str, TextDocument]":
        """Return translations by the tags of their languages."""
        return {tag: cls(title=text.title, description=text.description) for tag, text in translations.items()}


class UpdateDocument(Document):
    """A post on a window's timeline."""

    id: UUID
    status: UpdateStatus
    body: str
    translations: dict[str, str] = Field(description="The body in other languages, by their tags.")
    created_at: documents.Instant

    @classmethod
    def of(cls, update: Update) -> "UpdateDocument":
        """Return a post."""
        return cls(
            id=update.id,
            status=update.status,
            body=update.body,
            translations=dict(update.translations),
            created_at=update.created_at,
        )


class RecurringDocument(Document):
    """Of which series a window is an occurrence; by the rule it starts at `occurs_at`, wherever it was moved to."""

    series: UUID
    rule: str
    time_zone: str
    occurs_at: documents.Instant

    @classmethod
    def of(cls, recurring: Recurring) -> "RecurringDocument":
        """Return what a window knows of its series."""
        return cls(
            series=recurring.series,
            rule=recurring.rule,
            time_zone=recurring.time_zone,
            occurs_at=recurring.occurs_at,
        )


class WindowDocument(Document):
    """A window as operators know it."""

    id: UUID
    kind: Kind
    title: str
    description: str
    translations: dict[str, TextDocument] = Field(description="The texts in other languages, by their tags.")
    starts_at: documents.Instant
    estimated_duration: documents.Length
    scheduled_until: documents.Instant
    ends: Ends
    gate: Gate
    scope: ScopeDocument
    components: tuple[EffectDocument, ...]
    reminders: tuple[documents.Length, ...]
    recurrence: RecurringDocument | None
    reopen_over: documents.Length
    state: State
    fixed: bool
    ended_at: documents.Instant | None
    cancelled_at: documents.Instant | None
    row_version: int
    created_at: documents.Instant
    updated_at: documents.Instant
    updates: tuple[UpdateDocument, ...] = Field(description="The newest first.")

    @classmethod
    def of(cls, window: Window, now: datetime) -> "WindowDocument":
        """Return a window with its state at `now`."""
        return cls(
            id=window.id,
            kind=window.kind,
            title=window.title,
            description=window.description,
            translations=TextDocument.of_each(window.translations),
            starts_at=window.starts_at,
            estimated_duration=window.estimated_duration,
            scheduled_until=window.scheduled_until,
            ends=window.ends,
            gate=window.gate,
            scope=ScopeDocument.of(window.scope),
            components=tuple(EffectDocument(slug=e.slug, status=e.status) for e in window.components),
            reminders=window.reminders,
            recurrence=RecurringDocument.of(window.recurrence) if window.recurrence else None,
            reopen_over=window.reopen_over,
            state=window.state(now),
            fixed=window.fixed,
            ended_at=window.ended_at,
            cancelled_at=window.cancelled_at,
            row_version=window.row_version,
            created_at=window.created_at,
            updated_at=window.updated_at,
            updates=tuple(map(UpdateDocument.of, window.updates)),
        )


class WindowPage(Page):
    """Windows, page by page."""

    windows: tuple[WindowDocument, ...]


async def list_windows(call: Call[None, WindowQuery]) -> Answer:
    """List windows, the latest start first; those to come or in force alone, the next one first."""
    after, limit = place_of(call.query.cursor, _PLACE), call.query.limit
    found = await call.services.windows.page(call.query.filter(), after=after, limit=limit + 1)
    windows, cursor = paged(found, limit, lambda window: (window.starts_at, window.id))
    now = call.now
    return Answer(document=WindowPage(windows=tuple(WindowDocument.of(w, now) for w in windows), next_cursor=cursor))


async def create_window(call: Call[WindowRequest, None]) -> Answer:
    """Schedule a window; without `starts_at` it starts now. With `recurrence`, a series: answers with its first one.

    A template says what the call leaves out.
    """
    draft = await call.services.templates.window(call.body)
    window = await call.services.windows.create(draft, call.actor)
    return _answer(call, window, location=call.path_of("api.windows.show", id=str(window.id)))


async def show_window(call: Call[None, None]) -> Answer:
    """Return one window with its timeline."""
    return _answer(call, await call.services.windows.get(call.id("window")))


async def edit_window(call: Call[WindowPatch, None]) -> Answer:
    """Change the fields that are sent; `fixed: true` ends the window."""
    which, change = call.id("window"), call.body.change()
    return _answer(call, await call.services.windows.edit(which, change, call.actor, row_version=call.row_version))


async def start_window(call: Call[Nothing, None]) -> Answer:
    """Start a scheduled window now."""
    which = call.id("window")
    return _answer(call, await call.services.windows.start(which, call.actor, row_version=call.row_version))


async def extend_window(call: Call[Extension, None]) -> Answer:
    """Move the estimated end: beyond the present estimate, or beyond now where that has passed."""
    which, by = call.id("window"), call.body.by
    return _answer(call, await call.services.windows.extend(which, by, call.actor, row_version=call.row_version))


async def end_window(call: Call[Ending, None]) -> Answer:
    """End an active window: traffic goes through again."""
    which, fixed = call.id("window"), call.body.fixed
    window = await call.services.windows.end(which, call.actor, fixed=fixed, row_version=call.row_version)
    return _answer(call, window)


async def cancel_window(call: Call[Nothing, None]) -> Answer:
    """Cancel a window that has not started."""
    which = call.id("window")
    return _answer(call, await call.services.windows.cancel(which, call.actor, row_version=call.row_version))


async def reopen_window(call: Call[Reopening, None]) -> Answer:
    """Put a window that was ended wrongly in force again, within a day of its end."""
    which, remaining = call.id("window"), call.body.remaining
    window = await call.services.windows.reopen(which, call.actor, remaining=remaining, row_version=call.row_version)
    return _answer(call, window)


async def post_update(call: Call[UpdateRequest, None]) -> Answer:
    """Post on the window's timeline, perhaps from a template; answers with the window."""
    which = call.id("window")
    draft = await call.services.templates.update(await call.services.windows.get(which), call.body)
    return _answer(call, await call.services.windows.post(which, draft, call.actor))


def _answer(call: Call[Any, Any], window: Window, *, location: str | None = None) -> Answer:
    return Answer(document=WindowDocument.of(window, call.now), location=location, row_version=window.row_version)


OPERATIONS = (
    Operation(
        "GET",
        "/windows",
        list_windows,
        name="api.windows.list",
        summary="List windows",
        query=WindowQuery,
        answer=WindowPage,
    ),
    Operation(
        "POST",
        "/windows",
        create_window,
        name="api.windows.create",
        summary="Schedule or start a window",
        body=WindowRequest,
        answer=WindowDocument,
        status=201,
    ),
    Operation(
        "GET", "/windows/{id}", show_window, name="api.windows.show", summary="Show a window", answer=WindowDocument
    ),
    Operation(
        "PATCH",
        "/windows/{id}",
        edit_window,
        name="api.windows.edit",
        summary="Change a window",
        body=WindowPatch,
        answer=WindowDocument,
        show=show_window,
    ),
    Operation(
        "POST",
        "/windows/{id}/start",
        start_window,
        name="api.windows.start",
        summary="Start a scheduled window now",
        body=Nothing,
        answer=WindowDocument,
        show=show_window,
    ),
    Operation(
        "POST",
        "/windows/{id}/extend",
        extend_window,
        name="api.windows.extend",
        summary="Move a window's estimated end",
        body=Extension,
        answer=WindowDocument,
        show=show_window,
    ),
    Operation(
        "POST",
        "/windows/{id}/end",
        end_window,
        name="api.windows.end",
        summary="End a window",
        body=Ending,
        answer=WindowDocument,
        show=show_window,
    ),
    Operation(
        "POST",
        "/windows/{id}/cancel",
        cancel_window,
        name="api.windows.cancel",
        summary="Cancel a scheduled window",
        body=Nothing,
        answer=WindowDocument,
        show=show_window,
    ),
    Operation(
        "POST",
        "/windows/{id}/reopen",
        reopen_window,
        name="api.windows.reopen",
        summary="Put a wrongly ended window in force again",
        body=Reopening,
        answer=WindowDocument,
        show=show_window,
    ),
    Operation(
        "POST",
        "/windows/{id}/updates",
        post_update,
        name="api.windows.post",
        summary="Post an update on a window",
        body=UpdateRequest,
        answer=WindowDocument,
        status=201,
    ),
)
