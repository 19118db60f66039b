"""What describes a window on the command line: the options, and the document that is made of them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

import click

from gateway.commands import options
from gateway.commands.options import one_of
from gateway.commands.remote import Document
from gateway.commands.translation_fields import TEXTS_IN, given_translations
from gateway.domain.component import ComponentStatus
from gateway.domain.duration import iso_duration
from gateway.domain.window import DEFAULT_GATE, Ends, Gate, Kind

F = TypeVar("F", bound=Callable[..., Any])


def _effects(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[Document]:
    """Read `SLUG=STATUS`, or a slug alone: under maintenance."""
    effects = []
    for value in values:
        name, _sign, status = value.partition("=")
        status = status or ComponentStatus.UNDER_MAINTENANCE
        if status not in list(ComponentStatus):
            raise click.BadParameter(f"{value!r}: the status is one of {', '.join(ComponentStatus)}")
        effects.append({"slug": options.slug(context, parameter, name), "status": status})
    return effects


def _variables(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Read `NAME=VALUE`; the last one of a name counts."""
    pairs = [value.partition("=") for value in values]
    wrong = next((value for value, (name, sign, _text) in zip(values, pairs, strict=True) if not (name and sign)), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r}: write NAME=VALUE, such as what=Checkout")
    return {name: text for name, _sign, text in pairs}


def _lengths(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[str]:
    lengths = [options.length(context, parameter, value) for value in values]
    return [iso_duration(length) for length in lengths if length is not None]


_SCOPE = (
    click.option("--host", "hosts", multiple=True, metavar="HOST", help="Only requests for this host; repeatable."),
    click.option("--path", "paths", multiple=True, metavar="PATH", help="Only requests below this path; repeatable."),
    click.option(
        "--except-path",
        "excluded_paths",
        multiple=True,
        metavar="PATH",
        help="But none below this path; repeatable.",
    ),
)
_FROM_TEMPLATE = (
    click.option(
        "--template", callback=options.slug_option, metavar="SLUG", help="Take what is not given from this template."
    ),
    click.option(
        "--var",
        "variables",
        multiple=True,
        callback=_variables,
        metavar="NAME=VALUE",
        help="A variable of the template; repeatable.",
    ),
)


def _fields(default: Callable[[str], str]) -> tuple[Callable[[F], F], ...]:
    """Return the options that describe a window; `default` writes what holds where one is not given."""
    return (
        click.option("--title", help="What customers read first."),
        click.option(
            "--for",
            "estimate",
            callback=options.length,
            metavar="DURATION",
            help=f"Estimated duration: 30m, 1h30m, PT45M.{default('30m')}",
        ),
        click.option("--kind", type=one_of(Kind), help=f"What sort of window it is.{default('maintenance')}"),
        _gate(default("as its kind")),
        click.option(
            "--ends", type=one_of(Ends), help=f"By its estimate, or by somebody's word.{default('when_fixed')}"
        ),
        click.option(
            "--reopen-over",
            "reopening",
            callback=options.length,
            metavar="DURATION",
            help=f"After the end, let customers in evenly over this time: 10m.{default('all at once')}",
        ),
        *_SCOPE,
        click.option(
            "--component",
            "components",
            multiple=True,
            callback=_effects,
            metavar="SLUG[=STATUS]",
            help="A component and how it does meanwhile; repeatable.",
        ),
        click.option(
            "--remind",
            "reminders",
            multiple=True,
            callback=_lengths,
            metavar="DURATION",
            help="Remind so long before the start: 24h; repeatable.",
        ),
        click.option("--description", help="The details, in Markdown."),
        *TEXTS_IN,
    )


def _gate(default: str) -> Callable[[F], F]:
    return click.option("--gate", type=one_of(Gate), help=f"What it does to traffic.{default}")


def window_fields(command: F) -> F:
    """Add the options that describe a new window."""
    return _with(command, _fields(_default))


def some_window_fields(command: F) -> F:
    """Add the same options where what is not given stays as it is, or is not said: there are no defaults."""
    return _with(command, _fields(lambda _: ""))


def from_template(command: F) -> F:
    """Add the options that name a template and fill in its variables."""
    return _with(command, _FROM_TEMPLATE)


def trial_fields(command: F) -> F:
    """Add the options that matter to traffic."""
    return _with(command, (_gate(_default("closed")), *_SCOPE))


def given_fields(
    *,
    at: datetime | None = None,
    estimate: timedelta | None = None,
    reopening: timedelta | None = None,
    titles: Mapping[str, str] = MappingProxyType({}),
    descriptions: Mapping[str, str] = MappingProxyType({}),
    **plain: Any,
) -> Document:
    """Return what was given on the command line, and no more: the gateway knows the defaults."""
    document = {name: value for name, value in plain.items() if value is not None and value not in ((), [], {})}
    if at is not None:
        document["starts_at"] = at.isoformat()
    if estimate is not None:
        document["estimated_duration"] = iso_duration(estimate)
    if reopening is not None:
        document["reopen_over"] = iso_duration(reopening)
    if titles or descriptions:
        document["translations"] = given_translations(titles, descriptions)
    scope = {name: document.pop(name) for name in ("hosts", "paths", "excluded_paths") if name in document}
    return document | ({"scope": scope} if scope else {})


def gate_of(document: Document) -> str:
    """Return the gate of a window that was given so."""
    return str(document.get("gate") or DEFAULT_GATE[Kind(document.get("kind") or Kind.MAINTENANCE)])


def _default(value: str) -> str:
    return f"  [default: {value}]"


def _with(command: F, added: tuple[Callable[[F], F], ...]) -> F:
    for option in reversed(added):
        command = option(command)
    return command
