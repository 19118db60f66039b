"""How a window recurs, on the command line: the options, and the document that is made of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from gateway.commands.failures import WrongUsageError
from gateway.commands.remote import Document

F = TypeVar("F", bound=Callable[..., Any])

EXCEPT = click.option(
    "--except",
    "excluded",
    type=click.DateTime(["%Y-%m-%d"]),
    multiple=True,
    metavar="DATE",
    help="But not on this date there: 2026-12-27; repeatable.",
)


def recurrence_fields(command: F) -> F:
    """Add the options that make a series of a window."""
    for option in (
        EXCEPT,
        click.option("--time-zone", metavar="ZONE", help="With --every: where the time of day stays: Europe/Berlin."),
        click.option(
            "--every", "rule", metavar="RRULE", help="Recur by this rule (RFC 5545): FREQ=WEEKLY;INTERVAL=2;BYDAY=SU."
        ),
    ):
        command = option(command)
    return command


def given_recurrence(rule: str | None, time_zone: str | None, excluded: tuple[datetime, ...]) -> Document:
    """Return what was given on the command line, as a part of a window; nothing where it does not recur.

    Raises:
        WrongUsageError: only a part of it was given.
    """
    if rule is None:
        if time_zone is not None or excluded:
            raise WrongUsageError("--time-zone and --except belong to a window that recurs: add --every RRULE")
        return {}
    if time_zone is None:
        raise WrongUsageError("--every takes --time-zone, too: a rule is about the time of day in a place")
    return {"recurrence": {"rule": rule, "time_zone": time_zone, "excluded_dates": date_texts(excluded)}}


def date_texts(dates: tuple[datetime, ...]) -> list[str]:
    """Write dates for the API."""
    return [each.date().isoformat() for each in dates]
