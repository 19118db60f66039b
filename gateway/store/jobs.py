"""Jobs that run once in the cluster, as rows: who has claimed what. See `service/jobs.py`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.store.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEdge:
    """A window began, or ran out, by time: `action` is the audit's word for it."""

    action: str
    window_id: UUID
    due_at: datetime

    @classmethod
    def from_row(cls, row: Any) -> "WindowEdge":
        """Read a row of `windows_to_tell`."""
        return cls(action=row["action"], window_id=row["id"], due_at=row["due_at"])


async def claim(session: Session, name: str, due_at: datetime, *, subject: str = "", by: str) -> bool:
    """Claim a job; False where somebody has it.

    The claim counts once the transaction is committed, and is gone with it otherwise: what is written beside it is
    done exactly once.
    """
    found = await session.run("claim_job", name=name, subject=subject, due_at=due_at, claimed_by=by)
    return found is not None


async def windows_to_tell(session: Session) -> list[WindowEdge]:
    """Return what has happened to windows by time and was not told yet, the oldest first."""
    return [WindowEdge.from_row(row) for row in await session.rows("windows_to_tell")]


async def hold_window(session: Session, edge: WindowEdge) -> str | None:
    """Return the window's title and hold off changes until the transaction ends; None where it has changed since."""
    row = await session.run("hold_window", action=edge.action, id=edge.window_id, due_at=edge.due_at)
    return str(row["title"]) if row else None


async def sweep(session: Session) -> None:
    """Delete what has expired: sessions, sign-in links, old claims, idempotency keys, who was turned away."""
    for query in (
        "delete_expired_sessions",
        "delete_expired_links",
        "delete_old_jobs",
        "delete_old_idempotency_keys",
        "forget_clients",
        "delete_silent_writers",
    ):
        await session.run(query)
