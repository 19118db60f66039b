"""Migration 0010 on a database that has been in use: what it can know of the past, and what it must not say."""

from collections.abc import Callable
from functools import partial

import asyncpg
import pytest

from gateway.store.migrate import migrate, migrations

Sql = Callable[[str], str]
WINDOW = """
insert into windows (title, starts_at, estimated_duration, ended_at)
values ('{}', now() - interval '3 hours', '90 minutes', {}) returning id
"""
ENTRY = """
insert into audit (at, actor, action, subject, subject_id, before)
values (now() - interval '{}', 'test', '{}', 'window', '{}', '{{"estimated_duration": {}}}')
"""


@pytest.fixture
async def connection(empty_database_url: str) -> asyncpg.Connection:
    """A database as it was before."""
    connection = await asyncpg.connect(empty_database_url)
    for migration in migrations():
        if migration.number < 10:
            await connection.execute(migration.sql)
    yield connection
    await connection.close()


@pytest.fixture
def sql(psql: Callable[[str, str], str], empty_database_url: str) -> Sql:
    return partial(psql, empty_database_url)


async def up(connection: asyncpg.Connection) -> None:
    (ours,) = [migration for migration in migrations() if migration.number == 10]
    await connection.execute(ours.sql)


async def test_first_estimates_come_from_the_audit(connection: asyncpg.Connection, sql: Sql) -> None:
    """The estimate before the first extension after the start; what is no plain length holds nothing up."""
    extended, moved, odd, untouched = (
        sql(WINDOW.format(title, "now()")) for title in ("extended", "moved", "odd", "untouched")
    )
    sql(ENTRY.format("4 hours", "window.edited", extended, '"PT10M"'))  # before it began
    sql(ENTRY.format("2 hours", "window.extended", extended, '"PT30M"'))
    sql(ENTRY.format("1 hour", "window.extended", extended, '"PT1H"'))
    sql(ENTRY.format("2 hours", "window.edited", moved, '"P1DT2H0.5S"'))
    for text in ('"P"', '"PT"', '"soon"', "null", "30", '"P1Y"'):
        sql(ENTRY.format("2 hours", "window.extended", odd, text))
    versions = sql("select string_agg(title || row_version, ' ' order by title) from windows")
    state = sql("select version from state_version")
    await up(connection)
    assert sql("select title || ' ' || first_estimate from windows order by title").splitlines() == [
        "extended 00:30:00",
        "moved 1 day 02:00:00.5",
        "odd 01:30:00",
        "untouched 01:30:00",
    ]
    assert untouched
    # Nobody has changed a window: forms that are open stay good, and no gateway loads anything.
    assert sql("select string_agg(title || row_version, ' ' order by title) from windows") == versions
    assert sql("select version from state_version") == state
    sql("update windows set estimated_duration = '5 hours'")
    assert sql("select first_estimate from windows where title = 'extended'") == "00:30:00"


async def test_windows_that_were_over_have_no_counts(connection: asyncpg.Connection, sql: Sql) -> None:
    """Nobody counted: that is not nothing. Those in force are counted from here on."""
    sql(WINDOW.format("over", "now()"))
    sql(WINDOW.format("in force", "null"))
    await up(connection)
    assert sql("select title, refused_requests from window_history order by title").splitlines() == [
        "in force|0",
        "over|",
    ]


async def test_all_of_it_is_one_migration(empty_database_url: str) -> None:
    """A fresh database gets it in its turn, and a second run finds nothing to do."""
    connection = await asyncpg.connect(empty_database_url)
    assert 10 in [migration.number for migration in await migrate(connection)]
    assert await migrate(connection) == []
    await connection.close()
