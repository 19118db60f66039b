"""Idempotency keys, as rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from gateway.domain.access import Actor, Once
from gateway.domain.errors import ConflictError
from gateway.store.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done with a key, and answered. `status` is None where the answer was not kept."""

    act: UUID
    fingerprint: bytes = b""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


async def claim(session: Session, actor: Actor, once: Once) -> None:
    """Claim a key in the transaction of the act; waits for another transaction that has claimed it.

    Raises:
        ConflictError: another act has it.
    """
    claimed = await session.run(
        "claim_once", actor=actor.name, key=once.key, fingerprint=once.fingerprint, act=once.act
    )
    if claimed is None:
        raise ConflictError("another call with this Idempotency-Key was done in the meantime")


async def find(session: Session, actor: Actor, once: Once) -> Done | None:
    """Return what the actor has done with a key; None: nothing."""
    row = await session.run("find_once", actor=actor.name, key=once.key)
    if row is None:
        return None
    return Done(
        act=row["act"],
        fingerprint=row["fingerprint"],
        status=row["status"],
        headers=json.loads(row["headers"]),
        body=row["body"],
    )


async def keep(session: Session, actor: Actor, once: Once, done: Done) -> None:
    """Keep what was answered. Nothing happens where the act has changed nothing, and so claimed nothing."""
    await session.run(
        "keep_once",
        status=done.status,
        headers=json.dumps(dict(done.headers)),
        body=done.body,
        actor=actor.name,
        key=once.key,
        act=once.act,
    )
