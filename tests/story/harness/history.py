"""The history: each row of `windows` as PostgreSQL has committed it, noted by a trigger of the harness's own.

`track_commit_timestamp` must be on; `clock.py` says how PostgreSQL's clock and the monotonic one go together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import asyncpg

from tests.postgres import psql
from tests.story.harness.model import Change, Row

_INSTALL = """
create table storm_history (
    number bigint generated always as identity,
    id uuid not null,
    deleted boolean not null,
    starts_at timestamptz, scheduled_until timestamptz, ended_at timestamptz, cancelled_at timestamptz,
    ends text, gate text, hosts text[], paths text[],
    quiet boolean not null default coalesce(current_setting('storm.quiet', true), '') = 'on'
);
create function note_window() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        insert into storm_history (id, deleted) values (old.id, true);
    else
        insert into storm_history
            (id, deleted, starts_at, scheduled_until, ended_at, cancelled_at, ends, gate, hosts, paths)
        values (new.id, false, new.starts_at, new.scheduled_until, new.ended_at, new.cancelled_at,
                new.ends, new.gate, new.hosts, new.paths);
    end if;
    return null;
end $$;
create trigger storm_history after insert or update or delete on windows for each row execute function note_window();
"""

_READ = """
select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 as committed, id::text, deleted, quiet,
       extract(epoch from starts_at)::float8 as starts_at,
       extract(epoch from scheduled_until)::float8 as scheduled_until,
       extract(epoch from ended_at)::float8 as ended_at, cancelled_at is not null as cancelled, ends, gate, hosts, paths
from storm_history order by committed, number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A commit; `quiet`: no notification was sent with it."""

    committed: float
    window: str
    row: Row | None
    quiet: bool


def install(url: str) -> None:
    """Have every change of a window noted from now on."""
    psql(url, _INSTALL)


async def read(url: str) -> list[Noted]:
    """Return what was committed, in order."""
    connection = await asyncpg.connect(url)
    try:
        records = await connection.fetch(_READ)
    finally:
        await connection.close()
    return [
        Noted(
            committed=record["committed"],
            window=record["id"],
            row=None if record["deleted"] else _row(record),
            quiet=record["quiet"],
        )
        for record in records
    ]


def changes(noted: Sequence[Noted], known_by: Callable[[Noted], float]) -> list[Change]:
    """Say of each commit by when every gateway must know it."""
    return [Change(committed=n.committed, window=n.window, row=n.row, known_by=known_by(n)) for n in noted]


def _row(record: asyncpg.Record) -> Row:
    return Row(
        id=record["id"],
        starts_at=record["starts_at"],
        scheduled_until=record["scheduled_until"],
        ends=record["ends"],
        ended_at=record["ended_at"],
        cancelled=record["cancelled"],
        gate=record["gate"],
        hosts=tuple(record["hosts"]),
        paths=tuple(record["paths"]),
    )
