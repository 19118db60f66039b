"""Several hosts in one address: tried one by one, with a share of the time each, to the one that takes writes."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.domain.access import Actor, command_line
from gateway.domain.errors import StoreError
from gateway.domain.history import History
from gateway.domain.observation import ListenerConnected, ListenerLost
from gateway.service.clock import Clock
from gateway.service.drafts.windows import WindowDraft
from gateway.service.state import State
from gateway.service.supervisor import Supervisor
from gateway.service.windows import Windows
from gateway.store.hosts import hosts_of
from gateway.store.listener import Listener
from gateway.store.pool import Database
from tests.observed import Observations, wait_until
from tests.pgbouncer import pgbouncer
from tests.replication import Primary, Standby, together
from tests.schema import migrate_at

SRE: Actor = command_line("sre")
Psql = Callable[[str, str], str]


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql:///x", []),
        ("postgresql://", []),
        ("postgresql://u@/x?user=y", []),
        ("postgresql://a/x", [("a", None)]),
        ("postgresql://u:p@a:1,b:2/x", [("a", 1), ("b", 2)]),
        ("postgresql://u:p%40@a:1,b/x", [("a", 1), ("b", None)]),
        ("postgresql://[::1]:1,[fe80::2]/x", [("::1", 1), ("fe80::2", None)]),
        ("postgresql://:1,/x", [("localhost", 1), ("localhost", None)]),
        ("postgresql://%2Frun%2Fa,b:2/x", [("/run/a", None), ("b", 2)]),
        ("postgresql://u@/x?host=a,b&port=1,2", [("a", 1), ("b", 2)]),
        ("postgresql://u@/x?host=a,b&port=1", [("a", 1), ("b", 1)]),
        ("postgresql://u@/x?host=/run/a", [("/run/a", None)]),
        ("postgresql://a,b/x?port=1,2", [("a", 1), ("b", 2)]),
    ],
)
def test_the_hosts_of_an_address(url: str, hosts: list[tuple[str, int | None]]) -> None:
    assert hosts_of(url) == hosts


@pytest.mark.parametrize("url", ["postgresql://a:x/d", "postgresql://a,b:1:2/x", "postgresql://a,b,c/x?port=1,2"])
def test_hosts_that_can_not_be_read(url: str) -> None:
    with pytest.raises(ValueError, match="host"):
        hosts_of(url)


@pytest.fixture
def primary() -> Iterator[Primary]:
    """A server that others can follow, with a migrated database `gateway`."""
    with Primary() as server:
        server.psql("create database gateway")
        asyncio.run(migrate_at(server.url("gateway")))
        yield server


@asynccontextmanager
async def gateway(url: str, directory: Path) -> AsyncIterator[tuple[Windows, State, Observations]]:
    """The control plane of a gateway, as `app.py` puts it together."""
    observations = Observations()
    database = Database(url)
    await database.open()
    state = State(clock=Clock(), observe=observations, file=directory / "snapshot.json", close_unknown=False)
    state.restore()
    database.follow(state.history)
    listener = Listener(database, loaded=state.loaded, confirmed=state.confirmed, observe=observations)
    async with Supervisor(observations) as supervisor:
        supervisor.start(listener.run, "listener")
        supervisor.start(state.keep_time, "time")
        supervisor.start(state.keep_file, "file")
        await observations.one_more(ListenerConnected)
        yield Windows(database, state), state, observations
    await database.close()


def draft(title: str) -> WindowDraft:
    return WindowDraft(title=title)


async def test_after_a_failover_writes_go_to_the_promoted_server(primary: Primary, tmp_path: Path) -> None:
    """Within two seconds of the promotion the state is followed and a write works; no former connection stays.

    The promoted server has lost the last change: what it has counts, although its version is lower.
    """
    with Standby(primary) as standby:
        async with gateway(together(primary, standby, database="gateway"), tmp_path) as (windows, state, _):
            kept = await windows.create(draft("Kept"), SRE)
            kept_version = str(state.version)
            await wait_until(lambda: standby.has(kept_version, "gateway"))
            standby.stop()
            await windows.create(draft("Lost"), SRE)
            lost_version = state.version
            assert len(state.moment.active) == 2
            primary.stop()
            standby.start()
            standby.promote()
            promoted = time.monotonic()
            await wait_until(lambda: state.history.timeline == 2)
            assert state.version == int(kept_version) < lost_version
            assert state.moment.active == (kept,)
            written = await windows.create(draft("Afterwards"), SRE)
            assert time.monotonic() - promoted < 2
            assert {window.title for window in state.moment.active} == {"Kept", "Afterwards"}
            assert written.id
            assert standby.psql("select count(*) from windows", "gateway") == "2"


async def test_after_a_failover_from_a_frozen_primary_nothing_waits_for_it(primary: Primary, tmp_path: Path) -> None:
    """Its sockets stay open, and the pool holds some: they are not used again."""
    with Standby(primary) as standby:
        async with gateway(together(primary, standby, database="gateway"), tmp_path) as (windows, state, _):
            await windows.create(draft("Before"), SRE)
            await wait_until(lambda: standby.has(str(state.version), "gateway"))
            with primary.frozen():
                standby.promote()
                await wait_until(lambda: state.history.timeline == 2)
                followed = time.monotonic()
                await windows.create(draft("After"), SRE)
                assert time.monotonic() - followed < 2


async def test_a_former_primary_gets_neither_reads_nor_writes(primary: Primary, tmp_path: Path) -> None:
    """Even by a gateway that was started anew, and even where no other server is there."""
    with Standby(primary) as standby:
        url = together(primary, standby, database="gateway")
        async with gateway(url, tmp_path) as (windows, state, _):
            await windows.create(draft("Before"), SRE)
            await wait_until(lambda: standby.has(str(state.version), "gateway"))
            primary.stop()
            standby.promote()
            await wait_until(lambda: state.history.timeline == 2)
            primary.start()
            # Both take writes now, the former one is named first.
            await windows.create(draft("After"), SRE)
            assert primary.psql("select count(*) from windows", "gateway") == "1"
            assert standby.psql("select count(*) from windows", "gateway") == "2"
            standby.stop()
            with pytest.raises(StoreError):
                await windows.create(draft("In between"), SRE)
            assert primary.psql("select count(*) from windows", "gateway") == "1"
        database = Database(url)
        again = State(clock=Clock(), observe=Observations(), file=tmp_path / "snapshot.json", close_unknown=False)
        again.restore()
        database.follow(again.history)
        with pytest.raises(StoreError, match=r"former primary.*remove maintenance\.snapshot_file"):
            await database.connect()


async def test_another_database_in_its_place_is_believed(primary: Primary, tmp_path: Path) -> None:
    """Made anew, with another identity: its state counts whatever its version."""
    async with gateway(primary.url("gateway"), tmp_path) as (windows, state, observations):
        await windows.create(draft("Old"), SRE)
        former = state.history
        primary.stop()
        with Primary(port=primary.port) as other:
            other.psql("create database gateway")
            await asyncio.to_thread(lambda: asyncio.run(migrate_at(other.url("gateway"))))
            other.psql("update state_version set version = 5", "gateway")
            await wait_until(lambda: state.version == 5)
            assert state.moment.active == ()
            assert state.history.system != former.system
            assert observations.of(ListenerLost)


async def test_a_role_that_may_not_ask_for_the_history_is_served_as_before(primary: Primary) -> None:
    primary.psql("revoke execute on function pg_control_system() from public", "gateway")
    primary.psql("create role app login; grant usage on schema public to app")
    connection = await Database(primary.url("gateway").replace("postgres@", "app@")).connect()
    assert connection.history == History()
    connection.terminate()


async def test_a_frozen_server_fails_an_api_call_within_its_time(primary: Primary, tmp_path: Path) -> None:
    """With a connection of the pool that was good before, and with new ones; afterwards all is as before."""
    async with gateway(primary.url("gateway"), tmp_path) as (windows, state, _):
        await windows.create(draft("Before"), SRE)
        with primary.frozen():
            for _ in range(2):
                start = time.monotonic()
                with pytest.raises(StoreError, match="can't be reached"):
                    await windows.create(draft("Meanwhile"), SRE)
                assert time.monotonic() - start < 5.5
        await wait_until(lambda: state.age() is not None and (state.age() or 0) < 1)
        await windows.create(draft("Afterwards"), SRE)
        assert {window.title for window in state.moment.active} >= {"Before", "Afterwards"}


async def test_all_hosts_are_named_with_their_reasons() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        port = hole.getsockname()[1]
        database = Database(f"postgresql://postgres@127.0.0.1:{port},127.0.0.1:1/x")
        start = time.monotonic()
        with pytest.raises(StoreError, match=rf"127\.0\.0\.1:{port}: .*within 2\.5 s; 127\.0\.0\.1:1: .*reached"):
            await database.connect()
        assert time.monotonic() - start < 3.5


async def test_many_gateways_share_a_transaction_pooler(primary: Primary, tmp_path: Path) -> None:
    """Statements of several are mixed on few sessions of the server; each gets its own answers, and nobody hangs."""
    with pgbouncer(primary, "gateway") as url:
        async with gateway(url, tmp_path / "a") as (one, _, _), gateway(url, tmp_path / "b") as (two, state, _):

            async def work(windows: Windows, name: str) -> None:
                for number in range(10):
                    created = await windows.create(draft(f"{name} {number}"), SRE)
                    assert (await windows.get(created.id)).title == f"{name} {number}"

            await asyncio.gather(*(work(windows, f"{n}") for n in range(4) for windows in (one, two)))
            await wait_until(lambda: len(state.moment.active) == 80)
            ids = [window.id for window in state.moment.active]
            reads = [windows.get(one_id) for one_id in ids for windows in (one, two)]
            lists = [windows.list(limit=3) for _ in range(40) for windows in (one, two)]
            found, listed = await asyncio.gather(asyncio.gather(*reads), asyncio.gather(*lists))
            assert [window.id for window in found] == [one_id for one_id in ids for _ in (one, two)]
            assert {len(windows) for windows in listed} == {3}
