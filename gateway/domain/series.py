"""Series: windows that recur. Each occurrence is a window made ahead; which ones, is decided here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from gateway.domain.errors import ConflictError, InvalidError
from gateway.domain.recurrence import Occurrence, Recurrence, read_time_zone
from gateway.domain.rule import parse_rule


class SeriesState(StrEnum):
    """Where a series stands."""

    RUNNING = "running"
    FINISHED = "finished"  # the rule names no later occurrence
    ENDED = "ended"  # by an operator
    UNREADABLE = "unreadable"  # somebody has written by hand what is no rule, zone or draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series as it is stored. `first_start` is local time in the zone; `draft` what each occurrence is made from."""

    id: UUID
    rule: str
    time_zone: str
    first_start: datetime
    excluded_dates: tuple[date, ...]
    draft: dict[str, Any]
    ended_at: datetime | None
    row_version: int
    made_version: int
    """The row version that its windows were made from."""
    created_at: datetime
    updated_at: datetime

    @property
    def is_changed_by_hand(self) -> bool:
        """Whether somebody has written it in psql, so that its windows are not what it says."""
        return self.made_version != self.row_version

    @property
    def title(self) -> str:
        """The title of its occurrences."""
        return str(self.draft.get("title", ""))

    @property
    def shown_zone(self) -> str:
        """The zone whose clocks its times are shown on: its own, or UTC where that is none."""
        try:
            return read_time_zone(self.time_zone)
        except ValueError:
            return "UTC"

    @property
    def recurrence(self) -> Recurrence:
        """When it occurs.

        Raises:
            InvalidError: somebody has written a rule or a zone by hand that is none.
        """
        try:
            rule = parse_rule(self.rule)
        except ValueError as error:
            raise InvalidError({"rule": str(error)}) from error
        try:
            time_zone = read_time_zone(self.time_zone)
        except ValueError as error:
            raise InvalidError({"time_zone": str(error)}) from error
        return Recurrence(
            rule=rule, time_zone=time_zone, first=self.first_start, excluded=frozenset(self.excluded_dates)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An occurrence that a window was made for."""

    window_id: UUID
    occurs_on: datetime
    """Its local time by the rule: what it is known by."""
    occurs_at: datetime
    starts_at: datetime
    is_scheduled: bool
    """It has not begun and is not cancelled."""
    is_cancelled: bool
    is_touched: bool
    """Somebody has changed it, or posted to it."""

    def holds_its_place(self, now: datetime) -> bool:
        """Whether it stands for its occurrence also where the series has got another time of day since.

        What has begun by time does not: where the series is to occur later on that day, it is to occur once more.
        """
        return self.is_cancelled or (self.is_touched and (self.is_scheduled or self.occurs_at > now))

    @property
    def is_moved(self) -> bool:
        """Whether it starts at another time than the rule says."""
        return self.starts_at != self.occurs_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done so that the windows of a series are as it says."""

    make: tuple[Occurrence, ...] = ()
    """For these there is no window yet."""
    remake: tuple[tuple[Made, Occurrence], ...] = ()
    """These are still named by the rule, and nobody has touched them."""
    remove: tuple[Made, ...] = ()
    """Not named any more, and nobody has touched them."""
    keep: tuple[Made, ...] = ()
    """Scheduled, and touched: they stay as they are, whatever the series says now."""
    skipped: tuple[Made, ...] = ()
    """Cancelled, and the rule names their place (still): it is not made again."""


def places(named: Iterable[Occurrence], made: Iterable[Made], now: datetime) -> dict[datetime, Made]:
    """Return which window stands for which occurrence (by its local time): mostly the one that was made for it.

    Where a series has got another time of day since, what somebody has skipped or changed holds its place all the same:
    that of the same day; where that day has several, of the same hour, or the nearest. Each holds one.
    """
    there = {each.occurs_on: each for each in made}
    local_times = [each.local for each in named]
    found = {local: there[local] for local in local_times if local in there}
    free = [local for local in local_times if local not in there]
    for held in there.values():
        if held.occurs_on in found or not held.holds_its_place(now):
            continue
        on_that_day = [local for local in free if local.date() == held.occurs_on.date()]
        if on_that_day:
            nearest = min(on_that_day, key=partial(_distance, held.occurs_on))
            free.remove(nearest)
            found[nearest] = held
    return found


def plan(wanted: Iterable[Occurrence], made: Iterable[Made], now: datetime) -> Plan:
    """Compare what should be there ahead with what is. What has begun, or was cancelled (skipped), stays."""
    named, made = {each.local: each for each in wanted}, [*made]
    found = places(named.values(), made, now)
    free = [each for each in made if each.is_scheduled and not each.is_touched]
    return Plan(
        make=tuple(occurrence for local, occurrence in named.items() if local not in found),
        remake=tuple((each, named[each.occurs_on]) for each in free if each.occurs_on in named),
        remove=tuple(each for each in free if each.occurs_on not in named),
        keep=tuple(each for each in made if each.is_scheduled and each.is_touched),
        skipped=tuple(each for each in found.values() if each.is_cancelled),
    )


def _distance(one: datetime, other: datetime) -> tuple[bool, timedelta, datetime]:
    return one.hour != other.hour, abs(one - other), other


def require_running(series: Series) -> None:
    """Refuse what can't be done to a series that an operator has ended.

    Raises:
        ConflictError: it was ended.
    """
    if series.ended_at is not None:
        raise ConflictError(f'the series "{series.title}" was ended, so nothing can change it; schedule a new one')
