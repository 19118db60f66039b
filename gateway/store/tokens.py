"""Bearer tokens, as rows. The token itself is never stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.domain.access import TokenScope
from gateway.domain.errors import NotFoundError
from gateway.domain.token import TokenState, expires_soon, token_state
from gateway.store.pool import Session, storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it may be shown. `created_by` is empty where nobody knows any more."""

    id: UUID
    name: str
    scope: TokenScope
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str
    revoked_at: datetime | None

    @classmethod
    def from_row(cls, row: Any) -> "Token":
        """Read a row of any of the token queries."""
        return cls(
            id=row["id"],
            name=row["name"],
            scope=TokenScope(row["scope"]),
            created_by=row["created_by"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            last_used_at=row["last_used_at"],
            last_used_from=row["last_used_from"],
            revoked_at=row["revoked_at"],
        )

    def state(self, now: datetime) -> TokenState:
        """Tell whether it lets anybody in."""
        return token_state(now, expires_at=self.expires_at, revoked_at=self.revoked_at)

    def expires_soon(self, now: datetime) -> bool:
        """Tell whether it has to be renewed."""
        return self.revoked_at is None and expires_soon(now, self.expires_at)


async def list_tokens(session: Session, *, after: str | None = None, most: int | None = None) -> list[Token]:
    """Return tokens by name, expired and revoked ones too: those `after` a name, at most `most`."""
    return [Token.from_row(row) for row in await session.rows("tokens", after_name=after, most=most)]


async def get_token(session: Session, which: UUID | str) -> Token:
    """Return one token, by its id or its name; a name comes first.

    Raises:
        NotFoundError: there is none.
    """
    row = await session.run("token", name_or_id=storable(str(which)))
    if row is None:
        raise NotFoundError(f'there is no token "{which}"; `gateway token list` shows them')
    return Token.from_row(row)


async def insert_token(
    session: Session,
    *,
    name: str,
    token_hash: bytes,
    scope: TokenScope,
    expires_at: datetime | None,
    created_by: str,
) -> Token:
    """Add a token."""
    row = await session.run(
        "insert_token", name=name, token_hash=token_hash, scope=scope, expires_at=expires_at, created_by=created_by
    )
    return Token.from_row(row)


async def use_token(session: Session, token_hash: bytes, address: str) -> tuple[Token, datetime] | None:
    """Find a token with PostgreSQL's time, and note that it was used, if it may be."""
    row = await session.run("use_token", token_hash=token_hash, address=storable(address))
    return (Token.from_row(row), row["now"]) if row else None


async def revoke_token(session: Session, token_id: UUID) -> Token | None:
    """Revoke a token for good; None where that was done already."""
    row = await session.run("revoke_token", id=token_id)
    return Token.from_row(row) if row else None
