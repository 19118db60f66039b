"""The context of the panel's audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.render.panel import Options, Typed

ACTION_OPTIONS: Options = (
    ("", "Everything"),
    ("window.", "Windows"),
    ("series.", "Series of windows"),
    ("template.", "Templates"),
    ("component.", "Components"),
    ("group.", "Groups of components"),
    ("bypass_link.", "Bypass links"),
    ("replica.", "Gateways"),
    ("operator.", "Operators"),
    ("token.", "Tokens"),
    ("sign_in.", "Limits on signing in"),
    ("api.", "Limits on the API"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One entry of the audit log, with the fields that it changed. `same` leads to all entries about the same thing."""

    at: datetime
    actor: str
    address: str
    action: str
    subject: str
    url: str
    same: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScreen:
    """`admin/audit.html`: entries that `form` selects; `older` leads to the next ones, `newest` to the first page."""

    form: Typed
    actions: Options
    entries: tuple[AuditRow, ...]
    only: str
    """The one thing that all entries are about; empty: they are about anything."""
    is_selected: bool
    older: str
    newest: str
    exports: Mapping[str, str]
    """Where all entries of the selection are to be had, by the form of the file."""
