"""The fields that drafts are made of, and the one check that names every wrong one."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from gateway.domain.duration import LONGEST, iso_duration, parse_duration
from gateway.domain.errors import InvalidError
from gateway.service.drafts.messages import field_errors

# Far enough for every plan, near enough that adding the longest duration can't leave the calendar.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHOWN = 60
"""Of a wrong value, so many characters are told."""


def shown(value: object) -> str:
    """Return a wrong value, as JSON has it, for a message."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _duration(value: object) -> timedelta:
    """Read a duration; a number is none, which pydantic would take for seconds."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a duration: write for example 90s, 30m, 1h30m, 2d or PT45M")  # noqa: TRY004
    return parse_duration(value)


def _instant(value: object) -> datetime:
    """Read an instant; a number is none, which pydantic would take for seconds since the epoch."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value.strip())  # type: ignore[attr-defined]
    except (ValueError, AttributeError):
        raise ValueError(f"{shown(value)} is not an instant such as 2026-12-01T22:00:00Z") from None


def _in_range(value: datetime) -> datetime:
    if not _EARLIEST <= value < _LATEST:
        raise ValueError("must lie between the years 2000 and 2200")
    return value


def no_nul(value: str) -> str:
    """PostgreSQL stores no NUL in a text."""
    if "\0" in value:
        raise ValueError("contains a NUL character: leave it out")
    return value


def _slug(value: str) -> str:
    if _SLUG.fullmatch(value) is None:
        raise ValueError(
            f"{shown(value)} is not a short name: small letters, digits and single hyphens between, such as database-2"
        )
    return value


def _positive(value: timedelta) -> timedelta:
    if not timedelta() < value <= LONGEST:
        raise ValueError("must be longer than nothing, ten years at most")
    return value


def _not_negative(value: timedelta) -> timedelta:
    if not timedelta() <= value <= timedelta(days=365):
        raise ValueError("must lie between nothing and a year")
    return value


# The library would write 365 days as a year, which nobody reads again.
Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(iso_duration, when_used="json")]
_NO_NUL = r"^[^\x00]*$"


def _said(most: int) -> WithJsonSchema:
    """Describe a text that must say something."""
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": most, "pattern": r"^[^\x00]*\S[^\x00]*$"})


LIFETIME_SCHEMA = {  # a minute at least
    "type": "string",
    "format": "duration",
    "not": {"pattern": r"^PT[0-5]?[0-9](\.[0-9]+)?S$"},
    "examples": ["PT2H", "90d"],
}
_LENGTH_SCHEMA = {"type": "string", "format": "duration", "not": {"const": "PT0S"}, "examples": ["PT45M", "90s"]}
Length = Annotated[Duration, AfterValidator(_positive), WithJsonSchema(_LENGTH_SCHEMA)]
LeadTime = Annotated[Duration, AfterValidator(_not_negative)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_in_range)]
_CHECKED = AfterValidator(no_nul)
_WITHOUT_NUL = Field(json_schema_extra={"pattern": _NO_NUL})
# The constraints before the check: behind it they would speak of "items", not of characters.
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _CHECKED, _said(200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _CHECKED, _said(100)]
Body = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), _CHECKED, _said(20_000)
]
Description = Annotated[str, StringConstraints(max_length=2_000), _CHECKED, _WITHOUT_NUL]
Text = Annotated[str, StringConstraints(max_length=20_000), _CHECKED, _WITHOUT_NUL]
_SLUG_SCHEMA = {"type": "string", "pattern": f"^{_SLUG.pattern}$", "maxLength": 60}
Slug = Annotated[str, StringConstraints(max_length=60), AfterValidator(_slug), WithJsonSchema(_SLUG_SCHEMA)]

D = TypeVar("D", bound=BaseModel)


class Draft(BaseModel):
    """What is asked for. An unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def checked(model: type[D], data: object) -> D:
    """Validate `data` as a draft.

    Raises:
        InvalidError: `fields` names every wrong field by its dotted path.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidError(field_errors(error)) from error
