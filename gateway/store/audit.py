"""The audit: who did what, when, from where, before and after; append-only, in the transaction of the change."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.access import Actor
from gateway.store.once import claim
from gateway.store.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change: `action` is past tense (`window.started`), `before` and `after` are documents or None."""

    id: int
    at: datetime
    actor: str
    address: str
    action: str
    subject: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


async def record(
    session: Session,
    actor: Actor,
    action: str,
    subject_id: object = "",
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write an entry; the subject is what stands before the dot of `action`. An act that must happen once is claimed.

    Raises:
        ConflictError: it has happened already.
    """
    if actor.once is not None:
        await claim(session, actor, actor.once)
    await session.run(
        "insert_audit",
        actor=actor.name,
        address=actor.address,
        action=action,
        subject=action.partition(".")[0],
        subject_id=str(subject_id),
        before=None if before is None else json.dumps(before),
        after=None if after is None else json.dumps(after),
    )


async def latest(session: Session, *, most: int) -> list[AuditEntry]:
    """Return the newest entries, the newest first."""
    return [
        AuditEntry(
            id=row["id"],
            at=row["at"],
            actor=row["actor"],
            address=row["address"],
            action=row["action"],
            subject=row["subject"],
            subject_id=row["subject_id"],
            before=json.loads(row["before"]) if row["before"] else None,
            after=json.loads(row["after"]) if row["after"] else None,
        )
        for row in await session.rows("latest_audit", most=most)
    ]
