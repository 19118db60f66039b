"""Migrations: each file once, in order, whole or not at all."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from gateway.domain.errors import StoreError
from gateway.resources import sql_directory
from gateway.store import migrate as module
from gateway.store.migrate import migrate, migrations
from gateway.store.pool import Database
from tests.schema import FILE, dump

Psql = Callable[[str, str], str]


@pytest.fixture
async def connection(empty_database_url: str) -> AsyncIterator[Any]:
    """A connection to a database without a schema."""
    connection = await asyncpg.connect(empty_database_url)
    yield connection
    await connection.close()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of migrations of the test's own, in place of the real one."""
    directory = tmp_path / "migrations"
    directory.mkdir()
    (directory / "0001_first.sql").write_text("create table first (id integer); insert into first values (1);")
    monkeypatch.setattr(module, "sql_directory", lambda: tmp_path)
    return directory


async def test_a_fresh_database_gets_all_of_them_in_order_and_once(connection: Any) -> None:
    everything = migrations()
    assert [migration.number for migration in everything] == list(range(1, len(everything) + 1))
    assert await migrate(connection) == everything
    assert await migrate(connection) == []
    ledger = await connection.fetch("select number, name, checksum from schema_migrations order by number")
    assert [tuple(row) for row in ledger] == [(m.number, m.name, m.checksum) for m in everything]
    assert await connection.fetchval("select count(*) from state_version") == 1


async def test_who_was_allowed_to_read_the_first_version_still_is(connection: Any) -> None:
    """Tables and views are changed in their place; made anew, a monitor's account would be locked out by an upgrade."""
    granted = (
        "select table_name from information_schema.table_privileges "
        "where grantee = 'PUBLIC' and table_schema = 'public'"
    )
    await connection.execute(migrations()[0].sql)
    await connection.execute("grant select on all tables in schema public to public")
    before = {row["table_name"] for row in await connection.fetch(granted)}
    assert before >= {"windows", "window_documents", "component_documents"}
    for migration in migrations()[1:]:
        await connection.execute(migration.sql)
    after = {row["table_name"] for row in await connection.fetch(granted)}
    assert before - after == set()


async def test_two_that_start_together_migrate_once(empty_database_url: str) -> None:
    connections = [await asyncpg.connect(empty_database_url) for _ in range(4)]
    applied = await asyncio.gather(*(migrate(connection) for connection in connections))
    # They take turns, one migration at a time: who applies which is chance.
    numbers = [migration.number for found in applied for migration in found]
    assert sorted(numbers) == [migration.number for migration in migrations()]
    for connection in connections:
        await connection.close()


async def test_a_dry_run_tells_and_does_nothing(connection: Any) -> None:
    assert await migrate(connection, dry_run=True) == migrations()
    assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    await migrate(connection)
    assert await migrate(connection, dry_run=True) == []


async def test_only_what_is_missing_is_applied(connection: Any, files: Path) -> None:
    await migrate(connection)
    (files / "0002_second.sql").write_text("insert into first values (2)")
    assert [migration.name for migration in await migrate(connection)] == ["0002_second"]
    assert [row["id"] for row in await connection.fetch("select id from first order by id")] == [1, 2]


async def test_a_migration_that_fails_leaves_nothing_behind(connection: Any, files: Path) -> None:
    """Those before it stay; it is told as our own error; once mended it is applied."""
    broken = files / "0002_broken.sql"
    broken.write_text("create table second (id integer); insert into first values (2); selekt 1;")
    with pytest.raises(StoreError, match="selekt"):
        await migrate(connection)
    assert await connection.fetchval("select to_regclass('second')") is None
    assert await connection.fetchval("select count(*) from first") == 1
    assert [row["number"] for row in await connection.fetch("select number from schema_migrations")] == [1]
    broken.write_text("create table second (id integer);")
    assert [migration.name for migration in await migrate(connection)] == ["0002_broken"]


async def test_after_a_failure_others_can_migrate(connection: Any, files: Path, empty_database_url: str) -> None:
    """The lock is let go."""
    (files / "0002_broken.sql").write_text("selekt 1")
    with pytest.raises(StoreError):
        await migrate(connection)
    (files / "0002_broken.sql").unlink()
    other = await asyncpg.connect(empty_database_url)
    async with asyncio.timeout(5):
        assert await migrate(other) == []
    await other.close()


async def test_a_newer_schema_is_refused(connection: Any, files: Path) -> None:
    """An old gateway keeps its hands off, and says what to do."""
    second = files / "0002_second.sql"
    second.write_text("select 1")
    await migrate(connection)
    second.unlink()
    for dry_run in (False, True):
        with pytest.raises(StoreError, match=r"at 2, newer than this gateway's 1: upgrade the gateway"):
            await migrate(connection, dry_run=dry_run)


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(connection: Any, files: Path) -> None:
    await migrate(connection)
    (files / "0001_first.sql").write_text("create table first (id bigint)")
    (files / "0002_second.sql").write_text("select 1")
    with pytest.raises(StoreError, match="0001_first was changed"):
        await migrate(connection)
    assert await connection.fetchval("select count(*) from schema_migrations") == 1


def test_the_reading_copy_shows_what_the_migrations_add_up_to(database_url: str) -> None:
    assert FILE.read_text() == dump(database_url), "run: python -m tests.schema"


def _named_queries() -> list[str]:
    texts = [file.read_text() for file in sorted((sql_directory() / "queries").glob("*.sql"))]
    return re.findall(r"^-- name: ?(\w+)", "\n".join(texts), re.MULTILINE)


async def test_every_named_query_fits_the_schema(database: Database) -> None:
    """PostgreSQL itself prepares each one: names, types and the number of parameters."""
    names = _named_queries()
    assert len(names) == len(set(names)) > 20
    assert set(names) == {name for name in database.queries.available_queries if not name.endswith("_cursor")}
    async with database.session() as session:
        for name in names:
            query = getattr(database.queries, name)
            statement = await session.connection.prepare(query.sql)
            assert len(statement.get_parameters()) == len(set(re.findall(r"\$\d+", query.sql))), name


async def test_a_schema_that_was_never_migrated_is_told_with_the_remedy(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await database.open()
    with pytest.raises(StoreError, match="run: gateway migrate"):
        async with database.session() as session:
            await session.run("state_version")
    await database.close()
