"""Faults: what is done to PostgreSQL and to gateways during a storm, by a schedule that the seed decides."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from tests.postgres import Postgres, psql, servers
from tests.story.processes import Gateway

IN_STEP = 2.0
"""Seconds after PostgreSQL is back in which every gateway follows again (state.md)."""
PROBE_EVERY = 2.0
"""How often a gateway asks for the version anyway, in seconds."""
PROBE_TIMEOUT = 2.0
"""After which it gives up a session that does not answer, in seconds."""
ALL = ("listeners terminated", "backends frozen", "postgresql stopped", "gateway killed", "notifications lost")
LISTENERS = (  # by what a listening session asks last
    "application_name = 'maintenance-gateway' and datname = current_database() and state = 'idle' "
    "and query ~* 'listen|not_over'"
)


@dataclass(slots=True, kw_only=True)
class Fault:
    """What was done and when, monotonic. A change committed meanwhile may be unknown until `in_step`."""

    kind: str
    began: float
    in_step: float = float("inf")
    gateway: int | None = None
    """The gateway that was killed."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """Does them, one after the other."""

    server: Postgres
    url: str
    gateways: list[Gateway]
    restart: Callable[[int], Awaitable[None]]
    """Start a gateway again, at its port."""
    chance: random.Random
    done: list[Fault] = field(default_factory=list)
    are_quiet: bool = False
    """Whether changes by hand go without notification at the moment."""
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, kinds: tuple[str, ...] = ALL) -> None:
        """Do faults until `end`: each kind once, in any order, and again."""
        try:
            while not self._ending.is_set():
                for kind in self.chance.sample(kinds, len(kinds)):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self.chance.uniform(1, 3)):
                            await self._ending.wait()
                            return
                    await self.do(kind)
        finally:
            self._ended.set()

    async def end(self) -> None:
        """Begin no other fault, and wait until the present one is over: nothing may stay frozen or stopped."""
        self._ending.set()
        await self._ended.wait()

    async def do(self, kind: str) -> None:
        """Do one, and wait until all should be in step again."""
        fault = Fault(kind=kind, began=time.monotonic())
        self.done.append(fault)
        deed = {
            "listeners terminated": self._terminate_listeners,
            "backends frozen": self._freeze_backends,
            "postgresql stopped": self._stop_server,
            "gateway killed": self._kill_gateway,
            "notifications lost": self._lose_notifications,
        }[kind]
        patience = await deed(fault)
        fault.in_step = time.monotonic() + patience
        await asyncio.sleep(max(0.0, fault.in_step - time.monotonic()))

    async def _terminate_listeners(self, _: Fault) -> float:
        await asyncio.to_thread(
            psql, self.url, f"select count(pg_terminate_backend(pid)) from pg_stat_activity where {LISTENERS}"
        )
        return IN_STEP

    async def _freeze_backends(self, _: Fault) -> float:
        """Stop the processes of the listeners' sessions: their sockets stay open, and nobody answers."""
        pids = await asyncio.to_thread(psql, self.url, f"select pid from pg_stat_activity where {LISTENERS}")
        frozen = [psutil.Process(int(pid)) for pid in pids.split()]
        for process in frozen:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            # Beyond the moment at which each gateway gives up: it must not need the frozen session.
            await asyncio.sleep(PROBE_EVERY + PROBE_TIMEOUT + IN_STEP)
        finally:
            for process in frozen:
                with suppress(psutil.NoSuchProcess):
                    process.resume()
        return 0.0

    async def _stop_server(self, _: Fault) -> float:
        """Stop it as a crash does, stay away, and come back."""
        os.kill(self.server.pid, signal.SIGQUIT)
        while servers(self.server.directory):
            await asyncio.sleep(0.01)
        await asyncio.sleep(self.chance.uniform(1, 4))
        await asyncio.to_thread(self.server.start)
        return IN_STEP

    async def _kill_gateway(self, fault: Fault) -> float:
        fault.gateway = self.chance.randrange(len(self.gateways))
        self.gateways[fault.gateway].kill()
        await asyncio.sleep(self.chance.uniform(0, 1))
        await self.restart(fault.gateway)
        return 0.0

    async def _lose_notifications(self, _: Fault) -> float:
        self.are_quiet = True
        await asyncio.sleep(self.chance.uniform(2, 4))
        self.are_quiet = False
        return PROBE_EVERY
