"""Replicas in the database, as other gateway processes would have reported them."""

from uuid import UUID, uuid4

from gateway.domain.fence import Gated
from gateway.domain.window import Window
from gateway.store.replicas import ReplicaProcess, write_report
from gateway.web.keys import Services


async def reported(
    services: Services, name: str, window: Window | None = None, *, left: int = 0, given_up: int = 0, silent: int = 0
) -> UUID:
    """Write what a replica of another host says: that it gates by `window`, and was heard of `silent` seconds ago."""
    process = ReplicaProcess(id=uuid4(), name=name, host="elsewhere/1", pid=71, started=1)
    gates = {window.id: Gated(row_version=window.row_version, left=left, given_up=given_up)} if window else {}
    async with services.fences._database.transaction() as session:
        await write_report(session, process, applied_version=services.state.version, gates=gates)
        await session.connection.execute(
            "update replicas set heartbeat_at = heartbeat_at - make_interval(secs => $2) where id = $1",
            process.id,
            silent,
        )
    return process.id
