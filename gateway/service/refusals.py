"""The counts of refusals, written down: every few seconds and at the end, each batch exactly once.

A batch has a number, and the number is written in the same transaction: where the answer to a commit is lost, the same
batch is offered again under the same number until it is known to be in. While the database is away, the next batch
waits and grows; its memory is bounded, for it is one number and at most `MOST_CLIENTS` addresses for each window.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.domain.errors import GatewayError, StoreError
from gateway.domain.observation import Observer, RefusalsLost, RefusalsUnwritten, RefusalsWritten
from gateway.domain.refusals import MOST_WRITTEN, ClientKey, Refusals, Tally, client_hash
from gateway.service.state import State
from gateway.store import refusals as rows
from gateway.store.pool import Database, Session

_FINISH_LIMIT = 3.0
_SLICE = 1000
"""So many clients are hashed in one turn of the loop: about a millisecond."""
_STATEMENT = 10_000
_MOST_KNOWN = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    number: int
    tallies: Mapping[UUID, Tally]
    until: datetime

    @property
    def requests(self) -> int:
        return sum(tally.requests for tally in self.tallies.values())


class RefusalWriter:
    """Writes what a process has counted."""

    def __init__(
        self, database: Database, state: State, refusals: Refusals, *, every: float, observe: Observer
    ) -> None:
        """Write `refusals` to `database` every so many seconds."""
        self._database = database
        self._state = state
        self._refusals = refusals
        self._every = every
        self._observe = observe
        self._id = uuid.uuid4()
        self._number = 0
        self._batch: _Batch | None = None
        """What was offered, and is not known to be in."""
        self._moves = database.moves
        self._known: dict[UUID, set[ClientKey]] = {}
        """Clients that are surely written, by window: they need not be offered again."""
        self._turn = asyncio.Lock()
        self._is_behind = False

    def unwritten(self) -> int:
        """Return how many refusals are counted and not known to be written, for the metrics."""
        return self._refusals.requests() + (self._batch.requests if self._batch else 0)

    async def keep_writing(self) -> None:
        """Write every few seconds. Runs for ever."""
        while True:
            await asyncio.sleep(self._every)
            with suppress(StoreError):  # it was told, and nothing is lost
                await self.write()

    async def write(self) -> None:
        """Write all that was counted until now.

        Raises:
            StoreError: the database is away; what was counted is kept, and written the next time.
        """
        async with self._turn:
            try:
                if self._batch is not None:  # left over from the last time
                    await self._write_batch(self._batch)
                if tallies := self._refusals.take():
                    self._number += 1
                    self._batch = _Batch(number=self._number, tallies=tallies, until=self._state.now())
                    await self._write_batch(self._batch)
            except StoreError as error:
                if not self._is_behind:
                    self._is_behind = True
                    self._observe(RefusalsUnwritten(reason=str(error), requests=self.unwritten()))
                raise
            if self._is_behind:
                self._is_behind = False
                self._observe(RefusalsWritten())

    async def finish(self) -> None:
        """Write what is left, at the end: nobody is served any more. What can't be written now is lost, and told."""
        with suppress(GatewayError, TimeoutError):
            async with asyncio.timeout(_FINISH_LIMIT):
                await self.write()
        if lost := self.unwritten():
            self._observe(RefusalsLost(requests=lost))

    async def _write_batch(self, batch: _Batch) -> None:
        if self._database.moves != self._moves:  # perhaps to a server that lacks the last commits
            self._moves, self._known = self._database.moves, {}
        written: dict[UUID, set[ClientKey]] = {}
        async with self._database.transaction() as session:
            if await rows.claim(session, self._id, batch.number):
                for window_id in sorted(batch.tallies):  # in order: writers don't wait for each other in a circle
                    written[window_id] = await self._add(session, window_id, batch.tallies[window_id], batch.until)
        self._batch = None
        self._remember(written)

    async def _add(self, session: Session, window_id: UUID, tally: Tally, until: datetime) -> set[ClientKey]:
        """Add what a window has refused; return the clients that are written then."""
        counted = await rows.add_requests(
            session, window_id, tally.requests, is_at_least=tally.is_at_least, until=until
        )
        if counted is None:  # somebody has deleted the window: nothing is left to tell of
            return set()
        new = tally.clients - self._known.get(window_id, set())
        if not new:
            return new
        if counted.client_key is None:  # they were forgotten, and nobody knows whether these are the same ones
            await rows.add_clients(session, window_id, [], is_at_least=True)
            return set()
        room = max(0, MOST_WRITTEN - counted.clients)
        hashes = await _hashed(counted.client_key, new)
        for first in range(0, len(hashes), _STATEMENT):  # not so many at once that the server takes too long
            part = hashes[first : min(first + _STATEMENT, room)]
            await rows.add_clients(session, window_id, part, is_at_least=len(hashes) > room)
        return new

    def _remember(self, written: Mapping[UUID, set[ClientKey]]) -> None:
        """Note who is written; a window that has refused nobody lately is forgotten, and so is too large a set."""
        before, self._known = self._known, {}
        for window_id, clients in written.items():
            known = before.get(window_id, set()) | clients
            self._known[window_id] = known if len(known) <= _MOST_KNOWN else clients


async def _hashed(key: bytes, clients: set[ClientKey]) -> Sequence[bytes]:
    """Hash clients, in whatever order, and let requests come in between."""
    hashes: list[bytes] = []
    for client in clients:
        hashes.append(client_hash(key, client))
        if len(hashes) % _SLICE == 0:
            await asyncio.sleep(0)
    return hashes
