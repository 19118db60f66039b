"""The numbers of windows, for reading: page by page, all of them, of one."""

from collections.abc import AsyncIterator
from uuid import UUID

from gateway.domain.statistics import Totals, WindowStatistics
from gateway.store import statistics
from gateway.store.pool import Database
from gateway.store.statistics import HistoryFilter, Place

_PAGE = 500


class Statistics:
    """What windows of the past were like, and the present ones so far."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def page(self, wanted: HistoryFilter, *, after: Place | None, limit: int) -> list[WindowStatistics]:
        """Return windows that are over, the latest start first, behind a place."""
        async with self._database.session() as session:
            return await statistics.list_history(session, wanted, after=after, most=limit)

    async def totals(self, wanted: HistoryFilter) -> Totals:
        """Add up windows that are over."""
        async with self._database.session() as session:
            return await statistics.history_totals(session, wanted)

    async def of(self, window_id: UUID) -> WindowStatistics:
        """Return the numbers of one window, which may go on.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.session() as session:
            return await statistics.window_statistics(session, window_id)

    async def all(self, wanted: HistoryFilter) -> AsyncIterator[list[WindowStatistics]]:
        """Yield all windows that are over, a part at a time: nothing is held in memory, and no connection in between.

        Raises:
            StoreError: the database went away; what has come until then is not all.
        """
        after: Place | None = None
        while True:
            part = await self.page(wanted, after=after, limit=_PAGE)
            yield part
            if len(part) < _PAGE:
                return
            after = (part[-1].starts_at, part[-1].id)
