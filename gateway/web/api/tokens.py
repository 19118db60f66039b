"""`/tokens` of the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field, TypeAdapter

from gateway.domain.access import TokenScope
from gateway.domain.token import TokenState
from gateway.service.drafts.tokens import TokenDraft
from gateway.store.tokens import Token
from gateway.web.api.documents import Document, Instant, Page
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import PageQuery, paged, place_of

_PLACE = TypeAdapter(str)


class TokenDocument(Document):
    """A token, without its secret."""

    id: UUID
    name: str
    scope: TokenScope
    state: TokenState
    created_by: str = Field(description="Who made it; empty where that is not known any more.")
    created_at: Instant
    expires_at: Instant | None = Field(description="From then on it is nobody's; null: never.")
    last_used_at: Instant | None = Field(description="To the minute.")
    last_used_from: str = Field(description="The client's address at that time.")
    revoked_at: Instant | None


class NewTokenDocument(TokenDocument):
    """A token that was just made."""

    token: str = Field(description="The token itself; told here, and never again.")


class TokenPage(Page):
    """Tokens, page by page."""

    tokens: tuple[TokenDocument, ...]


async def list_tokens(call: Call[None, PageQuery]) -> Answer:
    """List tokens by name, expired and revoked ones too, without their secrets."""
    after, limit = place_of(call.query.cursor, _PLACE), call.query.limit
    found = await call.services.tokens.list(after=after, limit=limit + 1)
    tokens, cursor = paged(found, limit, lambda token: token.name)
    now = call.now
    return Answer(
        document=TokenPage(tokens=tuple(TokenDocument(**_fields(token, now)) for token in tokens), next_cursor=cursor)
    )


async def show_token(call: Call[None, None]) -> Answer:
    """Return one token, without its secret."""
    token = await call.services.tokens.get(call.id("token"))
    return Answer(document=TokenDocument(**_fields(token, call.now)))


async def create_token(call: Call[TokenDraft, None]) -> Answer:
    """Make a token, told here and never again. It is no wider than the caller's, and ends with that at the latest."""
    token, secret = await call.services.tokens.issue(call.body, call.actor)
    return Answer(
        document=NewTokenDocument(**_fields(token, call.now), token=secret),
        location=call.path_of("api.tokens.show", id=str(token.id)),
    )


async def revoke_token(call: Call[None, None]) -> Answer:
    """Revoke a token for good: no gateway takes it from the next call on. It may be repeated."""
    token = await call.services.tokens.revoke(call.id("token"), call.actor)
    return Answer(document=TokenDocument(**_fields(token, call.now)))


def _fields(token: Token, now: datetime) -> dict[str, Any]:
    names = TokenDocument.model_fields.keys() - {"state"}
    return {name: getattr(token, name) for name in names} | {"state": token.state(now)}


OPERATIONS = (
    Operation(
        "GET", "/tokens", list_tokens, name="api.tokens.list", summary="List tokens", query=PageQuery, answer=TokenPage
    ),
    Operation(
        "POST",
        "/tokens",
        create_token,
        name="api.tokens.create",
        summary="Make a token",
        body=TokenDraft,
        answer=NewTokenDocument,
        status=201,
        tells_secret=True,
    ),
    Operation("GET", "/tokens/{id}", show_token, name="api.tokens.show", summary="Show a token", answer=TokenDocument),
    Operation(
        "DELETE",
        "/tokens/{id}",
        revoke_token,
        name="api.tokens.revoke",
        summary="Revoke a token",
        answer=TokenDocument,
    ),
)
