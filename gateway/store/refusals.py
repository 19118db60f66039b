"""What windows have refused, as rows: batches of the gateways' counts, each added exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.store.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a window's row holds: how many clients, and what they are hashed with (None: they are forgotten)."""

    clients: int
    client_key: bytes | None


async def claim(session: Session, writer: UUID, number: int) -> bool:
    """Claim a writer's batch by its number, which grows; False where it was written before.

    Counts once the transaction is committed. One of the same writer that is not over yet is waited for.
    """
    return await session.run("claim_refusals", writer=writer, number=number) is not None


async def add_requests(
    session: Session, window_id: UUID, requests: int, *, is_at_least: bool, until: datetime
) -> Counted | None:
    """Add refused requests of a window; None where there is no such window (any more).

    Other writers of this window wait until the transaction ends: whoever writes several takes them in order.
    """
    row = await session.run(
        "add_refusals", window_id=window_id, requests=requests, is_at_least=is_at_least, until=until
    )
    return None if row is None else Counted(clients=row["clients"], client_key=row["client_key"])


async def add_clients(session: Session, window_id: UUID, hashes: Sequence[bytes], *, is_at_least: bool) -> None:
    """Add clients of a window by their hashes; those that are there are not counted again."""
    await session.run("add_clients", window_id=window_id, hashes=hashes, is_at_least=is_at_least)
