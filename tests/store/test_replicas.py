"""The rows of the replicas: each its own, no part of the state, read together with the windows in one view."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from gateway.domain.errors import ConflictError, NotFoundError, StoreError
from gateway.domain.fence import Gated
from gateway.store.pool import Database, Session
from gateway.store.replicas import (
    ReplicaProcess,
    delete_replica,
    fence_view,
    forget_replica,
    neighbours,
    write_report,
)
from tests.observed import wait_until

TEN = timedelta(seconds=10)


def process(name: str = "web-1", host: str = "boot/1", pid: int = 7) -> ReplicaProcess:
    return ReplicaProcess(id=uuid4(), name=name, host=host, pid=pid, started=1)


async def window(session: Session, gate: str = "closed", starts: str = "0") -> UUID:
    insert = "insert into windows (title, gate, starts_at) values ('x', $1, clock_timestamp() + $2::text::interval)"
    made: UUID = await session.connection.fetchval(f"{insert} returning id", gate, starts)
    return made


async def test_a_report_replaces_the_former_one_and_is_no_change_of_the_state(database: Database) -> None:
    """Neither version nor audit hear of it, or every heartbeat would have all gateways load everything."""
    async with database.session() as session:
        one, shut = process(), await window(session)
        version = await session.run("state_version")
        entries = await session.connection.fetchval("select count(*) from audit")
        await write_report(session, one, applied_version=1, gates={})
        first = (await fence_view(session, None)).reports[0]
        gates = {shut: Gated(row_version=1, left=5, given_up=2)}
        await write_report(session, one, applied_version=version, gates=gates)
        view = await fence_view(session, None)
        (report,) = view.reports
        assert (report.id, report.name, report.applied_version, report.gates) == (one.id, "web-1", version, gates)
        assert first.started_at == report.started_at
        assert first.heartbeat_at < report.heartbeat_at < view.now
        assert await session.run("state_version") == version
        assert await session.connection.fetchval("select count(*) from audit") == entries


async def test_a_view_has_the_windows_in_force_that_gate_or_the_one_that_is_asked_for(database: Database) -> None:
    async with database.session() as session:
        shut, free = await window(session), await window(session, "none")
        later = await window(session, starts="1 hour")
        assert [each.id for each in (await fence_view(session, None)).windows] == [shut]
        for one in (shut, free, later):
            assert [each.id for each in (await fence_view(session, one)).windows] == [one]
        with pytest.raises(NotFoundError, match="there is no window"):
            await fence_view(session, uuid4())


async def test_neighbours_are_of_the_same_host(database: Database) -> None:
    async with database.session() as session:
        here, there = process("here"), process("there", host="boot/2")
        beside = process("beside", pid=8)
        for each in (here, beside, there):
            await write_report(session, each, applied_version=1, gates={})
        assert await neighbours(session, here) == [beside]
        assert await delete_replica(session, beside.id) == {}
        assert await delete_replica(session, beside.id) is None
        assert await neighbours(session, here) == []


async def test_only_a_silent_replica_can_be_forgotten(database: Database) -> None:
    """By the server's clock; the error names it and the remedy."""
    async with database.session() as session:
        one = process("web-2 (pid 71)")
        await write_report(session, one, applied_version=1, gates={})
        with pytest.raises(ConflictError, match=r"web-2 \(pid 71\) is alive: .* within the last 10 s; stop it"):
            await forget_replica(session, one.id, silent_after=TEN)
        await session.connection.execute("update replicas set heartbeat_at = heartbeat_at - interval '10.1 s'")
        assert await forget_replica(session, one.id, silent_after=TEN) == "web-2 (pid 71)"
        with pytest.raises(NotFoundError, match="gateway replica list"):
            await forget_replica(session, one.id, silent_after=TEN)


async def test_a_row_made_by_hand_that_can_not_be_read_is_named(database: Database) -> None:
    """No fence is told from half of the replicas."""
    async with database.session() as session:
        await session.connection.execute(
            "insert into replicas (id, name, pid, process_started, gates) "
            "values (gen_random_uuid(), 'x', 1, 1, '{\"nowhere\": {}}')"
        )
        with pytest.raises(StoreError, match=r"the table replicas can't be read: 0\.gates"):
            await fence_view(session, None)


async def test_a_report_that_is_seen_brings_the_window_with_it(database: Database) -> None:
    """One statement, one view: who gates by a row reported that after the row was there, so both are seen."""
    async with database.session() as writer, database.session() as reader:
        one = process()

        async def looked() -> bool:
            view = await fence_view(reader, None)
            windows = {each.id: each.row_version for each in view.windows}
            for report in view.reports:
                for window_id, gated in report.gates.items():
                    assert gated.row_version <= windows[window_id]
            return len(windows) == 20

        async def change() -> None:
            for _ in range(20):
                shut = await window(writer)
                await write_report(
                    writer, one, applied_version=1, gates={shut: Gated(row_version=1, left=0, given_up=0)}
                )

        async with asyncio.TaskGroup() as group:
            group.create_task(change())
            await wait_until(looked)
