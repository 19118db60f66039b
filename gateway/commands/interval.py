"""`--from` and `--to`: the options of every command that asks about a time, and what is sent of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from gateway.commands import options
from gateway.commands.failures import WrongUsageError

F = TypeVar("F", bound=Callable[..., Any])

_EXAMPLE = "write for example 2026-12-01, 2026-12-01T22:00:00Z or 2026-12-01T23:00:00+01:00"


def interval_options(since: str, until: str, *, also: tuple[str, str] = ("", "")) -> Callable[[F], F]:
    """Add `--from` and `--to`, explained by `since` and `until`; a command gets these as instants.

    `also` are other names that they had before.
    """

    def add(command: F) -> F:
        for name, other, variable, text in (("--to", also[1], "until", until), ("--from", also[0], "since", since)):
            names = [name, *([other] if other else []), variable]
            command = click.option(*names, callback=_day_or_instant, metavar="WHEN", help=text)(command)
        return command

    return add


def given_interval(since: datetime | None, until: datetime | None) -> dict[str, str]:
    """Return what was given, for a query, as `since` and `until`.

    Raises:
        WrongUsageError: the end does not lie after the beginning.
    """
    if since is not None and until is not None and until <= since:
        raise WrongUsageError("--to does not lie after --from: nothing can have been in between; exchange them")
    return {name: at.isoformat() for name, at in (("since", since), ("until", until)) if at is not None}


def _day_or_instant(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Read an instant with its offset, or a day: its beginning in UTC."""
    try:
        if value is not None and len(value) == len("2026-12-01"):
            return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a day: {_EXAMPLE}") from error
    return options.instant(context, parameter, value)
