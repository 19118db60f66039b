"""`gateway history`: what windows of the past were like, in numbers, over the API."""

import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

import click

from gateway.commands.failures import tell
from gateway.commands.options import JSON, Id, Number
from gateway.commands.output import print_facts, print_json, print_table, short_instant
from gateway.commands.remote import Document, api_options, connected
from gateway.commands.window_filter import filter_query, window_filter
from gateway.domain.duration import parse_duration, short_duration


@click.group
def history() -> None:
    """Show and export what windows of the past were like, over the API."""


@history.command(name="list")
@window_filter
@click.option("--limit", type=Number(1, 1000), default=100, show_default=True, help="At most so many.")
@JSON
@api_options
def list_(limit: int, url: str, token: str | None, *, as_json: bool, **which: Any) -> None:
    """List windows that are over, the latest start first: how long they took, and whom they turned away."""
    query = filter_query(**which)
    found = connected(url, token, "read").get("history", limit=limit, **query)
    if as_json:
        print_json(found["windows"])
    else:
        heads = ("ID", "STARTED", "ESTIMATE", "TOOK", "OVERRUN", "REFUSED", "CLIENTS", "KIND", "TITLE")
        print_table(heads, [_row(each) for each in found["windows"]])
    if found["next_cursor"] is not None:
        tell(f"these are the latest {limit}; --limit and --from show more, `gateway history export` all")


@history.command
@click.argument("window_id", metavar="ID", type=Id("window"))
@JSON
@api_options
def show(window_id: UUID, url: str, token: str | None, *, as_json: bool) -> None:
    """Show the numbers of one window; they grow while it is active."""
    found = connected(url, token, "read").get(f"windows/{window_id}/statistics")
    if as_json:
        print_json(found)
    else:
        print_facts([("id", found["id"]), ("title", found["title"]), *numbers(found)])


@history.command
@click.option("--format", "form", type=click.Choice(["csv", "json"]), required=True, help="What to write.")
@window_filter
@api_options
def export(form: str, url: str, token: str | None, **which: Any) -> None:
    """Write all windows that are over to standard output, as CSV for spreadsheets or as JSON."""
    query = filter_query(**which)
    written = sys.stdout.buffer
    connected(url, token, "read").download(f"history.{form}", written, **query)
    written.flush()


def numbers(found: Document) -> list[tuple[str, str]]:
    """Return what is known of a window in numbers, for people; nothing of one that never began."""
    if found["real_duration"] is None:
        return []
    first, last = _length(found["first_estimate"]), _length(found["estimated_duration"])
    ratio = f" ({found['overrun_ratio']:.2f} x the first estimate)"
    return [
        ("first estimate", first + (f", later {last}" if last != first else "")),
        ("took" if found["ended_at"] else "took so far", _length(found["real_duration"]) + ratio),
        ("refused", _refused(found)),
    ]


def _refused(found: Document) -> str:
    requests, clients = found["refused_requests"], found["distinct_clients"]
    if requests is None:
        return "not counted: it was over before the gateways counted"
    until = f", counted until {short_instant(found['counted_until'])}" if found["counted_until"] else ""
    at_least = "at least " if found["distinct_clients_is_at_least"] else ""
    return f"{_so_many(requests, 'request')} of {at_least}{_so_many(clients, 'client')}{until}"


def _so_many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _row(found: Document) -> tuple[str, ...]:
    return (
        found["id"],
        short_instant(found["starts_at"]),
        _length(found["first_estimate"]),
        _length(found["real_duration"]),
        f"{found['overrun_ratio']:.2f} x",
        _count(found["refused_requests"]),
        _clients(found),
        found["kind"],
        found["title"],
    )


def _length(text: str) -> str:
    """Write a length for people; less than a second counts for nothing."""
    length = parse_duration(text)
    return short_duration(length - length % timedelta(seconds=1))


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _clients(found: Document) -> str:
    at_least = ">= " if found["distinct_clients_is_at_least"] else ""
    return at_least + _count(found["distinct_clients"])
