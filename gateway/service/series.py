"""Series: the use cases. Each occurrence is an ordinary window, made ahead; so nothing has to fire when it begins.

Windows are made when the series is made or changed (`service/occurrences.py`), and by a job (`service/jobs.py`).
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from gateway.domain.access import Actor
from gateway.domain.errors import ConflictError, InvalidError, StaleError
from gateway.domain.recurrence import Occurrence, Recurrence, require_sound
from gateway.domain.series import Series, require_running
from gateway.domain.window import Window
from gateway.service.drafts.recurrence import RecurrenceDraft, whole_second
from gateway.service.drafts.series import SeriesChange, SeriesPreview
from gateway.service.drafts.windows import WindowDraft
from gateway.service.following import follow
from gateway.service.occurrences import Seen, draft_of, is_behind, make_ahead, named_ahead, seen, template
from gateway.service.state import State
from gateway.store import audit, windows
from gateway.store import series as store
from gateway.store.pool import Database
from gateway.store.snapshot import database_clock

MOST_RUNNING = 100
"""Of series that were not ended: what they make ahead is in every snapshot."""
_SHOWN = 10


class SeriesOfWindows:
    """What can be done to series; every write is audited and waited for."""

    def __init__(self, database: Database, state: State) -> None:
        """Write to `database`, and wait for `state` to follow."""
        self._database = database
        self._state = state

    async def running(self) -> list[Series]:
        """Return the series that were not ended."""
        async with self._database.session() as session:
            return await store.list_series(session, ended=False, most=MOST_RUNNING)

    async def changed_by_hand(self) -> list[Series]:
        """Return those whose windows are not what they say, because somebody has written them in psql."""
        async with self._database.session() as session:
            return await store.series_changed_by_hand(session, most=MOST_RUNNING)

    async def list(
        self, *, ended: bool | None = None, after: tuple[datetime, UUID] | None = None, limit: int = 100
    ) -> list[Seen]:
        """Return series, the newest first, each with its next occurrence that is not skipped."""
        async with self._database.session() as session:
            now = await database_clock(session)
            found = await store.list_series(session, ended=ended, after=after, most=limit)
            return [await seen(session, each, now, most=1, with_skipped=False) for each in found]

    async def get(self, series_id: UUID, *, most: int = _SHOWN) -> Seen:
        """Return one series with the next occurrences.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.session() as session:
            series = await store.get_series(session, series_id)
            return await seen(session, series, await database_clock(session), most=most)

    async def preview(
        self, draft: SeriesPreview, *, is_to_come: bool = False
    ) -> tuple[Recurrence, tuple[Occurrence, ...]]:
        """Return when a rule would occur, from its first start on, which may have been; nothing is written.

        Raises:
            InvalidError: no series could be had so; or, where it `is_to_come`, none could be made now.
        """
        recurrence = await _sound(draft, draft.starts_at, draft.estimated_duration)
        if is_to_come:
            _require_to_come(draft.starts_at, await self._now())
        return recurrence, tuple(await asyncio.to_thread(lambda: [*islice(recurrence.occurrences(), draft.limit)]))

    async def preview_change(self, series_id: UUID, change: SeriesChange) -> tuple[Recurrence, tuple[Occurrence, ...]]:
        """Return when a series would occur from now on if it were changed so; nothing is written.

        Raises:
            NotFoundError: there is no such series.
            ConflictError: it was ended.
            InvalidError: it can't be had so.
        """
        async with self._database.session() as session:
            before = await store.get_series(session, series_id)
            now = await database_clock(session)
        require_running(before)
        recurrence = (await _changed(before, change, now)).recurrence
        return recurrence, tuple(await asyncio.to_thread(lambda: [*islice(recurrence.after(now), _SHOWN)]))

    async def create(self, draft: WindowDraft, actor: Actor) -> Window:
        """Make a series of windows as drafted and return its first one.

        Raises:
            InvalidError: it can't be had so.
            ConflictError: there are too many series.
        """
        if draft.recurrence is None or draft.starts_at is None:
            raise InvalidError({"recurrence": "is missing: by which rule, in which time zone?"})
        starts_at = whole_second(draft.starts_at)
        with _fields_as(rule="recurrence.rule", excluded_dates="recurrence.excluded_dates"):
            recurrence = await _sound(draft.recurrence, starts_at, draft.estimated_duration)
        named = await asyncio.to_thread(recurrence.ahead, await self._now())
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            now = await database_clock(session)
            _require_to_come(starts_at, now)
            if await session.run("count_running_series") >= MOST_RUNNING:
                raise ConflictError(
                    f"there are {MOST_RUNNING} series already that were not ended: end what is not needed any more"
                )
            values = {
                "rule": draft.recurrence.rule,
                "time_zone": draft.recurrence.time_zone,
                "first_start": recurrence.first,
                "excluded_dates": list(draft.recurrence.excluded_dates),
                "draft": json.dumps(template(draft)),
            }
            series = await store.get_series(session, await store.insert_series(session, values))
            written = await make_ahead(session, series, named, now, with_unknown=True)
            first = await windows.get_window(session, written.made[0][0])
            after = store.document(series) | {"occurrences": written.document()}
            await audit.record(session, actor, "series.scheduled", series.id, after=after)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return first

    async def edit(
        self, series_id: UUID, change: SeriesChange, actor: Actor, *, row_version: int | None = None
    ) -> Seen:
        """Change what the change names, and with it every occurrence ahead that nobody has touched.

        Raises:
            NotFoundError: there is no such series.
            ConflictError: it was changed since, or ended.
            InvalidError: it can't be had so.
        """
        async with self._database.session() as session:
            before = await store.get_series(session, series_id)
            now = await database_clock(session)
        _refuse_stale(before, row_version)
        require_running(before)
        changed = await _changed(before, change, now)
        named = await named_ahead(changed, now)
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            now = await database_clock(session)
            await store.update_series(session, changed)  # refuses where somebody has changed it since
            series = await store.get_series(session, series_id)
            with _fields_as(components="window.components"):
                written = await make_ahead(
                    session,
                    series,
                    named,
                    now,
                    rewrite=series.draft != before.draft,
                    remove=True,
                    with_unknown=change.window is not None and change.window.components is not None,
                )
            after = store.document(series) | {"occurrences": written.document()}
            await audit.record(session, actor, "series.edited", series_id, before=store.document(before), after=after)
            version = await session.run("state_version")
        async with self._database.session() as session:
            shown = replace(await seen(session, series, now, most=_SHOWN), kept=written.kept, skipped=written.skipped)
        await follow(self._state, self._database, version)
        return shown

    async def end(self, series_id: UUID, actor: Actor, *, row_version: int | None = None) -> Seen:
        """End a series for good: what has not begun is cancelled, what is in force goes on.

        Raises:
            NotFoundError: there is no such series.
            ConflictError: it was ended before, or changed since.
        """
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            before = await store.get_series(session, series_id)
            _refuse_stale(before, row_version)
            require_running(before)
            now = await database_clock(session)
            # Before the series is ended: a trigger cancels what is left then, for who ends one by hand.
            cancelled = await store.cancel_occurrences(session, series_id, now)
            await store.update_series(session, replace(before, ended_at=now))
            series = await store.get_series(session, series_id)
            after = store.document(series) | {"cancelled": [str(each) for each in cancelled]}
            await audit.record(session, actor, "series.ended", series_id, before=store.document(before), after=after)
            shown = await seen(session, series, now, most=_SHOWN)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return shown

    async def _now(self) -> datetime:
        async with self._database.session() as session:
            return await database_clock(session)

    async def make_ahead(self, series: Series, actor: Actor) -> tuple[str, ...]:
        """Make what lies ahead by now and is not there yet; return components that the series names and that are gone.

        Where somebody has changed the series by hand, its windows follow as they do any other change of it. Where a
        country has changed its mind about its clocks, occurrences that nobody has touched are moved.

        Raises:
            InvalidError: somebody has written a rule, a zone or a draft by hand that is none.
        """
        now = await self._now()
        named = await named_ahead(series, now)
        by_hand = series.is_changed_by_hand
        async with self._database.session() as session:
            if not by_hand and not await is_behind(session, series, named, now):
                return ()  # mostly; nobody has to wait for the lock
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            current = await store.get_series(session, series.id)
            if (current.row_version, current.made_version) != (series.row_version, series.made_version):
                return ()  # whoever has changed it has made its windows, or it is looked at once more
            written = await make_ahead(
                session, series, named, await database_clock(session), rewrite=by_hand, remove=by_hand
            )
            if by_hand:
                await session.run("note_series_made", id=series.id)
            if written:
                after = {"title": series.title, **written.document()}
                await audit.record(session, actor, "series.continued", series.id, after=after)
        return written.gone


def _refuse_stale(series: Series, row_version: int | None) -> None:
    if row_version not in (None, series.row_version):
        raise StaleError(f'the series "{series.title}" was changed by somebody else in the meantime')


async def _changed(before: Series, change: SeriesChange, now: datetime) -> Series:
    """Return the series with the change.

    Raises:
        InvalidError: it can't be had so.
    """
    draft = before.draft
    if change.window is not None:
        given = change.window.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        known = {name: value for name, value in draft.items() if name in WindowDraft.model_fields}
        draft = template(draft_of(replace(before, draft=known | given)))
    rule, time_zone = change.rule or before.rule, change.time_zone or before.time_zone
    excluded = before.excluded_dates if change.excluded_dates is None else change.excluded_dates
    series = replace(before, rule=rule, time_zone=time_zone, excluded_dates=tuple(excluded), draft=draft)
    recurrence = series.recurrence
    if change.starts_at is not None:
        _require_to_come(change.starts_at, now)
        recurrence = Recurrence.starting_at(change.starts_at, rule, time_zone, recurrence.excluded)
        series = replace(series, first_start=recurrence.first)
    if _when(series) != _when(before):
        with _fields_as(estimated_duration="window.estimated_duration"):
            await asyncio.to_thread(
                require_sound,
                recurrence,
                draft_of(series).estimated_duration,
                starts_at=change.starts_at,
                excluded=frozenset(excluded) - frozenset(before.excluded_dates),
                now=now,
            )
    return series


def _when(series: Series) -> tuple[object, ...]:
    """Return what it depends on whether a series can be had; by hand it may have been written without any sense."""
    length = series.draft.get("estimated_duration")
    return series.rule, series.time_zone, series.first_start, series.excluded_dates, length


async def _sound(draft: RecurrenceDraft | SeriesPreview, starts_at: datetime, length: timedelta) -> Recurrence:
    """Return the recurrence that is asked for.

    Raises:
        InvalidError: it can't be had so.
    """
    excluded = frozenset(draft.excluded_dates)
    recurrence = Recurrence.starting_at(starts_at, draft.rule, draft.time_zone, excluded)
    # Not in the loop: a rule may take a tenth of a second until it is found to name nothing.
    await asyncio.to_thread(require_sound, recurrence, length, starts_at=starts_at, excluded=excluded)
    return recurrence


def _require_to_come(starts_at: datetime, now: datetime) -> None:
    if starts_at <= now:
        raise InvalidError(
            {"starts_at": "lies in the past, and a series begins with what is to come: give the start of the next one"}
        )


@contextmanager
def _fields_as(**names: str) -> Iterator[None]:
    """Name wrong fields as the caller has sent them: `rule="recurrence.rule"`.

    Raises:
        InvalidError: the same, with its fields renamed.
    """
    try:
        yield
    except InvalidError as error:
        fields = {}
        for path, text in error.fields.items():
            first, dot, rest = path.partition(".")
            fields[names.get(first, first) + dot + rest] = text
        raise InvalidError(fields) from error
