"""The forms of templates: from a template to fields, and from fields to what is asked for."""

from collections.abc import Mapping
from typing import Any

from gateway.domain.component import ComponentStatus
from gateway.domain.duration import parse_duration, short_duration
from gateway.domain.errors import InvalidError
from gateway.domain.template import Template, TemplateKind
from gateway.domain.window import DEFAULT_GATE
from gateway.render.panel import ENDS_OPTIONS, Difference, before_and_after
from gateway.render.wording import COMPONENT_BADGES, GATE_LABELS
from gateway.service.drafts.fields import checked
from gateway.service.drafts.windows import WindowDraft
from gateway.web.admin import forms, translation_forms

VARIABLE = "var."
"""What the name of a field that asks for a variable begins with."""

NEW = {
    TemplateKind.WINDOW: forms.NEW | {"slug": "", "name": ""},
    TemplateKind.UPDATE: {"slug": "", "name": "", "status": "investigating", "body": ""},
}

_FIELDS = {
    TemplateKind.WINDOW: {"name": "Name", "slug": "Short name"} | forms.FIELDS,
    TemplateKind.UPDATE: {"name": "Name", "slug": "Short name", "status": "Status", "body": "Text"}
    | translation_forms.BODY_FIELDS,
}
_LENGTHS = ("estimated_duration", "reopen_over")
_PLAIN = ("kind", "gate", "ends", "title", "description", *_LENGTHS)


def groups(kind: TemplateKind) -> dict[str, str]:
    """Return where the errors of a draft's parts are shown."""
    if kind is TemplateKind.UPDATE:
        bodies = {f"update.{path}": field for path, field in translation_forms.BODY_GROUPS.items()}
        return {"update.status": "status", "update.body": "body"} | bodies
    plain = {f"window.{name}": name for name in forms.FIELDS}
    return {f"window.{path}": field for path, field in forms.GROUPS.items()} | plain


def fields_of(template: Template) -> dict[str, str]:
    """Return what the form shows for a template, also for one that was broken by hand."""
    names = {"slug": template.slug, "name": template.name}
    given = template.fields
    if template.kind is TemplateKind.UPDATE:
        return names | {name: str(given.get(name, "")) for name in ("status", "body")} | _translated(given)
    plain = {name: str(given.get(name) or "") for name in _PLAIN}
    lengths = {name: _short(plain[name]) for name in _LENGTHS}
    scope = given.get("scope")
    lists = {name: "\n".join(_texts(scope.get(name))) for name in forms.SCOPE} if isinstance(scope, dict) else {}
    lists["reminders"] = "\n".join(map(_short, _texts(given.get("reminders"))))
    return names | plain | _translated(given) | lengths | lists | _effects(given)


def whole(kind: TemplateKind, values: Mapping[str, str]) -> dict[str, str]:
    """Return typed values with every field of the form there, so that each error has its place."""
    return dict.fromkeys((*_FIELDS[kind], "components"), "") | dict(values)


def asked_of(kind: TemplateKind, values: Mapping[str, str]) -> dict[str, Any]:
    """Read the form. Empty fields of a window are not given."""
    names: dict[str, Any] = {name: values.get(name, "").strip() for name in ("slug", "name")}
    if kind is TemplateKind.UPDATE:
        update = {name: values.get(name, "") for name in ("status", "body")}
        return names | {"update": update | {"translations": translation_forms.bodies_in(values)}}
    window: dict[str, Any] = {name: values[name].strip() for name in _PLAIN if values.get(name, "").strip()}
    window["title"] = values.get("title", "").strip()
    window["translations"] = translation_forms.texts_in(values)
    window["reminders"] = forms.lines(values.get("reminders", ""))
    window["scope"] = forms.scope_of(values)
    window["components"] = forms.effects(values)
    return names | {"window": window}


def differences(
    saved: Template, values: Mapping[str, str], names: tuple[tuple[str, str], ...]
) -> tuple[Difference, ...]:
    """Compare what is saved with what was typed; `names` are the components, as slug and name."""
    labels = _FIELDS[saved.kind] | {forms.COMPONENT_FIELD + slug: name for slug, name in names}
    return forms.compared(fields_of(saved), values, labels)


def variables_in(values: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that were typed, by name."""
    return {name.removeprefix(VARIABLE): text for name, text in values.items() if name.startswith(VARIABLE)}


def variable_groups(names: tuple[str, ...]) -> dict[str, str]:
    """Return where what is wrong with a variable is shown: no name may be taken for a longer one."""
    return {f"variables.{name}": VARIABLE + name for name in sorted(names, key=len, reverse=True)}


def facts_of(template: Template, names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Say what a window from this template will be; `names` are those of the components, by slug."""
    try:
        draft = checked(WindowDraft, {name: value for name, value in template.fields.items() if value is not None})
    except InvalidError as error:
        return (("Has to be corrected first", str(error)),)
    affected = [
        f"{names.get(effect.slug, effect.slug)}: {COMPONENT_BADGES[effect.status].word.lower()}"
        for effect in draft.components
    ]
    facts = (
        ("Update type", draft.kind.label),
        ("Gate", GATE_LABELS[draft.gate or DEFAULT_GATE[draft.kind]]),
        ("Requests", draft.scope.scope().words),
        ("Ends", dict(ENDS_OPTIONS)[draft.ends].lower()),
        *before_and_after(draft.reminders, draft.reopen_over),
    )
    return (*facts, ("Components", ", ".join(affected))) if affected else facts


def _texts(given: object) -> list[str]:
    """Return a list of a template's fields as texts; what is no list is empty."""
    return [str(each) for each in given] if isinstance(given, list) else []


def _translated(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the translations of a template's fields that are understood: whole texts, or titles and descriptions."""
    translations = given.get("translations")
    fields: dict[str, str] = {}
    for tag, text in translations.items() if isinstance(translations, dict) else ():
        parts = text if isinstance(text, dict) else {"body": text}
        fields |= {f"{part}.{tag}": str(said or "") for part, said in parts.items()}
    return fields


def _effects(given: Mapping[str, Any]) -> dict[str, str]:
    return {forms.COMPONENT_FIELD + slug: status for slug, status in _pairs(given)}


def _pairs(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the components of a template's fields that are understood, each with its status."""
    effects = given.get("components")
    found = [effect for effect in effects if isinstance(effect, dict)] if isinstance(effects, list) else []
    pairs = [(str(e.get("slug")), str(e.get("status") or ComponentStatus.UNDER_MAINTENANCE)) for e in found]
    return [(slug, status) for slug, status in pairs if status in list(ComponentStatus)]


def _short(text: str) -> str:
    """Write a length as people do; what is none stays as it is, to be corrected."""
    try:
        return short_duration(parse_duration(text)) if text else ""
    except ValueError:
        return text
