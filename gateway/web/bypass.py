"""Where a bypass link leads: it leaves a cookie with the browser, and sends it to the application (rule 27)."""

import re
from urllib.parse import quote

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.http1.cookies import BYPASS_COOKIE
from gateway.service.bypass_links import BypassRefusedError
from gateway.web.auth import address, is_secure
from gateway.web.keys import SERVICES

# A path of this site: browsers take `//host` and `/\host` for another one, and overlook control characters.
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_AS_IT_IS = "/?#[]@!$&'()*+,;=:%~"


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the route, which is for everybody: the token is the proof."""
    return [web.get(prefix + "/bypass/{token}", _visit, name="bypass.visit", allow_head=False)]


async def _visit(request: web.Request) -> web.Response:
    token, to = request.match_info["token"], request.query.get("to", "/")
    if _PATH.fullmatch(to) is None:
        raise InvalidError({"to": 'must be a path of this site, such as "/checkout"'})
    services = request.app[SERVICES]
    try:
        bypass = await services.bypass_links.visit(token, address(request))
    except BypassRefusedError:
        services.limits.sign_in(address(request))  # a good link is not held up by those who guess
        raise
    left = bypass.expires_at - services.state.now()
    response = web.Response(status=302, headers={"Location": quote(to, safe=_AS_IT_IS)})
    response.set_cookie(
        BYPASS_COOKIE.decode(),
        token,
        max_age=int(left.total_seconds()),
        path="/",
        httponly=True,
        samesite="Lax",
        secure=is_secure(request),
    )
    return response
