"""The reading copy of the schema: what the migrations add up to, as pg_dump prints it.

`python -m tests.schema` writes `sql/schema.sql` anew, after a migration was added.
"""

import asyncio
import re
import subprocess
from pathlib import Path

import asyncpg

from gateway.store.migrate import migrate
from tests.postgres import PROGRAMS, Postgres

FILE = Path(__file__).parent.parent / "sql" / "schema.sql"
_TITLE = "-- What the migrations add up to. For reading only: `python -m tests.schema` writes it, nothing loads it.\n\n"


def dump(url: str) -> str:
    """Return the schema of a database, without what pg_dump says about itself and its session."""
    command = [PROGRAMS / "pg_dump", "--schema-only", "--no-owner", "--no-privileges", "-d", url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    kept = [
        line
        for line in printed.splitlines()
        if not re.match(r"--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict ", line)
    ]
    return _TITLE + re.sub(r"\n{2,}", "\n\n", "\n".join(kept)).strip() + "\n"


async def migrate_at(url: str) -> None:
    """Migrate a database."""
    connection = await asyncpg.connect(url)
    try:
        await migrate(connection)
    finally:
        await connection.close()


if __name__ == "__main__":
    server = Postgres()
    try:
        asyncio.run(migrate_at(server.url()))
        FILE.write_text(dump(server.url()))
    finally:
        server.delete()
