"""Migrations: the plain SQL files of `sql/migrations/`, each applied once, in order, in a transaction of its own."""

import hashlib
from dataclasses import dataclass
from typing import Any

from gateway.domain.errors import StoreError
from gateway.resources import sql_directory
from gateway.store.errors import mapped_errors

# A migration may rewrite large tables, or wait for a gateway that does: the limit of other statements is none of it.
_LONGEST = 3600.0
# Any number will do, as long as every gateway takes the same: two that start together migrate one after the other.
_LOCK = 4_203_108_015

_LEDGER = """
create table if not exists schema_migrations (
    number     integer primary key,
    name       text not null,
    checksum   text not null,
    applied_at timestamptz not null default clock_timestamp()
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file: `0001_initial.sql` has the number 1."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, so that a changed file is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Read the migrations that this gateway carries, in order."""
    files = sorted((sql_directory() / "migrations").glob("*.sql"))
    return [Migration(number=int(f.name.partition("_")[0]), name=f.stem, sql=f.read_text()) for f in files]


async def migrate(connection: Any, *, dry_run: bool = False) -> list[Migration]:
    """Apply what is missing and return it; with `dry_run` only return it.

    Raises:
        StoreError: the schema is newer than this gateway, a file was changed after it was applied, or SQL failed.
    """
    with mapped_errors():
        missing = await _missing(connection)
        return missing if dry_run else [migration for migration in missing if await _apply(connection, migration)]


async def _missing(connection: Any) -> list[Migration]:
    known = migrations()
    async with connection.transaction():
        applied = await _applied(connection)
    newest = known[-1].number
    if applied and max(applied) > newest:
        raise StoreError(
            f"the database's schema is at {max(applied)}, newer than this gateway's {newest}: upgrade the gateway"
        )
    for migration in known:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise StoreError(f"the migration {migration.name} was changed after it had been applied: restore the file")
    return [migration for migration in known if migration.number not in applied]


async def _applied(connection: Any) -> dict[int, str]:
    if await connection.fetchval("select to_regclass('schema_migrations')") is None:
        return {}
    return dict(await connection.fetch("select number, checksum from schema_migrations"))


async def _apply(connection: Any, migration: Migration) -> bool:
    """Apply one migration; False where another gateway has done so meanwhile."""
    async with connection.transaction():
        # The transaction's lock: behind a transaction pooler, nobody would ever let go of the session's.
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK, timeout=_LONGEST)
        await connection.execute(_LEDGER)
        await connection.execute("select set_config('gateway.writer', 'migration', true)")  # nobody writes by hand
        if await connection.fetchval("select true from schema_migrations where number = $1", migration.number):
            return False
        # The row first: two that got past the lock all the same collide here, before anything is done twice.
        await connection.execute(
            "insert into schema_migrations (number, name, checksum) values ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.checksum,
        )
        await connection.execute(migration.sql, timeout=_LONGEST)
    return True
