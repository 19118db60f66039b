"""The built-in application, put together: routes, middlewares, templates."""

from collections.abc import Callable

import aiohttp_jinja2
from aiohttp import web

from gateway.config.settings import Settings
from gateway.domain.observation import Observer
from gateway.render.environment import environment_of
from gateway.render.look import Branding
from gateway.web import admin, api, bypass, status
from gateway.web.auth import authorize, check_routes, tell_expiry, tell_quota
from gateway.web.errors import render_errors
from gateway.web.headers import guard
from gateway.web.internal import probe_routes
from gateway.web.keys import BRANDING, OBSERVE, READY, SERVICES, SETTINGS, Services
from gateway.web.reach import hide
from gateway.web.status.kept import KEPT_PAGES, Kept

LARGEST_BODY = 1024 * 1024


def build_application(
    settings: Settings, services: Services, observe: Observer, branding: Branding, *, ready: Callable[[], bool]
) -> web.Application:
    """Make the application that the edge hands requests under the prefix to.

    `ready` tells whether traffic may be sent here.
    """
    app = web.Application(middlewares=[render_errors, hide, admin.keep_typed, authorize], client_max_size=LARGEST_BODY)
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
    app.on_response_prepare.extend((guard, tell_quota, tell_expiry))
    return app
