"""How a window recurs, on the command line: the options, and the document that is made of them."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import click

from gateway.commands.failures import WrongUsageError
from gateway.commands.remote import Document

F = TypeVar("F", bound=Callable[..., Any])


def _dates(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[str]:
    """Read dates, and write them as the API does."""
    dates = []
    for value in values:
        try:
            dates.append(date.fromisoformat(value).isoformat())
        except ValueError as error:
            raise click.BadParameter(f"{value!r} is not a date: write for example 2026-12-27") from error
    return dates


EXCEPT = click.option(
    "--except",
    "excluded",
    callback=_dates,
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


def given_recurrence(rule: str | None, time_zone: str | None, excluded: list[str]) -> Document:
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
    return {"recurrence": {"rule": rule, "time_zone": time_zone, "excluded_dates": excluded}}
