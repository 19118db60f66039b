"""Bearer tokens for pipelines and monitors."""

from gateway.domain.access import SCOPE_PERMISSIONS, Actor, TokenScope
from gateway.domain.errors import InvalidError
from gateway.service.secrets import new_secret, secret_hash
from gateway.store import audit, tokens
from gateway.store.pool import Database
from gateway.store.tokens import Token

# So that a leaked token is recognised by scanners of code and logs.
TOKEN_PREFIX = "gwt_"  # noqa: S105  no secret


class Tokens:
    """Making, using and revoking tokens."""

    def __init__(self, database: Database) -> None:
        """Keep tokens, as hashes, in `database`."""
        self._database = database

    async def create(self, name: str, scope: TokenScope, actor: Actor) -> str:
        """Make a token and return it, for the only time.

        Raises:
            InvalidError: the name is empty or too long.
            ConflictError: the name is taken.
        """
        if not 1 <= len(name) <= 100:  # noqa: PLR2004  as the table says
            raise InvalidError({"name": "must have 1 to 100 characters"})
        token = TOKEN_PREFIX + new_secret()
        async with self._database.transaction() as session:
            await tokens.insert_token(session, name=name, token_hash=secret_hash(token), scope=scope)
            await audit.record(session, actor, "token.created", name, after={"scope": scope})
        return token

    async def revoke(self, name: str, actor: Actor) -> None:
        """Revoke a token for good.

        Raises:
            NotFoundError: there is none with this name that is not revoked.
        """
        async with self._database.transaction() as session:
            await tokens.revoke_token(session, name)
            await audit.record(session, actor, "token.revoked", name)

    async def list(self) -> list[Token]:
        """Return all tokens, without their secrets."""
        async with self._database.session() as session:
            return await tokens.list_tokens(session)

    async def actor(self, token: str, address: str) -> Actor | None:
        """Return who acts with this token; None where it is none of ours, or revoked."""
        async with self._database.session() as session:
            found = await tokens.use_token(session, secret_hash(token))
        if found is None:
            return None
        return Actor(name=f"token {found.name}", address=address, permissions=SCOPE_PERMISSIONS[found.scope])
