"""The audit log in the panel: who did what, and what it changed."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.render.panel import AuditRow, AuditScreen
from gateway.store.audit import AuditEntry
from gateway.web.admin.rows import moment_now
from gateway.web.admin.screen import render
from gateway.web.keys import BRANDING, SERVICES

_LATEST = 100

# What has a screen of its own, and where.
_SCREENS = {"window": "windows", "series": "series"}

# Fields that change with every write and say nothing.
_NOISE = frozenset({"id", "row_version", "created_at", "updated_at"})


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [web.get(base + "/audit", _list, name="admin.audit")]


async def _list(request: web.Request) -> web.Response:
    prefix = request.app[BRANDING].prefix
    entries = await request.app[SERVICES].audit.latest(limit=_LATEST)
    snapshot = moment_now(request).snapshot
    titles = {str(window.id): window.title for window in snapshot.windows} if snapshot else {}
    screen = AuditScreen(entries=tuple(_row(entry, prefix, titles) for entry in entries))
    return render(request, "admin/audit.html", screen, section="audit")


def _row(entry: AuditEntry, prefix: str, titles: Mapping[str, str]) -> AuditRow:
    document = entry.after or entry.before or {}
    title = document.get("title") or titles.get(entry.subject_id, entry.subject_id)
    return AuditRow(
        at=entry.at,
        actor=entry.actor,
        address=entry.address,
        action=entry.action.replace(".", " ").replace("_", " "),
        subject=str(title),
        url=f"{prefix}/admin/{_SCREENS[entry.subject]}/{entry.subject_id}" if entry.subject in _SCREENS else "",
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
