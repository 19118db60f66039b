"""`gateway window`: windows, over the API."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import click

from gateway.commands import options
from gateway.commands.failures import DONE, WrongUsageError, tell
from gateway.commands.fence import wait_drained
from gateway.commands.history import numbers
from gateway.commands.options import JSON, one_of
from gateway.commands.output import print_facts, print_json, print_table, short_instant
from gateway.commands.remote import Document, api_options, connected
from gateway.domain.component import ComponentStatus
from gateway.domain.duration import iso_duration, parse_duration, short_duration
from gateway.domain.window import DEFAULT_GATE, Ends, Gate, Kind, State, UpdateStatus

F = TypeVar("F", bound=Callable[..., Any])

_ID = click.argument("window_id", metavar="ID", type=click.UUID)


def _effects(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[Document]:
    """Read `SLUG=STATUS`, or a slug alone: under maintenance."""
    effects = []
    for value in values:
        name, _sign, status = value.partition("=")
        status = status or ComponentStatus.UNDER_MAINTENANCE
        if status not in list(ComponentStatus):
            raise click.BadParameter(f"{value!r}: the status is one of {', '.join(ComponentStatus)}")
        effects.append({"slug": name, "status": status})
    return effects


_FIELDS = (
    click.option("--title", required=True, help="What customers read first."),
    click.option(
        "--for",
        "estimate",
        callback=options.length,
        metavar="DURATION",
        help="Estimated duration: 30m, 1h30m, PT45M.  [default: 30m]",
    ),
    click.option("--kind", type=one_of(Kind), help="What sort of window it is.  [default: maintenance]"),
    click.option("--gate", type=one_of(Gate), help="What it does to traffic.  [default: as its kind]"),
    click.option("--ends", type=one_of(Ends), help="By its estimate, or by somebody's word.  [default: when_fixed]"),
    click.option(
        "--reopen-over",
        "reopening",
        callback=options.length,
        metavar="DURATION",
        help="After the end, let customers in evenly over this time: 10m.  [default: all at once]",
    ),
    click.option("--host", "hosts", multiple=True, metavar="HOST", help="Only requests for this host; repeatable."),
    click.option("--path", "paths", multiple=True, metavar="PATH", help="Only requests below this path; repeatable."),
    click.option(
        "--component",
        "components",
        multiple=True,
        callback=_effects,
        metavar="SLUG[=STATUS]",
        help="A component and how it does meanwhile; repeatable.",
    ),
    click.option("--description", help="The details, in Markdown."),
)


def _window_fields(command: F) -> F:
    """Add the options that describe a new window."""
    for option in reversed(_FIELDS):
        command = option(command)
    return command


@click.group
def window() -> None:
    """Start, schedule, extend and end windows, over the API."""


@window.command(name="list")
@click.option("--state", "states", type=one_of(State), multiple=True, help="Only windows in this state; repeatable.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most so many.")
@JSON
@api_options
def list_(states: tuple[str, ...], limit: int, url: str, token: str | None, *, as_json: bool) -> None:
    """List windows, the latest start first."""
    found = connected(url, token, "read").get("windows", state=list(states), limit=limit)["windows"]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["id"],
            each["state"],
            each["gate"],
            short_instant(each["starts_at"]),
            short_instant(each["ended_at"] or each["scheduled_until"]),
            each["title"],
        )
        for each in found
    ]
    print_table(("ID", "STATE", "GATE", "STARTS", "UNTIL", "TITLE"), rows)


@window.command
@_ID
@JSON
@api_options
def show(window_id: UUID, url: str, token: str | None, *, as_json: bool) -> None:
    """Show one window with its timeline."""
    api = connected(url, token, "read")
    found = api.get(f"windows/{window_id}")
    if as_json:
        print_json(found)
        return
    effects = ", ".join(f"{effect['slug']}={effect['status']}" for effect in found["components"])
    requests = [*found["scope"]["hosts"], *found["scope"]["paths"]]
    facts = [
        ("id", found["id"]),
        ("title", found["title"]),
        ("kind", found["kind"]),
        ("state", found["state"]),
        ("gate", f"{found['gate']} for {', '.join(requests) or 'everything'}"),
        ("starts", short_instant(found["starts_at"])),
        ("estimate", f"{_length(found)}, until {short_instant(found['scheduled_until'])}"),
        ("ends", found["ends"]),
        ("reopens over", short_duration(parse_duration(found["reopen_over"]))),
        ("ended", short_instant(found["ended_at"] or found["cancelled_at"])),
        *numbers(api.get(f"windows/{window_id}/statistics")),
        ("components", effects),
        ("description", found["description"]),
    ]
    facts += [(short_instant(each["created_at"]), f"{each['status']}: {each['body']}") for each in found["updates"]]
    print_facts([(name, value) for name, value in facts if value])


@window.command
@_window_fields
@click.option(
    "--wait-drained",
    "wait",
    callback=options.length,
    metavar="DURATION",
    help="Wait so long until every gateway gates and no older request is left: 60s; exit code 3 where that is in vain.",
)
@JSON
@api_options
def start(url: str, token: str | None, wait: timedelta | None, *, as_json: bool, **fields: Any) -> int:
    """Start a window now; prints its id.

    With --wait-drained, exit code 0 says that it is safe to begin.
    """
    if wait is not None and _gate(fields) == Gate.NONE:
        raise WrongUsageError("--wait-drained takes a window that gates: add --gate closed or --gate read_only")
    made = _create(url, token, fields, as_json=as_json)
    if wait is None:
        return DONE
    sys.stdout.flush()  # the id is there already for whoever reads along
    return wait_drained(connected(url, token, "write"), made["id"], wait)


@window.command
@click.option(
    "--at", callback=options.instant, required=True, metavar="INSTANT", help="The start: 2026-12-01T22:00:00+01:00."
)
@_window_fields
@JSON
@api_options
def schedule(url: str, token: str | None, *, as_json: bool, **fields: Any) -> None:
    """Schedule a window; prints its id."""
    if fields["at"] <= datetime.now(UTC):  # noqa: TID251  the clock of whoever types
        raise WrongUsageError(
            f"--at {fields['at'].isoformat()} is in the past, and the window would be in force at once: "
            "correct it, or use `gateway window start`"
        )
    _create(url, token, fields, as_json=as_json)


@window.command
@_ID
@click.option("--by", callback=options.length, required=True, metavar="DURATION", help="By how much: 15m, 1h30m.")
@JSON
@api_options
def extend(window_id: UUID, by: timedelta, url: str, token: str | None, *, as_json: bool) -> None:
    """Move the estimated end of a window."""
    changed = connected(url, token, "write").post(f"windows/{window_id}/extend", {"by": iso_duration(by)})
    _tell(changed, f"is expected to last until {short_instant(changed['scheduled_until'])}", as_json=as_json)


@window.command
@_ID
@click.option("--not-fixed", is_flag=True, help="End it although what it was about is not settled.")
@JSON
@api_options
def end(window_id: UUID, url: str, token: str | None, *, not_fixed: bool, as_json: bool) -> None:
    """End an active window: traffic goes through again."""
    changed = connected(url, token, "write").post(f"windows/{window_id}/end", {"fixed": not not_fixed})
    _tell(changed, "has ended", as_json=as_json)


@window.command
@_ID
@JSON
@api_options
def cancel(window_id: UUID, url: str, token: str | None, *, as_json: bool) -> None:
    """Cancel a window that has not started."""
    changed = connected(url, token, "write").post(f"windows/{window_id}/cancel")
    _tell(changed, "is cancelled", as_json=as_json)


@window.command
@_ID
@click.option("--status", type=one_of(UpdateStatus), required=True, help="How far it is.")
@click.argument("text")
@JSON
@api_options
def post(window_id: UUID, status: str, text: str, url: str, token: str | None, *, as_json: bool) -> None:
    """Post TEXT (Markdown) on the timeline of a window."""
    sent = {"status": status, "body": text}
    changed = connected(url, token, "report").post(f"windows/{window_id}/updates", sent)
    _tell(changed, f"has a new update: {status}", as_json=as_json)


def _gate(fields: dict[str, Any]) -> str:
    return str(fields["gate"] or DEFAULT_GATE[Kind(fields["kind"] or Kind.MAINTENANCE)])


def _create(url: str, token: str | None, fields: dict[str, Any], *, as_json: bool) -> Document:
    made = connected(url, token, "write").post("windows", _draft(**fields))
    if as_json:
        print_json(made)
        return made
    click.echo(made["id"])
    until = short_instant(made["scheduled_until"])
    tell(f'the window "{made["title"]}" is {made["state"]}, until about {until} (gate: {made["gate"]})')
    return made


def _draft(
    *,
    hosts: tuple[str, ...],
    paths: tuple[str, ...],
    at: datetime | None = None,
    estimate: timedelta | None,
    reopening: timedelta | None,
    **plain: Any,
) -> Document:
    """Return the window to be sent, with what was given alone: the gateway knows the defaults."""
    draft = {name: value for name, value in plain.items() if value is not None}
    if at is not None:
        draft["starts_at"] = at.isoformat()
    if estimate is not None:
        draft["estimated_duration"] = iso_duration(estimate)
    if reopening is not None:
        draft["reopen_over"] = iso_duration(reopening)
    return draft | {"scope": {"hosts": hosts, "paths": paths}}


def _tell(changed: Document, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(changed)
    else:
        tell(f'the window "{changed["title"]}" {what}')


def _length(found: Document) -> str:
    return short_duration(parse_duration(found["estimated_duration"]))
