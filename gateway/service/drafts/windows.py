"""Windows and their updates, as they are asked for."""

import re
from collections import Counter
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from gateway.domain.component import ComponentStatus
from gateway.domain.scope import Scope, is_plain, under
from gateway.domain.window import Ends, Gate, Kind, UpdateStatus
from gateway.service.drafts.fields import Body, Draft, Instant, LeadTime, Length, Slug, Text, Title
from gateway.service.drafts.recurrence import RecurrenceDraft
from gateway.service.drafts.translations import Bodies, Texts

_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_PATH = re.compile(r"/[^\s?#%\\\x00-\x1f]*")

# Of hosts, paths, components or reminders: each request is compared with each of them.
MOST_OF_EACH = 200


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


def _excluded_path(value: str) -> str:
    path = _path(value)
    if path == "/":
        raise ValueError('"/" would leave out every request: name what the window is not about, such as "/help"')
    if not is_plain(path.encode()):
        raise ValueError(
            f"{value!r} can't be left out: servers read //, /./, /../, ; and letters beyond ASCII differently"
        )
    return path


_HOST_SCHEMA = {"type": "string", "pattern": f"^({_HOST.pattern})$"}
_PATH_SCHEMA = {"type": "string", "pattern": r"^/[^\s?#%*\\\x00-\x1f\x85]*$"}
HostPattern = Annotated[str, AfterValidator(_host), WithJsonSchema(_HOST_SCHEMA)]
PathPrefix = Annotated[str, AfterValidator(_path), WithJsonSchema(_PATH_SCHEMA)]
_PLAIN_SCHEMA = {"type": "string", "pattern": r"^(/[!\"$&-)+,\-0-:<->@-\[\]-~]+)+/?$"}
PlainPath = Annotated[str, AfterValidator(_excluded_path), WithJsonSchema(_PLAIN_SCHEMA)]


def _vain(excluded: str, paths: tuple[str, ...]) -> str:
    """Say why an excluded path can't be meant so; empty where it can."""
    gone = next((path for path in paths if under(path.encode(), excluded.encode())), None)
    if gone is not None:
        return f"{excluded} would leave out all of {gone}, which paths name: take one of them away"
    if paths and not any(under(excluded.encode(), path.encode()) for path in paths):
        return f"{excluded} leaves out nothing: it is not below any of paths ({', '.join(paths[:3])})"
    return ""


class ScopeDraft(Draft):
    """Which requests a window is about; empty hosts and paths mean all, `excluded_paths` are left out again."""

    hosts: tuple[HostPattern, ...] = Field((), max_length=MOST_OF_EACH)
    paths: tuple[PathPrefix, ...] = Field((), max_length=MOST_OF_EACH)
    excluded_paths: tuple[PlainPath, ...] = Field((), max_length=MOST_OF_EACH)

    @field_validator("excluded_paths")
    @classmethod
    def _each_excludes_something(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Refuse what has no effect, or leaves nothing: it was meant otherwise."""
        problems = [_vain(excluded, info.data.get("paths", ())) for excluded in value]
        if any(problems):
            raise ValueError("; ".join(filter(None, problems)))
        return value

    def scope(self) -> Scope:
        """Return the scope."""
        return Scope(hosts=self.hosts, paths=self.paths, excluded_paths=self.excluded_paths)


class EffectDraft(Draft):
    """The status that a window gives a component while it is active."""

    slug: Slug
    status: ComponentStatus = ComponentStatus.UNDER_MAINTENANCE


def _each_once(value: tuple[EffectDraft, ...]) -> tuple[EffectDraft, ...]:
    counted = Counter(effect.slug for effect in value)
    doubled = ", ".join(f'"{slug}"' for slug, times in counted.items() if times > 1)
    if doubled:
        raise ValueError(f"names {doubled} more than once: give each component one status")
    return value


Effects = Annotated[tuple[EffectDraft, ...], Field(max_length=MOST_OF_EACH), AfterValidator(_each_once)]


class WindowDraft(Draft):
    """A window to be made. Without `starts_at` it starts now; without `gate` the kind decides.

    With `recurrence` it is the first of a series, and `starts_at` its first start.
    """

    kind: Kind = Kind.MAINTENANCE
    title: Title
    description: Text = ""
    translations: Texts = Field(default_factory=dict)
    starts_at: Instant | None = None
    estimated_duration: Length = timedelta(minutes=30)
    ends: Ends = Ends.WHEN_FIXED
    gate: Gate | None = None
    scope: ScopeDraft = ScopeDraft()
    components: Effects = ()
    reminders: tuple[LeadTime, ...] = Field((), max_length=MOST_OF_EACH)
    recurrence: RecurrenceDraft | None = None
    reopen_over: LeadTime = timedelta()

    @field_validator("recurrence")
    @classmethod
    def _recurs_from_a_start(cls, value: RecurrenceDraft | None, info: ValidationInfo) -> RecurrenceDraft | None:
        if value is not None and "starts_at" in info.data and info.data["starts_at"] is None:
            raise ValueError("needs starts_at: the start of the first occurrence, which also says the time of day")
        return value


class WindowChange(Draft):
    """What is to be changed of a window; what is left out stays. `fixed = true` ends it."""

    kind: Kind | None = None
    title: Title | None = None
    description: Text | None = None
    translations: Texts | None = None
    starts_at: Instant | None = None
    estimated_duration: Length | None = None
    ends: Ends | None = None
    gate: Gate | None = None
    scope: ScopeDraft | None = None
    components: Effects | None = None
    reminders: tuple[LeadTime, ...] | None = Field(None, max_length=MOST_OF_EACH)
    reopen_over: LeadTime | None = None
    fixed: bool | None = None


class UpdateDraft(Draft):
    """A post on a window's timeline."""

    status: UpdateStatus
    body: Body
    translations: Bodies = Field(default_factory=dict)
