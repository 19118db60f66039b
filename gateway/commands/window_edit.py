"""`gateway window edit`: a change of some fields, over the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from gateway.commands import options
from gateway.commands.failures import WrongUsageError, tell
from gateway.commands.options import JSON
from gateway.commands.output import print_json
from gateway.commands.remote import Document, api_options, connected
from gateway.commands.window_fields import given_fields, window_fields

_SCOPE = {"hosts": "hosts", "paths": "paths", "except-paths": "excluded_paths"}
_LISTS = (*_SCOPE, "components", "reminders")


@click.command
@click.argument("window_id", metavar="ID", type=click.UUID)
@click.option("--at", callback=options.instant, metavar="INSTANT", help="The start: 2026-12-01T22:00:00+01:00.")
@window_fields
@click.option(
    "--clear", "cleared", type=click.Choice(_LISTS), multiple=True, help="Empty a list of the window; repeatable."
)
@JSON
@api_options
def edit(
    window_id: UUID,
    url: str,
    token: str | None,
    at: datetime | None,
    cleared: tuple[str, ...],
    *,
    as_json: bool,
    **fields: Any,
) -> None:
    """Change what is given of a window, and leave the rest as it is.

    What is repeatable takes the place of all that was there: --path /a --path /b.
    """
    given = given_fields(at=at, **fields)
    if not given and not cleared:
        raise WrongUsageError("there is nothing to change: give at least one option, such as --title or --for")
    api = connected(url, token, "write")
    saved = api.get(f"windows/{window_id}")
    change = _change(given, cleared, saved)
    changed = api.patch(f"windows/{window_id}", change | {"row_version": saved["row_version"]})
    if as_json:
        print_json(changed)
    else:
        tell(f'the window "{changed["title"]}" is changed: {", ".join(sorted(change))}')


def _change(given: Document, cleared: tuple[str, ...], saved: Document) -> Document:
    """Return what is sent: lists that are emptied, and a scope as a whole, with what stays of it."""
    scope = given.pop("scope", {})
    emptied = {_SCOPE.get(name, name) for name in cleared}
    for name in sorted(emptied & (scope.keys() | given.keys())):
        raise WrongUsageError(f"{name} can't be given and cleared at once: what is given takes the place of the rest")
    parts = {name: [] for name in emptied & {*_SCOPE.values()}} | scope
    lists: Document = {name: [] for name in emptied - {*_SCOPE.values()}}
    return given | lists | ({"scope": saved["scope"] | parts} if parts else {})
