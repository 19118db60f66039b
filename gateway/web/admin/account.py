"""My account, in the panel: who I am, where I am signed in, another password."""

from uuid import UUID

from aiohttp import web

from gateway.domain.duration import short_duration
from gateway.domain.errors import ForbiddenError, InvalidError, NotFoundError
from gateway.render.account_screens import METHOD_WORDS, AccountScreen, SessionRow
from gateway.render.browser_names import browser_name
from gateway.render.panel import Typed
from gateway.store.operators import Operator
from gateway.store.sessions import SignedIn
from gateway.web.admin.screen import refused, render, see, typed_values
from gateway.web.admin.sign_in import browser, same
from gateway.web.auth import actor, address, remember, session_token
from gateway.web.keys import SERVICES, SETTINGS

_EMPTY = {"old": "", "password": "", "again": ""}


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/account", _show, name="admin.account"),
        web.post(base + "/account/sessions/{session_id}/revoke", _revoke, name="admin.account.revoke"),
        web.post(base + "/account/sign-out-elsewhere", _sign_out_elsewhere, name="admin.account.sign_out_elsewhere"),
        web.post(base + "/account/password", _change_password, name="admin.account.password"),
    ]


async def _show(request: web.Request) -> web.Response:
    return await _screen(request, await _operator(request), Typed(values=_EMPTY))


async def _revoke(request: web.Request) -> web.Response:
    try:
        session_id = UUID(request.match_info["session_id"])
    except ValueError as error:
        raise NotFoundError("there is no such session") from error
    await request.app[SERVICES].sessions.revoke(await _operator(request), session_id, actor(request))
    return see(request, "/account", "session-revoked")


async def _sign_out_elsewhere(request: web.Request) -> web.Response:
    operator = await _operator(request)
    await request.app[SERVICES].sessions.revoke_others(operator, session_token(request) or "", actor(request))
    return see(request, "/account", "signed-out-elsewhere")


async def _change_password(request: web.Request) -> web.Response:
    values = _EMPTY | await typed_values(request)
    operator = await _operator(request)
    request.app[SERVICES].limits.sign_in(address(request), operator.email)
    try:
        same(values["password"], values["again"])
        token = await request.app[SERVICES].operators.change_password(
            operator, values["old"], values["password"], **browser(request)
        )
    except ForbiddenError as error:
        return await _screen(request, operator, refused(_EMPTY, InvalidError({"old": str(error)})), status=422)
    except InvalidError as error:
        return await _screen(request, operator, refused(_EMPTY, error), status=422)
    response = see(request, "/account", "password-changed")
    remember(response, token, request)
    return response


async def _operator(request: web.Request) -> Operator:
    return await request.app[SERVICES].operators.get(actor(request).name)


async def _screen(request: web.Request, operator: Operator, form: Typed, *, status: int = 200) -> web.Response:
    sessions = await request.app[SERVICES].sessions.list(operator.id, session_token(request) or "")
    screen = AccountScreen(
        email=operator.email,
        role=operator.role,
        has_password=operator.password_hash is not None,
        has_second_factor=operator.has_second_factor,
        sessions=tuple(session_row(session) for session in sessions),
        idle=short_duration(request.app[SETTINGS].admin.session_idle),
        form=form,
    )
    return render(request, "admin/account.html", screen, section="account", status=status)


def session_row(session: SignedIn) -> SessionRow:
    """Show where somebody is signed in."""
    return SessionRow(
        id=session.id,
        browser=browser_name(session.user_agent),
        method=METHOD_WORDS.get(session.method, session.method),
        address=session.address,
        since=session.created_at,
        last_used_at=session.last_used_at,
        is_this=session.is_this,
    )
