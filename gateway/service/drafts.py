"""What comes in from forms, JSON and commands: checked, every wrong field named, before anything is done."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from gateway.domain.bypass import DEFAULT_LIFETIME, LONGEST_LIFETIME, SHORTEST_LIFETIME
from gateway.domain.component import ComponentStatus
from gateway.domain.duration import LONGEST, parse_duration
from gateway.domain.errors import InvalidError
from gateway.domain.window import Ends, Gate, Kind, UpdateStatus

_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_NUMBER = re.compile(r"[+-]?[\d.]+", re.ASCII)
_PATH = re.compile(r"/[^\s?#%\\\x00-\x1f]*")

# Of hosts, paths, components or reminders: each request is compared with each of them.
_MOST = 200

# Far enough for every plan, near enough that adding the longest duration can't leave the calendar.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _duration(value: object) -> object:
    if isinstance(value, (int, float)):  # pydantic would take it for seconds
        raise ValueError(f"{value!r} is not a duration: write for example 90s, 30m, 1h30m, 2d or PT45M")  # noqa: TRY004
    return parse_duration(value) if isinstance(value, str) else value


def _no_bare_number(value: object) -> object:
    """Refuse what pydantic would take for seconds since the epoch."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        raise ValueError(f"{value!r} is not an instant such as 2026-12-01T22:00:00Z")
    return value


def _in_range(value: datetime) -> datetime:
    if not _EARLIEST <= value < _LATEST:
        raise ValueError("must lie between the years 2000 and 2200")
    return value


def _no_nul(value: str) -> str:
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


def _link_lifetime(value: timedelta) -> timedelta:
    if not SHORTEST_LIFETIME <= value <= LONGEST_LIFETIME:
        raise ValueError("must lie between one minute and 30 days: when it has expired, make a new link")
    return value


def _host(value: str) -> str:
    if _HOST.fullmatch(value) is None:
        raise ValueError(f'{value!r} is not a host: write "shop.example.com" or "*.example.com", without port')
    return value.lower()


def _path(value: str) -> str:
    if "*" in value:
        raise ValueError(f'{value!r}: there is no * in paths; "/checkout" covers everything below it, too')
    if _PATH.fullmatch(value) is None:
        raise ValueError(f'{value!r} is not a path such as "/checkout": it starts with /, without query or escapes')
    return value


Length = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_positive)]
LeadTime = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_not_negative)]
LinkLifetime = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_link_lifetime)]
Instant = Annotated[AwareDatetime, BeforeValidator(_no_bare_number), AfterValidator(_in_range)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_no_nul)]
Text = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_no_nul)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_no_nul)]


D = TypeVar("D", bound=BaseModel)


class _Draft(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScopeDraft(_Draft):
    """Which requests a window is about; empty lists mean all."""

    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field((), max_length=_MOST)
    paths: tuple[Annotated[str, AfterValidator(_path)], ...] = Field((), max_length=_MOST)


class EffectDraft(_Draft):
    """The status that a window gives a component while it is active."""

    slug: Slug
    status: ComponentStatus = ComponentStatus.UNDER_MAINTENANCE


class WindowDraft(_Draft):
    """A window to be made. Without `starts_at` it starts now; without `gate` the kind decides."""

    kind: Kind = Kind.MAINTENANCE
    title: Title
    description: Text = ""
    starts_at: Instant | None = None
    estimated_duration: Length = timedelta(minutes=30)
    ends: Ends = Ends.WHEN_FIXED
    gate: Gate | None = None
    scope: ScopeDraft = ScopeDraft()
    components: tuple[EffectDraft, ...] = Field((), max_length=_MOST)
    reminders: tuple[LeadTime, ...] = Field((), max_length=_MOST)
    recurrence: None = Field(None, description="Not available yet.")
    reopen_over: LeadTime = timedelta()

    @model_validator(mode="after")
    def _each_component_once(self) -> Self:
        _refuse_doubles(self.components)
        return self


class WindowChange(_Draft):
    """What is to be changed of a window; what is left out stays. `fixed = true` ends it."""

    kind: Kind | None = None
    title: Title | None = None
    description: Text | None = None
    starts_at: Instant | None = None
    estimated_duration: Length | None = None
    ends: Ends | None = None
    gate: Gate | None = None
    scope: ScopeDraft | None = None
    components: tuple[EffectDraft, ...] | None = Field(None, max_length=_MOST)
    reminders: tuple[LeadTime, ...] | None = Field(None, max_length=_MOST)
    reopen_over: LeadTime | None = None
    fixed: bool | None = None

    @model_validator(mode="after")
    def _each_component_once(self) -> Self:
        _refuse_doubles(self.components or ())
        return self


class UpdateDraft(_Draft):
    """A post on a window's timeline."""

    status: UpdateStatus
    body: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), AfterValidator(_no_nul)
    ]


class ComponentDraft(_Draft):
    """A component to be added; the group is made where it does not exist."""

    slug: Slug
    name: Name
    description: Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_no_nul)] = ""
    status: ComponentStatus = ComponentStatus.OPERATIONAL
    group: Name | None = None


class StatusDraft(_Draft):
    """A component's own status."""

    status: ComponentStatus


class BypassLinkDraft(_Draft):
    """A link that passes the gate; `name` says who or what it is for."""

    name: Name
    expires_in: LinkLifetime = DEFAULT_LIFETIME


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


def _refuse_doubles(components: tuple[EffectDraft, ...]) -> None:
    for slug, times in Counter(effect.slug for effect in components).items():
        if times > 1:
            raise ValueError(f'components names "{slug}" twice')
