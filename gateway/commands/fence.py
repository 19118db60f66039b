"""`gateway fence`: whether every gateway gates by a window, with nothing left of the time before; over the API."""

import os
import sys
import time
from datetime import timedelta
from uuid import UUID

import click

from gateway.commands import options
from gateway.commands.failures import DONE, FAILED, WAITED_IN_VAIN, WrongUsageError, tell
from gateway.commands.options import JSON, Id
from gateway.commands.output import print_json, print_table, printable, short_instant
from gateway.commands.remote import Api, Document, api_options, connected
from gateway.domain.duration import short_duration
from gateway.domain.errors import UnavailableError

_ASK_EVERY = 0.25


@click.command
@click.argument("window_id", metavar="[ID]", type=Id("window"), required=False)
@click.option("--wait", callback=options.length, metavar="DURATION", help="Wait so long until it holds: 60s, 5m.")
@JSON
@api_options
def fence(window_id: UUID | None, wait: timedelta | None, url: str, token: str | None, *, as_json: bool) -> int:
    """Tell whether it is safe to begin, over the API.

    It is, and the fence of window ID holds, when every gateway gates by it and has no older request left in the
    application. Without ID: each window in force that gates. Exit code 0 where the fence holds, 1 where it does not,
    3 where --wait was in vain.
    """
    api = connected(url, token, "read")
    if window_id is None:
        if wait is not None:
            raise WrongUsageError("--wait takes the ID of a window; `gateway window list --state active` shows them")
        fences: list[Document] = api.get("fences")["fences"]
        if as_json:
            print_json(fences)
        elif not fences:
            tell("no window gates at the moment")
        for each in [] if as_json else fences:
            click.echo(f"{each['window']}  {printable(each['title'])}\n  {printable(each['summary'])}")
        return DONE if fences and all(each["holds"] for each in fences) else FAILED
    if wait is not None:
        code = wait_drained(api, window_id, wait)
        if not as_json:
            return code
    found = api.get(f"windows/{window_id}/fence")
    if as_json:
        print_json(found)
    else:
        _show(found)
    if wait is not None:
        return code
    return DONE if found["holds"] else FAILED


def wait_drained(api: Api, window_id: UUID | str, limit: timedelta) -> int:
    """Wait until the fence of a window holds, telling on standard error how it stands; return the exit code.

    A gateway that does not answer is asked again until the time is up.

    Raises:
        RejectedError: there is no such window, or the token may not look.
    """
    deadline = time.monotonic() + limit.total_seconds()
    progress = _Progress()
    while True:
        holds, is_vain, said = _asked(api, window_id)
        progress.say(said)
        left = deadline - time.monotonic()
        if holds or is_vain or left <= 0:
            break
        time.sleep(min(_ASK_EVERY, left))
    progress.end()
    if holds:
        return DONE
    if is_vain:
        return FAILED
    waited = f"waited {short_duration(limit)} in vain: {printable(said)}"
    tell(f"{waited}; `gateway fence {window_id} --wait 60s` waits on")
    return WAITED_IN_VAIN


def _asked(api: Api, window_id: UUID | str) -> tuple[bool, bool, str]:
    """Return whether the fence holds, whether waiting is in vain, and how it stands in words."""
    try:
        found = api.get(f"windows/{window_id}/fence")
    except UnavailableError as error:
        return False, False, str(error)
    return found["holds"], found["is_vain"], found["summary"]


class _Progress:
    """One line on standard error: written over on a terminal, else written anew when it changes."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._said = ""

    def say(self, text: str) -> None:
        if text == self._said:
            return
        self._said = text
        if self._is_terminal:
            # No longer than the line: what wraps can't be written over.
            width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
            click.echo(f"\r\x1b[2K{printable(text)[:width]}", nl=False, err=True)
        else:
            tell(printable(text))

    def end(self) -> None:
        if self._is_terminal:
            click.echo(err=True)


def _show(found: Document) -> None:
    click.echo(printable(found["summary"]))
    rows = [
        (
            each["id"],
            each["state"],
            str(each["left"]),
            str(each["given_up"]),
            short_instant(each["heartbeat_at"]),
            each["name"],
        )
        for each in found["replicas"]
    ]
    if rows:
        print_table(("REPLICA", "STATE", "LEFT", "GIVEN UP", "HEARD OF", "NAME"), rows)
