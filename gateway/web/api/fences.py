"""`/fences`, the fence of one window, and `/replicas` of the API."""

from aiohttp import web

from gateway.web.api.bodies import replica_id, window_id
from gateway.web.api.documents import fence_document, replica_document
from gateway.web.auth import actor
from gateway.web.keys import SERVICES


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes; the names are those of the table of permissions."""
    return [
        web.get(f"{base}/windows/{{id}}/fence", show_fence, name="api.windows.fence"),
        web.get(f"{base}/fences", list_fences, name="api.fences"),
        web.get(f"{base}/replicas", list_replicas, name="api.replicas.list"),
        web.delete(f"{base}/replicas/{{id}}", forget_replica, name="api.replicas.forget"),
    ]


async def show_fence(request: web.Request) -> web.Response:
    """Tell whether every gateway gates by a window, with nothing left of the time before."""
    return web.json_response(fence_document(await request.app[SERVICES].fences.of(window_id(request))))


async def list_fences(request: web.Request) -> web.Response:
    """Tell that of every window in force that gates."""
    fences = await request.app[SERVICES].fences.in_force()
    return web.json_response({"fences": [fence_document(fence) for fence in fences]})


async def list_replicas(request: web.Request) -> web.Response:
    """List the gateway processes that every fence counts."""
    known = await request.app[SERVICES].fences.replicas()
    return web.json_response({"replicas": [replica_document(report, known.now) for report in known.reports]})


async def forget_replica(request: web.Request) -> web.Response:
    """Take the caller's word that a silent replica is gone."""
    which = replica_id(request)
    await request.app[SERVICES].fences.forget(which, actor(request))
    return web.json_response({"id": str(which)})
