"""Probes: around each change, each gateway is asked every millisecond for what the change is about."""

import asyncio
import random
import time
from collections.abc import Sequence

from tests.story.harness.model import Target
from tests.story.harness.records import Records
from tests.story.harness.wire import Connection, Outcome, message

RECORDS = "probes"
EVERY = 0.001
SPARSE = 0.02
"""Seconds between two probes for what was not seen soon."""
_DENSE = 0.1
"""Seconds for which a target is probed densely."""
_RECONNECT = 0.02


class Probes:
    """Asks every gateway for the targets that are watched; each answer counts as any other request."""

    def __init__(self, ports: Sequence[int], targets: Sequence[Target], first: int) -> None:
        """Be able to watch `targets`; requests are numbered from `first` on."""
        self.records = Records(first, targets)
        self._ports = ports
        self._messages = [message(target) for target in targets]
        self._watched: dict[int, tuple[float, float]] = {}
        """Until when each target is asked for densely, and until when at all."""
        self._more = asyncio.Event()
        self._connections: dict[int, Connection] = {}
        self._under_way = 0

    def watch(self, target: int, seconds: float) -> None:
        """Ask for this target from now on, for so many seconds; densely at first."""
        now = time.monotonic()
        self._watched[target] = (now + _DENSE, now + seconds)
        self._more.set()

    async def run(self) -> None:
        """Probe until cancelled."""
        async with asyncio.TaskGroup() as group:
            for gateway in range(len(self._ports)):
                group.create_task(self._probe(gateway))
            group.create_task(self._rest())

    async def finish(self) -> None:
        """Watch nothing any more, wait until no probe is under way, and leave."""
        self._watched.clear()
        self._more.clear()
        while self._under_way:
            await asyncio.sleep(EVERY)
        for connection in self._connections.values():
            connection.close()

    async def _rest(self) -> None:
        """Send the probes to sleep where nothing is watched."""
        while True:
            now = time.monotonic()
            self._watched = {target: until for target, until in self._watched.items() if until[1] > now}
            if not self._watched:
                self._more.clear()
            await asyncio.sleep(0.01)

    async def _probe(self, gateway: int) -> None:
        chance = random.Random(gateway)
        asked: dict[int, float] = {}
        answered = asyncio.Event()

        def ended(connection: Connection, outcome: Outcome, received: bytes) -> None:
            self.records.ended(connection.number, outcome, time.monotonic(), received)
            self._under_way -= 1
            answered.set()

        while True:
            await self._more.wait()
            connection = self._connections.get(gateway)
            if connection is None or not connection.is_open:
                try:
                    _, connection = await asyncio.get_running_loop().create_connection(
                        lambda: Connection(gateway, ended), "127.0.0.1", self._ports[gateway]
                    )
                except OSError:  # it was killed
                    await asyncio.sleep(_RECONNECT)
                    continue
                self._connections[gateway] = connection
            for target in chance.sample([*self._watched], len(self._watched)):
                if not connection.is_open:
                    break
                now = time.monotonic()
                dense, _ = self._watched.get(target, (0.0, 0.0))
                if now > dense and now < asked.get(target, 0.0) + SPARSE:
                    continue
                asked[target] = now
                answered.clear()
                number = self.records.sent(gateway, target, now)
                self._under_way += 1
                connection.ask(number, self.records.targets[target], *self._messages[target])
                await answered.wait()
            await asyncio.sleep(EVERY)
