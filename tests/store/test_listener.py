"""The listener: NOTIFY gives speed; correctness it sees to itself."""

import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from gateway.domain.observation import ListenerConnected, ListenerLost, LoopCrashed, Migrated
from gateway.domain.snapshot import Snapshot
from gateway.service.supervisor import Supervisor
from gateway.store.listener import Listener
from gateway.store.migrate import migrations
from gateway.store.pool import Database
from tests.observed import Observations, wait_until
from tests.postgres import Postgres

Psql = Callable[[str, str], str]
INSERT = "insert into windows (title) values ('By hand')"
# The listening session of this database, found as an SRE would.
LISTENING = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


class Follower:
    """A listener at work, and what it has brought."""

    def __init__(self, database: Database, probe_every: float) -> None:
        self.observations = Observations()
        self.snapshots: list[Snapshot] = []
        self.confirmed = 0
        self.listener = Listener(
            database,
            loaded=self.loaded,
            confirmed=self.confirm,
            observe=self.observations,
            probe_every=probe_every,
        )

    def loaded(self, snapshot: Snapshot, before: float, after: float) -> None:
        assert before <= after <= time.monotonic()
        self.snapshots.append(snapshot)

    def confirm(self) -> None:
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


async def test_it_migrates_listens_and_loads(empty_database_url: str) -> None:
    async with following(empty_database_url) as follower:
        assert follower.listener.is_connected
        assert len(follower.snapshots) == 1
        assert [type(seen) for seen in follower.observations] == [Migrated] * len(migrations()) + [ListenerConnected]


async def test_it_hears_of_what_is_done_by_hand_at_once(database_url: str, psql: Psql) -> None:
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


async def test_a_burst_costs_few_loads_and_the_last_one_is_right(database_url: str, psql: Psql) -> None:
    """At most one load runs and one is queued."""
    async with following(database_url) as follower:
        connection = await asyncpg.connect(database_url)
        for _ in range(300):
            await connection.execute(INSERT)
        await follower.sees(300)
        versions = [snapshot.version for snapshot in follower.snapshots]
        assert versions == sorted(versions)
        assert str(versions[-1]) == psql(database_url, "select version from state_version")
        assert len(versions) < 300
        await connection.close()


async def test_after_its_session_was_cut_it_comes_back_and_loads(database_url: str, psql: Psql) -> None:
    """What was changed in between is seen although no notification tells of it."""
    async with following(database_url) as follower:
        cut = f"select pg_terminate_backend(pid, 5000) from ({LISTENING}) s"  # noqa: S608
        assert psql(database_url, f"{INSERT}; {cut}") == "t"
        lost = await follower.observations.one_more(ListenerLost)
        assert lost.retry_in < 1
        await follower.observations.one_more(ListenerConnected, after=1)
        await follower.sees(1)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_change_around_the_listen_is_not_lost(
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


async def test_the_version_poll_finds_what_no_notification_told(database_url: str, psql: Psql) -> None:
    async with following(database_url, probe_every=0.2) as follower:
        psql(database_url, "alter table windows disable trigger windows_bump")
        psql(database_url, INSERT)
        psql(database_url, "update state_version set version = version + 1")
        await follower.sees(1)
        assert len(follower.observations.of(ListenerConnected)) == 1


async def test_a_quiet_probe_confirms_the_state(database_url: str) -> None:
    async with following(database_url, probe_every=0.1) as follower:
        await wait_until(lambda: follower.confirmed >= 2)
        assert len(follower.snapshots) == 1


@pytest.mark.parametrize("payload", ["x", "", "-1", "99999999999999999999", "x" * 7999])
async def test_a_payload_is_only_a_wake_up_call(database_url: str, psql: Psql, payload: str) -> None:
    """Garbage, or a version from the future, neither stops the listener nor is believed."""
    async with following(database_url) as follower:
        psql(database_url, f"notify gateway_state, '{payload}'")
        await wait_until(lambda: len(follower.snapshots) == 2)
        psql(database_url, INSERT)
        await follower.sees(1)
        assert len(follower.observations.of(ListenerConnected)) == 1


async def test_a_frozen_session_is_given_up_and_replaced(database_url: str, psql: Psql) -> None:
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


async def test_a_session_that_no_longer_listens_is_given_up(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind a transaction pooler."""
    sessions = []
    connect = Database.connect

    async def kept(database: Database) -> object:
        sessions.append(await connect(database))
        return sessions[-1]

    monkeypatch.setattr(Database, "connect", kept)
    async with following(database_url, probe_every=0.2) as follower:
        # Nobody but the session itself can UNLISTEN.
        await sessions[0].execute("unlisten *")
        lost = await follower.observations.one_more(ListenerLost)
        assert "does not listen" in lost.reason
        await follower.observations.one_more(ListenerConnected, after=1)


async def test_a_row_that_no_gateway_can_read_does_not_end_it(database_url: str, psql: Psql) -> None:
    """Constraints keep such rows out; without them: told, the last state stays, and mending it is enough."""
    psql(database_url, "alter table windows drop constraint window_names_hosts_and_paths")
    async with following(database_url) as follower:
        psql(database_url, "insert into windows (title, hosts) values ('x', array[null])")
        lost = await follower.observations.one_more(ListenerLost)
        assert "windows.0.scope.hosts.0" in lost.reason
        assert len(follower.snapshots) == 1
        psql(database_url, "update windows set hosts = '{}'")
        await follower.sees(1)


async def test_it_never_gives_up_on_a_database_that_is_away(own_postgres: Postgres, psql: Psql) -> None:
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


async def test_a_start_without_a_database_is_settled_soon() -> None:
    async with following("postgresql://postgres@127.0.0.1:1/x") as follower:
        assert not follower.listener.is_connected
        lost = follower.observations.of(ListenerLost)[0]
        assert re.search("can't be reached", lost.reason)


async def test_it_does_not_follow_a_standby(postgres: Postgres, database_url: str, psql: Psql) -> None:
    """A server that takes no writes is not the one: a demoted primary still answers."""
    name = psql(database_url, "select current_database()")
    psql(database_url, f"alter database {name} set default_transaction_read_only = on")
    async with following(database_url) as follower:
        assert not follower.listener.is_connected
        await wait_until(lambda: len(follower.observations.of(ListenerLost)) >= 2)
        psql(postgres.url(), f"alter database {name} reset all")
        await follower.observations.one_more(ListenerConnected)
