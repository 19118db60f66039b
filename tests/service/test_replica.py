"""This replica's reports: at once, true, in step with the database; and who is certainly dead."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from gateway.domain.access import command_line
from gateway.domain.fence import Gated, Report
from gateway.domain.history import History
from gateway.domain.observation import LoopCrashed, ReplicaDied, ReplicaUnregistered
from gateway.service import replica as module
from gateway.service.clock import Clock
from gateway.service.drafts.windows import WindowDraft
from gateway.service.replica import ReplicaReporter, is_certainly_dead, this_process
from gateway.service.state import State
from gateway.service.supervisor import Supervisor
from gateway.store.hosts import Connection
from gateway.store.pool import Database
from gateway.store.replicas import write_report
from gateway.web.keys import Services
from tests.observed import Observations, wait_until
from tests.postgres import Postgres
from tests.schema import migrate_at

WHO = command_line("test")
ME = this_process()


class Front:
    """What the data plane says: the windows in force, and as many left as the test has it."""

    def __init__(self, state: State) -> None:
        self.left = 0
        self._state = state

    def left_behind(self) -> Mapping[UUID, Gated]:
        return {
            window.id: Gated(row_version=window.row_version, left=self.left, given_up=0)
            for window in self._state.moment.gating
        }


@asynccontextmanager
async def reporting(
    database: Database,
    state: State,
    observations: Observations,
    front: Front | None = None,
    *,
    at_once: bool = True,
) -> AsyncIterator[ReplicaReporter]:
    front = front or Front(state)
    reporter = ReplicaReporter(
        database, state, left_behind=front.left_behind, process=replace(ME, id=uuid4()), observe=observations
    )
    async with Supervisor(observations) as supervisor:
        supervisor.start(reporter.keep_reporting, "replica")
        if at_once:
            await asyncio.wait_for(reporter.registered.wait(), 20)
        yield reporter
    assert observations.of(LoopCrashed) == []


async def rows(services: Services) -> tuple[Report, ...]:
    return (await services.fences.replicas()).reports


async def test_it_counts_in_every_fence_once_it_is_registered(
    database: Database, state: State, services: Services, observations: Observations
) -> None:
    """The row is there before it serves; and it goes when the process has drained."""
    assert await rows(services) == ()
    async with reporting(database, state, observations) as reporter:
        (row,) = await rows(services)
        assert (row.name, row.gates) == (ME.name, {})
        assert f"(pid {os.getpid()})" in row.name
        await reporter.leave()
        assert await rows(services) == ()


async def test_before_it_serves_it_knows_what_the_database_knew(
    database: Database, services: Services, observations: Observations, tmp_path: Path
) -> None:
    """A window that was there when somebody read a fence without this replica is gated from the first request on."""
    window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    stale = State(clock=Clock(), observe=observations, file=tmp_path / "none.json", close_unknown=False)
    async with reporting(database, stale, observations):
        assert [each.id for each in stale.moment.gating] == [window.id]


async def test_what_changes_is_reported_at_once(
    database: Database, state: State, services: Services, observations: Observations
) -> None:
    """A window that starts, requests that end, an edit, the end: each long before the next heartbeat."""
    front = Front(state)
    front.left = 2
    async with reporting(database, state, observations, front):
        window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)

        async def said() -> tuple[int, int] | None:
            gated = (await rows(services))[0].gates.get(window.id)
            return (gated.row_version, gated.left) if gated else None

        async def says(row_version: int, left: int) -> bool:
            return await said() == (row_version, left)

        at_once = module.HEARTBEAT / 4
        await wait_until(lambda: says(1, 2), at_once)
        front.left = 1
        await wait_until(lambda: says(1, 1), at_once)
        front.left = 0
        await wait_until(lambda: says(1, 0), at_once)
        assert (await services.fences.of(window.id)).holds
        await services.windows.extend(window.id, window.estimated_duration, WHO)
        await wait_until(lambda: says(2, 0), at_once)
        assert (await services.fences.of(window.id)).holds
        assert [fence.window.id for fence in await services.fences.in_force()] == [window.id]
        await services.windows.end(window.id, WHO)

        async def is_silent_about_it() -> bool:
            return await said() is None

        await wait_until(is_silent_about_it, at_once)
        assert await services.fences.in_force() == []


async def test_it_says_that_it_lives(
    database: Database, state: State, services: Services, observations: Observations
) -> None:
    """When nothing changes, too; and it comes back where its row is gone (forgotten, another database)."""
    async with reporting(database, state, observations):
        (first,) = await rows(services)

        async def lives() -> bool:
            (row,) = await rows(services)
            return row.heartbeat_at > first.heartbeat_at

        await wait_until(lives, module.HEARTBEAT * 2)
        async with database.transaction() as session:
            await session.connection.execute("delete from replicas")

        async def is_back() -> bool:
            return len(await rows(services)) == 1

        await wait_until(is_back, module.HEARTBEAT * 2)


async def test_it_waits_for_a_database_that_is_away(
    own_postgres: Postgres, observations: Observations, tmp_path: Path
) -> None:
    """Nobody waits for that, and it makes no line in the log; it is registered as soon as the database is back."""
    name = own_postgres.create()
    database = Database(own_postgres.url(name))
    await database.open()
    await migrate_at(own_postgres.url(name))
    own_postgres.stop()
    state = State(clock=Clock(), observe=observations, file=tmp_path / "none.json", close_unknown=False)
    try:
        async with reporting(database, state, observations, at_once=False) as reporter:
            await asyncio.wait_for(reporter.settle(3600), module._CONFIRMED_LATELY)
            assert not reporter.registered.is_set()
            assert observations == []
            own_postgres.start()

            async def is_there() -> bool:
                async with database.session() as session:
                    return bool(await session.connection.fetchval("select count(*) from replicas"))

            await wait_until(is_there)
            own_postgres.stop()
            await asyncio.wait_for(reporter.leave(), module._LEAVE_LIMIT + 1)
    finally:
        await database.close()


@asynccontextmanager
async def locked(database: Database) -> AsyncIterator[None]:
    """Nobody can write a row, though the database answers."""
    connection = await database.connect()
    try:
        async with connection.transaction():
            await connection.execute("lock table replicas in share row exclusive mode")
            yield
    finally:
        connection.terminate()


async def test_nobody_is_served_before_it_is_registered(
    database: Database, state: State, observations: Observations
) -> None:
    """As long as the database is confirmed, attempts that fail are no reason to go on without."""
    async with AsyncExitStack() as lock:
        await lock.enter_async_context(locked(database))  # first: else it may be registered before that
        async with reporting(database, state, observations, at_once=False) as reporter:
            settled = asyncio.ensure_future(reporter.settle(3600))
            await wait_until(lambda: "no answer in time" in reporter._failure)
            assert not settled.done()
            await lock.aclose()
            await asyncio.wait_for(settled, 20)
            assert reporter.registered.is_set()
    assert observations.of(ReplicaUnregistered) == []


async def test_serving_without_being_registered_is_told(
    database: Database, state: State, observations: Observations
) -> None:
    """Once, with the reason; and it goes on trying."""
    async with AsyncExitStack() as lock:
        await lock.enter_async_context(locked(database))
        async with reporting(database, state, observations, at_once=False) as reporter:
            await wait_until(lambda: "no answer in time" in reporter._failure)
            await reporter.settle(0.1)
            [told] = observations.of(ReplicaUnregistered)
            assert (told.replica, told.reason) == (ME.name, reporter._failure)
            await lock.aclose()
            await asyncio.wait_for(reporter.registered.wait(), 20)


async def test_registered_means_that_it_has_the_state(
    database: Database, services: Services, observations: Observations, tmp_path: Path
) -> None:
    """Where the state can't be loaded, the row alone does not count."""
    await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    stale = State(clock=Clock(), observe=observations, file=tmp_path / "none.json", close_unknown=False)
    empty = Database(database.url)  # it connects, but has no pool to load by
    async with reporting(empty, stale, observations, at_once=False) as reporter:
        await wait_until(lambda: "could not be loaded" in reporter._failure)
        assert not reporter.registered.is_set()


async def test_where_the_listener_leaves_a_server_the_reports_leave_it_too(
    database: Database, state: State, observations: Observations
) -> None:
    """It may be a former primary."""
    connections: list[Connection] = []
    own = Database(database.url)  # no other listener moves it
    connect = own.connect

    async def watched() -> Connection:
        connections.append(await connect())
        return connections[-1]

    own.connect = watched  # type: ignore[method-assign]
    async with reporting(own, state, observations):
        (first,) = connections
        await own.lost(first)
        await wait_until(lambda: len(connections) == 2)
        assert first.is_closed()
        own.follow(History(system=1, timeline=1))
        # The server is of another system, which is none that was superseded.
        await wait_until(lambda: len(connections) == 3)
        assert connections[1].is_closed()


async def test_who_retires_leaves_what_it_knows_to_the_neighbours(
    database: Database, state: State, services: Services, observations: Observations
) -> None:
    """The row stays if there is something to tell, and a neighbour takes it over; who stops takes it along."""
    front = Front(state)
    window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    async with reporting(database, state, observations, front) as reporter:
        await reporter.leave(to_neighbours=True)
        assert await rows(services) == ()
    front.left = 2
    async with reporting(database, state, observations, front) as reporter:
        await reporter.leave()
        assert await rows(services) == ()
    async with reporting(database, state, observations, front) as reporter:
        front.left = 3
        await reporter.leave(to_neighbours=True)
        (row,) = await rows(services)
        assert row.gates[window.id].left == 3


async def test_what_a_dead_neighbour_had_in_the_application_is_told(
    database: Database, state: State, services: Services, observations: Observations, ended: int
) -> None:
    """As given up on, by the one who has removed it, as long as the window is in force."""
    window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    async with database.transaction() as session:
        gates = {window.id: Gated(row_version=1, left=3, given_up=1)}
        await write_report(session, replace(ME, id=uuid4(), pid=ended), applied_version=1, gates=gates)
    async with reporting(database, state, observations):

        async def given_up() -> int:
            fence = await services.fences.of(window.id)
            return fence.given_up if fence.holds else 0

        assert await wait_until(given_up) == 4


@pytest.fixture
def ended() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(20)
    return process.pid


async def test_a_neighbour_that_is_certainly_dead_is_removed(
    database: Database, state: State, services: Services, observations: Observations, ended: int
) -> None:
    """Of this host, and with no such process; one of another host is nobody's to judge, one that lives stays."""
    dead = replace(ME, id=uuid4(), name="dead", pid=ended)
    far = replace(dead, id=uuid4(), name="far", host="boot/other")
    hidden = replace(dead, id=uuid4(), name="hidden", host="")
    living = replace(ME, id=uuid4(), name="living")
    async with database.transaction() as session:
        for each in (dead, far, hidden, living):
            await write_report(session, each, applied_version=1, gates={})
    async with reporting(database, state, observations):
        died = await observations.one_more(ReplicaDied)
        assert died.replica == "dead"
        assert sorted(row.name for row in await rows(services)) == sorted(["far", "hidden", "living", ME.name])


def test_a_number_that_another_process_has_is_a_death(ended: int) -> None:
    """Numbers are given again: the time of the start tells. A zombie serves nobody."""
    assert ME.started > 0
    assert ME.host.count("/") == 1
    assert not is_certainly_dead(ME, ME.host)
    assert is_certainly_dead(replace(ME, started=ME.started - 1), ME.host)
    assert is_certainly_dead(replace(ME, pid=ended), ME.host)
    assert not is_certainly_dead(replace(ME, pid=ended), "boot/other")
    assert not is_certainly_dead(replace(ME, pid=ended, host=""), "")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        started_at = module._started(process.pid)
        assert started_at is not None
        child = replace(ME, pid=process.pid, started=started_at)
        assert not is_certainly_dead(child, ME.host)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not collected yet
        assert is_certainly_dead(child, ME.host)


def test_what_cannot_be_found_out_is_no_death(ended: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where no file can be opened, nor where processes are hidden; and who can't judge is not judged."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        is_dead, poor = is_certainly_dead(ME, ME.host), this_process()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not is_dead
    assert (poor.host, poor.started) == ("", 0)
    for name in ("sys/kernel/random/boot_id", "self/ns/pid"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(module, "_PROC", tmp_path)
    assert module._host()
    assert not is_certainly_dead(ME, ME.host)
    assert is_certainly_dead(replace(ME, pid=ended), ME.host)
    hidden = this_process()
    assert (hidden.host, hidden.started) == ("", 0)


def test_workers_are_told_apart() -> None:
    """By their number, too."""
    assert this_process(3).name.endswith(f" worker 3 (pid {os.getpid()})")
