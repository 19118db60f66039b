"""Fences in the panel: a piece of two screens, the same piece alone for their script, and forgetting a replica."""

from uuid import UUID

from aiohttp import web

from gateway.domain.fence import Fence
from gateway.render.panel import FenceView, fence_view
from gateway.web.admin.screen import id_of, render, see, typed_values
from gateway.web.auth import actor
from gateway.web.keys import SERVICES


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/windows/{window_id}/fence", _alone, name="admin.window.fence"),
        web.post(base + "/replicas/{replica_id}/forget", _forget, name="admin.replica.forget"),
    ]


def view_of(request: web.Request, fence: Fence) -> FenceView:
    """Show a fence on a screen."""
    url = request.app.router["admin.window.fence"].url_for(window_id=str(fence.window.id))
    return fence_view(fence, str(url))


async def fences_in_force(request: web.Request) -> dict[str, FenceView]:
    """Show the fences of all windows in force that gate, by the window's id."""
    fences = await request.app[SERVICES].fences.in_force()
    return {str(fence.window.id): view_of(request, fence) for fence in fences}


async def _alone(request: web.Request) -> web.Response:
    fence = await request.app[SERVICES].fences.of(id_of(request, "window"))
    return render(request, "admin/fence_alone.html", view_of(request, fence))


async def _forget(request: web.Request) -> web.Response:
    values = await typed_values(request)
    window, is_listed = values.get("window", ""), values.get("back") == "gateways"
    await request.app[SERVICES].fences.forget(id_of(request, "replica"), actor(request))
    back = "/gateways" if is_listed else f"/windows/{UUID(window)}" if _is_id(window) else "/"
    return see(request, back, "forgotten")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
