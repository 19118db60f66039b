"""`gateway window edit`: a change of some fields, over the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from gateway.commands import options
from gateway.commands.failures import WrongUsageError, tell
from gateway.commands.options import JSON, Id
from gateway.commands.output import print_json
from gateway.commands.remote import api_options, connected
from gateway.commands.window_change import OF_WINDOW, changed_fields, clear_option, refuse_given_and_cleared
from gateway.commands.window_facts import changed_facts
from gateway.commands.window_fields import given_fields, some_window_fields


@click.command
@click.argument("window_id", metavar="ID", type=Id("window"))
@click.option("--at", callback=options.instant, metavar="INSTANT", help="The start: 2026-12-01T22:00:00+01:00.")
@some_window_fields
@clear_option(OF_WINDOW, "Empty a list of the window; repeatable.")
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
    refuse_given_and_cleared(given, cleared)
    api = connected(url, token, "write")
    saved = api.get(f"windows/{window_id}")
    change = changed_fields(given, cleared, saved)
    changed = api.patch(f"windows/{window_id}", change | {"row_version": saved["row_version"]})
    if as_json:
        print_json(changed)
    else:
        facts = changed_facts(saved, changed)
        tell(f'the window "{changed["title"]}" is {f"changed: {facts}" if facts else "as it was"}')
