"""Signing in and out, and one-time links. A link is looked at by GET and used up by POST alone."""

from aiohttp import web

from gateway.domain.errors import ForbiddenError, InvalidError
from gateway.render.panel import LinkScreen, SignInScreen, Typed
from gateway.service.second_factors import SecondFactorAskedError
from gateway.web.admin.screen import refused, render, see, typed_values
from gateway.web.auth import address, forget, remember, remember_pending, session_operator, session_token
from gateway.web.keys import SERVICES


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/sign-in", _form, name="admin.sign_in"),
        web.post(base + "/sign-in", _sign_in, name="admin.sign_in"),
        web.get(base + "/sign-in/{token}", _open_link, name="admin.link"),
        web.post(base + "/sign-in/{token}", _use_link, name="admin.link"),
        web.post(base + "/sign-out", _sign_out, name="admin.sign_out"),
    ]


async def _form(request: web.Request) -> web.Response:
    return render(request, "admin/sign_in.html", SignInScreen(form=Typed()))


async def _sign_in(request: web.Request) -> web.Response:
    values = await typed_values(request)
    email = values.get("email", "").strip()
    request.app[SERVICES].limits.sign_in(address(request), email)
    try:
        token = await request.app[SERVICES].operators.sign_in(email, values.get("password", ""), **browser(request))
    except SecondFactorAskedError as asked:
        return _asked(request, asked.token)
    except ForbiddenError as error:
        form = Typed(values={"email": values.get("email", "")}, errors={"form": f"{error}.".capitalize()})
        return render(request, "admin/sign_in.html", SignInScreen(form=form), status=422)
    return signed_in(request, token)


async def _open_link(request: web.Request) -> web.Response:
    request.app[SERVICES].limits.sign_in(address(request))
    link = await request.app[SERVICES].operators.open_link(request.match_info["token"])
    form = Typed(values={"email": link.email or ""})
    return render(request, "admin/link.html", LinkScreen(email=link.email or "", form=form))


async def _use_link(request: web.Request) -> web.Response:
    operators = request.app[SERVICES].operators
    request.app[SERVICES].limits.sign_in(address(request))
    values = await typed_values(request)
    email, password = values.get("email", "").strip(), values.get("password", "")
    link = await operators.open_link(request.match_info["token"])
    try:
        same(password, values.get("again", ""))
        token = await operators.use_link(
            request.match_info["token"], email=email or None, password=password, **browser(request)
        )
    except SecondFactorAskedError as asked:
        return _asked(request, asked.token)
    except InvalidError as error:
        form = refused({"email": link.email or email, "password": "", "again": ""}, error)
        return render(request, "admin/link.html", LinkScreen(email=link.email or "", form=form), status=422)
    return signed_in(request, token)


async def _sign_out(request: web.Request) -> web.Response:
    token = session_token(request)
    if token and await session_operator(request):  # a made-up one costs no more here than elsewhere
        await request.app[SERVICES].sessions.end(token, address(request))
    response = see(request, "/sign-in", "signed-out")
    forget(response, request)
    return response


def _asked(request: web.Request, token: str) -> web.Response:
    """Have the code asked for: there is no session yet."""
    response = see(request, "/second-factor")
    remember_pending(response, token, request)
    return response


def signed_in(request: web.Request, token: str) -> web.Response:
    """Lead to the dashboard, with the session's cookie."""
    response = see(request, "/")
    remember(response, token, request)
    return response


def same(password: str, again: str) -> None:
    """Compare a password with what was typed once more.

    Raises:
        InvalidError: they differ.
    """
    if password != again:
        raise InvalidError({"again": "the two passwords differ"})


def browser(request: web.Request) -> dict[str, str]:
    """Return where somebody signs in, as `Operators` takes it."""
    return {
        "address": address(request),
        "user_agent": request.headers.get("User-Agent", "")[:500],
        "replaces": session_token(request) or "",
    }
