"""The history of components: what customers saw, kept for ever."""

from datetime import datetime, timedelta

from gateway.domain.component_history import History, history
from gateway.domain.errors import InvalidError
from gateway.service.drafts.period import TURNED_ROUND
from gateway.store import component_history, components
from gateway.store.pool import Database
from gateway.store.snapshot import database_clock

DAYS_SHOWN = timedelta(days=90)
# Of changes and windows in one answer: as much as is computed in a moment.
MOST = 20_000


class ComponentHistories:
    """Reads histories; nothing here writes: the database itself keeps them, whoever changes a status."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def of(self, slug: str, *, since: datetime | None = None, until: datetime | None = None) -> History:
        """Return what customers saw of a component: until now, and of the 90 days before, unless told otherwise.

        Raises:
            NotFoundError: there never was one with this slug. Of one that was removed there is a history.
            InvalidError: the range is empty, lies in the future, or has more changes than one answer holds.
        """
        async with self._database.session() as session:
            if await components.find_component(session, slug) is None:
                await components.get_component(session, slug)  # says so
        found = await self._histories([slug], since, until)
        return found[slug]

    async def all(self, *, since: datetime | None = None, until: datetime | None = None) -> dict[str, History]:
        """Return that of every component, by slug, from two queries: for a page with a bar for each.

        Raises:
            InvalidError: as `of`.
        """
        return await self._histories(None, since, until)

    async def _histories(
        self, slugs: list[str] | None, since: datetime | None, until: datetime | None
    ) -> dict[str, History]:
        async with self._database.transaction() as session:
            now = await database_clock(session)
            start, stop = _range(since, until, now)
            own = await component_history.own_statuses(session, slugs, start, stop, most=MOST + 1)
            effects = await component_history.window_effects(session, slugs, start, stop, most=MOST + 1)
        if any(len(changes) > MOST for changes in own.values()) or sum(map(len, effects.values())) > MOST:
            raise InvalidError({"since": f"there are more than {MOST} changes since then: ask for a shorter time"})
        return {
            slug: history(changes, effects.get(slug, ()), since=start, until=stop) for slug, changes in own.items()
        } | {slug: History(since=start, until=stop) for slug in slugs or () if slug not in own}


def _range(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the range that is meant; what has not happened yet is no part of it."""
    stop = min(until or now, now)
    start = since or stop - DAYS_SHOWN
    if start >= now:
        raise InvalidError({"since": "lies in the future: name a time that has been"})
    if start >= stop:
        raise InvalidError({"until": TURNED_ROUND})
    return start, stop
