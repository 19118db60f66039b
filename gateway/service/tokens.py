"""Bearer tokens for pipelines and monitors.

Nothing of them is kept in memory: each call is looked up, so what is revoked or expired here is so at every gateway.
"""

import builtins
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.access import SCOPE_PERMISSIONS, Actor, TokenScope
from gateway.domain.errors import ForbiddenError
from gateway.domain.token import DEFAULT_LIFETIME, TokenState
from gateway.service.drafts.fields import checked
from gateway.service.drafts.tokens import TokenDraft
from gateway.service.secrets import new_secret, secret_hash
from gateway.store import audit, tokens
from gateway.store.pool import Database
from gateway.store.snapshot import database_clock
from gateway.store.tokens import Token

# So that a leaked token is recognised by scanners of code and logs.
TOKEN_PREFIX = "gwt_"  # noqa: S105  no secret


class TokenRefusedError(ForbiddenError):
    """This token is no longer good."""


class Tokens:
    """Making, using and revoking tokens."""

    def __init__(self, database: Database) -> None:
        """Keep tokens, as hashes, in `database`."""
        self._database = database

    async def create(
        self, name: str, scope: TokenScope, actor: Actor, *, expires_in: timedelta | None = DEFAULT_LIFETIME
    ) -> str:
        """Make a token and return it, for the only time; as `issue`."""
        draft = checked(TokenDraft, {"name": name, "scope": scope, "expires_in": expires_in})
        return (await self.issue(draft, actor))[1]

    async def issue(self, draft: TokenDraft, actor: Actor) -> tuple[Token, str]:
        """Make a token and return it with its secret, for the only time.

        It gives no more than its maker has: no wider scope, and where the maker is a token, it ends with that at the
        latest.

        Raises:
            ForbiddenError: the maker may not do what the token could.
            ConflictError: the name is taken.
        """
        if not actor.permissions >= SCOPE_PERMISSIONS[draft.scope]:
            raise ForbiddenError(f"{actor.name} can't make a token with the scope {draft.scope}: it has less itself")
        secret = TOKEN_PREFIX + new_secret()
        async with self._database.transaction() as session:
            expires_at = _end(draft, await database_clock(session), actor)
            token = await tokens.insert_token(
                session,
                name=draft.name,
                token_hash=secret_hash(secret),
                scope=draft.scope,
                expires_at=expires_at,
                created_by=actor.name,
            )
            after = {"scope": draft.scope, "expires_at": expires_at.isoformat() if expires_at else None}
            await audit.record(session, actor, "token.created", draft.name, after=after)
        return token, secret

    async def revoke(self, which: UUID | str, actor: Actor) -> Token:
        """Revoke a token for good, by its id or its name; one that was revoked before stays as it is.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.transaction() as session:
            known = await tokens.get_token(session, which)
            revoked = await tokens.revoke_token(session, known.id)
            if revoked is None:
                return await tokens.get_token(session, known.id)
            await audit.record(session, actor, "token.revoked", revoked.name)
            return revoked

    async def list(self, *, after: str | None = None, limit: int | None = None) -> list[Token]:
        """Return tokens by name, without their secrets: those `after` a name."""
        async with self._database.session() as session:
            return await tokens.list_tokens(session, after=after, most=limit)

    async def list_with_clock(self) -> tuple[builtins.list[Token], datetime]:
        """Return all tokens by name, and PostgreSQL's time, by which they expire."""
        async with self._database.session() as session:
            return await tokens.list_tokens(session), await database_clock(session)

    async def get(self, which: UUID | str) -> Token:
        """Return one token, by its id or its name.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.session() as session:
            return await tokens.get_token(session, which)

    async def actor(self, token: str, address: str) -> Actor | None:
        """Return who acts with this token; None where it is none of ours.

        Raises:
            TokenRefusedError: it was revoked or has expired; who holds it is told which.
        """
        async with self._database.session() as session:
            found = await tokens.use_token(session, secret_hash(token), address)
        if found is None:
            return None
        known, now = found
        match known.state(now):
            case TokenState.REVOKED:
                raise TokenRefusedError(f'the token "{known.name}" was revoked')
            case TokenState.EXPIRED:
                raise TokenRefusedError(f'the token "{known.name}" has expired')
        return Actor(
            name=f"token {known.name}",
            address=address,
            permissions=SCOPE_PERMISSIONS[known.scope],
            until=known.expires_at,
        )


def _end(draft: TokenDraft, now: datetime, maker: Actor) -> datetime | None:
    """Return when the token expires: as asked for, but with its maker at the latest."""
    ends = [now + draft.expires_in if draft.expires_in is not None else None, maker.until]
    return min((end for end in ends if end is not None), default=None)
