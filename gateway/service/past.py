"""What customers look up of the past. Strangers ask, so nobody can make the database work at will.

Answers are kept until the state moves on, a question that many have is asked once, one query runs at a time, few
questions wait for it, and each client may only cause so many.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast
from uuid import UUID

from gateway.domain.errors import BusyError, LimitedError, NotFoundError, StoreError
from gateway.domain.past import Month, Period, months_until
from gateway.domain.rate import RateLimit, client_key
from gateway.domain.window import State as WindowState
from gateway.domain.window import Window
from gateway.service.state import State
from gateway.store import windows
from gateway.store.pool import Database, Session
from gateway.store.windows import WindowFilter

MOST_WINDOWS = 100
MOST_KEPT = 64
MOST_WAITING = 32
QUERIES_PER_MINUTE = 60
"""Of one client; what is kept costs none."""
# A database that did not answer is left alone for so many seconds: who asks gets what is in memory without waiting.
_AWAY = 5.0

_OVER = frozenset({WindowState.ENDED})

T = TypeVar("T")


class PastWindows:
    """Reads windows that are not in memory any more."""

    def __init__(self, database: Database, state: State) -> None:
        """Read from `database`; what was read counts until `state` moves on."""
        self._database = database
        self._state = state
        self._moment = state.moment
        self._kept: OrderedDict[object, object] = OrderedDict()
        self._asked: Counter[object] = Counter()
        """What is being read or waited for, and by how many."""
        self._turn = asyncio.Lock()
        self._by_client = RateLimit(QUERIES_PER_MINUTE)
        self._away_until = 0.0

    async def period(self, last: Month, address: str) -> Period:
        """Return the period that ends with a month, for the client at `address`.

        Raises:
            StoreError: the database is away.
            LimitedError, BusyError: too much is asked, by this client or by all.
        """

        async def read(session: Session) -> Period:
            months = months_until(last)
            since, until = months[-1].begins, last.plus(1).begins
            selected = WindowFilter(states=_OVER, since=since, until=until)
            found = await windows.list_windows(session, selected, soonest_first=False, most=MOST_WINDOWS + 1)
            before, after = await windows.past_neighbours(session, since, until)
            return Period(
                months=months,
                windows=tuple(found[:MOST_WINDOWS]),
                is_complete=len(found) <= MOST_WINDOWS,
                earlier=Month.of(before) if before else None,
                # What comes next stands on top of its page, with the months between it and this one.
                later=min(Month.of(after).plus(len(months) - 1), Month.of(self._state.now())) if after else None,
            )

        return await self._once(last, address, read)

    async def window(self, window_id: UUID, address: str) -> Window | None:
        """Return a window in any state, for the client at `address`; None: there is none.

        Raises:
            StoreError, LimitedError, BusyError: as `period`.
        """

        async def read(session: Session) -> Window | None:
            try:
                return await windows.get_window(session, window_id)
            except NotFoundError:
                return None

        return await self._once(window_id, address, read)

    async def _once(self, key: object, address: str, read: Callable[[Session], Awaitable[T]]) -> T:
        """Return what is kept under `key`; else read it, unless somebody who came before has just done so."""
        kept = self._kept_now()
        if key not in kept:
            with self._waiting(key, address):
                async with self._turn:
                    kept = self._kept_now()
                    if key not in kept:
                        kept[key] = await self._read(read)
                        if len(kept) > MOST_KEPT:
                            kept.popitem(last=False)
        kept.move_to_end(key)
        return cast("T", kept[key])

    def _kept_now(self) -> OrderedDict[object, object]:
        moment = self._state.moment
        if moment is not self._moment:
            self._moment, self._kept = moment, OrderedDict()
        return self._kept

    @contextmanager
    def _waiting(self, key: object, address: str) -> Iterator[None]:
        """Wait for a query, together with all who ask the same: only the first of them counts."""
        if key not in self._asked:
            if len(self._asked) >= MOST_WAITING:
                raise BusyError
            now = self._state.clock.monotonic()
            if now >= self._away_until and (wait := self._by_client.take(client_key(address), now)):
                raise LimitedError(retry_after=wait)
        self._asked[key] += 1
        try:
            yield
        finally:
            self._asked[key] -= 1
            if not self._asked[key]:
                del self._asked[key]

    async def _read(self, read: Callable[[Session], Awaitable[T]]) -> T:
        if self._state.clock.monotonic() < self._away_until:
            raise StoreError
        try:
            async with self._database.session() as session:
                return await read(session)
        except StoreError:
            self._away_until = self._state.clock.monotonic() + _AWAY
            raise
