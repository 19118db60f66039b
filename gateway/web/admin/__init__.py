"""The SRE panel: server-rendered, complete without JavaScript, every write a POST that ends in a redirect.

`screen.py` renders and redirects; the other modules are one area each. Permissions are not asked here: the table in
`domain/access.py` names what each route takes, `web/auth.py` asks it.
"""

from aiohttp import web

from gateway.web.admin import audit, components, dashboard, fences, history, sign_in, windows
from gateway.web.admin.not_saved import keep_typed

__all__ = ["keep_typed", "routes"]


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of the panel below `prefix`."""
    base = prefix + "/admin"
    return [
        route
        for area in (sign_in, dashboard, windows, fences, components, history, audit)
        for route in area.routes(base)
    ]
