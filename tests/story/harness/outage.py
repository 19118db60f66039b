"""The outage: PostgreSQL is stopped for a while; what was scheduled happens to the request, and all is soon in step."""

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from tests.postgres import servers
from tests.story.harness.account import Account, Propagation, propagation, settle
from tests.story.harness.faults import IN_STEP, Fault
from tests.story.harness.fences import Fences
from tests.story.harness.hands import Draft, RefusedError
from tests.story.harness.load import HOSTS
from tests.story.harness.stage import Stage
from tests.story.harness.storm import Plan, Weather, look, meanwhile, weather

_BEFORE = 4.0
"""Seconds of load before the outage."""
_AFTER = 6.0
_AROUND = 0.05
"""Seconds around each edge in which it is probed."""
_SAMPLE = 0.5
MOST_GROWTH = 2 * 1024 * 1024
"""Bytes, of all gateways together."""
_WINDOWS_PER_SECOND = 0.6
_SCHEDULING = 0.05
"""Seconds that one window takes to be scheduled."""


@dataclass(kw_only=True)
class Outage:
    """What came out; `in_step`: seconds from PostgreSQL's return to the last gateway's first answer by a change."""

    account: Account
    windows: int
    edges_meanwhile: int
    """Starts and ends of windows while PostgreSQL was away."""
    in_step: float
    back: Propagation
    memory: list[int] = field(default_factory=list)
    """Bytes of all gateways, twice a second while PostgreSQL was away."""
    seconds: float

    @property
    def growth(self) -> int:
        """Bytes by which the gateways' memory grew from the first half of the outage to the second, by the medians."""
        middle = len(self.memory) // 2
        return int(statistics.median(self.memory[middle:]) - statistics.median(self.memory[:middle]))

    def shortcomings(self) -> list[str]:
        """Say what is not as it has to be."""
        found = [f"{self.account.findings} findings"] if self.account.findings else []
        if not self.in_step <= IN_STEP:
            found.append(f"in step {self.in_step:.2f} s after PostgreSQL was back: over {IN_STEP:.0f} s")
        if self.growth > MOST_GROWTH:
            found.append(f"memory grew by {self.growth / 1024 / 1024:.1f} MB")
        return found


async def outage(stage: Stage, *, seed: int, seconds: float, rate: float) -> Outage:
    """Stop PostgreSQL for so many seconds, with windows scheduled for that time, under load."""
    windows = max(4, min(200, int(seconds * _WINDOWS_PER_SECOND)))
    requests = int(rate * (_BEFORE + seconds + windows * _SCHEDULING + _AFTER))
    plan = Plan(seed=seed, requests=requests, rate=rate, windows=windows, connections=8)
    chance = random.Random(f"{seed} outage")
    # One more target than windows: that of the change which is made afterwards.
    async with weather(stage, plan, windows + 1) as around:
        fences = Fences(around.apis, around.alive, seed)
        async with meanwhile(around.probes.run()):
            spans = await _schedule(around, chance, seconds)
            watching = asyncio.ensure_future(_watch_edges(around, spans))
            fault = Fault(kind="postgresql stopped", began=time.monotonic())
            around.faults.done.append(fault)
            memory = await _away(stage, seconds)
            returned = time.monotonic()
            fault.in_step = returned + IN_STEP
            around.probes.watch(windows, IN_STEP + 1)
            window = await around.psql.make(
                Draft(
                    title="Afterwards",
                    starts_in=None,
                    seconds=600,
                    ends="when_fixed",
                    gate="closed",
                    hosts=(f"w{windows}.example",),
                )
            )
            around.alive[window] = windows
            await watching
            await around.load_ended()
            await around.probes.finish()
        seen, noted = await look(around, fences)
        back = propagation(around.probes.records, seen, [n.window == window for n in noted])
        committed = next(n.committed for n in noted if n.window == window)
        account = settle(seen)
        edges = [edge for span in spans for edge in span if seen.clock.server(fault.began) < edge]
        return Outage(
            account=account,
            windows=windows,
            edges_meanwhile=sum(edge < seen.clock.server(returned) for edge in edges),
            in_step=back.percentile(1) + committed - seen.clock.server(returned),
            back=back,
            memory=memory,
            seconds=returned - fault.began,
        )


async def _schedule(around: Weather, chance: random.Random, seconds: float) -> list[tuple[float, float]]:
    """Schedule windows whose edges lie within the outage; return them, on PostgreSQL's clock."""
    spans = []
    for number in range(around.plan.windows):
        starts_in = chance.uniform(_BEFORE, seconds)
        length = chance.uniform(0.3, max(0.5, seconds / 8))
        draft = Draft(
            title=f"Window {number}",
            starts_in=starts_in,
            seconds=length,
            ends="on_time",
            gate=chance.choice(["closed", "read_only"]),
            hosts=(f"w{number}.example", chance.choice(HOSTS)),
            paths=chance.choice([(), ("/cart",)]),
        )
        try:
            window = await chance.choice(around.apis).make(draft)
        except RefusedError as error:
            raise AssertionError(f"{draft} was refused: {error}") from error
        around.alive[window] = number
        begin = around.server_now() + starts_in
        spans.append((begin, begin + length))
    return spans


async def _watch_edges(around: Weather, spans: Sequence[tuple[float, float]]) -> None:
    """Probe each window's own target around its start and its end."""
    edges = sorted((edge, number) for number, span in enumerate(spans) for edge in span)
    for edge, number in edges:
        await asyncio.sleep(max(0.0, edge - _AROUND - around.server_now()))
        around.probes.watch(number, 2 * _AROUND)


async def _away(stage: Stage, seconds: float) -> list[int]:
    """Stop the server as a crash does, start it again later; return the memory of the gateways meanwhile."""
    began = time.monotonic()
    os.kill(stage.server.pid, signal.SIGQUIT)
    while servers(stage.server.directory):
        await asyncio.sleep(0.01)
    memory = []
    while time.monotonic() < began + seconds:
        memory.append(await asyncio.to_thread(stage.memory))
        await asyncio.sleep(_SAMPLE)
    await asyncio.to_thread(stage.server.start)
    connection = await asyncpg.connect(stage.url)
    await connection.close()
    return memory
