"""The storm: load, lives, probes, fences and faults at the same time; then the account."""

import asyncio
import contextlib
import math
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.story.harness import history, load
from tests.story.harness.account import Account, Propagation, Seen, propagation, settle
from tests.story.harness.clock import Clock, Reading, read_clock
from tests.story.harness.faults import PROBE_EVERY, Fault, Faults
from tests.story.harness.fences import Fences
from tests.story.harness.hands import Api, Psql
from tests.story.harness.history import Noted
from tests.story.harness.lives import Deeds, live_all, probe_target
from tests.story.harness.lives import Stage as LifeStage
from tests.story.harness.model import Model
from tests.story.harness.probes import Probes
from tests.story.harness.records import Records
from tests.story.harness.stage import Stage
from tests.story.processes import ROOT, Program

_TAIL = 4.0
"""Seconds that the last lives have until the load ends."""
_OVERTIME = 120.0
PROPAGATED = 0.05
"""Seconds from a commit to the last gateway, for 99 changes of 100, on a machine that does nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of everything. `propagation`: seconds after which a change must be known to all gateways."""

    seed: int = 1
    requests: int = 1_000_000
    rate: float = 7000
    windows: int = 200
    connections: int = 24
    slow: float = 0.01
    propagation: float = 0.25
    faults: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long the load takes where everything keeps up."""
        return self.requests / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came out of a storm."""

    plan: Plan
    account: Account
    propagation: Propagation
    deeds: Deeds
    faults: list[Fault]
    clock: Clock
    changes: int
    seconds: float
    memory_before: int
    memory_after: int

    def shortcomings(self) -> list[str]:
        """Say what is not as it has to be."""
        found = [f"{self.account.findings} findings"] if self.account.findings else []
        if not self.faults and not self.propagation.percentile(0.99) <= PROPAGATED:
            found.append(
                f"propagation: p99 is over {PROPAGATED * 1000:.0f} ms; is the machine busy with anything else?"
            )
        return found


@dataclass(kw_only=True)
class Weather:
    """What goes on around the gateways while something is tried: the clients, and what is needed for the account."""

    stage: Stage
    plan: Plan
    session: aiohttp.ClientSession
    first: Reading
    probes: Probes
    deeds: Deeds = field(default_factory=Deeds)
    alive: dict[str, int] = field(default_factory=dict)
    faults: Faults
    load: Program

    @property
    def apis(self) -> list[Api]:
        """The API of each gateway."""
        return [
            Api(self.session, f"http://127.0.0.1:{port}", self.stage.token, self.server_now)
            for port in self.stage.ports
        ]

    @property
    def psql(self) -> Psql:
        """An SRE's hand."""
        return Psql(self.stage.url, lambda: self.faults.are_quiet)

    def server_now(self) -> float:
        """Return PostgreSQL's time."""
        return time.monotonic() + self.first.offset

    async def load_ended(self) -> None:
        """Wait until the load has sent everything and has its answers."""
        code = await asyncio.to_thread(self.load.process.wait, self.plan.seconds + _OVERTIME)
        assert code == 0, self.load.log


@contextlib.asynccontextmanager
async def weather(stage: Stage, plan: Plan, targets: int) -> AsyncIterator[Weather]:
    """Start the load and be able to probe so many targets; end it all."""
    first = await read_clock(stage.url)
    load.Plan(
        ports=stage.ports,
        requests=plan.requests,
        rate=plan.rate,
        connections=plan.connections,
        slow=plan.slow,
        seed=plan.seed,
    ).write(stage.directory)
    program = Program("load", [sys.executable, "-m", "tests.story.harness.load", stage.directory], directory=ROOT)
    try:
        # The load has come up when it first says how far it is.
        await asyncio.to_thread(program.out.wait_for, r"^\d+$")
        async with aiohttp.ClientSession() as session:
            yield Weather(
                stage=stage,
                plan=plan,
                session=session,
                first=first,
                probes=Probes(stage.ports, [probe_target(number) for number in range(targets)], plan.requests),
                faults=Faults(
                    server=stage.server,
                    url=stage.url,
                    gateways=stage.gateways,
                    restart=stage.restart,
                    chance=random.Random(f"{plan.seed} faults"),
                ),
                load=program,
            )
    finally:
        program.end()


@contextlib.asynccontextmanager
async def meanwhile(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run loops that never end by themselves; an error of theirs is raised at the end."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop) for loop in loops]
        yield
        for task in tasks:
            task.cancel()


async def storm(stage: Stage, plan: Plan) -> Result:
    """Raise a storm and settle the account."""
    began = time.monotonic()
    memory_before = stage.memory()
    async with weather(stage, plan, plan.windows) as around:
        life_stage = LifeStage(
            apis=around.apis,
            psql=around.psql,
            probes=around.probes,
            deeds=around.deeds,
            propagation=plan.propagation,
            alive=around.alive,
        )
        fences = Fences(around.apis, around.alive, plan.seed)
        loops = [around.probes.run(), fences.run()]
        if plan.faults:
            loops.append(around.faults.run(plan.faults))
        async with meanwhile(*loops):
            await live_all(life_stage, windows=plan.windows, seconds=max(1.0, plan.seconds - _TAIL), seed=plan.seed)
            await around.load_ended()
            if plan.faults:
                await around.faults.end()
            await around.probes.finish()
        seconds, memory_after = time.monotonic() - began, stage.memory()
        seen, noted = await look(around, fences)
        return Result(
            plan=plan,
            account=settle(seen),
            propagation=propagation(around.probes.records, seen, undisturbed(around, noted, seen.clock)),
            deeds=around.deeds,
            faults=around.faults.done,
            clock=seen.clock,
            changes=len(noted),
            seconds=seconds,
            memory_before=memory_before,
            memory_after=memory_after,
        )


async def look(around: Weather, fences: Fences) -> tuple[Seen, list[Noted]]:
    """Collect all that is left, when the load has ended."""
    stage = around.stage
    clock = Clock(around.first, await read_clock(stage.url))
    noted = await history.read(stage.url)
    await asyncio.to_thread(stage.application.stop, signal.SIGTERM)
    seen = Seen(
        records=[Records.read(stage.directory, load.RECORDS), around.probes.records],
        model=Model(history.changes(noted, known_by(around, clock))),
        clock=clock,
        faults=around.faults.done,
        fences=fences.said,
        numbers=around.alive,
        gateways=len(stage.ports),
        directory=stage.directory,
    )
    return seen, noted


def known_by(around: Weather, clock: Clock) -> Callable[[Noted], float]:
    """Say by when each change has to be known: soon, but later where a fault was in the way."""
    disturbed = [
        (clock.server(fault.began), clock.server(fault.in_step) if fault.in_step < math.inf else math.inf)
        for fault in around.faults.done
    ]

    def by(noted: Noted) -> float:
        soon = noted.committed + around.plan.propagation + (PROBE_EVERY if noted.quiet else 0.0)
        late = [in_step for began, in_step in disturbed if began < soon and noted.committed < in_step]
        return max([soon, *(in_step + around.plan.propagation for in_step in late)])

    return by


def undisturbed(around: Weather, noted: list[Noted], clock: Clock) -> list[bool]:
    """Tell of each change whether it was made with notification and without any fault around."""
    soon = known_by(around, clock)
    return [not n.quiet and soon(n) <= n.committed + around.plan.propagation + 1e-6 for n in noted]
