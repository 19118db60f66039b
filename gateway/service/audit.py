"""The audit, for reading."""

from gateway.store import audit
from gateway.store.audit import AuditEntry
from gateway.store.pool import Database


class Audit:
    """What was done, by whom."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def latest(self, limit: int = 100) -> list[AuditEntry]:
        """Return the newest entries, the newest first."""
        async with self._database.session() as session:
            return await audit.latest(session, most=limit)
