"""The built-in application, put together: routes, middlewares, templates, headers."""

from collections.abc import Callable

import aiohttp_jinja2
from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.config.settings import Settings
from gateway.domain.observation import Observer
from gateway.render.environment import environment_of
from gateway.render.look import Branding
from gateway.web import admin, api, bypass, status
from gateway.web.auth import authorize, check_routes, tell_expiry, tell_quota
from gateway.web.errors import render_errors
from gateway.web.internal import probe_routes
from gateway.web.keys import BRANDING, OBSERVE, READY, SERVICES, SETTINGS, Services
from gateway.web.reach import hide
from gateway.web.status.kept import KEPT_PAGES, Kept

LARGEST_BODY = 1024 * 1024

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    "Server": "maintenance-gateway",
}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def build_application(
    settings: Settings, services: Services, observe: Observer, branding: Branding, *, ready: Callable[[], bool]
) -> web.Application:
    """Make the application that the edge hands requests under the prefix to.

    `ready` tells whether traffic may be sent here.
    """
    app = web.Application(
        middlewares=[secure_headers, render_errors, hide, admin.keep_typed, authorize], client_max_size=LARGEST_BODY
    )
    app[SETTINGS] = settings
    app[SERVICES] = services
    app[OBSERVE] = observe
    app[READY] = ready
    app[BRANDING] = branding
    app[KEPT_PAGES] = Kept()
    app[aiohttp_jinja2.APP_KEY] = environment_of()
    prefix = settings.maintenance.prefix
    for section in (status, bypass, admin, api):
        app.add_routes(section.routes(prefix))
    app.add_routes(probe_routes(prefix))
    check_routes(app)
    app.on_response_prepare.extend((tell_quota, tell_expiry))
    return app


@web.middleware
async def secure_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add the headers that every page of ours carries, where the handler did not set them."""
    response = await handler(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
