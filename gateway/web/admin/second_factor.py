"""The second page of signing in: the code, after the right password. Only the cookie of that password leads here."""

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.render.panel import Typed
from gateway.render.second_factor_screens import SecondFactorScreen
from gateway.service.second_factors import SignInOverError
from gateway.store.operators import Operator
from gateway.web.admin.screen import refused, render, see, typed_values
from gateway.web.admin.sign_in import browser, signed_in
from gateway.web.auth import address, forget_pending, pending_token
from gateway.web.keys import SERVICES


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/second-factor", _form, name="admin.second_factor"),
        web.post(base + "/second-factor", _sign_in, name="admin.second_factor"),
    ]


async def _form(request: web.Request) -> web.Response:
    try:
        operator = await _pending(request)
    except SignInOverError:
        return _from_the_start(request)
    return render(request, "admin/second_factor.html", SecondFactorScreen(email=operator.email, form=Typed()))


async def _sign_in(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    values = await typed_values(request)
    services.limits.sign_in(address(request))
    try:
        operator = await _pending(request)
        session = await services.second_factors.sign_in(
            pending_token(request), values.get("code", ""), **browser(request)
        )
    except SignInOverError:
        return _from_the_start(request)
    except InvalidError as error:
        screen = SecondFactorScreen(email=operator.email, form=refused({"code": ""}, error))
        return render(request, "admin/second_factor.html", screen, status=422)
    response = signed_in(request, session)
    forget_pending(response, request)
    return response


async def _pending(request: web.Request) -> Operator:
    """Return who is asked for a code.

    Raises:
        SignInOverError: nobody.
        LimitedError: too many made-up cookies came from the client's address.
    """
    services, token = request.app[SERVICES], pending_token(request)
    found = await services.limits.known(token, address(request), lambda: services.second_factors.pending(token))
    if found is None:
        raise SignInOverError
    return found


def _from_the_start(request: web.Request) -> web.Response:
    response = see(request, "/sign-in", "sign-in-over")
    forget_pending(response, request)
    return response
