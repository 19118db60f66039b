"""The audit log in the panel: who did what, and what it changed."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.render.audit_screens import ACTION_OPTIONS, AuditRow, AuditScreen
from gateway.render.panel import Options, Typed
from gateway.service.drafts.audit import AuditSelection
from gateway.service.drafts.fields import checked
from gateway.store.audit import AuditEntry
from gateway.web.admin.rows import moment_now
from gateway.web.admin.screen import refused, render
from gateway.web.audit_export import Form, export
from gateway.web.keys import BRANDING, SERVICES

_LISTED = 50
_FIELDS = ("actor", "action", "subject", "subject_id", "since", "until")
_INSTANTS = ("since", "until")

# What has a screen of its own, and where.
_SCREENS = {"window": "windows", "series": "series"}

# Fields that change with every write and say nothing.
_NOISE = frozenset({"id", "row_version", "created_at", "updated_at"})


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/audit", _list, name="admin.audit"),
        web.get(base + "/audit.csv", _csv, name="admin.audit.csv"),
        web.get(base + "/audit.jsonl", _jsonl, name="admin.audit.jsonl"),
    ]


async def _list(request: web.Request) -> web.Response:
    values = _values(request)
    try:
        wanted = _selection(values)
        before = _number(request.query.get("before", ""))
    except InvalidError as error:
        return _screen(request, refused(values, error), [], is_older=False, status=422)
    found = await request.app[SERVICES].audit.page(wanted.filter(), before=before, limit=_LISTED + 1)
    return _screen(request, Typed(values=values), found, is_older=before is not None)


async def _csv(request: web.Request) -> web.Response:
    return await export(request.app[SERVICES].audit, _selection(_values(request)).filter(), Form.CSV)


async def _jsonl(request: web.Request) -> web.Response:
    return await export(request.app[SERVICES].audit, _selection(_values(request)).filter(), Form.JSONL)


def _values(request: web.Request) -> dict[str, str]:
    return {name: request.query.get(name, "").strip() for name in _FIELDS}


def _selection(values: Mapping[str, str]) -> AuditSelection:
    """Read what is asked for; times without an offset are in UTC.

    Raises:
        InvalidError: `fields` names what is wrong.
    """
    given = {name: value for name, value in values.items() if value}
    for name in _INSTANTS:
        if len(given.get(name, "")) == len("2026-12-01T22:00"):
            given[name] += "Z"
    return checked(AuditSelection, given)


def _number(text: str) -> int | None:
    """Read the number of an entry, which comes from a link of ours.

    Raises:
        InvalidError: it is none.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004  below 2**63
        raise InvalidError({"before": "is no number of an entry: follow the links"})
    return int(text)


def _screen(
    request: web.Request, form: Typed, found: list[AuditEntry], *, is_older: bool, status: int = 200
) -> web.Response:
    prefix = request.app[BRANDING].prefix
    here = f"{prefix}/admin/audit"
    snapshot = moment_now(request).snapshot
    titles = {str(window.id): window.title for window in snapshot.windows} if snapshot else {}
    entries, more = found[:_LISTED], len(found) > _LISTED
    asked = {name: value for name, value in form.values.items() if value}
    screen = AuditScreen(
        form=form,
        actions=_actions(form.value("action")),
        entries=tuple(_row(entry, prefix, titles) for entry in entries),
        only=titles.get(form.value("subject_id"), form.value("subject_id")),
        is_selected=bool(asked),
        older=f"{here}?{urlencode(asked | {'before': entries[-1].id})}" if more else "",
        newest=_address(here, asked) if is_older else "",
        exports={form: _address(f"{here}.{form}", asked) for form in Form} if entries or is_older else {},
    )
    return render(request, "admin/audit.html", screen, section="audit", status=status)


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _actions(chosen: str) -> Options:
    """Return the choices; one that came by a link stands among them as it is."""
    if chosen in dict(ACTION_OPTIONS):
        return ACTION_OPTIONS
    return (*ACTION_OPTIONS, (chosen, chosen))


def _row(entry: AuditEntry, prefix: str, titles: Mapping[str, str]) -> AuditRow:
    document = entry.after or entry.before or {}
    # A window by its title; what has no screen and a number for an id, by its name.
    named = document.get("name") if entry.subject in ("group", "bypass_link") else None
    title = document.get("title") or named or titles.get(entry.subject_id, entry.subject_id)
    same = urlencode({"subject": entry.subject, "subject_id": entry.subject_id})
    return AuditRow(
        at=entry.at,
        actor=entry.actor,
        address=entry.address,
        action=entry.action.replace(".", " ").replace("_", " "),
        subject=str(title),
        url=f"{prefix}/admin/{_SCREENS[entry.subject]}/{entry.subject_id}"
        if entry.subject in _SCREENS and entry.subject_id
        else "",
        same=f"{prefix}/admin/audit?{same}" if entry.subject_id else "",
        changes=changes(entry.before, entry.after),
    )


def changes(before: dict[str, Any] | None, after: dict[str, Any] | None) -> tuple[tuple[str, str, str], ...]:
    """Return each field that differs, with its text before and after."""
    old, new = before or {}, after or {}
    return tuple(
        (name, _words(old.get(name)), _words(new.get(name)))
        for name in dict.fromkeys([*old, *new])
        if name not in _NOISE and old.get(name) != new.get(name)
    )


def _words(value: object) -> str:
    if value is None or value in ("", [], {}):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
