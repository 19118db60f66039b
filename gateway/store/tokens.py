"""Bearer tokens, as rows. The token itself is never stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.domain.access import TokenScope
from gateway.domain.errors import NotFoundError
from gateway.store.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it may be shown."""

    id: UUID
    name: str
    scope: TokenScope
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def from_row(cls, row: Any) -> "Token":
        """Read a row of any of the token queries."""
        return cls(
            id=row["id"],
            name=row["name"],
            scope=TokenScope(row["scope"]),
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
            revoked_at=row["revoked_at"],
        )


async def list_tokens(session: Session) -> list[Token]:
    """Return all tokens by name, revoked ones too."""
    return [Token.from_row(row) for row in await session.rows("tokens")]


async def insert_token(session: Session, *, name: str, token_hash: bytes, scope: TokenScope) -> UUID:
    """Add a token."""
    token_id: UUID = await session.run("insert_token", name=name, token_hash=token_hash, scope=scope)
    return token_id


async def use_token(session: Session, token_hash: bytes) -> Token | None:
    """Find a token that is not revoked, and note that it was used."""
    row = await session.run("use_token", token_hash=token_hash)
    return Token.from_row(row) if row else None


async def revoke_token(session: Session, name: str) -> UUID:
    """Revoke a token for good.

    Raises:
        NotFoundError: there is none with this name that is not revoked.
    """
    token_id: UUID | None = await session.run("revoke_token", name=name)
    if token_id is None:
        raise NotFoundError(f'there is no token "{name}" to revoke')
    return token_id
