"""`gateway audit`: who did what, over the API."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from gateway.commands.failures import WrongUsageError
from gateway.commands.interval import given_interval, interval_options
from gateway.commands.options import JSON, Number
from gateway.commands.output import print_json, print_table, short_instant
from gateway.commands.remote import api_options, connected

F = TypeVar("F", bound=Callable[..., Any])
_FORMATS = ("csv", "jsonl")
_PAGE = 1000


def _selection(command: F) -> F:
    """Add the options that select entries; a command gets them as `asked`, by `_asked`."""
    for option in (
        interval_options(
            "From then on: 2026-12-01 (UTC) or 2026-12-01T22:00:00+01:00.", "Before then.", also=("--since", "--until")
        ),
        click.option("--about", metavar="ID", help="What was done to this: a window's id, a component's short name."),
        click.option(
            "--action", metavar="TEXT", help="How the action begins: window.ended, or window. for all of them."
        ),
        click.option("--actor", metavar="TEXT", help='How the actor begins: ada@, "token deploy", psql.'),
    ):
        command = option(command)
    return command


def _asked(
    actor: str | None, action: str | None, about: str | None, since: datetime | None, until: datetime | None
) -> dict[str, str]:
    given = {"actor": actor, "action": action, "subject_id": about}
    return {name: value for name, value in given.items() if value is not None} | given_interval(since, until)


@click.group
def audit() -> None:
    """Tell who did what, over the API."""


@audit.command(name="list")
@_selection
@click.option("--limit", type=Number(1), default=50, show_default=True, help="At most so many.")
@JSON
@api_options
def list_(limit: int, url: str, token: str | None, *, as_json: bool, **selection: Any) -> None:
    """List what was done, the newest first."""
    asked = _asked(**selection)
    api = connected(url, token, "read")
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next_cursor": None}
    while len(found) < limit:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        page = api.get("audit", **asked, **cursor, limit=min(_PAGE, limit - len(found)))
        found += page["entries"]
        if page["next_cursor"] is None:
            break
    if as_json:
        print_json(found)
        return
    rows = [(short_instant(each["at"]), each["actor"], each["address"], each["action"], _about(each)) for each in found]
    print_table(("WHEN", "WHO", "FROM", "WHAT", "ABOUT"), rows)


@audit.command
@_selection
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), default=_FORMATS[0], show_default=True, help="As what."
)
@api_options
def export(format_: str, url: str, token: str | None, **selection: Any) -> None:
    """Write all entries to standard output, the newest first: CSV, or JSON, one a line.

    Exit code 1 says that it broke off: then what was written is not the whole.
    """
    if sys.stdout.isatty():
        raise WrongUsageError("an export is long: send it to a file, `gateway audit export > audit.csv`, or a pipe")
    asked = _asked(**selection)
    connected(url, token, "read").download(f"audit.{format_}", sys.stdout.buffer, **asked)


def _about(entry: dict[str, Any]) -> str:
    document = entry["after"] or entry["before"] or {}
    title = document.get("title")
    return f"{entry['subject_id']} ({title})" if title else str(entry["subject_id"])
