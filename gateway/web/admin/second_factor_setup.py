"""My second factor, in the panel: set up, new recovery codes, removed."""

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.render.panel import Typed
from gateway.render.second_factor_screens import NewAuthenticator, SecondFactorSetupScreen
from gateway.service.one_time_codes import qr_code, secret_text
from gateway.store.operators import Operator
from gateway.web.admin.screen import refused, render, see, typed_values
from gateway.web.auth import actor, address
from gateway.web.keys import BRANDING, SERVICES, SETTINGS


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    place, name = base + "/account/second-factor", "admin.account.second_factor"
    return [
        web.get(place, _show, name=name),
        web.post(place + "/begin", _begin, name=f"{name}.begin"),
        web.post(place + "/confirm", _confirm, name=f"{name}.confirm"),
        web.post(place + "/recovery-codes", _new_codes, name=f"{name}.codes"),
        web.post(place + "/remove", _remove, name=f"{name}.remove"),
    ]


async def _show(request: web.Request) -> web.Response:
    return await _screen(request)


async def _begin(request: web.Request) -> web.Response:
    await request.app[SERVICES].second_factors.begin(await _operator(request))
    return see(request, "/account/second-factor")


async def _confirm(request: web.Request) -> web.Response:
    """Set up, and show recovery codes: no redirect, for nothing keeps them."""
    operator, code = await _typed(request)
    try:
        codes = await request.app[SERVICES].second_factors.confirm(operator, code, actor(request))
    except InvalidError as error:
        return await _screen(request, refused({"code": ""}, error), at="confirm", status=422)
    return await _screen(request, codes=codes)


async def _new_codes(request: web.Request) -> web.Response:
    operator, code = await _typed(request)
    try:
        codes = await request.app[SERVICES].second_factors.new_recovery_codes(operator, code, actor(request))
    except InvalidError as error:
        return await _screen(request, refused({"code": ""}, error), at="codes", status=422)
    return await _screen(request, codes=codes)


async def _remove(request: web.Request) -> web.Response:
    operator, code = await _typed(request)
    try:
        await request.app[SERVICES].second_factors.remove(operator, code, actor(request))
    except InvalidError as error:
        return await _screen(request, refused({"code": ""}, error), at="remove", status=422)
    return see(request, "/account/second-factor", "second-factor-removed")


async def _operator(request: web.Request) -> Operator:
    return await request.app[SERVICES].operators.get(actor(request).name)


async def _typed(request: web.Request) -> tuple[Operator, str]:
    """Return who asks and the code that was typed, counted as an attempt to sign in."""
    values, operator = await typed_values(request), await _operator(request)
    request.app[SERVICES].limits.sign_in(address(request), operator.email)
    return operator, values.get("code", "")


async def _screen(
    request: web.Request, form: Typed | None = None, *, at: str = "", codes: tuple[str, ...] = (), status: int = 200
) -> web.Response:
    operator = await _operator(request)
    found = await request.app[SERVICES].second_factors.of(operator)
    new = None
    if found.secret:
        image = qr_code(found.secret, email=operator.email, product=request.app[BRANDING].product)
        new = NewAuthenticator(qr_code=image, secret=secret_text(found.secret))
    screen = SecondFactorSetupScreen(
        is_on=found.is_on,
        is_required=request.app[SETTINGS].admin.require_second_factor.asks(operator.role),
        codes_left=found.recovery_codes,
        form=form or Typed(),
        at=at,
        new=new,
        codes=codes,
    )
    return render(request, "admin/second_factor_setup.html", screen, section="account", status=status)
