"""Windows: their kinds, gates and states, and every transition between them in one table."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from gateway.domain.component import ComponentStatus
from gateway.domain.duration import LONGEST
from gateway.domain.errors import ConflictError, InvalidError
from gateway.domain.scope import EVERYTHING, Scope


class Kind(StrEnum):
    """What sort of window it is (the seed's "Update Type")."""

    MAINTENANCE = "maintenance"
    DOWNTIME = "downtime"
    DEGRADATION = "degradation"
    ANNOUNCEMENT = "announcement"

    @property
    def label(self) -> str:
        """The name people read."""
        return _KIND_LABELS[self]


_KIND_LABELS = {
    Kind.MAINTENANCE: "Maintenance Window",
    Kind.DOWNTIME: "Downtime Notice",
    Kind.DEGRADATION: "Degradation",
    Kind.ANNOUNCEMENT: "Announcement",
}


class Gate(StrEnum):
    """What a window does to traffic while it is active, from mildest to strictest."""

    NONE = "none"
    READ_ONLY = "read_only"
    CLOSED = "closed"


DEFAULT_GATE = {
    Kind.MAINTENANCE: Gate.CLOSED,
    Kind.DOWNTIME: Gate.CLOSED,
    Kind.DEGRADATION: Gate.NONE,
    Kind.ANNOUNCEMENT: Gate.NONE,
}


class Ends(StrEnum):
    """What ends a window: its estimate, or somebody's word."""

    WHEN_FIXED = "when_fixed"
    ON_TIME = "on_time"


class State(StrEnum):
    """Where a window stands at one time."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    OVERRUNNING = "overrunning"
    ENDED = "ended"
    CANCELLED = "cancelled"


class UpdateStatus(StrEnum):
    """What a post on a window's timeline reports."""

    SCHEDULED = "scheduled"
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    IN_PROGRESS = "in_progress"
    MONITORING = "monitoring"
    VERIFYING = "verifying"
    RESOLVED = "resolved"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Verb(StrEnum):
    """What can be done to a window that exists."""

    START = "start"
    EDIT = "edit"
    EXTEND = "extend"
    END = "end"
    CANCEL = "cancel"
    REOPEN = "reopen"
    POST = "post"


# ALL transitions: the states in which each verb is allowed.
TRANSITIONS: dict[Verb, frozenset[State]] = {
    Verb.START: frozenset({State.SCHEDULED}),
    Verb.EDIT: frozenset({State.SCHEDULED, State.ACTIVE, State.OVERRUNNING}),
    Verb.EXTEND: frozenset({State.SCHEDULED, State.ACTIVE, State.OVERRUNNING}),
    Verb.END: frozenset({State.ACTIVE, State.OVERRUNNING}),
    Verb.CANCEL: frozenset({State.SCHEDULED}),
    Verb.REOPEN: frozenset({State.ENDED}),
    Verb.POST: frozenset({State.SCHEDULED, State.ACTIVE, State.OVERRUNNING, State.ENDED}),
}

REOPENED_WITHIN = timedelta(days=1)
"""How long after its end a window can still have been ended wrongly; later it is history."""

_DONE_TO_IT = {
    Verb.START: "started",
    Verb.EDIT: "edited",
    Verb.EXTEND: "extended",
    Verb.END: "ended",
    Verb.CANCEL: "cancelled",
    Verb.REOPEN: "reopened",
    Verb.POST: "posted to",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentEffect:
    """The status that a window gives a component while it is active."""

    slug: str
    status: ComponentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowText:
    """What a window says in another language; without a description the original one stays."""

    title: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One post on a window's timeline; `body` is Markdown, `translations` are bodies by the tags of their languages."""

    id: UUID
    status: UpdateStatus
    body: str
    translations: Mapping[str, str] = field(default_factory=dict, hash=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """Of which series a window is an occurrence, and when it should start by the rule: it may have been moved.

    `occurs_on` is the local time by the rule, `occurs_at` the instant of that: in a gap of the clock it is later.
    """

    series: UUID
    rule: str
    time_zone: str
    occurs_at: datetime
    occurs_on: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One window as it is stored. Instants are aware; `ended_at` and `cancelled_at` exclude each other.

    `translations` are its texts by the tags of their languages.
    """

    id: UUID
    kind: Kind
    title: str
    description: str = ""
    translations: Mapping[str, WindowText] = field(default_factory=dict, hash=False)
    starts_at: datetime
    estimated_duration: timedelta
    ends: Ends = Ends.WHEN_FIXED
    gate: Gate
    scope: Scope = EVERYTHING
    components: tuple[ComponentEffect, ...] = ()
    reminders: tuple[timedelta, ...] = ()
    recurrence: Recurring | None = None
    reopen_over: timedelta = timedelta()
    fixed: bool = False
    ended_at: datetime | None = None
    cancelled_at: datetime | None = None
    row_version: int = 1
    created_at: datetime
    updated_at: datetime
    updates: tuple[Update, ...] = ()

    @property
    def scheduled_until(self) -> datetime:
        """The estimated end."""
        return self.starts_at + self.estimated_duration

    @property
    def stops_at(self) -> datetime | None:
        """The end that is certain: the recorded one, or that of a window which ends on time; else None."""
        if self.ended_at is not None:
            return self.ended_at
        return self.scheduled_until if self.ends is Ends.ON_TIME else None

    def state(self, now: datetime) -> State:
        """Return where the window stands at `now`: a pure function of the row and the time."""
        if self.cancelled_at is not None:
            return State.CANCELLED
        if now < self.starts_at:
            return State.SCHEDULED
        stop = self.stops_at
        if stop is not None and stop <= now:
            return State.ENDED
        return State.OVERRUNNING if self.scheduled_until <= now else State.ACTIVE

    def is_active(self, now: datetime) -> bool:
        """Tell whether the window is in force at `now`, overrunning or not."""
        return self.state(now) in (State.ACTIVE, State.OVERRUNNING)

    def is_reopening(self, now: datetime) -> bool:
        """Tell whether the window is over at `now`, but lets its customers in step by step (`reopen_over`)."""
        stop = self.stops_at
        if not self.reopen_over or self.gate is Gate.NONE or self.cancelled_at is not None or stop is None:
            return False
        return stop <= now < stop + self.reopen_over

    @property
    def edges(self) -> tuple[datetime, ...]:
        """The instants at which by itself the state changes, or the last customers are let in, in order."""
        if self.cancelled_at is not None:
            return ()
        stop = self.stops_at
        if stop is None:
            return (self.starts_at, self.scheduled_until)
        overrun = (self.scheduled_until,) if stop > self.scheduled_until else ()
        reopened = (stop + self.reopen_over,) if self.reopen_over else ()
        return (self.starts_at, *overrun, stop, *reopened)

    def in_language(self, tag: str) -> "Window":
        """Return the window as it reads in a language; what is not translated stays as it was written."""
        text = self.translations.get(tag)
        if text is None and not any(tag in update.translations for update in self.updates):
            return self
        text = text or WindowText(title=self.title)
        return replace(
            self,
            title=text.title,
            description=text.description or self.description,
            updates=tuple(replace(each, body=each.translations.get(tag, each.body)) for each in self.updates),
        )


def possible(window: Window, now: datetime) -> tuple[Verb, ...]:
    """Return what can be done to a window, by the table; what ended too long ago is not reopened."""
    state = window.state(now)
    verbs = [verb for verb in Verb if state in TRANSITIONS[verb]]
    return tuple(verb for verb in verbs if verb is not Verb.REOPEN or not _is_history(window, now))


def require(window: Window, verb: Verb, now: datetime) -> None:
    """Check the table of transitions.

    Raises:
        ConflictError: the window's state does not allow the verb; the message names both and what is possible.
    """
    can = possible(window, now)
    if verb in can:
        return
    others = f"it can be {', '.join(_DONE_TO_IT[other] for other in can)}" if can else "nothing can change it"
    if verb is Verb.REOPEN and window.state(now) is State.ENDED:
        why = "has been over for more than a day, so it can't be reopened: start a new one"
    else:
        why = f"is {window.state(now)}, so it can't be {_DONE_TO_IT[verb]}"
    raise ConflictError(f'the window "{window.title}" {why}; {others}')


def next_word(window: Window, now: datetime) -> UpdateStatus:
    """Return what the next post most likely reports: by where the window stands, and what was said last."""
    state, is_maintenance = window.state(now), window.kind is Kind.MAINTENANCE
    if state is State.SCHEDULED:
        return UpdateStatus.SCHEDULED
    if state is State.ENDED:
        return UpdateStatus.COMPLETED if is_maintenance else UpdateStatus.RESOLVED
    last = max(window.updates, key=lambda update: update.created_at, default=None)
    if last is not None and last.status is not UpdateStatus.SCHEDULED:
        return last.status
    return UpdateStatus.INVESTIGATING if window.kind in (Kind.DOWNTIME, Kind.DEGRADATION) else UpdateStatus.IN_PROGRESS


def _is_history(window: Window, now: datetime) -> bool:
    stop = window.stops_at
    return stop is not None and stop + REOPENED_WITHIN < now


def start(window: Window, now: datetime) -> Window:
    """Start a scheduled window now, with its estimated duration kept."""
    require(window, Verb.START, now)
    return replace(window, starts_at=now)


def extend(window: Window, by: timedelta, now: datetime) -> Window:
    """Move the estimated end: `by` beyond the present estimate, or beyond `now` where that has passed.

    Raises:
        ConflictError: the window's state does not allow it, or it would last longer than ten years.
    """
    require(window, Verb.EXTEND, now)
    return _lasting(window, max(window.scheduled_until, now) + by)


def end(window: Window, now: datetime, *, fixed: bool = True) -> Window:
    """End an active window now; `fixed` is the seed's "Issue Fixed"."""
    require(window, Verb.END, now)
    return replace(window, ended_at=now, fixed=fixed)


def cancel(window: Window, now: datetime) -> Window:
    """Cancel a window that has not started."""
    require(window, Verb.CANCEL, now)
    return replace(window, cancelled_at=now)


def reopen(window: Window, now: datetime, remaining: timedelta | None = None) -> Window:
    """Put a window that was ended wrongly in force again, as if it had not ended; the audit knows that it had.

    `remaining` is how long it is expected to last from `now` on; None leaves the estimate as it was.

    Raises:
        ConflictError: it has not ended, or too long ago; or it would last longer than ten years.
        InvalidError: its time is up, and it ends on time: it would be over at once.
    """
    require(window, Verb.REOPEN, now)
    until = window.scheduled_until if remaining is None else now + remaining
    if until <= now and window.ends is Ends.ON_TIME:
        raise InvalidError(
            {"remaining": "the window ends on time, and its time is up: say how long it lasts from now on, such as 30m"}
        )
    return replace(_lasting(window, until), ended_at=None, fixed=False)


def _lasting(window: Window, until: datetime) -> Window:
    """Return the window with that estimated end, in whole seconds from its start: never less than was asked for."""
    if until - window.starts_at > LONGEST:
        raise ConflictError(f'the window "{window.title}" would last longer than ten years: end it and start another')
    seconds = -((window.starts_at - until) // timedelta(seconds=1))  # rounded up
    return replace(window, estimated_duration=timedelta(seconds=seconds))
