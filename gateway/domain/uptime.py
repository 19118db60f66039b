"""Histories by day: what the status page draws as bars, with the share without an outage. Days are in UTC."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from gateway.domain.component import ComponentStatus, worst
from gateway.domain.component_history import History, Interval

DAYS = 90
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a component. `status` is the worst of it; None: it was not there. `lasted` has what was not well."""

    date: date
    status: ComponentStatus | None
    lasted: dict[ComponentStatus, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """The last days of a component, today the last one; `share_up` as of `History`."""

    days: tuple[Day, ...]
    share_up: float | None


def first_day(now: datetime) -> datetime:
    """Return the instant at which the bars begin."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - (DAYS - 1) * _DAY


def uptime(history: History) -> Uptime:
    """Cut a history into days: from the one in which it begins to the one in which it ends."""
    begin = history.since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = -((begin - history.until) // _DAY)  # rounded up
    edges = [begin + number * _DAY for number in range(days + 1)]
    waiting = iter(history.intervals)
    open_ones: list[Interval] = []
    made = []
    upcoming = next(waiting, None)
    for start, stop in pairwise(edges):
        open_ones = [interval for interval in open_ones if interval.until > start]
        while upcoming is not None and upcoming.since < stop:
            open_ones.append(upcoming)
            upcoming = next(waiting, None)
        made.append(_day(start, stop, open_ones))
    return Uptime(days=tuple(made), share_up=history.share_up)


def _day(start: datetime, stop: datetime, intervals: list[Interval]) -> Day:
    lasted: dict[ComponentStatus, timedelta] = {}
    for status, length in _inside(start, stop, intervals):
        lasted[status] = lasted.get(status, timedelta()) + length
    return Day(
        date=start.date(),
        status=worst(*lasted) if lasted else None,
        lasted={status: length for status, length in lasted.items() if status is not ComponentStatus.OPERATIONAL},
    )


def _inside(start: datetime, stop: datetime, intervals: list[Interval]) -> Iterator[tuple[ComponentStatus, timedelta]]:
    for interval in intervals:
        length = min(interval.until, stop) - max(interval.since, start)
        if length > timedelta():
            yield interval.status, length
