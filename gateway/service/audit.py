"""The audit, for reading."""

from collections.abc import AsyncIterator, Sequence

from gateway.store import audit
from gateway.store.audit import AuditEntry, AuditFilter
from gateway.store.pool import Database

EVERYTHING = AuditFilter()
_BATCH = 500


class Audit:
    """What was done, by whom."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def latest(self, limit: int = 100) -> list[AuditEntry]:
        """Return the newest entries, the newest first."""
        return await self.page(limit=limit)

    async def page(
        self, wanted: AuditFilter = EVERYTHING, *, before: int | None = None, limit: int
    ) -> list[AuditEntry]:
        """Return entries with lower numbers than `before` (None: from the newest), the newest first."""
        async with self._database.session() as session:
            return await audit.page(session, wanted, before=before, most=limit)

    async def get(self, number: int) -> AuditEntry:
        """Return one entry.

        Raises:
            NotFoundError: there is none with this number.
        """
        async with self._database.session() as session:
            return await audit.get_entry(session, number)

    async def batches(self, wanted: AuditFilter = EVERYTHING) -> AsyncIterator[Sequence[AuditEntry]]:
        """Return all entries, the newest first, some at a time.

        Between two batches no connection is held: whoever reads slowly takes none from others.

        Raises:
            StoreError: the database went away; what was returned before is not the whole.
        """
        before = None
        while batch := await self.page(wanted, before=before, limit=_BATCH):
            yield batch
            before = batch[-1].id
