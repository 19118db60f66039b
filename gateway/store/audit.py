"""The audit: who did what, when, from where, before and after; append-only, in the transaction of the change."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.access import Actor
from gateway.domain.errors import NotFoundError
from gateway.store.once import claim
from gateway.store.pool import Session, storable


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

    @classmethod
    def from_row(cls, row: Any) -> "AuditEntry":
        """Read a row of any of the queries."""
        return cls(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries; None: any. `actor` (in any case) and `action` are how they begin: `token`, `window.`.

    `since` is the first instant that counts, `until` the first that does not.
    """

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


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
    return await page(session, AuditFilter(), before=None, most=most)


async def page(session: Session, wanted: AuditFilter, *, before: int | None, most: int) -> list[AuditEntry]:
    """Return entries with lower numbers than `before` (None: from the newest), the newest first."""
    texts = {name: getattr(wanted, name) for name in ("actor", "action", "subject", "subject_id")}
    rows = await session.rows(
        "audit_page",
        **{name: None if text is None else storable(text) for name, text in texts.items()},
        since=wanted.since,
        until=wanted.until,
        before_id=before,
        most=most,
    )
    return [AuditEntry.from_row(row) for row in rows]


async def get_entry(session: Session, number: int) -> AuditEntry:
    """Return one entry.

    Raises:
        NotFoundError: there is none with this number.
    """
    row = await session.run("audit_entry", id=number)
    if row is None:
        raise NotFoundError(f"there is no audit entry {number}")
    return AuditEntry.from_row(row)
