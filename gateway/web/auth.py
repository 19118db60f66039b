"""Who asks, and may they? The one place where the table of `domain/access.py` is asked."""

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.domain.access import (
    ROLE_PERMISSIONS,
    ROUTE_PERMISSIONS,
    SCOPE_PERMISSIONS,
    SETS_UP_SECOND_FACTOR,
    Actor,
    Permission,
    Role,
    TokenScope,
)
from gateway.domain.errors import ForbiddenError
from gateway.domain.origin import may_change
from gateway.domain.token import EXPIRES_HEADER, expires_soon
from gateway.http1.cookies import SESSION_COOKIE
from gateway.render.wording import rfc3339
from gateway.service.operators import actor_of
from gateway.service.second_factors import PENDING_LIFETIME
from gateway.service.tokens import TokenRefusedError
from gateway.store.operators import Operator
from gateway.web.keys import ACTOR, SERVICES, SETTINGS
from gateway.web.trusted_header import header_operator

_API = "api."
_PENDING_COOKIE = "gateway_pending"
_MAKE_ONE = "make one with `gateway token create NAME --scope write` on the gateway's host"


class SignInRequiredError(ForbiddenError):
    """Sign in first."""


class SecondFactorRequiredError(ForbiddenError):
    """Set up a second factor first."""


class TokenRequiredError(ForbiddenError):
    """Send a token: "Authorization: Bearer ..."; make one with `gateway token create`."""


def actor(request: web.Request) -> Actor:
    """Return who asks."""
    return request[ACTOR]


def address(request: web.Request) -> str:
    """Return the client's address, as the edge trusts it."""
    return request.remote or ""


@web.middleware
async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks, and refuse what the table does not allow."""
    name = request.match_info.route.name
    if name is None:  # no such route, or not with this method: the router's own answer
        return await handler(request)
    if "%" in request.rel_url.raw_path:  # our paths need no escapes: one spelling each, so that rules in front hold
        raise web.HTTPNotFound
    rule = ROUTE_PERMISSIONS[name]
    api = name.startswith(_API)
    if not api and not _from_our_pages(request):
        raise ForbiddenError("this request comes from another site; go to the page itself and try again")
    who = Actor(name="anonymous", address=address(request))
    if rule is not Permission.PUBLIC:
        who = await (_token_actor(request) if api else _session_actor(request, name))
    if not who.may(rule):
        raise ForbiddenError(f"{who.name} may not do that: it takes the {_least(rule, api=api)}")
    request[ACTOR] = who
    return await handler(request)


def check_routes(app: web.Application) -> None:
    """Make sure that every route has a rule.

    Raises:
        LookupError: one has none; it names it.
    """
    for route in app.router.routes():
        if route.name is None or route.name not in ROUTE_PERMISSIONS:
            raise LookupError(
                f"the route {route.method} {route.resource} ({route.name}) has no rule in domain/access.py"
            )


def remember(response: web.StreamResponse, token: str, request: web.Request) -> None:
    """Set the session cookie. The application never sees it: see `_cookie`."""
    lifetime = int(request.app[SETTINGS].admin.session_lifetime.total_seconds())
    secure = is_secure(request)
    response.set_cookie(
        _cookie(request), token, max_age=lifetime, httponly=True, samesite="Lax", secure=secure, path=_path(request)
    )


def forget(response: web.StreamResponse, request: web.Request) -> None:
    """Remove the session cookie."""
    response.del_cookie(_cookie(request), path=_path(request), secure=is_secure(request), httponly=True)


def remember_pending(response: web.StreamResponse, token: str, request: web.Request) -> None:
    """Set the cookie of a sign-in that waits for a code. It opens nothing but the page that asks for the code."""
    lifetime = int(PENDING_LIFETIME.total_seconds())
    response.set_cookie(
        _PENDING_COOKIE,
        token,
        max_age=lifetime,
        httponly=True,
        samesite="Lax",
        secure=is_secure(request),
        path=_pending_path(request),
    )


def forget_pending(response: web.StreamResponse, request: web.Request) -> None:
    """Remove the cookie of a sign-in that waits for a code."""
    response.del_cookie(_PENDING_COOKIE, path=_pending_path(request), secure=is_secure(request), httponly=True)


def pending_token(request: web.Request) -> str:
    """Return the token of a sign-in that waits for a code, good or not; empty: none."""
    return request.cookies.get(_PENDING_COOKIE, "")


def session_token(request: web.Request) -> str | None:
    """Return the session's token, good or not."""
    return request.cookies.get(_cookie(request))


async def session_operator(request: web.Request) -> Operator | None:
    """Return whose session it is; None where there is none, or no good one.

    Raises:
        LimitedError: too many made-up ones came from the client's address.
    """
    token, services = session_token(request), request.app[SERVICES]
    if not token:
        return None
    return await services.limits.known(token, address(request), lambda: services.sessions.operator(token))


async def _session_actor(request: web.Request, route: str) -> Actor:
    if (operator := await header_operator(request)) is not None:
        return actor_of(operator, address(request))  # the proxy asks for what it takes
    operator = await session_operator(request)
    if operator is None:
        raise SignInRequiredError
    must = request.app[SETTINGS].admin.require_second_factor.asks(operator.role)
    if must and not operator.has_second_factor and route not in SETS_UP_SECOND_FACTOR:
        raise SecondFactorRequiredError
    return actor_of(operator, address(request))


async def tell_expiry(request: web.Request, response: web.StreamResponse) -> None:
    """Tell who uses a token that it has to be renewed; a signal of each response."""
    who = request.get(ACTOR)
    if who is not None and who.until is not None and expires_soon(request.app[SERVICES].state.now(), who.until):
        response.headers[EXPIRES_HEADER] = rfc3339(who.until)


async def tell_quota(request: web.Request, response: web.StreamResponse) -> None:
    """Tell how many calls the token has left (draft-ietf-httpapi-ratelimit-headers); a signal of each response."""
    token = bearer_token(request)
    quota = request.app[SERVICES].limits.quota(token) if token else None
    if quota is not None:
        response.headers["RateLimit-Policy"] = f'"token";q={quota.per_minute};w=60'
        response.headers["RateLimit"] = f'"token";r={quota.left};t={quota.back_in}'


def bearer_token(request: web.Request) -> str:
    """Return the token that a call carries; empty: none."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else ""


async def _token_actor(request: web.Request) -> Actor:
    services, client = request.app[SERVICES], address(request)
    if token := bearer_token(request):
        try:
            found = await services.limits.api(token, client, lambda: services.tokens.actor(token, client))
        except TokenRefusedError as error:
            raise TokenRequiredError(f"{error}; {_MAKE_ONE}") from error
        if found is not None:
            return found
        raise TokenRequiredError(f"this gateway does not know the token; {_MAKE_ONE}")
    services.limits.anonymous(client)
    raise TokenRequiredError


def _least(rule: Permission, *, api: bool) -> str:
    """Name the least scope, or role, that has a permission."""
    if api:
        return f"scope {next(scope for scope in TokenScope if rule in SCOPE_PERMISSIONS[scope])}"
    return f"role {next(role for role in Role if rule in ROLE_PERMISSIONS[role])}"


def _from_our_pages(request: web.Request) -> bool:
    return may_change(
        request.method,
        host=request.host,
        origin=request.headers.get("Origin"),
        fetch_site=request.headers.get("Sec-Fetch-Site"),
    )


def is_secure(request: web.Request) -> bool:
    """Tell whether the browser speaks https: the edge sets the field itself, clients can't."""
    return request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip() == "https"


def _cookie(request: web.Request) -> str:
    # RFC 6265bis, section 4.1.3.2: a name with this prefix comes over https, from this host and for all its paths, so
    # that nobody else can have set it. Browsers send it to the application, too: the data plane takes it out
    # (http1/request.py). By plain http, which a trial alone should use, the path keeps it from the application.
    return SESSION_COOKIE.decode() if is_secure(request) else "gateway_session"


def _path(request: web.Request) -> str:
    return "/" if is_secure(request) else request.app[SETTINGS].maintenance.prefix


def _pending_path(request: web.Request) -> str:
    # Narrow, so that neither the application nor another page gets it.
    return f"{request.app[SETTINGS].maintenance.prefix}/admin/second-factor"
