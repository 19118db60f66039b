"""Reading the snapshot: one statement, so that the version and all that belongs to it are of one instant."""

from datetime import datetime

from pydantic import TypeAdapter

from gateway.domain.snapshot import Snapshot
from gateway.store.pool import Session

SNAPSHOT = TypeAdapter(Snapshot)


async def load_snapshot(session: Session) -> Snapshot:
    """Load all that the gateway believes about windows and components."""
    row = await session.run("load_snapshot")
    return SNAPSHOT.validate_json(row["document"])


async def database_clock(session: Session) -> datetime:
    """Return PostgreSQL's clock."""
    now: datetime = await session.run("clock")
    return now
