"""Where a bypass link leads, and the way out (rule 27).

A link leaves a cookie with the browser, and sends it to the application. Who leaves is a customer like any other:
the cookie goes. Where the network passes every gate a cookie says for some minutes that it does not.
"""

import re
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import quote

from aiohttp import web

from gateway.domain.bypass import LEFT, LEFT_FOR
from gateway.domain.errors import InvalidError
from gateway.http1.cookies import BYPASS_COOKIE
from gateway.service.bypass_links import BypassRefusedError
from gateway.web.auth import address, is_secure
from gateway.web.keys import SERVICES, SETTINGS

# A path of this site: browsers take `//host` and `/\host` for another one, and overlook control characters.
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_AS_IT_IS = "/?#[]@!$&'()*+,;=:%~"


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes, which are for everybody: the token is the proof."""
    return [
        web.post(prefix + "/bypass/leave", _leave, name="bypass.leave"),
        web.get(prefix + "/bypass/{token}", _visit, name="bypass.visit", allow_head=False),
    ]


def link_url(request: web.Request, token: str) -> str:
    """Return the address of a link, on the host by which the caller has reached the gateway."""
    path = request.app.router["bypass.visit"].url_for(token=token)
    return f"{'https' if is_secure(request) else 'http'}://{request.host}{path}"


async def _visit(request: web.Request) -> web.Response:
    token, location = request.match_info["token"], _location(request)
    services = request.app[SERVICES]
    try:
        bypass = await services.bypass_links.visit(token, address(request))
    except BypassRefusedError:
        services.limits.sign_in(address(request))  # a good link is not held up by those who guess
        raise
    left = bypass.expires_at - services.state.now()
    response = web.Response(status=302, headers={"Location": location})
    _set(request, response, token, left)
    return response


async def _leave(request: web.Request) -> web.Response:
    """Be a customer again; a browser's form is sent on, a script is not."""
    location = _location(request)
    is_form = "text/html" in request.headers.get("Accept", "")
    response = web.Response(status=303, headers={"Location": location}) if is_form else web.Response(status=204)
    if _in_bypass_network(request):
        _set(request, response, LEFT, LEFT_FOR)
    else:
        response.del_cookie(BYPASS_COOKIE.decode(), path="/", httponly=True, samesite="Lax", secure=is_secure(request))
    return response


def _location(request: web.Request) -> str:
    """Return where to go on, as a path of this site.

    Raises:
        InvalidError: it is none.
    """
    to = request.query.get("to", "/")
    if _PATH.fullmatch(to) is None:
        raise InvalidError({"to": 'must be a path of this site, such as "/checkout"'})
    return quote(to, safe=_AS_IT_IS)


def _set(request: web.Request, response: web.Response, value: str, lasts: timedelta) -> None:
    response.set_cookie(
        BYPASS_COOKIE.decode(),
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        httponly=True,
        samesite="Lax",
        secure=is_secure(request),
    )


def _in_bypass_network(request: web.Request) -> bool:
    try:
        client = ip_address(address(request))
    except ValueError:  # a unix socket's peer has none
        return False
    return any(client in network for network in request.app[SETTINGS].maintenance.bypass_networks)
