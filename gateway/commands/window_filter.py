"""Which windows are listed: the options of `window list` and `history`, and the query that is made of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from gateway.commands import options
from gateway.commands.interval import given_interval, interval_options
from gateway.commands.options import one_of
from gateway.domain.window import Kind

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    interval_options(
        "Only windows that start then or later: 2026-12-01 (UTC) or 2026-12-01T22:00:00+01:00.",
        "Only windows that start before this.",
    ),
    click.option("--kind", "kinds", type=one_of(Kind), multiple=True, help="Only this kind; repeatable."),
    click.option(
        "--component", callback=options.slug_option, metavar="SLUG", help="Only windows that name this component."
    ),
)


def window_filter(command: F) -> F:
    """Add the options that select windows; `filter_query` takes what a command gets of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def filter_query(
    *, since: datetime | None, until: datetime | None, kinds: tuple[str, ...], component: str | None
) -> dict[str, Any]:
    """Return what was given, for a query.

    Raises:
        WrongUsageError: the end of the time does not lie after its beginning.
    """
    query: dict[str, Any] = {"kind": list(kinds)} | ({} if component is None else {"component": component})
    return query | given_interval(since, until)
