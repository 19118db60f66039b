"""What describes a window, as people read it: of a window, of a series, of a template."""

from datetime import timedelta

from gateway.commands.output import short_instant
from gateway.commands.remote import Document
from gateway.domain.component import ComponentStatus
from gateway.domain.duration import parse_duration, short_duration
from gateway.domain.languages import LANGUAGES
from gateway.domain.scope import Scope

_TEXTS = ("title", "description")


def window_facts(found: Document) -> list[tuple[str, str]]:
    """Return names and values of those fields that a document has; a template need not have them all."""
    return [
        ("kind", found.get("kind") or ""),
        ("gate", found.get("gate") or ""),
        ("scope", _scope(found.get("scope"))),
        ("estimate", _length(found.get("estimated_duration"))),
        ("ends", found.get("ends") or ""),
        ("reopens over", _length(found.get("reopen_over"))),
        ("components", ", ".join(_effect(each) for each in found.get("components") or ())),
        ("reminders", ", ".join(f"{_length(each)} before" for each in found.get("reminders") or ())),
        ("description", found.get("description") or ""),
        *_translated(found.get("translations") or {}),
    ]


def changed_facts(before: Document, after: Document) -> str:
    """Say what of a window is another now, `estimate (2h), scope (/shop, but not /shop/help)`; empty: nothing is."""
    pairs = zip(_facts_of_change(before), _facts_of_change(after), strict=True)
    changed = [(name, value) for (_, old), (name, value) in pairs if old != value]
    # Texts are long, and known to whoever has just written them.
    words = [name if name.startswith(_TEXTS) else f"{name} ({value or 'none'})" for name, value in changed]
    return ", ".join(words)


def _facts_of_change(found: Document) -> list[tuple[str, str]]:
    return [("title", found["title"]), ("starts", short_instant(found["starts_at"])), *window_facts(found)]


def _scope(found: Document | None) -> str:
    """Say which requests are meant; nothing where no scope is told, and "all requests" where one is, and is empty."""
    if found is None:
        return ""
    lists = {name: tuple(found.get(name) or ()) for name in ("hosts", "paths", "excluded_paths")}
    return Scope(**lists).words


def _translated(texts: Document) -> list[tuple[str, str]]:
    return [(f"{name} in {tag}", texts.get(tag, {}).get(name) or "") for tag in LANGUAGES for name in _TEXTS]


def _effect(found: Document) -> str:
    return f"{found['slug']}={found.get('status') or ComponentStatus.UNDER_MAINTENANCE}"


def _length(text: str | None) -> str:
    """Write a length for people; nothing where there is none, or where it is zero."""
    length = parse_duration(text) if text else timedelta()
    return short_duration(length) if length else ""
