"""How components did in the last days, kept in memory for the status page: it asks no database."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from types import MappingProxyType

from gateway.domain.errors import GatewayError
from gateway.domain.snapshot import Moment
from gateway.domain.uptime import Uptime, first_day, uptime
from gateway.service.component_history import ComponentHistories
from gateway.service.state import State

# Of the day that goes on the figures move by themselves.
_EVERY = timedelta(minutes=5).total_seconds()
# Changes come in bursts, and figures of 90 days do not hurry.
_SETTLE = 2.0


class Uptimes:
    """Reads the histories anew at each change and every few minutes; while the database is away, the last ones stay."""

    def __init__(self, histories: ComponentHistories, state: State) -> None:
        """Read from `histories` whenever `state` moves on."""
        self._histories = histories
        self._state = state
        self._moved = asyncio.Event()
        self._latest: Mapping[str, Uptime] = MappingProxyType({})
        state.watch(self._wake)

    @property
    def latest(self) -> Mapping[str, Uptime]:
        """By slug; empty until they were read. Another object each time they are."""
        return self._latest

    def _wake(self, _: Moment) -> None:
        self._moved.set()

    async def keep(self) -> None:
        """Keep `latest` fresh. Runs for ever."""
        while True:
            with suppress(GatewayError):  # the listener tells that the database is away
                await self.read()
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY):
                    await self._moved.wait()
            self._moved.clear()
            await asyncio.sleep(_SETTLE)

    async def read(self) -> None:
        """Read the histories of all components.

        Raises:
            StoreError: the database is away.
            InvalidError: there are more changes than are computed in a moment.
        """
        found = await self._histories.all(since=first_day(self._state.now()))
        self._latest = MappingProxyType({slug: uptime(history) for slug, history in found.items()})
