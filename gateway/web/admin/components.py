"""Components in the panel: the list by group, their statuses and their order; one with its form and its history."""

from collections.abc import Iterable, Mapping

from aiohttp import web

from gateway.domain.component import Component
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.render.component_screens import (
    ComponentScreen,
    ComponentsScreen,
    component_entry,
    group_entries,
    history_view,
)
from gateway.render.panel import Difference, Typed
from gateway.service.components import Components
from gateway.service.drafts.components import ComponentChange, ComponentDraft, StatusDraft
from gateway.service.drafts.fields import checked
from gateway.web.admin.rows import component_rows, moment_now
from gateway.web.admin.screen import read_row_version, refused, render, see, typed_values
from gateway.web.auth import actor
from gateway.web.keys import SERVICES

_FIELDS = ("name", "slug", "description", "group", "status", "visibility")
_NEW = {"status": "operational", "visibility": "shown"}
_EDITED = {"name": "Name", "description": "Description", "group": "Group", "visibility": "Visibility"}

# Screens that a status can be set from; anything else leads to the list.
_BACK = {"dashboard": "/", "components": "/components"}


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    one = base + "/components/{slug}"
    return [
        web.get(base + "/components", _list, name="admin.components"),
        web.post(base + "/components/new", _add, name="admin.component.new"),
        web.get(one, _show, name="admin.component"),
        web.post(one + "/edit", _edit, name="admin.component.edit"),
        web.post(one + "/status", _set_status, name="admin.component.status"),
        web.post(one + "/move", _move, name="admin.component.move"),
        web.post(one + "/remove", _remove, name="admin.component.remove"),
    ]


async def _list(request: web.Request) -> web.Response:
    return await components_screen(request)


async def _add(request: web.Request) -> web.Response:
    values = await typed_values(request)
    given = {name: values[name].strip() for name in _FIELDS if values.get(name, "").strip()}
    shown = dict.fromkeys(_FIELDS, "") | values
    try:
        draft = checked(ComponentDraft, {"name": "", "slug": "", **given})
        await _components(request).add(draft, actor(request))
    except InvalidError as error:
        return await components_screen(request, form=refused(shown, error), status=422)
    except ConflictError:
        typed = Typed(values=shown, errors={"slug": "is taken by another component; choose another"})
        return await components_screen(request, form=typed, status=409)
    return see(request, "/components", "added")


async def _show(request: web.Request) -> web.Response:
    component = await _components(request).get(request.match_info["slug"])
    return await _screen(request, component, Typed(values=_fields_of(component)))


async def _edit(request: web.Request) -> web.Response:
    values = await typed_values(request)
    slug = request.match_info["slug"]
    shown = {name: values.get(name, "") for name in _EDITED}
    try:
        version = read_row_version(values)
        data = {name: value.strip() for name, value in shown.items()}
        change = checked(ComponentChange, {**data, "group": data["group"] or None})
        await _components(request).edit(slug, change, actor(request), row_version=version)
    except InvalidError as error:
        return await _screen(request, await _components(request).get(slug), refused(shown, error), status=422)
    except ConflictError as error:
        component = await _components(request).get(slug)
        return await _screen(request, component, Typed(values=shown), conflict=str(error), status=409)
    return see(request, f"/components/{slug}", "saved")


async def _set_status(request: web.Request) -> web.Response:
    values = await typed_values(request)
    status = checked(StatusDraft, {"status": values.get("status", "")}).status
    slug = request.match_info["slug"]
    await _components(request).set_status(slug, status, actor(request))
    back = values.get("back", "")
    if back == "component":
        return see(request, f"/components/{slug}", "status")
    return see(request, _BACK.get(back, "/components"), "status", at="" if back == "dashboard" else f"c-{slug}")


async def _move(request: web.Request) -> web.Response:
    values = await typed_values(request)
    slug = request.match_info["slug"]
    before, after = (values.get(name) or None for name in ("before", "after"))
    component = await _components(request).get(slug)
    try:
        await _components(request).move(component.slug, actor(request), before=before, after=after)
    except (InvalidError, NotFoundError, ConflictError) as error:  # somebody else has moved or removed the neighbour
        return await components_screen(request, problem=f"Not moved: {error}.", status=422)
    return see(request, "/components", "moved", at=f"c-{slug}")


async def _remove(request: web.Request) -> web.Response:
    version = read_row_version(await typed_values(request))
    slug = request.match_info["slug"]
    try:
        await _components(request).remove(slug, actor(request), row_version=version)
    except ConflictError as error:
        component = await _components(request).get(slug)
        return await _screen(request, component, Typed(values=_fields_of(component)), conflict=str(error), status=409)
    return see(request, "/components", "removed")


async def components_screen(
    request: web.Request,
    *,
    form: Typed | None = None,
    group_form: Typed | None = None,
    problem: str = "",
    status: int = 200,
) -> web.Response:
    """Show the list, with what was typed into one of its forms where that could not be taken."""
    components = await _components(request).list()
    groups = await request.app[SERVICES].component_groups.list()
    moment = moment_now(request)
    shown = {component.slug: moment.component_statuses[component.slug] for component in moment.public_components}
    screen = ComponentsScreen(
        groups=group_entries(groups, zip(components, component_rows(moment, components), strict=True), shown),
        names=tuple(group.name for group in groups),
        form=form or Typed(values=_NEW),
        group_form=group_form or Typed(),
        problem=problem,
    )
    return render(request, "admin/components.html", screen, section="components", status=status)


def differences(labels: Mapping[str, str], saved: Mapping[str, str], typed: Mapping[str, str]) -> Iterable[Difference]:
    """Compare what is saved now with what was typed, by field."""
    for name, label in labels.items():
        if saved.get(name, "") != typed.get(name, "").strip():
            yield Difference(name=label, saved=saved.get(name, ""), typed=typed.get(name, ""))


async def _screen(
    request: web.Request, component: Component, form: Typed, *, conflict: str = "", status: int = 200
) -> web.Response:
    (row,) = component_rows(moment_now(request), [component])
    history = await request.app[SERVICES].component_histories.of(component.slug)
    screen = ComponentScreen(
        component=component_entry(component, row),
        row_version=component.row_version,
        form=form,
        names=tuple(group.name for group in await request.app[SERVICES].component_groups.list()),
        history=history_view(history),
        conflict=conflict,
        differences=tuple(differences(_EDITED, _fields_of(component), form.values)) if conflict else (),
    )
    return render(request, "admin/component.html", screen, section="components", status=status)


def _fields_of(component: Component) -> dict[str, str]:
    return {
        "name": component.name,
        "description": component.description,
        "group": component.group or "",
        "visibility": component.visibility.value,
    }


def _components(request: web.Request) -> Components:
    return request.app[SERVICES].components
