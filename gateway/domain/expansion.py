"""Expansion: the local times that a rule of RFC 5545 names, whatever rule it is, and however long ago it began.

`python-dateutil` finds them. What is in `domain/recurrence.py` makes instants of them, in a time zone.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from dateutil import rrule

from gateway.domain.rule import Frequency, Rule

LAST_YEAR = 2199
"""No window can start later."""

# Periods without any occurrence after which the rule is taken to have none any more: 13 years of days, 400 of months.
_PATIENCE = 5_000
_MONTHS = 12
_LENGTHS = {
    Frequency.HOURLY: timedelta(hours=1),
    Frequency.DAILY: timedelta(days=1),
    Frequency.WEEKLY: timedelta(weeks=1),
}


def local_times(rule: Rule, first: datetime, since: datetime | None = None) -> Iterator[datetime]:
    """Yield the local times of a rule from the first start on, in order; with `since`, from then on.

    What lies before `since` is not counted through, so that this is soon done for a rule that is years old.
    """
    if since is None or since <= first:
        yield from _all_times(rule, first)
        return
    last = None
    if rule.count is not None:
        last, rule = _last_counted(rule, first), replace(rule, count=None)
    for local in _all_times(*_begun_later(rule, first, since)):
        if last is not None and local > last:
            return
        if local >= since:
            yield local


@lru_cache(maxsize=1000)
def _last_counted(rule: Rule, first: datetime) -> datetime:
    """Return the local time that COUNT ends with; the first start where it names none at all."""
    last = first
    for local in _all_times(rule, first):
        if local.year > LAST_YEAR + 1:  # of some zones the year has not begun in UTC
            break
        last = local
    return last


def _begun_later(rule: Rule, first: datetime, since: datetime) -> tuple[Rule, datetime]:
    """Return a rule and a first start, some periods before `since`, that name the same from then on; without COUNT.

    Later by whole intervals, so that it stays in step; two periods, because the library begins a week with the first
    start, and BYSETPOS picks in what it has of that. What the rule takes from the first start (RFC 5545, section
    3.3.10) is written into it.
    """
    if rule.frequency in _LENGTHS:
        length = _LENGTHS[rule.frequency] * rule.interval
        return rule, first + max((since - first) // length - 2, 0) * length
    is_open = not (rule.days or rule.month_days or rule.year_days or rule.weeks)
    step = rule.interval * (_MONTHS if rule.frequency is Frequency.YEARLY else 1)
    months = (since.year - first.year) * _MONTHS + since.month - first.month
    steps = months // step - 1
    if steps <= 0:
        return rule, first
    if is_open and rule.frequency is Frequency.YEARLY:
        rule = replace(rule, months=rule.months or (first.month,))
    if is_open:
        rule = replace(rule, month_days=(first.day,))
    year, month = divmod(first.year * _MONTHS + first.month - 1 + steps * step, _MONTHS)
    # No month lacks its first day, as some lack the 31st; a year is looked at as a whole.
    month = 0 if rule.frequency is Frequency.YEARLY else month
    return rule, first.replace(year=year, month=month + 1, day=1)


def _all_times(rule: Rule, first: datetime) -> Iterator[datetime]:
    """Yield all local times of a rule, in order."""
    interval = _Interval(rule.interval)
    given: dict[str, Any] = {
        "bymonth": rule.months,
        "bymonthday": rule.month_days,
        "byyearday": rule.year_days,
        "byweekno": rule.weeks,
        "byweekday": [rrule.weekday(day.weekday, day.nth) for day in rule.days],
        "byhour": rule.hours,
        "bysetpos": rule.positions,
    }
    try:
        times = rrule.rrule(
            _FREQUENCIES[rule.frequency],
            dtstart=first,
            interval=interval,
            count=rule.count,
            wkst=rule.week_start,
            **{name: values for name, values in given.items() if values},
        )
        for local in times:
            interval.patience = _PATIENCE
            yield local
    except (_NothingFoundError, ValueError):  # the library says so where no hour can ever match
        return


class _NothingFoundError(Exception):
    """The library has looked for long enough."""


class _Interval(int):
    """The interval of a rule, which counts how often the library goes on by it.

    It would look for the 30th of February up to the year 9999, and for the second of one hour for hours.
    """

    patience = _PATIENCE

    def __radd__(self, other: int) -> int:
        """Go on: by hours, days, months or years."""
        return other + self._spent()

    def __mul__(self, other: int) -> int:
        """Go on: by weeks."""
        return self._spent() * other

    def _spent(self) -> int:
        self.patience -= 1
        if self.patience < 0:
            raise _NothingFoundError
        return int(self)


_FREQUENCIES = {
    Frequency.HOURLY: rrule.HOURLY,
    Frequency.DAILY: rrule.DAILY,
    Frequency.WEEKLY: rrule.WEEKLY,
    Frequency.MONTHLY: rrule.MONTHLY,
    Frequency.YEARLY: rrule.YEARLY,
}
