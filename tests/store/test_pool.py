"""The database as the rest sees it: transactions, and errors of our own tree, soon."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.domain.errors import InvalidError, StoreError
from gateway.store.pool import Database
from tests.observed import wait_until
from tests.postgres import Postgres

Psql = Callable[[str, str], str]


async def test_a_transaction_is_whole_or_nothing(database: Database, psql: Psql) -> None:
    with pytest.raises(RuntimeError, match="in between"):  # noqa: PT012
        async with database.transaction() as session:
            await session.connection.execute("insert into windows (title) values ('x')")
            raise RuntimeError("in between")
    assert psql(database.url, "select count(*) from windows") == "0"
    async with database.transaction() as session:
        await session.connection.execute("insert into windows (title) values ('x')")
    assert psql(database.url, "select count(*) from windows") == "1"


async def test_a_pool_that_was_never_opened_is_no_database() -> None:
    with pytest.raises(StoreError):
        async with Database("postgresql:///x").session():
            pass


@pytest.mark.parametrize("url", ["postgresql://host:port/x", "postgresql://a,b:1:2/x", "postgresql://x?sslmode=maybe"])
async def test_an_address_that_can_not_be_read_is_a_wrong_setting(url: str) -> None:
    database = Database(url)
    with pytest.raises(InvalidError) as error:  # noqa: PT012
        await database.open()
        await database.connect()
    assert list(error.value.fields) == ["database.url"]


async def refused(database: Database) -> str:
    """Try all ways to use a database, and return what the last one said."""
    start = time.monotonic()
    with pytest.raises(StoreError):
        await database.connect()
    with pytest.raises(StoreError):
        async with database.transaction():
            pass
    with pytest.raises(StoreError) as error:
        async with database.session() as session:
            await session.run("state_version")
    assert time.monotonic() - start < 5
    return str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres@127.0.0.1:1/x",
        "postgresql://postgres@/x?host=/nowhere",
        "postgresql://postgres@nowhere.invalid/x",
    ],
)
async def test_a_database_that_is_not_there_is_told_soon(url: str) -> None:
    database = Database(url)
    await database.open()
    assert "can't be reached" in await refused(database)
    await database.close()


async def test_a_database_that_does_not_exist_on_its_server(postgres: Postgres) -> None:
    database = Database(postgres.url("nowhere"))
    await database.open()
    assert '"nowhere" does not exist' in await refused(database)
    await database.close()


async def test_a_stopped_server_is_told_soon_and_found_again(own_postgres: Postgres) -> None:
    """Connections of the pool from before don't stand in the way."""
    database = Database(own_postgres.url())
    await database.open()

    async def one() -> int:
        async with database.session() as session:
            value: int = await session.connection.fetchval("select 1")
            return value

    assert await one() == 1
    own_postgres.stop()
    assert "can't be reached" in await refused(database)
    own_postgres.start()
    assert await wait_until(one) == 1
    await database.close()


async def test_a_server_that_stops_in_mid_transaction(own_postgres: Postgres) -> None:
    database = Database(own_postgres.url())
    await database.open()
    with pytest.raises(StoreError, match="can't be reached"):  # noqa: PT012
        async with database.transaction() as session:
            own_postgres.stop()
            await session.connection.fetchval("select 1")
    await database.close()


async def test_a_backend_that_was_terminated_is_replaced(database: Database, psql: Psql) -> None:
    async with database.session() as session:
        pid = await session.connection.fetchval("select pg_backend_pid()")
    await asyncio.to_thread(psql, database.url, f"select pg_terminate_backend({pid}, 5000)")
    # The word of it may still be on its way to us.
    await wait_until(lambda: database._pool.get_size() == 0)
    async with database.session() as session:
        assert await session.connection.fetchval("select 1") == 1


async def test_closing_does_not_wait_for_who_holds_a_connection(database: Database) -> None:
    """At the end of the process a query that hangs is cut."""
    start = time.monotonic()
    with pytest.raises(StoreError):  # noqa: PT012
        async with database.session() as session:
            await database.close()
            await session.connection.fetchval("select pg_sleep(60)")
    assert time.monotonic() - start < 5


async def test_sessions_speak_utc_and_name_themselves(database: Database) -> None:
    """Documents come out alike whatever the server's settings are."""
    async with database.session() as session:
        row = await session.connection.fetchrow(
            "select current_setting('timezone') as zone, current_setting('application_name') as name"
        )
    assert (row["zone"], row["name"]) == ("UTC", "maintenance-gateway")


def test_the_queries_are_found_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "load_snapshot" in Database("postgresql:///x").queries.available_queries
