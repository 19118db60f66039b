"""Writing an update in the panel: a template fills it in, and a preview shows it. Nothing typed is lost by either."""

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.domain.template import TemplateKind
from gateway.render.panel import Posting, Typed
from gateway.service.drafts.fields import checked
from gateway.service.drafts.templates import UpdateRequest
from gateway.web.admin import template_forms, translation_forms
from gateway.web.admin.screen import refused, typed_values
from gateway.web.admin.windows import window_of, window_screen
from gateway.web.keys import SERVICES


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [web.post(base + "/windows/{window_id}/updates/draft", _draft, name="admin.window.update")]


async def _draft(request: web.Request) -> web.Response:
    """Show the form again: with the text of the template that was chosen, or with what was typed as it will be read."""
    values = await typed_values(request)
    window = await window_of(request)
    if "preview" in values:
        posting = Posting(preview=values.get("body", ""))
        return await window_screen(request, window, update=Typed(values=values), posting=posting)
    slug = values.get("template", "")
    templates = await request.app[SERVICES].templates.list(kind=TemplateKind.UPDATE)
    template = next((each for each in templates if each.slug == slug), None)
    if template is None:
        typed = Typed(values=values, errors={"template": "choose one of these first"})
        return await window_screen(request, window, update=typed, status=422)
    given = {name: text for name, text in template_forms.variables_in(values).items() if name in template.variables}
    posting = Posting(asked=template.variables)
    if template.variables and not given:
        return await window_screen(request, window, update=Typed(values=values), posting=posting)
    try:
        asked = checked(UpdateRequest, {"template": slug, "variables": given})
        draft = await request.app[SERVICES].templates.update(window, asked)
    except InvalidError as error:
        shown = dict.fromkeys((template_forms.VARIABLE + name for name in template.variables), "") | values
        typed = refused(shown, error, template_forms.variable_groups(template.variables))
        return await window_screen(request, window, update=typed, posting=posting, status=422)
    body = _added(values, "body", draft.body)
    bodies = {f"body.{tag}": _added(values, f"body.{tag}", text) for tag, text in draft.translations.items()}
    kept = {name: values.get(name, "") for name in translation_forms.BODY_FIELDS}
    filled = Typed(values=kept | bodies | {"status": draft.status, "body": body, "template": slug})
    return await window_screen(request, window, update=filled, posting=Posting(preview=body))


def _added(values: dict[str, str], name: str, text: str) -> str:
    """Return a text behind what was typed into its field before."""
    typed = values.get(name, "").strip()
    return f"{typed}\n\n{text}" if typed else text
