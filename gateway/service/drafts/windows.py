"""Windows and their updates, as they are asked for."""

import re
from collections import Counter
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from gateway.domain.component import ComponentStatus
from gateway.domain.window import Ends, Gate, Kind, UpdateStatus
from gateway.service.drafts.fields import Body, Draft, Instant, LeadTime, Length, Slug, Text, Title

_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_PATH = re.compile(r"/[^\s?#%\\\x00-\x1f]*")

# Of hosts, paths, components or reminders: each request is compared with each of them.
_MOST = 200


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


_HOST_SCHEMA = {"type": "string", "pattern": f"^({_HOST.pattern})$"}
_PATH_SCHEMA = {"type": "string", "pattern": r"^/[^\s?#%*\\\x00-\x1f]*$"}
HostPattern = Annotated[str, AfterValidator(_host), WithJsonSchema(_HOST_SCHEMA)]
PathPrefix = Annotated[str, AfterValidator(_path), WithJsonSchema(_PATH_SCHEMA)]


class ScopeDraft(Draft):
    """Which requests a window is about; empty lists mean all."""

    hosts: tuple[HostPattern, ...] = Field((), max_length=_MOST)
    paths: tuple[PathPrefix, ...] = Field((), max_length=_MOST)


class EffectDraft(Draft):
    """The status that a window gives a component while it is active."""

    slug: Slug
    status: ComponentStatus = ComponentStatus.UNDER_MAINTENANCE


class WindowDraft(Draft):
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


class WindowChange(Draft):
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


class UpdateDraft(Draft):
    """A post on a window's timeline."""

    status: UpdateStatus
    body: Body


def _refuse_doubles(components: tuple[EffectDraft, ...]) -> None:
    for slug, times in Counter(effect.slug for effect in components).items():
        if times > 1:
            raise ValueError(f'components names "{slug}" twice')
