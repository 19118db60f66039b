"""The load: a steady stream of requests over all gateways, on connections that stay open.

`python -m tests.story.harness.load DIRECTORY` reads `load.json` there (`Plan`), says the number of requests so far on
standard output every second, and leaves its records in the directory.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from tests.story.harness.model import Target
from tests.story.harness.records import Records
from tests.story.harness.wire import Connection, Outcome, message

RECORDS = "load"
HOSTS = ("shop.example", "api.example", "eu.shop.example", "us.shop.example")
PATHS = ("/", "/cart", "/cart/items", "/carting", "/v1/orders", "/v1/orders/7", "/admin")
TARGETS = [
    Target(method, host, path)
    for method, host, path in itertools.product(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"), HOSTS, PATHS)
]
_WEIGHTS = {"GET": 60, "HEAD": 5, "POST": 20, "PUT": 5, "DELETE": 5, "OPTIONS": 5}
_PLAN = "load.json"
_TICK = 0.001
_RECONNECT = 0.02
_LAST_ANSWERS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is asked of whom; `rate` is per second, `slow` the share of requests that take 0.1 to 1 s."""

    ports: list[int]
    requests: int
    rate: float
    connections: int
    """At each gateway."""
    slow: float
    seed: int

    def write(self, directory: Path) -> None:
        """Leave it for the process that carries it out."""
        (directory / _PLAN).write_text(json.dumps(asdict(self)))


class Load:
    """Carries out a plan."""

    def __init__(self, plan: Plan) -> None:
        """Prepare all messages."""
        self._plan = plan
        self._chance = random.Random(f"{plan.seed} load")
        self._messages = [message(target) for target in TARGETS]
        weights = [_WEIGHTS[target.method] for target in TARGETS]
        self._choices = self._chance.choices(range(len(TARGETS)), weights, k=10_000)
        self.records = Records(0, TARGETS)
        self.under_way = 0
        self._idle: list[Connection] = []

    async def run(self) -> None:
        """Send all requests and wait for their answers."""
        reconnecting = [
            asyncio.create_task(self._keep_connected(gateway))
            for gateway in range(len(self._plan.ports))
            for _ in range(self._plan.connections)
        ]
        while len(self._idle) < len(reconnecting):
            await asyncio.sleep(_TICK)
        began = said = time.monotonic()
        while (sent := len(self.records)) < self._plan.requests:
            now = time.monotonic()
            self._send(min(self._plan.requests, int((now - began) * self._plan.rate)) - sent)
            if now - said >= 1:
                said = now
                print(sent, flush=True)
            await asyncio.sleep(_TICK)
        until = time.monotonic() + _LAST_ANSWERS
        while self.under_way and time.monotonic() < until:
            await asyncio.sleep(_TICK)
        for task in reconnecting:
            task.cancel()

    def _send(self, count: int) -> None:
        idle, chance, messages, choices = self._idle, self._chance.random, self._messages, self._choices
        for _ in range(min(count, len(idle))):
            # Any of the idle ones: swap it with the last.
            at = int(chance() * len(idle))
            idle[at], idle[-1] = idle[-1], idle[at]
            connection = idle.pop()
            if not connection.is_open:
                continue
            target = choices[int(chance() * 10_000)]
            before, after = messages[target]
            if chance() < self._plan.slow:
                after = b"&%d%b" % (100 + chance() * 900, after)
            number = self.records.sent(connection.gateway, target, time.monotonic())
            self.under_way += 1
            connection.ask(number, TARGETS[target], before, after)

    def _ended(self, connection: Connection, outcome: Outcome, received: bytes) -> None:
        self.records.ended(connection.number, outcome, time.monotonic(), received)
        self.under_way -= 1
        if connection.is_open:
            self._idle.append(connection)

    async def _keep_connected(self, gateway: int) -> None:
        """Have one connection to a gateway, and another one when it has broken."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, connection = await loop.create_connection(
                    lambda: Connection(gateway, self._ended), "127.0.0.1", self._plan.ports[gateway]
                )
            except OSError:  # it was killed, and is not back yet: nothing was asked of it
                await asyncio.sleep(_RECONNECT)
                continue
            self._idle.append(connection)
            while connection.is_open:
                await asyncio.sleep(_RECONNECT)


def main() -> None:
    """Carry out the plan of a directory."""
    directory = Path(sys.argv[1])
    load = Load(Plan(**json.loads((directory / _PLAN).read_text())))
    uvloop.run(load.run())
    load.records.write(directory, RECORDS)


if __name__ == "__main__":
    main()
