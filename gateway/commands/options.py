"""Options that several commands share, and the values that they take."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.commands.failures import WrongSettingsError, WrongUsageError
from gateway.domain.duration import parse_duration
from gateway.domain.errors import InvalidError

if TYPE_CHECKING:
    from gateway.config.settings import Settings

DEFAULT_FILE = Path("gateway.toml")
_META = "gateway.config"
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_SLUG = 60

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="GATEWAY_CONFIG",
    help=f"The settings, also as GATEWAY_CONFIG; by default {DEFAULT_FILE}, where there is one.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


class Id(click.types.UUIDParameterType):
    """An id. What is none is refused with the command that shows them: `gateway LISTED_BY list`."""

    def __init__(self, listed_by: str) -> None:
        self._listed_by = listed_by

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read an id."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is not an id: `gateway {self._listed_by} list` shows them", param, ctx)


class Number(click.IntRange):
    """A whole number in a range, under this name in messages."""

    name = "whole number"


def configured(config: Path | None) -> None:
    """Remember `--config`, wherever on the line it stands; the last one counts."""
    if config is not None:
        click.get_current_context().meta[_META] = config


def settings_again() -> Callable[[], "Settings"]:
    """Return what reads the same settings once more, from the same place, as `load_settings` does.

    A file that was read once must stay: without it, or emptied, all settings would silently be the defaults.
    """
    from gateway.config.load import load_settings  # noqa: PLC0415

    path: Path | None = click.get_current_context().meta.get(_META)
    if path is None and DEFAULT_FILE.is_file():
        path = DEFAULT_FILE
    had_settings = path is not None and not _is_blank(path)

    def load() -> "Settings":
        nonlocal path, had_settings
        # One that was not there at the start may come.
        found = path or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
        settings = load_settings(found)
        if found is not None:
            is_blank = _is_blank(found)
            if had_settings and is_blank:
                raise InvalidError({str(found): "is empty: write the settings again, or restart the gateway"})
            path, had_settings = found, not is_blank
        return settings

    return load


def _is_blank(path: Path) -> bool:
    """Tell whether a file has nothing in it; one that can't be read has."""
    try:
        return not path.read_bytes().strip()
    except OSError:
        return False


def read_settings(config: Path | None = None) -> "Settings":
    """Read the settings that the command line names: `config`, or what `configured` remembers, or the default file.

    Raises:
        WrongSettingsError: each wrong setting by its path.
    """
    from gateway.config.load import load_settings  # noqa: PLC0415  pydantic takes its time; `--help` does without

    configured(config)
    path: Path | None = click.get_current_context().meta.get(_META)
    if path is None and DEFAULT_FILE.is_file():
        path = DEFAULT_FILE
    try:
        return load_settings(path)
    except InvalidError as error:
        raise WrongSettingsError(error.fields) from error


def length(_: click.Context, __: click.Parameter, value: str | None) -> timedelta | None:
    """Read a length of time, or refuse with what is accepted: `30m`, `1h30m`, `PT45M`."""
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def instant(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """Read an instant with its offset (RFC 3339); a naive one is refused."""
    if value is None:
        return None
    example = "write for example 2026-12-01T22:00:00Z or 2026-12-01T23:00:00+01:00"
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not an instant: {example}") from error
    if at.tzinfo is None:
        raise click.BadParameter(f"{value!r} does not say in which time zone: {example}")
    return at


def slug(_: click.Context, parameter: click.Parameter, value: str) -> str:
    """Read the short name of a component, or of a template."""
    if len(value) > _LONGEST_SLUG or _SLUG.fullmatch(value) is None:
        what = "template" if parameter.name == "template" else "component"
        raise click.BadParameter(
            f"{value!r} is not a {what}'s short name: small letters, digits and hyphens in between, "
            f"{_LONGEST_SLUG} at most"
        )
    return value


def slug_option(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Read the short name of a component or template, where one is given."""
    return None if value is None else slug(context, parameter, value)


def slugs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Read the short names of components."""
    return tuple(slug(context, parameter, value) for value in values)


def one_of(values: type[StrEnum]) -> click.Choice[str]:
    """Return the choice among the values of an enumeration."""
    return click.Choice([str(value) for value in values])


def either(*, yes: bool, no: bool, names: str) -> bool | None:
    """Return what two flags say that exclude each other; None where neither is given.

    Raises:
        WrongUsageError: both are; `names` are theirs.
    """
    if yes and no:
        raise WrongUsageError(f"{names} exclude each other: give one of them")
    return yes if yes or no else None
