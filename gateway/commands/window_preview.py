"""`gateway window preview`: what would happen to a request, and why; over the API."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from gateway.commands import options
from gateway.commands.failures import WrongUsageError
from gateway.commands.options import JSON, Id
from gateway.commands.output import print_facts, print_json, print_table
from gateway.commands.remote import Document, api_options, connected
from gateway.commands.window_fields import given_fields, trial_fields


@click.command
@click.argument("target", metavar="URL")
@click.option("--method", default="GET", show_default=True, help="The request's method.")
@click.option("--address", metavar="ADDRESS", help="The client's address, for bypass networks and reopenings.")
@click.option("--bypass-link", is_flag=True, help="The client holds a bypass link.")
@click.option("--at", callback=options.instant, metavar="INSTANT", help="Then, not now: 2026-12-01T22:00:00+01:00.")
@click.option("--window", "window_id", metavar="ID", type=Id("window"), help="Also try this window, as if in force.")
@trial_fields
@JSON
@api_options
def preview(
    target: str,
    url: str,
    token: str | None,
    at: datetime | None,
    window_id: UUID | None,
    *,
    method: str,
    address: str | None,
    bypass_link: bool,
    as_json: bool,
    **fields: Any,
) -> None:
    """Say what happens to a request for URL, and why; nothing is changed.

    URL is one such as https://shop.example.com/checkout, or a path. With --window, or --gate, --host, --path and
    --except-path for a window that does not exist yet: also what that window alone does to it while it is in force.
    """
    draft = given_fields(**fields)
    if draft and window_id is not None:
        raise WrongUsageError("--window tries a window as it is: leave out --gate, --host, --path and --except-path")
    sent: Document = {"url": target, "method": method, "bypass_link": bypass_link}
    optional = {
        "address": address,
        "at": at.astimezone(UTC).isoformat() if at else None,
        "window_id": str(window_id) if window_id else None,
        "window": draft or None,
    }
    found = connected(url, token, "read").post("preview", sent | {k: v for k, v in optional.items() if v is not None})
    if as_json:
        print_json(found)
        return
    facts = [
        ("request", f"{found['method']} {found['path']} of {found['host']}"),
        ("verdict", found["verdict"]),
        ("why", found["summary"]),
    ]
    if found["tried"]:
        facts.append((f'with "{found["tried"]["title"]}"', found["tried"]["summary"]))
    print_facts(facts)
    if found["windows"]:
        click.echo()
        rows = [(each["effect"], each["state"], f'"{each["title"]}" {each["because"]}') for each in found["windows"]]
        print_table(("EFFECT", "STATE", "WINDOW"), rows)
