"""The fields that drafts are made of, and the one check that names every wrong one."""

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

# Far enough for every plan, near enough that adding the longest duration can't leave the calendar.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _duration(value: object) -> object:
    if isinstance(value, (int, float)):  # pydantic would take it for seconds
        raise ValueError(f"{value!r} is not a duration: write for example 90s, 30m, 1h30m, 2d or PT45M")  # noqa: TRY004
    return parse_duration(value) if isinstance(value, str) else value


def _instant(value: object) -> object:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f"{value!r} is not an instant such as 2026-12-01T22:00:00Z") from None
    if isinstance(value, (int, float)):  # pydantic would take it for seconds since the epoch
        raise ValueError(f"{value!r} is not an instant such as 2026-12-01T22:00:00Z")  # noqa: TRY004
    return value


def _in_range(value: datetime) -> datetime:
    if not _EARLIEST <= value < _LATEST:
        raise ValueError("must lie between the years 2000 and 2200")
    return value


def no_nul(value: str) -> str:
    """PostgreSQL stores no NUL in a text."""
    if "\0" in value:
        raise ValueError("contains a NUL character")
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
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]

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


def field_errors(error: ValidationError) -> dict[str, str]:
    """Name every error of a validation by its dotted path, in words for people."""
    fields: dict[str, str] = {}
    for item in error.errors():
        path = ".".join(str(part) for part in item["loc"]) or "body"
        text = item["msg"].removeprefix("Value error, ")
        fields[path] = "there is no such field" if item["type"] == "extra_forbidden" else text
    return fields
