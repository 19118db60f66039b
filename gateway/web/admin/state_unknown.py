"""What the panel shows while the database is away: since when nothing is known, and what customers see meanwhile."""

from aiohttp import web

from gateway.domain.access import Permission
from gateway.domain.errors import StoreError
from gateway.domain.languages import ENGLISH
from gateway.render.contexts import status_page
from gateway.render.language import language_of
from gateway.render.panel import StateUnknownScreen
from gateway.render.wording import Badge, Tone
from gateway.web.admin.rows import moment_now
from gateway.web.admin.screen import render
from gateway.web.keys import ACTOR, BRANDING, SERVICES

_AWAY = "the database can't be reached"
_LOOK_AGAIN = 5
_NEXT = 3


def reason_for(request: web.Request, error: StoreError) -> str:
    """Say why; to strangers no more than that it is away, for an error may name hosts and ports.

    Whoever asks is known where the database said so just now, before it failed. While it is away nobody is.
    """
    is_known = ACTOR in request and request[ACTOR].may(Permission.VIEW)
    return str(error) if is_known else _AWAY


def state_unknown(request: web.Request, error: StoreError) -> web.Response:
    """Say it by 503, and why; a GET looks again by itself. Else it shows nothing that the status page does not."""
    state, moment = request.app[SERVICES].state, moment_now(request)
    customers = status_page(moment, request.app[BRANDING], language_of(ENGLISH))
    since, reason = state.confirmed_at, reason_for(request, error)
    looks_again = _LOOK_AGAIN if request.method == "GET" else 0
    screen = StateUnknownScreen(
        badge=Badge("Database away", "question", Tone.WARN),
        reason=reason[:1].upper() + reason[1:],
        since=since,
        ago=state.now() - since if since else None,
        known=customers.known,
        held=moment.close_unknown,
        headline=customers.headline,
        active=customers.active,
        upcoming=customers.upcoming[:_NEXT],
        looks_again=looks_again,
    )
    response = render(request, "admin/state_unknown.html", screen, status=503)
    response.headers["Retry-After"] = str(_LOOK_AGAIN)
    if looks_again:
        response.headers["Refresh"] = str(_LOOK_AGAIN)
    return response
