"""From where the panel, and if it is set so the API, can be reached. Elsewhere it is as if there were none."""

from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.config.settings import Admin
from gateway.domain.access import PANEL_ADDRESS
from gateway.web.keys import SETTINGS


@web.middleware
async def hide(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer for what can't be reached from there as for what does not exist."""
    if is_hidden(request):
        raise web.HTTPNotFound
    return await handler(request)


def is_hidden(request: web.Request) -> bool:
    """Tell whether the request is for something that can't be reached from where it comes."""
    settings = request.app[SETTINGS]
    admin = settings.admin
    if not _is_guarded(request, admin, settings.maintenance.prefix):
        return False
    return not (_came_by(request, admin) and _comes_from(request, admin))


def _is_guarded(request: web.Request, admin: Admin, prefix: str) -> bool:
    """Judge by what the router has found; and by the path, for what it has no handler for: a method, a screen."""
    name = request.match_info.route.name or ""
    guarded = {"admin.": f"{prefix}/admin"} | ({"api.": f"{prefix}/api/v1"} if admin.guards_api else {})
    return any(
        name.startswith(area) or request.path == path or request.path.startswith(path + "/")
        for area, path in guarded.items()
    )


def _came_by(request: web.Request, admin: Admin) -> bool:
    if not admin.listen:
        return True
    return request.transport is not None and bool(request.transport.get_extra_info(PANEL_ADDRESS))


def _comes_from(request: web.Request, admin: Admin) -> bool:
    if not admin.networks:
        return True
    try:
        client = ip_address(request.remote or "")
    except ValueError:  # the peer of a unix socket that nobody has named
        return False
    return any(client in network for network in admin.networks)
