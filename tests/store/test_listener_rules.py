"""The ten rules of the listener, each provoked on real servers: NOTIFY gives speed; correctness it sees to itself.

A test is named after its rule (state.md, "LISTEN/NOTIFY"); a rule may have several.
"""

import asyncio
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from gateway.domain.history import History
from gateway.domain.observation import (
    ListenerConnected,
    ListenerLost,
    LoopCrashed,
    Migrated,
    NotificationLost,
    NotificationsHeard,
    NotificationsMissing,
)
from gateway.domain.snapshot import Snapshot
from gateway.service.supervisor import Supervisor
from gateway.store.listener import Listener
from gateway.store.migrate import migrations
from gateway.store.pool import Database
from tests.observed import Observations, wait_until
from tests.pgbouncer import pgbouncer
from tests.postgres import Postgres
from tests.replication import Primary, Standby, together
from tests.schema import migrate_at

Psql = Callable[[str, str], str]
INSERT = "insert into windows (title) values ('By hand')"
# The listening session of this database, found as an SRE would.
LISTENING = """
select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
order by backend_start limit 1
"""


class Follower:
    """A listener at work, and what it has brought."""

    def __init__(self, database: Database, probe_every: float) -> None:
        self.observations = Observations()
        self.snapshots: list[Snapshot] = []
        self.histories: list[History] = []
        self.confirmed = 0
        self.listener = Listener(
            database,
            loaded=self.loaded,
            confirmed=self.confirm,
            observe=self.observations,
            probe_every=probe_every,
        )

    def loaded(self, snapshot: Snapshot, before: float, after: float, history: History) -> None:
        assert before <= after <= time.monotonic()
        self.snapshots.append(snapshot)
        self.histories.append(history)

    def confirm(self, at: datetime, before: float, after: float) -> None:
        assert at.tzinfo is not None
        assert before <= after <= time.monotonic()
        self.confirmed += 1

    async def sees(self, titles: int, within: float = 20) -> None:
        """Wait until the newest snapshot has so many windows."""
        await wait_until(lambda: self.snapshots and len(self.snapshots[-1].windows) == titles, within)


@asynccontextmanager
async def following(url: str, *, probe_every: float = 60) -> AsyncIterator[Follower]:
    """Run a listener; the probe is so rare that only a notification can have told."""
    follower = Follower(Database(url), probe_every)
    async with Supervisor(follower.observations) as supervisor:
        supervisor.start(follower.listener.run, "listener")
        await follower.listener.settled.wait()
        yield follower
    assert not follower.observations.of(LoopCrashed)


async def test_rule_01_it_migrates_listens_then_loads(empty_database_url: str) -> None:
    async with following(empty_database_url) as follower:
        assert follower.listener.is_connected
        assert len(follower.snapshots) == 1
        assert [type(seen) for seen in follower.observations] == [Migrated] * len(migrations()) + [ListenerConnected]


async def test_rule_01_it_hears_of_what_is_done_by_hand_at_once(database_url: str, psql: Psql) -> None:
    """The commit is seen within milliseconds, with no help of the gateway's own code."""
    async with following(database_url) as follower:
        psql(database_url, INSERT)
        committed = time.monotonic()
        await follower.sees(1)
        assert time.monotonic() - committed < 1
        psql(database_url, "update windows set fixed = true")
        await wait_until(lambda: follower.snapshots[-1].windows[0].fixed)
        psql(database_url, "delete from windows")
        await follower.sees(0)
        assert len(follower.observations.of(ListenerConnected)) == 1


async def test_rule_02_a_burst_costs_few_loads_and_the_last_one_is_right(database_url: str, psql: Psql) -> None:
    """At most one load runs and one is queued."""
    async with following(database_url) as follower:
        connection = await asyncpg.connect(database_url)
        for _ in range(1000):
            await connection.execute(INSERT)
        await follower.sees(1000)
        versions = [snapshot.version for snapshot in follower.snapshots]
        assert versions == sorted(versions)
        assert str(versions[-1]) == psql(database_url, "select version from state_version")
        assert len(versions) < 1000
        await connection.close()


async def test_rule_02_what_comes_while_a_load_runs_costs_one_more(database_url: str, psql: Psql) -> None:
    """The session is held up while 1000 changes are made, so that all of them are told at once."""
    async with following(database_url) as follower:
        pid = int(psql(database_url, LISTENING))
        before = len(follower.snapshots)
        os.kill(pid, signal.SIGSTOP)
        try:
            connection = await asyncpg.connect(database_url)
            for _ in range(1000):
                await connection.execute(INSERT)
            await connection.close()
        finally:
            os.kill(pid, signal.SIGCONT)
        await follower.sees(1000)
        assert len(follower.snapshots) - before <= 5


async def test_rule_03_after_its_session_was_cut_it_comes_back_and_loads(database_url: str, psql: Psql) -> None:
    """What was changed in between is seen although no notification tells of it."""
    async with following(database_url) as follower:
        cut = f"select pg_terminate_backend(pid, 5000) from ({LISTENING}) s"  # noqa: S608
        assert psql(database_url, f"{INSERT}; {cut}") == "t"
        lost = await follower.observations.one_more(ListenerLost)
        assert lost.retry_in < 1
        await follower.observations.one_more(ListenerConnected, after=1)
        await follower.sees(1)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_rule_01_a_change_around_the_listen_is_not_lost(
    database_url: str, psql: Psql, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """LISTEN comes before the load: what is committed just before it is loaded, what comes just after it is heard."""
    add_listener = asyncpg.Connection.add_listener

    async def with_a_change(connection: asyncpg.Connection, channel: str, callback: Callable[..., None]) -> None:
        if when == "before":
            psql(database_url, INSERT)
        await add_listener(connection, channel, callback)
        if when == "after":
            psql(database_url, INSERT)

    monkeypatch.setattr(asyncpg.Connection, "add_listener", with_a_change)
    async with following(database_url) as follower:
        await follower.sees(1, within=5)


async def test_rule_07_the_version_poll_finds_what_no_notification_told(database_url: str, psql: Psql) -> None:
    async with following(database_url, probe_every=0.2) as follower:
        psql(database_url, "alter table windows disable trigger windows_bump")
        psql(database_url, INSERT)
        psql(database_url, "update state_version set version = version + 1")
        await follower.sees(1)
        assert len(follower.observations.of(ListenerConnected)) == 1
        lost = await follower.observations.one_more(NotificationLost)
        assert lost.version == follower.snapshots[-1].version
        psql(database_url, "alter table windows enable trigger windows_bump")
        for number in range(2, 12):
            psql(database_url, INSERT)
            await follower.sees(number)
        assert len(follower.observations.of(NotificationLost)) == 1


async def test_rule_07_a_quiet_probe_confirms_the_state(database_url: str) -> None:
    async with following(database_url, probe_every=0.1) as follower:
        await wait_until(lambda: follower.confirmed >= 2)
        assert len(follower.snapshots) == 1


@pytest.mark.parametrize("payload", ["x", "", "-1", "99999999999999999999", "x" * 7999])
async def test_rule_08_a_payload_is_only_a_wake_up_call(database_url: str, psql: Psql, payload: str) -> None:
    """Garbage, or a version from the future, neither stops the listener nor is believed."""
    async with following(database_url) as follower:
        psql(database_url, f"notify gateway_state, '{payload}'")
        await wait_until(lambda: len(follower.snapshots) == 2)
        psql(database_url, INSERT)
        await follower.sees(1)
        assert len(follower.observations.of(ListenerConnected)) == 1


async def test_rule_04_a_frozen_session_is_given_up_and_replaced(database_url: str, psql: Psql) -> None:
    """The connection stays open but answers nothing, as behind a dead firewall."""
    async with following(database_url, probe_every=0.3) as follower:
        pid = int(psql(database_url, LISTENING))
        os.kill(pid, signal.SIGSTOP)
        try:
            await follower.observations.one_more(ListenerLost, within=5)
            psql(database_url, INSERT)
            await follower.sees(1)
            assert len(follower.observations.of(ListenerConnected)) == 2
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_rule_05_a_session_that_no_longer_listens_is_given_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has said UNLISTEN, or something in between has given it another session of the server."""
    sessions: list[Any] = []
    connect = Database.connect

    async def kept(database: Database) -> object:
        sessions.append(await connect(database))
        return sessions[-1]  # the second one only tries a notification

    monkeypatch.setattr(Database, "connect", kept)
    async with following(database_url, probe_every=0.2) as follower:
        # Nobody but the session itself can UNLISTEN; it is idle between two probes.
        await wait_until(lambda: follower.confirmed)
        await sessions[0].execute("unlisten *")
        lost = await follower.observations.one_more(ListenerLost)
        assert "does not listen" in lost.reason
        await follower.observations.one_more(ListenerConnected, after=1)


async def test_rule_09_a_row_that_no_gateway_can_read_does_not_end_it(database_url: str, psql: Psql) -> None:
    """Constraints keep such rows out; without them: told, the last state stays, and mending it is enough."""
    psql(database_url, "alter table windows drop constraint window_names_hosts_and_paths")
    async with following(database_url) as follower:
        psql(database_url, "insert into windows (title, hosts) values ('x', array[null])")
        lost = await follower.observations.one_more(ListenerLost)
        assert "windows.0.scope.hosts.0" in lost.reason
        assert len(follower.snapshots) == 1
        psql(database_url, "update windows set hosts = '{}'")
        await follower.sees(1)


async def test_rule_03_it_never_gives_up_on_a_database_that_is_away(own_postgres: Postgres, psql: Psql) -> None:
    """It tells each attempt, with pauses that grow but stay short; then it is in step at once."""
    async with following(own_postgres.url(), probe_every=0.5) as follower:
        own_postgres.stop()
        await wait_until(lambda: len(follower.observations.of(ListenerLost)) >= 5)
        assert not follower.listener.is_connected
        pauses = [lost.retry_in for lost in follower.observations.of(ListenerLost)]
        assert max(pauses) <= 1.5
        assert pauses[-1] > pauses[0]
        own_postgres.start()
        back = time.monotonic()
        await follower.observations.one_more(ListenerConnected, after=1)
        assert time.monotonic() - back < 2
        psql(own_postgres.url(), INSERT)
        await follower.sees(1)


async def test_rule_03_a_start_without_a_database_is_settled_soon() -> None:
    async with following("postgresql://postgres@127.0.0.1:1/x") as follower:
        assert not follower.listener.is_connected
        lost = follower.observations.of(ListenerLost)[0]
        assert re.search("can't be reached", lost.reason)


async def test_rule_10_it_does_not_follow_what_takes_no_writes(
    postgres: Postgres, database_url: str, psql: Psql
) -> None:
    """A server that takes no writes is not the one: a demoted primary still answers."""
    name = psql(database_url, "select current_database()")
    psql(database_url, f"alter database {name} set default_transaction_read_only = on")
    async with following(database_url) as follower:
        assert not follower.listener.is_connected
        await wait_until(lambda: len(follower.observations.of(ListenerLost)) >= 2)
        psql(postgres.url(), f"alter database {name} reset all")
        await follower.observations.one_more(ListenerConnected)


@pytest.fixture
def primary() -> Iterator[Primary]:
    """A server that others can follow, with a migrated database `gateway`."""
    with Primary() as server:
        server.psql("create database gateway")
        asyncio.run(migrate_at(server.url("gateway")))
        yield server


async def test_rule_04_a_frozen_server_is_given_up_and_followed_again(primary: Primary) -> None:
    """All its processes stop: sockets stay open and new ones are accepted by the kernel, but nobody answers."""
    async with following(primary.url("gateway"), probe_every=0.3) as follower:
        with primary.frozen():
            assert "no answer" in (await follower.observations.one_more(ListenerLost, within=5)).reason
            assert "no answer within 5 s" in (await follower.observations.one_more(ListenerLost, after=1)).reason
        primary.psql(INSERT, "gateway")
        thawed = time.monotonic()
        await follower.sees(1)
        assert time.monotonic() - thawed < 2


async def test_rule_04_the_kernel_asks_whether_a_silent_server_is_there(primary: Primary) -> None:
    """TCP keepalive, for a host that vanished without a word."""
    connection: Any = await Database(primary.url()).connect()
    its = connection._transport.get_extra_info("socket")
    assert its.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert its.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 10
    connection.terminate()


async def test_rule_05_a_primary_that_became_a_standby_in_place_is_refused(primary: Primary) -> None:
    """It answers and even tells the version, but takes no writes; promoted again, it is followed."""
    async with following(primary.url("gateway"), probe_every=0.3) as follower:
        await wait_until(lambda: follower.confirmed)
        primary.demote()
        await wait_until(lambda: len(follower.observations.of(ListenerLost)) >= 3)
        assert "read-write" in follower.observations.of(ListenerLost)[-1].reason
        assert not follower.listener.is_connected
        primary.promote()
        await follower.observations.one_more(ListenerConnected, after=1)
        primary.psql(INSERT, "gateway")
        await follower.sees(1)


async def test_rule_05_the_session_itself_is_asked(primary: Primary) -> None:
    """Behind a pooler the session survives a demotion; each probe asks for the role of the server that answers now."""
    with pgbouncer(primary, "gateway") as url:
        async with following(url, probe_every=0.3) as follower:
            await follower.observations.one_more(NotificationsMissing)
            primary.demote()
            await wait_until(
                lambda: any("is a standby now" in lost.reason for lost in follower.observations.of(ListenerLost))
            )
            primary.promote()
            primary.psql(INSERT, "gateway")
            await follower.sees(1)


async def test_rule_06_behind_a_transaction_pooler_it_polls_and_says_so(primary: Primary) -> None:
    """No notification comes through; the warning names the remedy, comes once, and nothing is reconnected for it."""
    with pgbouncer(primary, "gateway") as url:
        async with following(url, probe_every=1) as follower:
            missing = await follower.observations.one_more(NotificationsMissing)
            assert "direct connection" in missing.remedy
            for count in (1, 2):
                primary.psql(INSERT, "gateway")
                committed = time.monotonic()
                await follower.sees(count)
                assert time.monotonic() - committed < 2
            # The pooler opens new sessions, which have never heard of LISTEN.
            primary.psql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = 'gateway'")
            confirmed = follower.confirmed
            await wait_until(lambda: follower.confirmed > confirmed + 2)
            assert [type(seen) for seen in follower.observations] == [ListenerConnected, NotificationsMissing]


async def test_rule_06_no_try_leaves_a_listener_behind(primary: Primary, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a pooler sessions are shared and stay: each minute's try must take back what it began."""
    monkeypatch.setattr("gateway.store.listener._TRY_AGAIN", 0.1)
    monkeypatch.setattr("gateway.store.listener._HEARD_WITHIN", 0.1)
    sessions = []
    connect = Database.connect

    async def kept(database: Database) -> object:
        sessions.append(await connect(database))
        return sessions[-1]

    monkeypatch.setattr(Database, "connect", kept)
    with pgbouncer(primary, "gateway") as url:
        async with following(url, probe_every=0.2) as follower:
            await wait_until(lambda: len(sessions) > 4)
            assert len(sessions[0]._listeners) <= 2
            assert follower.observations.of(NotificationsMissing)


async def test_rule_06_the_warning_ends_when_notifications_come_again(
    primary: Primary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pooler ends, and the next session reaches the server itself."""
    with ExitStack() as stack:
        pooled = Database(stack.enter_context(pgbouncer(primary, "gateway")))
        direct = Database(primary.url("gateway"))
        routes = [pooled._hosts.connect]

        async def routed(_: Database) -> object:
            return await routes[-1]()

        monkeypatch.setattr(Database, "connect", routed)
        async with following(pooled.url) as follower:
            await follower.observations.one_more(NotificationsMissing)
            routes.append(direct._hosts.connect)
            stack.close()
            await follower.observations.one_more(NotificationsHeard)
            primary.psql(INSERT, "gateway")
            await follower.sees(1)
            assert len(follower.observations.of(NotificationsMissing)) == 1


async def test_rule_10_after_a_failover_the_promoted_standby_is_followed(primary: Primary) -> None:
    """Named in one address; the state of the promoted one counts although it has lost the last change."""
    with Standby(primary) as standby:
        async with following(together(primary, standby, database="gateway"), probe_every=0.5) as follower:
            primary.psql(INSERT, "gateway")
            await follower.sees(1)
            version = str(follower.snapshots[-1].version)
            await wait_until(lambda: standby.has(version, "gateway"))
            primary.stop()
            standby.promote()
            promoted = time.monotonic()
            standby.psql(INSERT, "gateway")
            await follower.sees(2)
            assert time.monotonic() - promoted < 2
            system = follower.histories[0].system
            assert system is not None
            assert follower.histories[0] == History(system=system, timeline=1)
            assert follower.histories[-1] == History(system=system, timeline=2)


async def test_rule_10_a_former_primary_that_comes_back_is_refused(primary: Primary) -> None:
    """It takes writes again, as in a split brain: they open and shut no gate."""
    with Standby(primary) as standby:
        async with following(together(primary, standby, database="gateway"), probe_every=0.3) as follower:
            primary.stop()
            standby.promote()
            await wait_until(lambda: follower.histories[-1].timeline == 2)
            standby.stop()
            primary.start()
            primary.psql(INSERT, "gateway")
            await wait_until(
                lambda: any("former primary" in lost.reason for lost in follower.observations.of(ListenerLost))
            )
            assert not follower.snapshots[-1].windows
            standby.start()
            standby.psql(f"{INSERT}; {INSERT}", "gateway")
            await follower.sees(2)


async def test_rule_10_a_host_that_swallows_packets_gets_its_share_of_the_time(primary: Primary) -> None:
    """It accepts the connection and says nothing; the next host is tried soon, and first from then on."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"postgresql://postgres@127.0.0.1:{hole.getsockname()[1]},127.0.0.1:{primary.port}/gateway"
        async with following(url) as follower:
            assert follower.listener.is_connected
            psql = primary.psql
            psql("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'gateway'")
            await follower.observations.one_more(ListenerConnected, after=1)
            psql(INSERT, "gateway")
            await follower.sees(1)


def test_each_rule_has_a_test() -> None:
    names = [name for name in vars(sys.modules[__name__]) if name.startswith("test_rule_")]
    assert {int(name.split("_")[2]) for name in names} == set(range(1, 11))
