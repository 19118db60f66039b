"""`gateway series`: windows that recur, over the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from gateway.commands import options
from gateway.commands.failures import WrongUsageError, tell
from gateway.commands.options import JSON, Id, Number
from gateway.commands.output import print_facts, print_json, print_table, short_instant
from gateway.commands.recurrence_fields import EXCEPT
from gateway.commands.remote import Document, api_options, connected
from gateway.commands.window_change import OF_SERIES, changed_fields, clear_option, refuse_given_and_cleared
from gateway.commands.window_facts import window_facts
from gateway.commands.window_fields import given_fields, some_window_fields
from gateway.domain.duration import iso_duration

_ID = click.argument("series_id", metavar="ID", type=Id("series"))


@click.group
def series() -> None:
    """Show, change and end windows that recur, over the API.

    `gateway window schedule --every` makes one.
    """


@series.command(name="list")
@click.option("--ended", is_flag=True, help="Only those that were ended.")
@click.option("--running", is_flag=True, help="Only those that were not.")
@click.option("--limit", type=Number(1, 1000), default=100, show_default=True, help="At most so many.")
@JSON
@api_options
def list_(url: str, token: str | None, limit: int, *, ended: bool, running: bool, as_json: bool) -> None:
    """List series, the newest first, each with its next start."""
    wanted = options.either(yes=ended, no=running, names="--ended and --running")
    query: dict[str, Any] = {"limit": limit} | ({} if wanted is None else {"ended": str(wanted).lower()})
    page = connected(url, token, "read").get("series", **query)
    found = page["series"]
    if as_json:
        print_json(found)
    else:
        _print_list(found)
    if page["next_cursor"] is not None:
        tell(f"these are the latest {limit}: --limit shows more")


def _print_list(found: list[Document]) -> None:
    rows = [
        (
            each["id"],
            each["state"],
            short_instant(each["occurrences"][0]["starts_at"]) if each["occurrences"] else "",
            _title(each),
            each["words"],
        )
        for each in found
    ]
    print_table(("ID", "STATE", "NEXT", "TITLE", "RECURS"), rows)


@series.command
@_ID
@click.option("--ahead", type=Number(1, 100), default=10, show_default=True, help="So many occurrences.")
@JSON
@api_options
def show(series_id: UUID, url: str, token: str | None, ahead: int, *, as_json: bool) -> None:
    """Show one series and what lies ahead of it."""
    found = connected(url, token, "read").get(f"series/{series_id}", occurrences=ahead)
    if as_json:
        print_json(found)
        return
    facts = [
        ("id", found["id"]),
        ("title", _title(found)),
        ("state", found["state"]),
        ("problem", found["problem"]),
        ("recurs", found["words"]),
        ("rule", found["rule"]),
        ("first start", short_instant(found["starts_at"])),
        ("left out", ", ".join(found["excluded_dates"])),
        *window_facts(found["window"] or {}),
        ("ended", short_instant(found["ended_at"])),
    ]
    print_facts([(name, value) for name, value in facts if value])
    if found["occurrences"]:
        click.echo()
        _print_occurrences(found["occurrences"])


@series.command
@click.argument("rule", metavar="RRULE")
@click.option("--time-zone", required=True, metavar="ZONE", help="Of the time of day: Europe/Berlin.")
@click.option(
    "--at", callback=options.instant, required=True, metavar="INSTANT", help="The first start: 2026-12-06T02:00+01:00."
)
@click.option("--for", "estimate", callback=options.length, metavar="DURATION", help="How long each takes: 30m, 1h30m.")
@EXCEPT
@click.option("--ahead", type=Number(1, 100), default=10, show_default=True, help="So many occurrences.")
@JSON
@api_options
def preview(
    *,
    rule: str,
    url: str,
    token: str | None,
    time_zone: str,
    at: datetime,
    estimate: Any,
    excluded: list[str],
    ahead: int,
    as_json: bool,
) -> None:
    """Tell when RRULE (RFC 5545) would occur, for example FREQ=WEEKLY;INTERVAL=2;BYDAY=SU. Nothing is saved."""
    sent: Document = {"rule": rule, "time_zone": time_zone, "starts_at": at.isoformat(), "limit": ahead}
    sent["excluded_dates"] = excluded
    if estimate is not None:
        sent["estimated_duration"] = iso_duration(estimate)
    found = connected(url, token, "read").post("series/preview", sent)
    if as_json:
        print_json(found)
        return
    tell(found["words"])
    rows = [(_local(each), short_instant(each["occurs_at"]), each["note"]) for each in found["occurrences"]]
    print_table(("LOCAL TIME", "UTC", "NOTE"), rows)


@series.command
@_ID
@click.option("--every", "rule", metavar="RRULE", help="Another rule (RFC 5545).")
@click.option("--time-zone", metavar="ZONE", help="Another time zone; the time of day stays.")
@click.option("--at", callback=options.instant, metavar="INSTANT", help="Another first start, from now on.")
@EXCEPT
@some_window_fields
@clear_option(OF_SERIES, "Empty a list; repeatable.")
@JSON
@api_options
def edit(
    *,
    series_id: UUID,
    url: str,
    token: str | None,
    rule: str | None,
    time_zone: str | None,
    at: datetime | None,
    excluded: list[str],
    cleared: tuple[str, ...],
    as_json: bool,
    **fields: Any,
) -> None:
    """Change a series, and all windows ahead that nobody has changed by hand.

    One occurrence is moved with `gateway window edit`, and skipped with `gateway window cancel`.
    """
    given = {"rule": rule, "time_zone": time_zone, "starts_at": at.isoformat() if at else None}
    change: Document = {name: value for name, value in given.items() if value is not None}
    window = given_fields(**fields)
    if excluded:  # a list of the series, which is given and cleared as those of its windows are
        window["excluded_dates"] = excluded
    if not change and not window and not cleared:
        raise WrongUsageError("there is nothing to change: give at least one option, such as --every or --title")
    refuse_given_and_cleared(window, cleared)
    api = connected(url, token, "write")
    saved = api.get(f"series/{series_id}")
    window = changed_fields(window, cleared, saved["window"] or {})
    if "excluded_dates" in window:
        change["excluded_dates"] = window.pop("excluded_dates")
    if window:
        change["window"] = window
    changed = api.patch(f"series/{series_id}", change | {"row_version": saved["row_version"]})
    if as_json:
        print_json(changed)
        return
    tell(f'the series "{_title(changed)}" is changed: {changed["words"]}')
    for window_id in changed["kept"]:
        tell(f"the window {window_id} stays as it is: somebody had changed it before")
    for window_id in changed["skipped"]:
        tell(f"the window {window_id} stays skipped: somebody had cancelled it before")


@series.command
@_ID
@JSON
@api_options
def end(series_id: UUID, url: str, token: str | None, *, as_json: bool) -> None:
    """End a series for good: what has not begun is cancelled, what is in force goes on."""
    ended = connected(url, token, "write").post(f"series/{series_id}/end")
    if as_json:
        print_json(ended)
    else:
        tell(f'the series "{_title(ended)}" has ended: its windows to come are cancelled')


def _title(found: Document) -> str:
    """Return the title of a series; of one that somebody has written by hand there may be none."""
    return str(found["window"]["title"]) if found["window"] else ""


def _print_occurrences(occurrences: list[Document]) -> None:
    rows = [
        (
            short_instant(each["starts_at"]),
            _local(each),
            each["state"],
            each["window"] or "",
            "; ".join(note for note in (_moved(each), each["note"]) if note),
        )
        for each in occurrences
    ]
    print_table(("STARTS", "BY THE RULE", "STATE", "WINDOW", "NOTE"), rows)


def _moved(occurrence: Document) -> str:
    if not occurrence["named"]:
        return "not named by the rule any more"
    is_elsewhere = occurrence["starts_at"] != occurrence["occurs_at"]
    return "moved" if is_elsewhere and occurrence["state"] != "skipped" else ""


def _local(occurrence: Document) -> str:
    """Write the local time with its offset, to the minute: `Sun 2026-12-06 02:00+01:00`."""
    local = datetime.fromisoformat(occurrence["local_time"])
    return f"{local:%a} {local.isoformat(sep=' ', timespec='minutes')}"
