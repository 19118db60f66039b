"""Reading the snapshot: one statement, so that the version and all that belongs to it are of one instant."""

from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from gateway.domain.errors import StoreError
from gateway.domain.snapshot import Snapshot
from gateway.store.pool import Session

SNAPSHOT = TypeAdapter(Snapshot)


async def load_snapshot(session: Session) -> Snapshot:
    """Load all that the gateway believes about windows and components.

    Raises:
        StoreError: a row holds what this gateway can't read.
    """
    row = await session.run("load_snapshot")
    try:
        return SNAPSHOT.validate_json(row["document"])
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise StoreError(f"the state can't be read: {path}: {first['msg']}") from error


async def database_clock(session: Session) -> datetime:
    """Return PostgreSQL's clock."""
    now: datetime = await session.run("clock")
    return now
