"""Tokens of the API in the panel: made, shown once, and revoked."""

from datetime import datetime

from aiohttp import web

from gateway.domain.duration import short_duration
from gateway.domain.errors import ConflictError, InvalidError
from gateway.domain.token import DEFAULT_LIFETIME, TokenState
from gateway.render.panel import Typed
from gateway.render.people_screens import (
    EXPIRES_SOON,
    SCOPE_OPTIONS,
    TOKEN_BADGES,
    NewToken,
    RevokeTokenScreen,
    TokenRow,
    TokensScreen,
)
from gateway.service.drafts.fields import checked
from gateway.service.drafts.tokens import TokenDraft
from gateway.store.tokens import Token
from gateway.web.admin.screen import id_of, refused, render, see, typed_values
from gateway.web.auth import actor, is_secure
from gateway.web.keys import SERVICES, SETTINGS

_NEVER = "never"
_MOST_OVER = 100
_NEW = {"name": "", "scope": "read", "expires_in": short_duration(DEFAULT_LIFETIME)}


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/tokens", _list, name="admin.tokens"),
        web.post(base + "/tokens/new", _make, name="admin.token.new"),
        web.get(base + "/tokens/{token_id}/revoke", _ask, name="admin.token.revoke"),
        web.post(base + "/tokens/{token_id}/revoke", _revoke, name="admin.token.revoke"),
    ]


async def _list(request: web.Request) -> web.Response:
    return await _screen(request, Typed(values=_NEW))


async def _make(request: web.Request) -> web.Response:
    """Make a token and show it: no redirect, for nothing that keeps addresses may have it."""
    typed = await typed_values(request)
    values = {name: typed.get(name, "").strip() for name in _NEW}
    expires_in = None if values["expires_in"].lower() == _NEVER else values["expires_in"]
    try:
        draft = checked(TokenDraft, values | {"expires_in": expires_in})
        token, secret = await request.app[SERVICES].tokens.issue(draft, actor(request))
    except InvalidError as error:
        return await _screen(request, refused(values, error), status=422)
    except ConflictError as error:
        return await _screen(request, Typed(values=values, errors={"form": f"Not made: {error}."}), status=409)
    site = f"{'https' if is_secure(request) else 'http'}://{request.host}{request.app[SETTINGS].maintenance.prefix}"
    made = NewToken(name=token.name, secret=secret, expires_at=token.expires_at, site=site)
    return await _screen(request, Typed(values=_NEW), made=made, status=201)


async def _ask(request: web.Request) -> web.Response:
    token = await request.app[SERVICES].tokens.get(id_of(request, "token"))
    screen = RevokeTokenScreen(token=_row(token, request.app[SERVICES].state.now()))
    return render(request, "admin/token_revoke.html", screen, section="tokens")


async def _revoke(request: web.Request) -> web.Response:
    await request.app[SERVICES].tokens.revoke(id_of(request, "token"), actor(request))
    return see(request, "/tokens", "token-revoked")


async def _screen(
    request: web.Request, form: Typed, *, made: NewToken | None = None, status: int = 200
) -> web.Response:
    found, now = await request.app[SERVICES].tokens.list_with_clock()
    live = [token for token in found if token.state(now) is TokenState.LIVE]
    over = [token for token in found if token.state(now) is not TokenState.LIVE]
    screen = TokensScreen(
        live=tuple(_row(token, now) for token in live),
        over=tuple(_row(token, now) for token in over[:_MOST_OVER]),
        made=made,
        scopes=SCOPE_OPTIONS,
        form=form,
    )
    return render(request, "admin/tokens.html", screen, section="tokens", status=status)


def _row(token: Token, now: datetime) -> TokenRow:
    return TokenRow(
        id=token.id,
        name=token.name,
        scope=token.scope,
        badge=EXPIRES_SOON if token.expires_soon(now) else TOKEN_BADGES[token.state(now)],
        created_by=token.created_by,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        last_used_from=token.last_used_from,
        revoked_at=token.revoked_at,
    )
