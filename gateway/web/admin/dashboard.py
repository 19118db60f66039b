"""The first screen: what customers see now, what is active and next, components, and a quick start."""

from aiohttp import web

from gateway.domain.languages import ENGLISH
from gateway.domain.template import TemplateKind
from gateway.render.headline import by_severity, headline
from gateway.render.language import language_of
from gateway.render.panel import DashboardScreen, Typed
from gateway.web.admin.fences import fences_in_force
from gateway.web.admin.gateways import known_gateways
from gateway.web.admin.rows import component_rows, moment_now, window_rows
from gateway.web.admin.screen import render, see
from gateway.web.keys import BRANDING, SERVICES

_NEXT = 5


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base, _bare, name="admin.bare"),
        web.get(base + "/", _dashboard, name="admin.dashboard"),
    ]


async def _bare(request: web.Request) -> web.Response:
    return see(request, "/")


async def _dashboard(request: web.Request) -> web.Response:
    fences = await fences_in_force(request)
    templates = await request.app[SERVICES].templates.list(kind=TemplateKind.WINDOW)
    moment = moment_now(request)
    screen = DashboardScreen(
        headline=headline(moment, request.app[BRANDING], language_of(ENGLISH)),
        confirmed_at=request.app[SERVICES].state.confirmed_at,
        active=window_rows(request, by_severity(moment)),
        fences=fences,
        gateways=await known_gateways(request),
        upcoming=window_rows(request, moment.upcoming[:_NEXT]),
        components=component_rows(moment, moment.snapshot.components if moment.snapshot else ()),
        templates=tuple(templates),
        form=Typed(values={"kind": "maintenance", "estimated_duration": "30m"}),
    )
    return render(request, "admin/dashboard.html", screen, section="dashboard", fences=bool(fences))
