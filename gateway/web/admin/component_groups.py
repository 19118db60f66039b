"""Groups of components in the panel: new ones, their order, and one with its form."""

from uuid import UUID

from aiohttp import web

from gateway.domain.component import ComponentGroup
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.render.component_screens import GroupScreen, group_entries
from gateway.render.panel import Typed
from gateway.service.component_groups import ComponentGroups
from gateway.service.drafts.components import GroupChange, GroupDraft
from gateway.service.drafts.fields import checked
from gateway.store.components import Wanted
from gateway.web.admin.components import components_screen, differences
from gateway.web.admin.rows import component_rows, moment_now
from gateway.web.admin.screen import read_row_version, refused, render, see, typed_values
from gateway.web.auth import actor
from gateway.web.keys import SERVICES

# The forms of a new component and of a new group stand on one screen: these have names of their own there.
_NEW = {"group_name": "name", "group_description": "description", "group_collapsed": "collapsed"}
_EDITED = {"name": "Name", "description": "Description", "collapsed": "Collapsed"}


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    one = base + "/groups/{group_id}"
    return [
        web.post(base + "/groups/new", _add, name="admin.group.new"),
        web.get(one, _show, name="admin.group"),
        web.post(one + "/edit", _edit, name="admin.group.edit"),
        web.post(one + "/move", _move, name="admin.group.move"),
        web.post(one + "/remove", _remove, name="admin.group.remove"),
    ]


async def _add(request: web.Request) -> web.Response:
    values = await typed_values(request)
    shown = dict.fromkeys(_NEW, "") | values
    data = {field: values.get(name, "").strip() for name, field in _NEW.items()}
    try:
        draft = checked(GroupDraft, {**data, "collapsed": bool(data["collapsed"])})
        group = await _groups(request).add(draft, actor(request))
    except InvalidError as error:
        named = InvalidError({f"group_{field}": text for field, text in error.fields.items()})
        return await components_screen(request, group_form=refused(shown, named), status=422)
    except ConflictError as error:
        typed = Typed(values=shown, errors={"group_name": str(error)})
        return await components_screen(request, group_form=typed, status=409)
    return see(request, "/components", "group-added", at=f"g-{group.id}")


async def _show(request: web.Request) -> web.Response:
    group = await _group(request)
    return await _screen(request, group, Typed(values=_fields_of(group)))


async def _edit(request: web.Request) -> web.Response:
    values = await typed_values(request)
    group = await _group(request)
    shown = {name: values.get(name, "") for name in _EDITED}
    try:
        data = {"name": values.get("name", "").strip(), "description": values.get("description", "").strip()}
        change = checked(GroupChange, {**data, "collapsed": bool(values.get("collapsed"))})
        version = read_row_version(values)
        await _groups(request).edit(group.id, change, actor(request), row_version=version)
    except InvalidError as error:
        return await _screen(request, group, refused(shown, error), status=422)
    except ConflictError as error:
        return await _screen(request, await _group(request), Typed(values=shown), conflict=str(error), status=409)
    return see(request, "/components", "saved", at=f"g-{group.id}")


async def _move(request: web.Request) -> web.Response:
    values = await typed_values(request)
    group = await _group(request)
    try:
        before, after = (_id(values[name]) if values.get(name) else None for name in ("before", "after"))
        await _groups(request).move(group.id, actor(request), before=before, after=after)
    except (InvalidError, NotFoundError, ConflictError) as error:  # somebody else has removed the neighbour
        return await components_screen(request, problem=f"Not moved: {error}.", status=422)
    return see(request, "/components", "moved", at=f"g-{group.id}")


async def _remove(request: web.Request) -> web.Response:
    version = read_row_version(await typed_values(request))
    group = await _group(request)
    try:
        await _groups(request).remove(group.id, actor(request), row_version=version)
    except ConflictError as error:
        group = await _group(request)
        return await _screen(request, group, Typed(values=_fields_of(group)), conflict=str(error), status=409)
    return see(request, "/components", "group-removed")


async def _screen(
    request: web.Request, group: ComponentGroup, form: Typed, *, conflict: str = "", status: int = 200
) -> web.Response:
    components = await request.app[SERVICES].components.list(Wanted(group=group.name))
    moment = moment_now(request)
    shown = {component.slug: moment.component_statuses[component.slug] for component in moment.public_components}
    rows = zip(components, component_rows(moment, components), strict=True)
    screen = GroupScreen(
        group=group_entries([group], rows, shown)[-1],
        row_version=group.row_version,
        form=form,
        conflict=conflict,
        differences=tuple(differences(_EDITED, _fields_of(group), form.values)) if conflict else (),
    )
    return render(request, "admin/group.html", screen, section="components", status=status)


def _fields_of(group: ComponentGroup) -> dict[str, str]:
    return {"name": group.name, "description": group.description, "collapsed": "yes" if group.collapsed else ""}


async def _group(request: web.Request) -> ComponentGroup:
    return await _groups(request).get(_id(request.match_info["group_id"]))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFoundError(f"there is no group {text!r}") from error


def _groups(request: web.Request) -> ComponentGroups:
    return request.app[SERVICES].component_groups
