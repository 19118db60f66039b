"""This replica: it says in PostgreSQL what it gates by, at once when that changes and every two seconds anyway.

One loop writes, one report after the other, on a connection of its own: no flood of calls can silence it. A database
that is away is told by the listener; here it only means that nothing can be said. What is read from the reports, and
why late ones do no harm: `domain/fence.py`.
"""

import asyncio
import os
import random
import socket
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from gateway.domain.errors import GatewayError, StoreError
from gateway.domain.fence import Gated
from gateway.domain.observation import Observer, ReplicaDied, ReplicaUnregistered
from gateway.service.following import follow
from gateway.service.state import State
from gateway.store.errors import mapped_errors
from gateway.store.pool import Database, Session
from gateway.store.replicas import ReplicaProcess, delete_replica, neighbours, write_report

HEARTBEAT = 2.0
LOOK_EVERY = 0.05
"""While something is left in the application, the numbers are looked at so often."""
_WRITE_LIMIT = 2.0
_RETRY = 0.5
_LEAVE_LIMIT = 2.0
_CONFIRMED_LATELY = 5.0
"""The listener asks every two seconds, for two seconds at most."""

LeftBehind = Callable[[], Mapping[UUID, Gated]]

# proc(5), behind the name, which stands in parentheses and may contain anything: fields 3 (state) and 22 (starttime).
_STATE, _STARTED = 0, 19
_DEAD = ("Z", "X", "x")
_PROC = Path("/proc")


def this_process(worker: int | None = None) -> ReplicaProcess:
    """Return who this process is; `worker` is its number where there are several."""
    pid = os.getpid()
    started = _started(pid)
    part = "" if worker is None else f" worker {worker}"
    return ReplicaProcess(
        id=uuid.uuid4(),
        name=f"{socket.gethostname()}{part} (pid {pid})",
        host=_host() if started else "",
        pid=pid,
        started=started or 0,
    )


def is_certainly_dead(process: ReplicaProcess, host: str) -> bool:
    """Tell whether a process of this `host` has ended: no process has its number, or one that was started later.

    What can't be found out (no file can be opened any more, the process is hidden) is no death.
    """
    if not host or process.host != host:
        return False
    try:
        started = _started(process.pid)
    except ProcessLookupError:
        return True
    return started is not None and started != process.started


def _host() -> str:
    """Return what is the same for exactly those processes that see each other's numbers; empty where that is unknown.

    The id of the running system (a restart gives another) and the namespace of process numbers (containers).
    """
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:  # not Linux, or hidden
        return ""


def _started(pid: int) -> int | None:
    """Return when a process was started, in ticks; None where that is not known.

    Raises:
        ProcessLookupError: there is none, or only what its parent has to collect.
    """
    try:
        fields = (_PROC / f"{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        # /proc may hide the processes of other users; the system call does not.
        with suppress(PermissionError):
            os.kill(pid, 0)
        return None
    except OSError:
        return None
    if fields[_STATE] in _DEAD:
        raise ProcessLookupError
    return int(fields[_STARTED])


class ReplicaReporter:
    """Keeps this process's row."""

    def __init__(
        self, database: Database, state: State, *, left_behind: LeftBehind, process: ReplicaProcess, observe: Observer
    ) -> None:
        """Report what `left_behind` says of the windows that this process gates by."""
        self._database = database
        self._state = state
        self._left_behind = left_behind
        self._process = process
        self._observe = observe
        self._inherited: Counter[UUID] = Counter()
        """By window: what dead neighbours have left in the application."""
        self._changed = asyncio.Event()
        self._leaving = False
        self._is_connected = False
        self._left = asyncio.Event()
        self._hands_on = False
        self._failure = "no answer yet"
        self.registered = asyncio.Event()
        """Set while this process keeps its row."""
        state.watch(lambda _moment: self._changed.set())

    async def keep_reporting(self) -> None:
        """Report, and start over whenever that breaks. Runs for ever."""
        while not self._leaving:
            # Read before it connects: a move while it registers counts, too.
            moves = self._database.moves
            try:
                async with self._connected() as session:
                    await self._register(session)
                    self.registered.set()
                    await self._report_changes(session, moves)
            except GatewayError as error:  # the listener tells that the database is away
                self.registered.clear()
                self._failure = str(error)
                await asyncio.sleep(_RETRY * random.uniform(1.0, 2.0))  # noqa: S311  jitter, no secret
        await asyncio.Event().wait()

    async def settle(self, within: float) -> None:
        """Wait until every fence counts this process, at most for `within` seconds, while the database is confirmed.

        Traffic does not depend on that in the end; but it is told.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not self.registered.is_set():
                    if not self._is_confirmed():
                        return  # as the listener tells
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_EVERY):
                            await self.registered.wait()
                return
        self._observe(
            ReplicaUnregistered(
                replica=self._process.name,
                reason=self._failure,
                remedy="begin no work on the word of a fence until gateway_replica_registered is 1; "
                "look for locks on the table replicas, and whether the gateway's account may write it",
            )
        )

    def _is_confirmed(self) -> bool:
        age = self._state.age()
        return age is not None and age < _CONFIRMED_LATELY

    async def leave(self, *, to_neighbours: bool = False) -> None:
        """Take the row back: this process has drained and serves nobody any more. Call it once.

        With `to_neighbours`, processes of this host go on: the row stays where it tells of unanswered requests, and the
        first one that sees this process ended tells of them from then on.
        """
        self._hands_on = to_neighbours and bool(self._process.host)
        self._leaving = True
        self._changed.set()
        if self._is_connected:
            with suppress(TimeoutError):  # then others find out that the process has ended, or an SRE says so
                async with asyncio.timeout(_LEAVE_LIMIT):
                    await self._left.wait()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Session]:
        connection = await self._database.connect()
        try:
            with mapped_errors():
                self._is_connected = True
                yield Session(connection, self._database.queries)
        finally:
            self._is_connected = False
            # `close` would wait for a server that may be frozen.
            connection.terminate()

    async def _register(self, session: Session) -> None:
        """Write the first row; return when this process has all that the database knew then.

        Whoever reads the fence later counts this replica; whoever has read it before meant windows that were in the
        database before, and this replica gates by them from its first request on.
        """
        await self._write(session, self._gates())
        async with asyncio.timeout(_WRITE_LIMIT):
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        if self._state.version < version:
            raise StoreError(f"version {version} of the state could not be loaded")

    async def _report_changes(self, session: Session, moves: int) -> None:
        """Write what changes when it does, and a heartbeat; at the end take the row back, or leave it.

        Raises:
            StoreError: the database has made other `moves` than these since, so this server may be a former primary.
        """
        clock = asyncio.get_running_loop().time
        said: tuple[int, Mapping[UUID, Gated]] | None = None
        due = 0.0
        while not self._leaving:
            self._changed.clear()
            if self._database.moves != moves:
                raise StoreError("the listener has left the server")
            gates = self._gates()
            report = (self._state.version, gates)
            is_heartbeat = clock() >= due
            if report != said or is_heartbeat:
                await self._write(session, gates)
                said = report
            if is_heartbeat:  # and only then: at a change, all gateways want the database at once
                await self._remove_dead_neighbours(session)
                due = clock() + HEARTBEAT
            left = any(gated.left for gated in gates.values())
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY if left else due - clock()):
                    await self._changed.wait()
        gates = self._gates()
        if self._hands_on and any(gated.left or gated.given_up for gated in gates.values()):
            await self._write(session, gates)
        else:
            async with asyncio.timeout(_WRITE_LIMIT):
                await delete_replica(session, self._process.id)
        self._left.set()

    def _gates(self) -> Mapping[UUID, Gated]:
        return {
            window: replace(gated, given_up=gated.given_up + self._inherited[window])
            for window, gated in self._left_behind().items()
        }

    async def _write(self, session: Session, gates: Mapping[UUID, Gated]) -> None:
        async with asyncio.timeout(_WRITE_LIMIT):
            await write_report(session, self._process, applied_version=self._state.version, gates=gates)

    async def _remove_dead_neighbours(self, session: Session) -> None:
        """Delete the rows of processes of this host that have certainly ended.

        Their requests got no answer any more: from now on they are told as given up on, by this replica.
        """
        host = self._process.host
        async with asyncio.timeout(_WRITE_LIMIT):
            for process in await neighbours(session, self._process):
                if not is_certainly_dead(process, host):
                    continue
                gates = await delete_replica(session, process.id)
                if gates is not None:  # else another neighbour was faster
                    self._observe(ReplicaDied(replica=process.name))
                    self._inherited.update({window: gated.left + gated.given_up for window, gated in gates.items()})
                    self._changed.set()
