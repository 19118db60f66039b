"""The fence, for reading; and the replicas that count in it. What they report is written by `service/replica.py`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.domain.access import Actor
from gateway.domain.fence import SILENT_AFTER, Fence, Report, fence
from gateway.store import audit
from gateway.store.pool import Database
from gateway.store.replicas import fence_view, forget_replica


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownReplicas:
    """The replicas that every fence counts, at `now` on PostgreSQL's clock."""

    now: datetime
    reports: tuple[Report, ...]


class Fences:
    """Where the replicas stand with windows."""

    def __init__(self, database: Database) -> None:
        """Read reports from `database`."""
        self._database = database

    async def of(self, window_id: UUID) -> Fence:
        """Return the fence of one window.

        Raises:
            NotFoundError: there is no such window.
        """
        async with self._database.session() as session:
            view = await fence_view(session, window_id)
        return fence(view.windows[0], view.reports, view.now)

    async def in_force(self) -> list[Fence]:
        """Return the fences of all windows in force that gate, the earliest start first."""
        async with self._database.session() as session:
            view = await fence_view(session, None)
        return [fence(window, view.reports, view.now) for window in view.windows]

    async def replicas(self) -> KnownReplicas:
        """Return the known replicas, by name."""
        async with self._database.session() as session:
            view = await fence_view(session, None)
        return KnownReplicas(now=view.now, reports=view.reports)

    async def forget(self, replica_id: UUID, actor: Actor) -> None:
        """Take an SRE's word that a silent replica is gone; one that lives on comes back by itself.

        Raises:
            NotFoundError: there is no such replica.
            ConflictError: it is not silent.
        """
        async with self._database.transaction() as session:
            name = await forget_replica(session, replica_id, silent_after=SILENT_AFTER)
            await audit.record(session, actor, "replica.forgotten", replica_id, before={"name": name})
