"""Bypass links, as rows, and the key that their tokens are signed with. The tokens themselves are never stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.domain.bypass import Bypass, LinkState
from gateway.domain.errors import NotFoundError
from gateway.store.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class BypassLink:
    """A link as it may be shown."""

    id: UUID
    name: str
    expires_at: datetime
    created_by: str
    created_at: datetime
    first_used_at: datetime | None
    first_used_from: str
    """From which address; empty where it was not used."""
    revoked_at: datetime | None

    @classmethod
    def from_row(cls, row: Any) -> "BypassLink":
        """Read a row of any of the queries."""
        return cls(
            id=row["id"],
            name=row["name"],
            expires_at=row["expires_at"],
            created_by=row["created_by"],
            created_at=row["created_at"],
            first_used_at=row["first_used_at"],
            first_used_from=row["first_used_from"],
            revoked_at=row["revoked_at"],
        )

    @property
    def bypass(self) -> Bypass:
        """What the data plane knows of it."""
        return Bypass(id=self.id, name=self.name, expires_at=self.expires_at)

    def state(self, now: datetime) -> LinkState:
        """Tell whether it lets anybody through."""
        if self.revoked_at is not None:
            return LinkState.REVOKED
        return LinkState.LIVE if now < self.expires_at else LinkState.EXPIRED


async def list_bypass_links(
    session: Session, *, after: tuple[datetime, UUID] | None = None, most: int
) -> list[BypassLink]:
    """Return links behind the place `after` (made at, id), the newest first; expired and revoked ones too."""
    made_at, link_id = after or (None, None)
    rows = await session.rows("bypass_links", after_made=made_at, after_id=link_id, most=most)
    return [BypassLink.from_row(row) for row in rows]


async def get_bypass_link(session: Session, link_id: UUID) -> BypassLink:
    """Return one link.

    Raises:
        NotFoundError: there is none with this id.
    """
    row = await session.run("bypass_link", id=link_id)
    if row is None:
        raise NotFoundError(f"there is no bypass link {link_id}; `gateway bypass list` shows them")
    return BypassLink.from_row(row)


async def insert_bypass_link(session: Session, *, name: str, expires_at: datetime, created_by: str) -> BypassLink:
    """Add a link."""
    row = await session.run("insert_bypass_link", name=name, expires_at=expires_at, created_by=created_by)
    return BypassLink.from_row(row)


async def revoke_bypass_link(session: Session, link_id: UUID) -> BypassLink | None:
    """Revoke a link for good; None where there is none that is not revoked."""
    row = await session.run("revoke_bypass_link", id=link_id)
    return BypassLink.from_row(row) if row else None


async def bypass_key(session: Session, new: bytes) -> str:
    """Return the signing key, which is `new` where there was none. Call it with the state's version locked."""
    key: str | None = await session.run("bypass_key")
    if key is None:
        await session.run("insert_bypass_key", secret=new)
        return new.hex()
    return key
