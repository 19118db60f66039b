"""Series: windows that recur. Each occurrence is a window made ahead; which ones, is decided here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
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


def plan(wanted: Iterable[Occurrence], made: Iterable[Made]) -> Plan:
    """Compare what should be there ahead with what is. What has begun, or was cancelled (skipped), stays."""
    named, there = {each.local: each for each in wanted}, {each.occurs_on: each for each in made}
    free = [each for each in there.values() if each.is_scheduled and not each.is_touched]
    return Plan(
        make=tuple(occurrence for local, occurrence in named.items() if local not in there),
        remake=tuple((each, named[each.occurs_on]) for each in free if each.occurs_on in named),
        remove=tuple(each for each in free if each.occurs_on not in named),
        keep=tuple(each for each in there.values() if each.is_scheduled and each.is_touched),
    )


def require_running(series: Series) -> None:
    """Refuse what can't be done to a series that an operator has ended.

    Raises:
        ConflictError: it was ended.
    """
    if series.ended_at is not None:
        raise ConflictError(f'the series "{series.title}" was ended, so nothing can change it; schedule a new one')
