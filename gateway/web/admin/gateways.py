"""The gateways in the panel: which processes every fence counts, whole at the load and alone for the script."""

from aiohttp import web

from gateway.render.gateway_screens import GatewaysScreen, gateways_screen
from gateway.web.admin.screen import render
from gateway.web.keys import SERVICES


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/gateways", _list, name="admin.gateways"),
        web.get(base + "/gateways/live", _live, name="admin.gateways.live"),
    ]


async def _list(request: web.Request) -> web.Response:
    return render(request, "admin/gateways.html", await _screen(request), section="gateways", fences=True)


async def _live(request: web.Request) -> web.Response:
    return render(request, "admin/gateways_live.html", await _screen(request))


async def _screen(request: web.Request) -> GatewaysScreen:
    services = request.app[SERVICES]
    known = await services.fences.replicas()
    url = str(request.app.router["admin.gateways.live"].url_for())
    return gateways_screen(url, known.reports, now=known.now, newest=services.state.version)
