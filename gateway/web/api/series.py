"""`/series` of the API: windows that recur. One is made by `POST /windows` with a `recurrence`."""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, TypeAdapter

from gateway.domain.errors import InvalidError
from gateway.domain.recurrence import Occurrence
from gateway.domain.series import Made, SeriesState
from gateway.domain.window import DEFAULT_GATE, Ends, Gate, Kind
from gateway.render.recurrence import clock_note, recurrence_words, series_words
from gateway.service.drafts.fields import Draft
from gateway.service.drafts.series import MOST_PREVIEWED, SeriesChange, SeriesPreview
from gateway.service.drafts.translations import texts_of
from gateway.service.drafts.windows import WindowDraft
from gateway.service.occurrences import Ahead, Seen, draft_of
from gateway.web.api.bodies import Nothing, Versioned
from gateway.web.api.documents import Document, Instant, Length, Page
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import PageQuery, paged, place_of
from gateway.web.api.windows import EffectDocument, ScopeDocument, TextDocument

T = TypeVar("T")
_PLACE = TypeAdapter(tuple[datetime, UUID])


class SeriesQuery(PageQuery):
    """Which series are listed: `?ended=false`."""

    ended: bool | None = Field(None, description="Only those that were ended, or were not.")


class AheadQuery(Draft):
    """How far is looked ahead."""

    occurrences: int = Field(10, ge=1, le=MOST_PREVIEWED, description="At most so many occurrences ahead.")


class SeriesPatch(SeriesChange, Versioned):
    """A change of a series; with `row_version` only if it is still at that version."""

    def change(self) -> SeriesChange:
        """Return the change alone, with exactly the fields that were sent."""
        names = self.model_fields_set - {"row_version"}
        return SeriesChange.model_construct(names, **{name: getattr(self, name) for name in names})


class OccurrenceState(StrEnum):
    """What there is of an occurrence."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    CHANGED = "changed"
    SKIPPED = "skipped"


class OccurrenceDocument(Document):
    """One occurrence ahead."""

    occurs_at: Instant = Field(description="By the rule.")
    local_time: str = Field(description="The same on the clocks there, with their offset.")
    starts_at: Instant = Field(description="Of its window, which may have been moved.")
    state: OccurrenceState = Field(
        description="planned: its window is made later; scheduled: as the series says; changed: somebody has changed "
        "its window, so the series does not any more; skipped: its window was cancelled."
    )
    window: UUID | None
    named: bool = Field(description="False where the rule does not name it any more; its window was changed, and kept.")
    note: str = Field(description="What is done to the clocks there; mostly empty.")

    @classmethod
    def of(cls, ahead: Ahead, time_zone: str) -> "OccurrenceDocument":
        """Return an occurrence with its window."""
        made, occurrence = ahead.made, ahead.occurrence
        return cls(
            occurs_at=ahead.occurs_at,
            local_time=_local(ahead.occurs_at, time_zone),
            starts_at=ahead.starts_at,
            state=_state(made),
            window=made.window_id if made else None,
            named=ahead.is_named,
            note=clock_note(occurrence) if occurrence else "",
        )


class PreviewedDocument(Document):
    """One occurrence of a rule that is tried out."""

    occurs_at: Instant
    local_time: str = Field(description="The same on the clocks there, with their offset.")
    note: str = Field(description="What is done to the clocks there; mostly empty.")

    @classmethod
    def of(cls, occurrence: Occurrence, time_zone: str) -> "PreviewedDocument":
        """Return an occurrence."""
        local = _local(occurrence.at, time_zone)
        return cls(occurs_at=occurrence.at, local_time=local, note=clock_note(occurrence))


class SeriesTemplateDocument(Document):
    """What each occurrence is made from."""

    kind: Kind
    title: str
    description: str
    translations: dict[str, TextDocument]
    estimated_duration: Length
    ends: Ends
    gate: Gate
    scope: ScopeDocument
    components: tuple[EffectDocument, ...]
    reminders: tuple[Length, ...]
    reopen_over: Length

    @classmethod
    def of(cls, draft: WindowDraft) -> "SeriesTemplateDocument":
        """Return a draft with all that it leaves to the kind."""
        return cls(
            kind=draft.kind,
            title=draft.title,
            description=draft.description,
            translations=TextDocument.of_each(texts_of(draft.translations)),
            estimated_duration=draft.estimated_duration,
            ends=draft.ends,
            gate=draft.gate or DEFAULT_GATE[draft.kind],
            scope=ScopeDocument.of(draft.scope.scope()),
            components=tuple(EffectDocument(slug=each.slug, status=each.status) for each in draft.components),
            reminders=draft.reminders,
            reopen_over=draft.reopen_over,
        )


class SeriesDocument(Document):
    """A series, and what lies ahead."""

    id: UUID
    state: SeriesState
    rule: str
    time_zone: str
    words: str = Field(description="The rule, for people.")
    starts_at: Instant | None = Field(description="The first start, which the rule counts from; null: unreadable.")
    excluded_dates: tuple[date, ...]
    window: SeriesTemplateDocument | None = Field(description="What each is made from; null where it can't be read.")
    occurrences: tuple[OccurrenceDocument, ...] = Field(description="Ahead, the next one first; in a list that alone.")
    kept: tuple[UUID, ...] = Field(
        description="Windows that a change has left as they are, because somebody had changed them before."
    )
    skipped: tuple[UUID, ...] = Field(
        description="Windows that were cancelled before a change, so that nothing is made in their place."
    )
    problem: str = Field(
        description="Why no windows are made: what somebody has written by hand and can't be read; mostly empty."
    )
    ended_at: Instant | None
    row_version: int
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, seen: Seen) -> "SeriesDocument":
        """Return a series as it was seen."""
        series = seen.series
        return cls(
            id=series.id,
            state=seen.state,
            rule=series.rule,
            time_zone=series.time_zone,
            words=series_words(series),
            starts_at=_readable(lambda: series.recurrence.starts_at),
            excluded_dates=series.excluded_dates,
            window=_readable(lambda: SeriesTemplateDocument.of(draft_of(series))),
            occurrences=tuple(OccurrenceDocument.of(each, series.shown_zone) for each in seen.ahead),
            kept=tuple(made.window_id for made in seen.kept),
            skipped=tuple(made.window_id for made in seen.skipped),
            problem=seen.problem,
            ended_at=series.ended_at,
            row_version=series.row_version,
            created_at=series.created_at,
            updated_at=series.updated_at,
        )


class SeriesPage(Page):
    """Series, page by page."""

    series: tuple[SeriesDocument, ...]


class SeriesPreviewDocument(Document):
    """When a rule would occur."""

    rule: str
    words: str = Field(description="The rule, for people.")
    occurrences: tuple[PreviewedDocument, ...]


async def list_series(call: Call[None, SeriesQuery]) -> Answer:
    """List series, the newest first, each with its next occurrence."""
    after, limit = place_of(call.query.cursor, _PLACE), call.query.limit
    found = await call.services.series.list(ended=call.query.ended, after=after, limit=limit + 1)
    page, cursor = paged(found, limit, lambda seen: (seen.series.created_at, seen.series.id))
    return Answer(document=SeriesPage(series=tuple(SeriesDocument.of(each) for each in page), next_cursor=cursor))


async def show_series(call: Call[None, Any]) -> Answer:
    """Return one series with the occurrences ahead."""
    most = (call.query or AheadQuery()).occurrences
    return _answer(await call.services.series.get(call.id("series"), most=most))


async def edit_series(call: Call[SeriesPatch, None]) -> Answer:
    """Change a series, and with it all windows ahead that nobody has changed; `kept` names those that stay."""
    which, change = call.id("series"), call.body.change()
    return _answer(await call.services.series.edit(which, change, call.actor, row_version=call.row_version))


async def end_series(call: Call[Nothing, None]) -> Answer:
    """End a series for good: what has not begun is cancelled, what is in force goes on."""
    which = call.id("series")
    return _answer(await call.services.series.end(which, call.actor, row_version=call.row_version))


async def preview_series(call: Call[SeriesPreview, None]) -> Answer:
    """Tell when a rule would occur; nothing is saved."""
    recurrence, found = await call.services.series.preview(call.body)
    return Answer(
        document=SeriesPreviewDocument(
            rule=recurrence.rule.text,
            words=recurrence_words(recurrence),
            occurrences=tuple(PreviewedDocument.of(each, recurrence.time_zone) for each in found),
        )
    )


def _answer(seen: Seen) -> Answer:
    return Answer(document=SeriesDocument.of(seen), row_version=seen.series.row_version)


def _state(made: Made | None) -> OccurrenceState:
    if made is None:
        return OccurrenceState.PLANNED
    if made.is_cancelled:
        return OccurrenceState.SKIPPED
    return OccurrenceState.CHANGED if made.is_touched else OccurrenceState.SCHEDULED


def _readable(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except InvalidError:
        return None


def _local(at: datetime, time_zone: str) -> str:
    return at.astimezone(ZoneInfo(time_zone)).isoformat()


OPERATIONS = (
    Operation(
        "GET",
        "/series",
        list_series,
        name="api.series.list",
        summary="List series",
        query=SeriesQuery,
        answer=SeriesPage,
    ),
    Operation(
        "POST",
        "/series/preview",
        preview_series,
        name="api.series.preview",
        summary="Tell when a rule would occur",
        body=SeriesPreview,
        answer=SeriesPreviewDocument,
    ),
    Operation(
        "GET",
        "/series/{id}",
        show_series,
        name="api.series.show",
        summary="Show a series with the occurrences ahead",
        query=AheadQuery,
        answer=SeriesDocument,
    ),
    Operation(
        "PATCH",
        "/series/{id}",
        edit_series,
        name="api.series.edit",
        summary="Change a series and the windows ahead",
        body=SeriesPatch,
        answer=SeriesDocument,
        show=show_series,
    ),
    Operation(
        "POST",
        "/series/{id}/end",
        end_series,
        name="api.series.end",
        summary="End a series",
        body=Nothing,
        answer=SeriesDocument,
        show=show_series,
    ),
)
