"""The window form: from a window or a draft to fields, from fields to a draft or a change."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.domain.duration import short_duration
from gateway.domain.errors import InvalidError
from gateway.domain.window import Window
from gateway.render.panel import Difference
from gateway.service.drafts.fields import checked
from gateway.service.drafts.preview import TrialDraft
from gateway.service.drafts.windows import WindowChange, WindowDraft
from gateway.web.admin import translation_forms
from gateway.web.admin.guards import CONFIRM

COMPONENT_FIELD = "component."

# Where the errors of the parts of a draft are shown.
GROUPS = {
    "components": "components",
    "reminders": "reminders",
    "scope.hosts": "hosts",
    "scope.paths": "paths",
    "scope.excluded_paths": "excluded_paths",
} | translation_forms.TEXT_GROUPS

# Every field of the form; `components` stands for one select for each component.
FIELDS = {
    "kind": "Update type",
    "starts_at": "Start time",
    "estimated_duration": "Estimated duration",
    "description": "Description",
    "title": "Title",
    "gate": "Gate",
    "ends": "Ends",
    "reopen_over": "Reopen over",
    "reminders": "Reminders",
    "hosts": "Hosts",
    "paths": "Paths",
    "excluded_paths": "But not",
} | translation_forms.TEXT_FIELDS

SCOPE = ("hosts", "paths", "excluded_paths")

NEW = {"kind": "maintenance", "estimated_duration": "30m", "gate": "", "ends": "when_fixed"}


def fields_of(window: Window | WindowDraft) -> dict[str, str]:
    """Return what the form shows for a window, or for one that is not made yet."""
    plain = {
        "kind": window.kind.value,
        "starts_at": local_time(window.starts_at) if window.starts_at else "",
        "estimated_duration": short_duration(window.estimated_duration),
        "description": window.description,
        "title": window.title,
        "gate": window.gate.value if window.gate else "",
        "ends": window.ends.value,
        "reopen_over": short_duration(window.reopen_over) if window.reopen_over else "",
        "reminders": "\n".join(map(short_duration, window.reminders)),
        "hosts": "\n".join(window.scope.hosts),
        "paths": "\n".join(window.scope.paths),
        "excluded_paths": "\n".join(window.scope.excluded_paths),
    }
    for tag, text in window.translations.items():
        plain |= {f"title.{tag}": text.title, f"description.{tag}": text.description}
    return plain | {COMPONENT_FIELD + effect.slug: effect.status.value for effect in window.components}


def whole(values: Mapping[str, str]) -> dict[str, str]:
    """Return typed values with every field of the form there, so that each error has its place."""
    return dict.fromkeys((*FIELDS, "components", CONFIRM), "") | dict(values)


def draft_of(values: Mapping[str, str]) -> WindowDraft:
    """Read the form of a new window; an empty start time means now.

    Raises:
        InvalidError: `fields` names each wrong field.
    """
    return checked(WindowDraft, {"starts_at": instant(values.get("starts_at", "")), **_common(values)})


def change_of(values: Mapping[str, str], window: Window) -> WindowChange:
    """Read the form of a window that is edited. The start counts only if it was touched: the field has no seconds.

    Raises:
        InvalidError: `fields` names each wrong field.
    """
    data = _common(values)
    if values.get("starts_at", "") != local_time(window.starts_at):
        starts_at = instant(values.get("starts_at", ""))
        if starts_at is None:
            raise InvalidError({"starts_at": 'can\'t be empty here: give a time, or use "Start now" on the window'})
        data["starts_at"] = starts_at
    if values.get("fixed"):
        data["fixed"] = True
    return checked(WindowChange, data)


def differences(saved: Window, values: Mapping[str, str], names: Iterable[tuple[str, str]]) -> tuple[Difference, ...]:
    """Compare what is saved with what was typed; `names` are the components, as slug and name."""
    return compared(fields_of(saved), values, FIELDS | {COMPONENT_FIELD + slug: name for slug, name in names})


def compared(saved: Mapping[str, str], typed: Mapping[str, str], labels: Mapping[str, str]) -> tuple[Difference, ...]:
    """Return the fields of a form whose values differ, under their labels."""
    return tuple(
        Difference(name=label, saved=saved.get(name, ""), typed=typed.get(name, ""))
        for name, label in labels.items()
        if saved.get(name, "").strip() != typed.get(name, "").strip()
    )


def local_time(instant: datetime) -> str:
    """Write an instant for an input of type datetime-local, in UTC, to the minute."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def _common(values: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that drafts and changes share; an empty choice counts as not given."""
    data: dict[str, Any] = {name: values[name] for name in ("kind", "gate", "ends") if values.get(name)}
    data["title"] = values.get("title", "").strip()
    data["description"] = values.get("description", "").strip()
    data["translations"] = translation_forms.texts_in(values)
    data["estimated_duration"] = values.get("estimated_duration", "")
    data["reopen_over"] = values.get("reopen_over", "").strip() or timedelta()
    data["reminders"] = lines(values.get("reminders", ""))
    data["scope"] = scope_of(values)
    data["components"] = effects(values)
    return data


def effects(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the components that a form gives a status, as a draft has them."""
    return [
        {"slug": name.removeprefix(COMPONENT_FIELD), "status": status}
        for name, status in values.items()
        if name.startswith(COMPONENT_FIELD) and status
    ]


def trial_of(values: Mapping[str, str]) -> TrialDraft:
    """Read as much of a form as matters to traffic, for a window that is not saved yet.

    Raises:
        InvalidError: `fields` names each wrong field.
    """
    data: dict[str, Any] = {name: values[name] for name in ("kind", "gate") if values.get(name)}
    return checked(TrialDraft, data | {"scope": scope_of(values)})


def scope_of(values: Mapping[str, str]) -> dict[str, list[str]]:
    """Return which requests a form means, as a draft has them."""
    return {name: lines(values.get(name, "")) for name in SCOPE}


def lines(text: str) -> list[str]:
    """Return what stands on each line, without blanks and empty lines."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def instant(text: str) -> datetime | None:
    """Read a time of the form, which is in UTC.

    Raises:
        InvalidError: it is none.
    """
    if not text.strip():
        return None
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidError(
            {"starts_at": f"{text!r} is not a time: write for example 2026-12-01T22:00, in UTC"}
        ) from error
    return given if given.tzinfo else given.replace(tzinfo=UTC)
