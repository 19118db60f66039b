"""Components in the panel: the list, their statuses, and new ones."""

from aiohttp import web

from gateway.domain.errors import ConflictError, InvalidError
from gateway.render.panel import ComponentsScreen, Typed
from gateway.service.drafts.components import ComponentDraft, StatusDraft
from gateway.service.drafts.fields import checked
from gateway.web.admin.rows import component_rows, moment_now
from gateway.web.admin.screen import refused, render, see, typed_values
from gateway.web.auth import actor
from gateway.web.keys import SERVICES

_FIELDS = ("name", "slug", "description", "group", "status")
_NEW = {"status": "operational"}

# Screens that a status can be set from; anything else leads to the list.
_BACK = {"dashboard": "/", "components": "/components"}


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/components", _list, name="admin.components"),
        web.post(base + "/components/new", _add, name="admin.component.new"),
        web.post(base + "/components/{slug}/status", _set_status, name="admin.component.status"),
    ]


async def _list(request: web.Request) -> web.Response:
    return await _screen(request, Typed(values=_NEW))


async def _add(request: web.Request) -> web.Response:
    values = await typed_values(request)
    given = {name: values[name].strip() for name in _FIELDS if values.get(name, "").strip()}
    shown = dict.fromkeys(_FIELDS, "") | values
    try:
        draft = checked(ComponentDraft, {"name": "", "slug": "", **given})
        await request.app[SERVICES].components.add(draft, actor(request))
    except InvalidError as error:
        return await _screen(request, refused(shown, error), status=422)
    except ConflictError:
        typed = Typed(values=shown, errors={"slug": "is taken by another component; choose another"})
        return await _screen(request, typed, status=409)
    return see(request, "/components", "added")


async def _set_status(request: web.Request) -> web.Response:
    values = await typed_values(request)
    status = checked(StatusDraft, {"status": values.get("status", "")}).status
    await request.app[SERVICES].components.set_status(request.match_info["slug"], status, actor(request))
    return see(request, _BACK.get(values.get("back", ""), "/components"), "status")


async def _screen(request: web.Request, form: Typed, *, status: int = 200) -> web.Response:
    components = await request.app[SERVICES].components.list()
    screen = ComponentsScreen(components=component_rows(moment_now(request), components), form=form)
    return render(request, "admin/components.html", screen, section="components", status=status)
