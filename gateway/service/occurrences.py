"""Occurrences of series as windows: made ahead, remade when the series changes, and seen ahead.

Making is comparing what the rule names ahead with what is there (`domain/series.py`): it may be repeated, and done by
many one after the other. Whoever does it has locked the state's version.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from gateway.domain.errors import InvalidError
from gateway.domain.recurrence import AHEAD_MOST, Occurrence, ahead_share
from gateway.domain.series import Made, Series, SeriesState, places, plan
from gateway.domain.window import DEFAULT_GATE
from gateway.service.drafted import component_pairs, insert_drafted, with_change
from gateway.service.drafts.fields import checked
from gateway.service.drafts.series import OccurrenceChange
from gateway.service.drafts.windows import WindowDraft
from gateway.store import windows
from gateway.store.components import components_there
from gateway.store.pool import Session
from gateway.store.series import made_occurrences, put_off_occurrences


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """One occurrence ahead. `made` is its window: made already, moved, or cancelled (skipped)."""

    occurrence: Occurrence | None
    """None where the rule names no such one ahead: its window was changed by somebody, and kept."""
    made: Made | None

    occurs_at: datetime
    """By the rule, or by what the rule was when its window was made."""
    is_named: bool = True
    """Whether the rule names it (still)."""

    @property
    def starts_at(self) -> datetime:
        """When it starts, wherever it was moved to."""
        return self.made.starts_at if self.made else self.occurs_at

    @property
    def is_moved(self) -> bool:
        """Whether it is to start at another time than the rule says."""
        return self.starts_at != self.occurs_at and not (self.made and self.made.is_cancelled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A series with what lies ahead."""

    series: Series
    state: SeriesState
    ahead: tuple[Ahead, ...]
    kept: tuple[Made, ...] = ()
    """What a change has left alone, because somebody had changed it before."""
    skipped: tuple[Made, ...] = ()
    """What a change has not made again, because somebody had cancelled it before."""
    problem: str = ""
    """Why it can't be read, where somebody has written it by hand; mostly empty."""


@dataclass(slots=True)
class Written:
    """What was made, changed, removed and put off: the window's id and its start; true where there was anything."""

    made: list[tuple[UUID, datetime]] = field(default_factory=list)
    moved: list[tuple[UUID, datetime]] = field(default_factory=list)
    removed: list[tuple[UUID, datetime]] = field(default_factory=list)
    put_off: list[tuple[UUID, datetime]] = field(default_factory=list)
    """Of any series: they are more than its share, and are made again when they come near."""
    kept: tuple[Made, ...] = ()
    skipped: tuple[Made, ...] = ()
    gone: tuple[str, ...] = ()
    """Components that the series names and that are not there: its windows are made without them."""

    def __bool__(self) -> bool:
        return bool(self.made or self.moved or self.removed or self.put_off)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values, for the audit."""
        named = (("made", self.made), ("changed", self.moved), ("removed", self.removed), ("put_off", self.put_off))
        found: dict[str, Any] = {
            name: [{"window": str(window_id), "starts_at": at.isoformat()} for window_id, at in each]
            for name, each in named
            if each
        }
        for name, left in (("kept", self.kept), ("skipped", self.skipped)):
            if left:
                found[name] = [{"window": str(m.window_id), "starts_at": m.starts_at.isoformat()} for m in left]
        return found


def template(draft: WindowDraft) -> dict[str, Any]:
    """Return what each occurrence is made from, as JSON values: all of the draft but the times."""
    return draft.model_dump(mode="json", exclude={"starts_at", "recurrence"})


def draft_of(series: Series) -> WindowDraft:
    """Return what each occurrence is made from.

    Raises:
        InvalidError: somebody has written by hand what is none.
    """
    try:
        return checked(WindowDraft, series.draft)
    except InvalidError as error:
        raise InvalidError({f"window.{name}": text for name, text in error.fields.items()}) from error


async def named_ahead(series: Series, now: datetime) -> tuple[Occurrence, ...]:
    """Return what windows may be made for. Not while the state is locked: a rule may take a tenth of a second.

    Raises:
        InvalidError: somebody has written a rule or a zone by hand that is none.
    """
    recurrence = series.recurrence
    return await asyncio.to_thread(recurrence.ahead, now)


async def is_behind(session: Session, series: Series, named: Iterable[Occurrence], now: datetime) -> bool:
    """Tell whether `make_ahead` has something to do. This needs no lock."""
    wanted = _to_come(named, now, await _share(session))
    found = plan(wanted, await made_occurrences(session, series.id, now), now)
    return bool(found.make) or any(made.occurs_at != occurrence.at for made, occurrence in found.remake)


async def make_ahead(
    session: Session,
    series: Series,
    named: Iterable[Occurrence],
    now: datetime,
    *,
    rewrite: bool = False,
    remove: bool = False,
    with_unknown: bool = False,
) -> Written:
    """Make what is named ahead; `rewrite` what is there, too, and `remove` what is not named any more.

    A component that is gone is left out, `with_unknown` it is refused.

    Raises:
        InvalidError: a component does not exist, or somebody has written by hand what can't be read.
    """
    share = await _share(session)
    put_off = await put_off_occurrences(session, now, share) if share < AHEAD_MOST else []
    found = plan(_to_come(named, now, share), await made_occurrences(session, series.id, now), now)
    draft = draft_of(series)
    written = Written(put_off=put_off, kept=found.keep, skipped=found.skipped)
    if not with_unknown:
        there = await components_there(session, [each.slug for each in draft.components])
        written.gone = tuple(each.slug for each in draft.components if each.slug not in there)
        draft = draft.model_copy(update={"components": tuple(c for c in draft.components if c.slug in there)})
    for occurrence in found.make:
        window_id = await insert_drafted(session, draft, occurrence.at, series_id=series.id, occurrence=occurrence)
        written.made.append((window_id, occurrence.at))
    for made, occurrence in found.remake:
        if rewrite or made.occurs_at != occurrence.at:
            await _remake(session, made, occurrence, draft)
            written.moved.append((made.window_id, occurrence.at))
    for made in found.remove if remove else ():
        await session.run("delete_window", id=made.window_id)
        written.removed.append((made.window_id, made.starts_at))
    return written


async def _share(session: Session) -> int:
    return ahead_share(await session.run("count_running_series"))


def _to_come(named: Iterable[Occurrence], now: datetime, share: int) -> list[Occurrence]:
    return [each for each in named if each.at > now][:share]


async def _remake(session: Session, made: Made, occurrence: Occurrence, draft: WindowDraft) -> None:
    """Write the draft over an occurrence that nobody has touched; its id, and so its address, stays."""
    window = await windows.get_window(session, made.window_id)
    given = template(draft) | {"gate": draft.gate or DEFAULT_GATE[draft.kind]}
    changed = with_change(window, checked(OccurrenceChange, given))
    await windows.update_window(session, replace(changed, starts_at=occurrence.at))
    await windows.set_window_components(session, made.window_id, component_pairs(draft.components))
    await session.run("note_made", id=made.window_id, occurs_at=occurrence.at)


async def seen(session: Session, series: Series, now: datetime, *, most: int, with_skipped: bool = True) -> Seen:
    """Return the series with at most so many occurrences ahead; one that was started before its time is none.

    Of one that can't be read: the windows that it has.
    """
    made = await made_occurrences(session, series.id, now)
    upcoming: list[Occurrence] = []
    problem = ""
    try:
        draft_of(series)
        upcoming = await asyncio.to_thread(_named_after, series, now, 0 if series.ended_at else most + len(made))
    except InvalidError as error:
        problem = str(error)
    there = places(upcoming, made, now)
    ahead = [
        Ahead(occurrence=each, made=window, occurs_at=each.at)
        for each in upcoming
        if (window := there.get(each.local)) is None or window.is_scheduled or (window.is_cancelled and with_skipped)
    ]
    named = {each.window_id for each in there.values()}
    ahead += [
        Ahead(occurrence=None, made=each, occurs_at=each.occurs_at, is_named=bool(problem) or each.occurs_at <= now)
        for each in made
        if each.is_scheduled and each.window_id not in named
    ]
    ahead.sort(key=lambda each: each.starts_at)
    shown = [each for each in ahead if with_skipped or not (each.made and each.made.is_cancelled)]
    state = _state(series, has_ahead=bool(ahead), is_readable=not problem)
    return Seen(series=series, state=state, ahead=tuple(shown[:most]), problem=problem)


def _state(series: Series, *, has_ahead: bool, is_readable: bool) -> SeriesState:
    if series.ended_at is not None:
        return SeriesState.ENDED
    if not is_readable:
        return SeriesState.UNREADABLE
    return SeriesState.RUNNING if has_ahead else SeriesState.FINISHED


def _named_after(series: Series, now: datetime, most: int) -> list[Occurrence]:
    return [*islice(series.recurrence.after(now), most)]
