"""Errors as answers: the one place where the gateway's tree becomes status codes, problems and pages."""

import traceback
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.domain.errors import (
    ConflictError,
    ForbiddenError,
    GatewayError,
    InvalidError,
    LimitedError,
    NotFoundError,
    StoreError,
    UnavailableError,
)
from gateway.domain.languages import ENGLISH
from gateway.domain.observation import HandlerFailed
from gateway.render.language import language_of
from gateway.render.pages import content_security_policy, json_bytes, message_page
from gateway.render.wording import Badge, Tone, rfc3339
from gateway.service.bypass_links import BypassRefusedError
from gateway.web.admin.state_unknown import reason_for, state_unknown
from gateway.web.auth import SecondFactorRequiredError, SignInRequiredError, TokenRequiredError
from gateway.web.keys import BRANDING, OBSERVE, SERVICES, SETTINGS
from gateway.web.reach import is_hidden

_STATUSES: tuple[tuple[type[GatewayError], int, str], ...] = (
    (TokenRequiredError, 401, "No valid token"),
    (SignInRequiredError, 401, "Sign in first"),
    (BypassRefusedError, 403, "This link is no longer good"),
    (InvalidError, 422, "Some values are not valid"),
    (NotFoundError, 404, "Not found"),
    (ConflictError, 409, "It has changed, or its state does not allow that"),
    (ForbiddenError, 403, "Not allowed"),
    (LimitedError, 429, "Too many attempts"),
    (UnavailableError, 503, "Not available at the moment"),
)
_RETRY_AFTER = "5"


@web.middleware
async def render_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error in the form that the caller reads: problem+json for the API, a page for the rest."""
    try:
        return await handler(request)
    except GatewayError as error:
        return _refusal(request, error)
    except web.HTTPException as error:
        if error.status < 400 or (error.body and error.content_type == "text/html"):  # noqa: PLR2004
            raise
        return _answer(request, error.status, error.reason, _explained(request, error), dict(error.headers))
    except Exception:  # noqa: BLE001  told, with its trace, and answered without one
        request_id = request.headers.get("X-Request-Id", "")
        request.app[OBSERVE](HandlerFailed(route=request.path, reason=traceback.format_exc(), request_id=request_id))
        detail = f"The gateway failed; it has been logged under the request {request_id or '(without id)'}."
        return _answer(request, 500, "Something went wrong", detail, {})


def problem(status: int, title: str, detail: str, headers: dict[str, str], **more: Any) -> web.Response:
    """Make an `application/problem+json` answer (RFC 9457)."""
    body = json_bytes({"type": "about:blank", "title": title, "status": status, "detail": detail, **more})
    return web.Response(status=status, body=body, content_type="application/problem+json", headers=headers)


def _refusal(request: web.Request, error: GatewayError) -> web.StreamResponse:
    status, title = next(((s, t) for kind, s, t in _STATUSES if isinstance(error, kind)), (500, "Failed"))
    headers: dict[str, str] = {"Cache-Control": "no-store"}
    if isinstance(error, SignInRequiredError) and request.method in ("GET", "HEAD"):
        location = f"{request.app[SETTINGS].maintenance.prefix}/admin/sign-in"
        return web.Response(status=303, headers={"Location": location})
    if isinstance(error, SecondFactorRequiredError) and request.method in ("GET", "HEAD"):
        location = f"{request.app[SETTINGS].maintenance.prefix}/admin/account/second-factor"
        return web.Response(status=303, headers={"Location": location})
    if isinstance(error, TokenRequiredError):
        headers["WWW-Authenticate"] = 'Bearer realm="gateway"'
    if isinstance(error, UnavailableError):
        headers["Retry-After"] = _RETRY_AFTER
    if isinstance(error, LimitedError):
        headers["Retry-After"] = str(error.retry_after)
    more: dict[str, Any] = {"errors": error.fields} if isinstance(error, InvalidError) else {}
    detail = str(error)
    if isinstance(error, StoreError):
        if _in_panel(request):
            return state_unknown(request, error)
        detail = reason_for(request, error)
        since = request.app[SERVICES].state.confirmed_at
        more["state_unknown_since"] = rfc3339(since) if since else None
    return _answer(request, status, title, detail, headers, **more)


def _answer(
    request: web.Request, status: int, title: str, detail: str, headers: dict[str, str], **more: Any
) -> web.Response:
    headers = {name: value for name, value in headers.items() if name.lower() not in ("content-type", "content-length")}
    if _wants_problem(request):
        return problem(status, title, detail, headers, **more)
    badge = Badge(title, "cross", Tone.BAD)
    request_id = request.headers.get("X-Request-Id", "")
    for_sre = _in_panel(request)
    body = message_page(
        title,
        detail,
        request.app[BRANDING],
        language_of(ENGLISH),  # as the detail is
        badge=badge,
        request_id=request_id,
        for_sre=for_sre,
    )
    headers["Content-Security-Policy"] = content_security_policy(request.app[BRANDING])
    return web.Response(status=status, body=body, content_type="text/html", charset="utf-8", headers=headers)


def _in_panel(request: web.Request) -> bool:
    return request.path.startswith(f"{request.app[SETTINGS].maintenance.prefix}/admin/") and not is_hidden(request)


def _wants_problem(request: web.Request) -> bool:
    return request.path.startswith(f"{request.app[SETTINGS].maintenance.prefix}/api/")


def _explained(request: web.Request, error: web.HTTPException) -> str:
    match error.status:
        case 404:
            return f"There is nothing at {request.path}."
        case 405:
            return f"{request.method} is not possible here; allowed: {error.headers.get('Allow', '')}."
        case 413:
            return "The body is too large."
    return error.text or error.reason
