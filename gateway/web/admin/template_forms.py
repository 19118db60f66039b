"""The forms of templates: from a template to fields, and from fields to what is asked for."""

from collections.abc import Mapping
from typing import Any

from gateway.domain.component import ComponentStatus
from gateway.domain.duration import parse_duration, short_duration
from gateway.domain.template import Template, TemplateKind
from gateway.domain.window import DEFAULT_GATE, Ends, Gate, Kind
from gateway.render.panel import Difference
from gateway.render.wording import COMPONENT_BADGES, GATE_LABELS
from gateway.service.drafts.windows import WindowDraft
from gateway.web.admin import forms

VARIABLE = "var."
"""What the name of a field that asks for a variable begins with."""

NEW = {
    TemplateKind.WINDOW: forms.NEW | {"slug": "", "name": ""},
    TemplateKind.UPDATE: {"slug": "", "name": "", "status": "investigating", "body": ""},
}

_FIELDS = {
    TemplateKind.WINDOW: {"name": "Name", "slug": "Short name"} | forms.FIELDS,
    TemplateKind.UPDATE: {"name": "Name", "slug": "Short name", "status": "Status", "body": "Text"},
}
_LENGTHS = ("estimated_duration", "reopen_over")


def groups(kind: TemplateKind) -> dict[str, str]:
    """Return where the errors of a draft's parts are shown."""
    if kind is TemplateKind.UPDATE:
        return {"update.status": "status", "update.body": "body"}
    plain = {f"window.{name}": name for name in forms.FIELDS}
    return {f"window.{path}": field for path, field in forms.GROUPS.items()} | plain


def fields_of(template: Template) -> dict[str, str]:
    """Return what the form shows for a template, also for one that was broken by hand."""
    names = {"slug": template.slug, "name": template.name}
    given = template.fields
    if template.kind is TemplateKind.UPDATE:
        return names | {name: str(given.get(name, "")) for name in ("status", "body")}
    plain = {name: str(given.get(name) or "") for name in ("kind", "gate", "ends", "title", "description")}
    lengths = {name: _short(str(given.get(name) or "")) for name in _LENGTHS}
    scope = given.get("scope") if isinstance(given.get("scope"), dict) else {}
    places = {name: "\n".join(map(str, (scope or {}).get(name) or ())) for name in ("hosts", "paths")}
    return names | plain | lengths | places | _effects(given)


def fields_of_draft(draft: WindowDraft) -> dict[str, str]:
    """Return what the form of a window shows for one that is not made yet."""
    return {
        "kind": draft.kind.value,
        "starts_at": forms.local_time(draft.starts_at) if draft.starts_at else "",
        "estimated_duration": short_duration(draft.estimated_duration),
        "description": draft.description,
        "title": draft.title,
        "gate": draft.gate.value if draft.gate else "",
        "ends": draft.ends.value,
        "reopen_over": short_duration(draft.reopen_over) if draft.reopen_over else "",
        "hosts": "\n".join(draft.scope.hosts),
        "paths": "\n".join(draft.scope.paths),
    } | {forms.COMPONENT_FIELD + effect.slug: effect.status.value for effect in draft.components}


def whole(kind: TemplateKind, values: Mapping[str, str]) -> dict[str, str]:
    """Return typed values with every field of the form there, so that each error has its place."""
    return dict.fromkeys((*_FIELDS[kind], "components"), "") | dict(values)


def asked_of(kind: TemplateKind, values: Mapping[str, str], saved: Template | None) -> dict[str, Any]:
    """Read the form; what it has no field for stays as it is `saved`. Empty fields of a window are not given."""
    names: dict[str, Any] = {name: values.get(name, "").strip() for name in ("slug", "name")}
    if kind is TemplateKind.UPDATE:
        return names | {"update": {name: values.get(name, "") for name in ("status", "body")}}
    given = {name: values[name].strip() for name in forms.FIELDS if values.get(name, "").strip()}
    hosts, paths = (forms.lines(given.pop(name, "")) for name in ("hosts", "paths"))
    kept = dict(saved.fields) if saved else {}
    scope = (kept.get("scope") or {}) | {"hosts": hosts, "paths": paths}
    window = {name: value for name, value in kept.items() if name not in forms.FIELDS and name != "components"}
    window |= given | {"title": values.get("title", "").strip(), "scope": scope}
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
    given = template.fields
    kind = Kind(given["kind"]) if given.get("kind") in list(Kind) else Kind.MAINTENANCE
    gate = Gate(given["gate"]) if given.get("gate") in list(Gate) else DEFAULT_GATE[kind]
    shown = fields_of(template)
    places = [*shown["hosts"].split(), *shown["paths"].split()]
    affected = [
        f"{names.get(slug, slug)}: {COMPONENT_BADGES[ComponentStatus(status)].word.lower()}"
        for slug, status in _pairs(given)
    ]
    facts = [
        ("Update type", kind.label),
        ("Gate", GATE_LABELS[gate]),
        ("Requests", ", ".join(places) or "all"),
        ("Ends", "by itself, on time" if given.get("ends") == Ends.ON_TIME else "when it is said to be fixed"),
        ("Components", ", ".join(affected)),
    ]
    return tuple((name, words) for name, words in facts if words)


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
