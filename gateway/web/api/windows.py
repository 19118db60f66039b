"""`/windows` of the API."""

from aiohttp import web

from gateway.domain.window import Window
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.web.api.bodies import Ending, Extension, Nothing, WindowPatch, body, query, window_id
from gateway.web.api.documents import window_document
from gateway.web.auth import actor
from gateway.web.keys import SERVICES


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes; the names are those of the table of permissions."""
    one = f"{base}/windows/{{id}}"
    return [
        web.get(f"{base}/windows", list_windows, name="api.windows.list"),
        web.post(f"{base}/windows", create_window, name="api.windows.create"),
        web.get(one, show_window, name="api.windows.show"),
        web.patch(one, edit_window, name="api.windows.edit"),
        web.post(f"{one}/start", start_window, name="api.windows.start"),
        web.post(f"{one}/extend", extend_window, name="api.windows.extend"),
        web.post(f"{one}/end", end_window, name="api.windows.end"),
        web.post(f"{one}/cancel", cancel_window, name="api.windows.cancel"),
        web.post(f"{one}/updates", post_update, name="api.windows.post"),
    ]


async def list_windows(request: web.Request) -> web.Response:
    """List windows, the latest start first, or of some states alone."""
    wanted = query(request)
    services = request.app[SERVICES]
    found = await services.windows.list(states=wanted.state, limit=wanted.limit)
    now = services.state.now()
    return web.json_response({"windows": [window_document(window, now) for window in found]})


async def create_window(request: web.Request) -> web.Response:
    """Schedule a window; without `starts_at` it starts now."""
    draft = await body(request, WindowDraft)
    window = await request.app[SERVICES].windows.create(draft, actor(request))
    location = request.app.router["api.windows.show"].url_for(id=str(window.id))
    return _answer(request, window, status=201, headers={"Location": str(location)})


async def show_window(request: web.Request) -> web.Response:
    """Return one window with its timeline."""
    return _answer(request, await request.app[SERVICES].windows.get(window_id(request)))


async def edit_window(request: web.Request) -> web.Response:
    """Change the fields that are sent; `fixed: true` ends the window."""
    which = window_id(request)
    patch = await body(request, WindowPatch)
    windows = request.app[SERVICES].windows
    return _answer(request, await windows.edit(which, patch.change(), actor(request), row_version=patch.row_version))


async def start_window(request: web.Request) -> web.Response:
    """Start a scheduled window now."""
    which = window_id(request)
    await body(request, Nothing)
    return _answer(request, await request.app[SERVICES].windows.start(which, actor(request)))


async def extend_window(request: web.Request) -> web.Response:
    """Move the estimated end."""
    which = window_id(request)
    extension = await body(request, Extension)
    return _answer(request, await request.app[SERVICES].windows.extend(which, extension.by, actor(request)))


async def end_window(request: web.Request) -> web.Response:
    """End an active window."""
    which = window_id(request)
    ending = await body(request, Ending)
    return _answer(request, await request.app[SERVICES].windows.end(which, actor(request), fixed=ending.fixed))


async def cancel_window(request: web.Request) -> web.Response:
    """Cancel a scheduled window."""
    which = window_id(request)
    await body(request, Nothing)
    return _answer(request, await request.app[SERVICES].windows.cancel(which, actor(request)))


async def post_update(request: web.Request) -> web.Response:
    """Post on the window's timeline."""
    which = window_id(request)
    draft = await body(request, UpdateDraft)
    window = await request.app[SERVICES].windows.post(which, draft, actor(request))
    return _answer(request, window, status=201)


def _answer(
    request: web.Request, window: Window, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    now = request.app[SERVICES].state.now()
    return web.json_response(window_document(window, now), status=status, headers=headers)
