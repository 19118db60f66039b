"""Templates in the panel: the list, the form, and a window made from one in three clicks."""

from aiohttp import web

from gateway.domain.errors import ConflictError, InvalidError
from gateway.domain.template import Template, TemplateKind
from gateway.domain.window import UpdateStatus
from gateway.render.panel import Preview, Typed
from gateway.render.template_screens import (
    TemplateFormScreen,
    TemplateRow,
    TemplatesScreen,
    TemplateUseScreen,
)
from gateway.render.wording import UPDATE_BADGES
from gateway.service.drafts.fields import checked
from gateway.service.drafts.templates import TemplateChange, TemplateDraft, WindowRequest
from gateway.service.templates import Templates
from gateway.web.admin import forms, series_forms, template_forms
from gateway.web.admin.guards import CONFIRM, gates_everything, require_name
from gateway.web.admin.rows import moment_now
from gateway.web.admin.screen import read_row_version, refused, render, see, text_preview, typed_values
from gateway.web.admin.windows import form_screen
from gateway.web.auth import actor
from gateway.web.keys import SERVICES

_ONE = "/templates/{slug}"


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area; `new` comes before the short names, and none of those has a slash."""
    return [
        web.get(base + "/templates", _list, name="admin.templates"),
        web.get(base + "/templates/new/{kind:window|update}", _blank, name="admin.template.new"),
        web.post(base + "/templates/new/{kind:window|update}", _add, name="admin.template.new"),
        web.get(base + _ONE, _form, name="admin.template.edit"),
        web.post(base + _ONE, _edit, name="admin.template.edit"),
        web.post(base + _ONE + "/remove", _remove, name="admin.template.remove"),
        web.get(base + _ONE + "/use", _begin, name="admin.template.use"),
        web.post(base + _ONE + "/use", _use, name="admin.template.use"),
    ]


async def _list(request: web.Request) -> web.Response:
    found = await _templates(request).list()
    screen = TemplatesScreen(
        windows=tuple(_row(template) for template in found if template.kind is TemplateKind.WINDOW),
        updates=tuple(_row(template) for template in found if template.kind is TemplateKind.UPDATE),
    )
    return render(request, "admin/templates.html", screen, section="templates")


async def _blank(request: web.Request) -> web.Response:
    kind = TemplateKind(request.match_info["kind"])
    return _form_screen(request, kind, None, Typed(values=template_forms.NEW[kind]))


async def _add(request: web.Request) -> web.Response:
    kind, values = TemplateKind(request.match_info["kind"]), await typed_values(request)
    if "preview" in values:
        return _form_screen(request, kind, None, Typed(values=values), preview=_preview(kind, values))
    shown = template_forms.whole(kind, values)
    try:
        draft = checked(TemplateDraft, template_forms.asked_of(kind, values))
        await _templates(request).add(draft, actor(request))
    except InvalidError as error:
        form = refused(shown, error, template_forms.groups(kind))
        return _form_screen(request, kind, None, form, status=422)
    except ConflictError:
        return _form_screen(request, kind, None, _taken(shown), status=409)
    return see(request, "/templates", "template-saved")


async def _form(request: web.Request) -> web.Response:
    template = await _template(request)
    return _form_screen(request, template.kind, template, Typed(values=template_forms.fields_of(template)))


async def _edit(request: web.Request) -> web.Response:
    values, template = await typed_values(request), await _template(request)
    kind, shown = template.kind, template_forms.whole(template.kind, values)
    if "preview" in values:
        return _form_screen(request, kind, template, Typed(values=values), preview=_preview(kind, values))
    version = 0
    try:
        version = read_row_version(values)
        change = checked(TemplateChange, template_forms.asked_of(kind, values))
        await _templates(request).edit(template.slug, change, actor(request), row_version=version)
    except InvalidError as error:
        form = refused(shown, error, template_forms.groups(kind))
        return _form_screen(request, kind, template, form, status=422)
    except ConflictError as error:
        saved = await _template(request)
        if saved.row_version == version:
            return _form_screen(request, kind, saved, _taken(shown), status=409)
        # What is sent from there was compared with what is saved now.
        typed = Typed(values=values | {"row_version": str(saved.row_version)})
        return _form_screen(request, kind, saved, typed, conflict=str(error), status=409)
    return see(request, "/templates", "template-saved")


async def _remove(request: web.Request) -> web.Response:
    values = await typed_values(request)
    try:
        version = read_row_version(values)
        await _templates(request).remove(request.match_info["slug"], actor(request), row_version=version)
    except ConflictError as error:
        saved = await _template(request)
        form = Typed(values=template_forms.fields_of(saved))
        return _form_screen(request, saved.kind, saved, form, conflict=str(error), status=409)
    return see(request, "/templates", "template-removed")


async def _begin(request: web.Request) -> web.Response:
    template = await _template(request)
    lasts = template_forms.fields_of(template).get("estimated_duration") or "30m"
    return _use_screen(request, template, Typed(values={"estimated_duration": lasts}))


async def _use(request: web.Request) -> web.Response:
    """Make the window, show what it would say, or go on in the form that has every field."""
    values, template = await typed_values(request), await _template(request)
    shown = dict.fromkeys(_names(template), "") | values
    try:
        draft = await _templates(request).window(_request(template, values))
        if "preview" in values:
            preview = Preview(title=draft.title, text=draft.description)
            return _use_screen(request, template, Typed(values=shown), preview=preview)
        if "form" in values:
            return await form_screen(request, Typed(values=series_forms.NEW | forms.fields_of(draft)), None)
        if gates_everything(draft):
            require_name(request, values)
        window = await request.app[SERVICES].windows.create(draft, actor(request))
    except InvalidError as error:
        form = refused(shown, error, template_forms.variable_groups(template.variables))
        return _use_screen(request, template, form, status=422)
    started = window.is_active(request.app[SERVICES].state.now())
    return see(request, f"/windows/{window.id}", "started" if started else "scheduled")


def _request(template: Template, values: dict[str, str]) -> WindowRequest:
    asked = {
        "template": template.slug,
        "variables": template_forms.variables_in(values),
        "starts_at": forms.instant(values.get("starts_at", "")),
        "estimated_duration": values.get("estimated_duration", ""),
    }
    return checked(WindowRequest, asked)


def _names(template: Template) -> list[str]:
    """Return the fields of the screen that makes a window."""
    return [
        "starts_at",
        "estimated_duration",
        CONFIRM,
        *(template_forms.VARIABLE + name for name in template.variables),
    ]


def _templates(request: web.Request) -> Templates:
    return request.app[SERVICES].templates


async def _template(request: web.Request) -> Template:
    return await _templates(request).get(request.match_info["slug"])


def _taken(shown: dict[str, str]) -> Typed:
    return Typed(values=shown, errors={"slug": "is taken by another template; choose another"})


def _preview(kind: TemplateKind, values: dict[str, str]) -> Preview:
    """Show the text as it stands, variables as they are."""
    if kind is TemplateKind.WINDOW:
        return text_preview(values)
    status = values.get("status", "")
    word = UPDATE_BADGES[UpdateStatus(status)].word if status in list(UpdateStatus) else ""
    return Preview(title=word, text=values.get("body", ""))


def _row(template: Template) -> TemplateRow:
    says = template.fields.get("title" if template.kind is TemplateKind.WINDOW else "body", "")
    return TemplateRow(
        slug=template.slug,
        name=template.name,
        says=str(says),
        variables=template.variables,
        updated_at=template.updated_at,
    )


def _components(request: web.Request) -> tuple[tuple[str, str], ...]:
    snapshot = moment_now(request).snapshot
    return tuple((c.slug, c.name) for c in snapshot.components) if snapshot else ()


def _form_screen(
    request: web.Request,
    kind: TemplateKind,
    template: Template | None,
    form: Typed,
    *,
    preview: Preview | None = None,
    conflict: str = "",
    status: int = 200,
) -> web.Response:
    components = _components(request)
    screen = TemplateFormScreen(
        kind=kind,
        slug=template.slug if template else "",
        name=template.name if template else "",
        row_version=template.row_version if template else 0,
        form=form,
        components=components,
        preview=preview,
        conflict=conflict,
        differences=template_forms.differences(template, form.values, components) if template and conflict else (),
    )
    return render(request, "admin/template_form.html", screen, section="templates", status=status)


def _use_screen(
    request: web.Request, template: Template, form: Typed, *, preview: Preview | None = None, status: int = 200
) -> web.Response:
    if template.kind is not TemplateKind.WINDOW:
        raise web.HTTPNotFound
    screen = TemplateUseScreen(
        slug=template.slug,
        name=template.name,
        title=str(template.fields.get("title", "")),
        facts=template_forms.facts_of(template, dict(_components(request))),
        variables=template.variables,
        form=form,
        preview=preview,
    )
    return render(request, "admin/template_use.html", screen, section="templates", status=status)
