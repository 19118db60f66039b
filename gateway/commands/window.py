"""`gateway window`: windows, over the API."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import click

from gateway.commands import options
from gateway.commands.failures import DONE, WrongUsageError, tell
from gateway.commands.fence import wait_drained
from gateway.commands.history import numbers
from gateway.commands.options import JSON, Id, Number, one_of
from gateway.commands.output import print_facts, print_json, print_table, short_instant
from gateway.commands.recurrence_fields import given_recurrence, recurrence_fields
from gateway.commands.remote import Api, Document, api_options, connected
from gateway.commands.translation_fields import BODY_IN
from gateway.commands.window_edit import edit
from gateway.commands.window_facts import window_facts
from gateway.commands.window_fields import from_template, gate_of, given_fields, window_fields
from gateway.commands.window_filter import filter_query, window_filter
from gateway.commands.window_preview import preview
from gateway.domain.duration import iso_duration
from gateway.domain.window import Gate, State, UpdateStatus

_ID = click.argument("window_id", metavar="ID", type=Id("window"))


@click.group
def window() -> None:
    """Start, schedule, extend and end windows, over the API."""


@window.command(name="list")
@click.option("--state", "states", type=one_of(State), multiple=True, help="Only windows in this state; repeatable.")
@window_filter
@click.option("--limit", type=Number(1, 1000), default=100, show_default=True, help="At most so many.")
@JSON
@api_options
def list_(states: tuple[str, ...], limit: int, url: str, token: str | None, *, as_json: bool, **which: Any) -> None:
    """List windows, the latest start first; those to come or in force alone, the next one first."""
    query = {"state": list(states)} | filter_query(**which)
    page = connected(url, token, "read").get("windows", limit=limit, **query)
    found = page["windows"]
    if as_json:
        print_json(found)
    else:
        _print_list(found)
    if page["next_cursor"] is not None:
        tell(f"these are the first {limit}: --limit shows more")


def _print_list(found: list[Document]) -> None:
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
    facts = [
        ("id", found["id"]),
        ("title", found["title"]),
        ("state", found["state"]),
        ("starts", short_instant(found["starts_at"])),
        ("until", short_instant(found["scheduled_until"])),
        ("recurs", _recurs(found["recurrence"])),
        ("ended", short_instant(found["ended_at"] or found["cancelled_at"])),
        *numbers(api.get(f"windows/{window_id}/statistics")),
        *window_facts(found),
    ]
    for each in found["updates"]:
        facts.append((short_instant(each["created_at"]), f"{each['status']}: {each['body']}"))
        facts += [(f"in {tag}", body) for tag, body in each.get("translations", {}).items()]
    print_facts([(name, value) for name, value in facts if value])


@window.command
@click.argument("window_id", metavar="[ID]", type=Id("window"), required=False)
@window_fields
@from_template
@click.option(
    "--wait-drained",
    "wait",
    callback=options.length,
    metavar="DURATION",
    help="Wait so long until every gateway gates and no older request is left: 60s; exit code 3 where that is in vain.",
)
@JSON
@api_options
def start(
    window_id: UUID | None, url: str, token: str | None, wait: timedelta | None, *, as_json: bool, **fields: Any
) -> int:
    """Start a window now, a new one or the scheduled window ID; prints its id.

    With --wait-drained, exit code 0 says that it is safe to begin.
    """
    given = given_fields(**fields)
    if window_id is None:
        _titled(given)
        if wait is not None and "template" not in given:
            _require_gate(gate_of(given))
    api = connected(url, token, "write")
    if window_id is None:
        made = _create(api, given, as_json=as_json)
    else:
        if given:
            raise WrongUsageError(
                "the window ID is started as it is scheduled: leave the other options out, or change it before with "
                f"`gateway window edit {window_id}`"
            )
        if wait is not None:
            _require_gate(api.get(f"windows/{window_id}")["gate"])
        made = api.post(f"windows/{window_id}/start")
        _show_made(made, as_json=as_json)
    if wait is None:
        return DONE
    sys.stdout.flush()  # the id is there already for whoever reads along
    return wait_drained(api, made["id"], wait)


def _require_gate(gate: str) -> None:
    if gate == Gate.NONE:
        raise WrongUsageError("--wait-drained takes a window that gates: add --gate closed or --gate read_only")


@window.command
@click.option(
    "--at", callback=options.instant, required=True, metavar="INSTANT", help="The start: 2026-12-01T22:00:00+01:00."
)
@recurrence_fields
@window_fields
@from_template
@JSON
@api_options
def schedule(
    url: str,
    token: str | None,
    rule: str | None,
    time_zone: str | None,
    excluded: list[str],
    *,
    as_json: bool,
    **fields: Any,
) -> None:
    """Schedule a window; prints its id. With --every it recurs: --at is the first start, and gives the time of day."""
    recurrence = given_recurrence(rule, time_zone, excluded)
    if fields["at"] <= datetime.now(UTC):  # noqa: TID251  the clock of whoever types
        raise WrongUsageError(
            f"--at {fields['at'].isoformat()} is in the past, and the window would be in force at once: "
            "correct it, or use `gateway window start`"
        )
    draft = _titled(given_fields(**fields)) | recurrence
    made = _create(connected(url, token, "write"), draft, as_json=as_json)
    if recurrence and not as_json:
        tell(f"it recurs: `gateway series show {made['recurrence']['series']}` tells when")


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
@click.option(
    "--for",
    "remaining",
    callback=options.length,
    metavar="DURATION",
    help="How long it lasts from now on: 30m.  [default: as it was planned]",
)
@JSON
@api_options
def reopen(window_id: UUID, remaining: timedelta | None, url: str, token: str | None, *, as_json: bool) -> None:
    """Put a window that was ended wrongly in force again, within a day of its end."""
    sent = {} if remaining is None else {"remaining": iso_duration(remaining)}
    changed = connected(url, token, "write").post(f"windows/{window_id}/reopen", sent)
    until = short_instant(changed["scheduled_until"])
    _tell(changed, f"is {changed['state']} again, until about {until} (gate: {changed['gate']})", as_json=as_json)


@window.command
@_ID
@click.option("--status", type=one_of(UpdateStatus), help="How far it is.")
@BODY_IN
@from_template
@click.argument("text", required=False)
@JSON
@api_options
def post(window_id: UUID, text: str | None, url: str, token: str | None, *, as_json: bool, **fields: Any) -> None:
    """Post TEXT (Markdown), or that of a template, on the timeline of a window."""
    if not fields["template"]:
        missing = [name for name, value in (("--status", fields["status"]), ("TEXT", text)) if value is None]
        if missing:
            raise _missing(f"{' and '.join(missing)} missing: give both, or --template SLUG, which has them")
    given = {"body": text, **fields}
    changed = connected(url, token, "report").post(f"windows/{window_id}/updates", given_fields(**given))
    _tell(changed, f"has a new update: {changed['updates'][0]['status']}", as_json=as_json)


def _missing(text: str) -> click.UsageError:
    return click.UsageError(text, ctx=click.get_current_context())


def _create(api: Api, draft: Document, *, as_json: bool) -> Document:
    made = api.post("windows", draft)
    _show_made(made, as_json=as_json)
    return made


def _titled(given: Document) -> Document:
    """Return what was given for a new window; nothing is sent without a title."""
    if "title" not in given and "template" not in given:
        raise _missing("--title is missing: give it, or --template SLUG, which has one")
    return given


def _show_made(made: Document, *, as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    click.echo(made["id"])
    until = short_instant(made["scheduled_until"])
    tell(f'the window "{made["title"]}" is {made["state"]}, until about {until} (gate: {made["gate"]})')


def _tell(changed: Document, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(changed)
    else:
        tell(f'the window "{changed["title"]}" {what}')


def _recurs(recurrence: Document | None) -> str:
    if recurrence is None:
        return ""
    occurs_at = short_instant(recurrence["occurs_at"])
    return f"{recurrence['rule']} ({recurrence['time_zone']}), by that {occurs_at}; series {recurrence['series']}"


window.add_command(edit)
window.add_command(preview)
