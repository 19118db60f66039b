"""Jobs that must run once in the cluster: each gateway runs them all, and the first to claim one does it.

A job is claimed by a row. What these jobs do is in PostgreSQL as well, so claim and effect are ONE transaction: a
gateway that is killed in between has done nothing, and the next one does it. Nobody owns a job, so nobody is missed.
(What reaches beyond PostgreSQL can't be had exactly once: decision 0015 says how such a job is claimed.)
"""

import asyncio
from contextlib import suppress

from gateway.domain.access import Actor
from gateway.domain.errors import GatewayError, StoreError
from gateway.domain.observation import Observer, SeriesFailed, SeriesIncomplete
from gateway.domain.series import Series
from gateway.domain.snapshot import Moment
from gateway.service.series import SeriesOfWindows
from gateway.service.state import State
from gateway.store import audit, jobs
from gateway.store.jobs import WindowEdge
from gateway.store.pool import Database

SCHEDULE = Actor(name="schedule")

_EVERY = 60.0
# After something has happened by time: then it has by PostgreSQL's clock, too.
_SETTLE = 1.0


class Jobs:
    """Does what is due: tells the audit of what happened by time, makes series ahead, deletes what has expired."""

    def __init__(self, database: Database, state: State, *, name: str, observe: Observer) -> None:
        """Work on `database` as `name`, whenever `state` moves on."""
        self._database = database
        self._name = name
        self._observe = observe
        self._series = SeriesOfWindows(database, state)
        self._moved = asyncio.Event()
        state.watch(self._wake)

    def _wake(self, _: Moment) -> None:
        self._moved.set()

    async def keep_doing(self) -> None:
        """Do what is due, at each change and every minute. Runs for ever."""
        while True:
            with suppress(StoreError):  # the listener tells of it, and nothing is lost: it stays due
                await self.do_due()
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY):
                    await self._moved.wait()
            self._moved.clear()
            await asyncio.sleep(_SETTLE)

    async def do_due(self) -> None:
        """Do all that is due and that nobody else has done.

        Raises:
            StoreError: the database went away; what was not done stays due.
        """
        async with self._database.session() as session:
            edges = await jobs.windows_to_tell(session)
        for edge in edges:
            await self._tell(edge)
        await self._housekeeping()
        await self._continue_series()

    async def _tell(self, edge: WindowEdge) -> None:
        async with self._database.transaction() as session:
            title = await jobs.hold_window(session, edge)
            subject = str(edge.window_id)
            if title is None or not await jobs.claim(session, edge.action, edge.due_at, subject=subject, by=self._name):
                return
            after = {"title": title, "at": edge.due_at.isoformat()}
            await audit.record(session, SCHEDULE, edge.action, subject, after=after)

    async def _housekeeping(self) -> None:
        async with self._database.transaction() as session:
            if await jobs.claim(session, "housekeeping", await session.run("this_hour"), by=self._name):
                await jobs.sweep(session)

    async def _continue_series(self) -> None:
        """Make the occurrences of series ahead, once an hour; those of one that was changed by hand at once.

        Making is comparing, and so much is there already: what was cut off is done in the next hour.
        """
        async with self._database.transaction() as session:
            is_due = await jobs.claim(session, "series", await session.run("this_hour"), by=self._name)
        for series in await (self._series.running() if is_due else self._changed_by_hand()):
            try:
                gone = await self._series.make_ahead(series, SCHEDULE)
            except GatewayError as error:  # mostly, somebody has written it by hand: the others go on
                self._observe(SeriesFailed(series=str(series.id), title=series.title, reason=str(error)))
            else:
                if gone:
                    missing = ", ".join(gone)
                    self._observe(SeriesIncomplete(series=str(series.id), title=series.title, components=missing))

    async def _changed_by_hand(self) -> list[Series]:
        """Claim the series that somebody has changed in psql: one that can't be read is told once, and then hourly."""
        found = await self._series.changed_by_hand()
        async with self._database.transaction() as session:
            return [
                series
                for series in found
                if await jobs.claim(session, "series.changed", series.updated_at, subject=str(series.id), by=self._name)
            ]
