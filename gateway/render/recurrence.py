"""Rules in words: "every second Sunday at 02:00 (Europe/Berlin), until 1 March 2027"; and what clocks do to them."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import TypeVar

from gateway.domain.errors import InvalidError
from gateway.domain.recurrence import Occurrence, Recurrence
from gateway.domain.rule import Day, Frequency, Rule, parse_rule
from gateway.domain.series import Series
from gateway.domain.window import Recurring

T = TypeVar("T")

WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_UNITS = {
    Frequency.HOURLY: "hour",
    Frequency.DAILY: "day",
    Frequency.WEEKLY: "week",
    Frequency.MONTHLY: "month",
    Frequency.YEARLY: "year",
}


def recurrence_words(recurrence: Recurrence) -> str:
    """Say when something occurs, in one line."""
    rule, first = recurrence.rule, recurrence.first
    parts = [_how_often(rule, first), *_limits(rule, first), _at(rule, first)]
    words = " ".join(part for part in parts if part)
    return f"{words} ({recurrence.time_zone}){_end(rule)}"


def series_words(series: Series) -> str:
    """Say when a series occurs, in one line; what can't be read, as it is written."""
    try:
        return recurrence_words(series.recurrence)
    except InvalidError:
        return series.rule


def recurring_words(recurring: Recurring, starts_at: datetime) -> str:
    """Say when the series of a window occurs, by what the window knows of it, and whence the window was moved."""
    try:
        rule = parse_rule(recurring.rule)
        words = recurrence_words(Recurrence(rule=rule, time_zone=recurring.time_zone, first=recurring.occurs_on))
    except ValueError:  # somebody has written by hand what is no rule: the window is a window all the same
        words = recurring.rule
    return words if starts_at == recurring.occurs_at else f"{words}; moved from {local_words(recurring.occurs_on)}"


def clock_note(occurrence: Occurrence) -> str:
    """Say what is done to the clocks at an occurrence; empty where nothing is."""
    if occurrence.shift >= timedelta(days=1):
        return f"there is no {_day(occurrence.local)} there: a day later"
    if occurrence.shift:
        return f"the clock is put forward: {occurrence.shown:%H:%M} instead of {occurrence.local:%H:%M}"
    if occurrence.is_first_of_two:
        return f"the clock is put back and shows {occurrence.local:%H:%M} twice: the first"
    return ""


def local_words(local: datetime) -> str:
    """Write a local time for people: `Sun 6 Dec 2026, 02:00`."""
    return (
        f"{WEEKDAY_NAMES[local.weekday()][:3]} {local.day} {_MONTHS[local.month - 1][:3]} {local.year}, {local:%H:%M}"
    )


def _how_often(rule: Rule, first: datetime) -> str:
    if rule.frequency is Frequency.WEEKLY:
        days = rule.days or (Day(first.weekday()),)
        if len(days) == 1 and rule.interval < len(_ORDINALS):
            return f"{_every(rule.interval)} {_weekday(days[0])}"
        if rule.interval == 1:
            return f"every {_weekdays(days)}"
        return f"{_period(rule)} on {_weekdays(days)}"
    return _period(rule)


def _period(rule: Rule) -> str:
    unit = _UNITS[rule.frequency]
    if rule.interval < len(_ORDINALS) and rule.frequency is not Frequency.HOURLY:
        return f"{_every(rule.interval)} {unit}"
    return f"every {unit}" if rule.interval == 1 else f"every {rule.interval} {unit}s"


def _every(interval: int) -> str:
    return "every" if interval == 1 else f"every {_ORDINALS[interval]}"


def _limits(rule: Rule, first: datetime) -> Iterable[str]:
    """Say on which days: what the rule names, or what it takes from the first start (RFC 5545, section 3.3.10)."""
    freq, month_days, months = rule.frequency, rule.month_days, rule.months
    is_open = not (rule.days or month_days or rule.year_days or rule.weeks)
    if is_open and freq is Frequency.YEARLY:
        month_days, months = (first.day,), months or (first.month,)
    if is_open and freq is Frequency.MONTHLY:
        month_days = (first.day,)
    if rule.days and freq is not Frequency.WEEKLY:
        yield f"on {_weekdays(rule.days)}"
    if month_days:
        yield f"on {_and(month_days, lambda day: f'the {_nth(day)}' if day > 0 else f'the {_from_end(day)} day')}"
    if rule.year_days:
        yield f"on {_and(rule.year_days, lambda day: f'the {_nth_or_from_end(day)} day')} of the year"
    if rule.weeks:
        yield f"in {_and(rule.weeks, lambda week: f'the {_nth_or_from_end(week)} week')} of the year"
    if months:
        yield f"{'of' if month_days and freq is Frequency.YEARLY else 'in'} {_and(months, lambda m: _MONTHS[m - 1])}"
    if rule.positions:
        yield f"(of these only {_and(rule.positions, lambda place: f'the {_nth_or_from_end(place)}')})"


def _at(rule: Rule, first: datetime) -> str:
    if rule.frequency is Frequency.HOURLY and not rule.hours:
        return f"at {first.minute} minutes past" if first.minute else "on the hour"
    times = [first.replace(hour=hour) for hour in rule.hours] or [first]
    return f"at {_and(times, lambda at: f'{at:%H:%M:%S}' if at.second else f'{at:%H:%M}')}"


def _end(rule: Rule) -> str:
    if rule.count is not None:
        return ", once" if rule.count == 1 else f", {rule.count} times"
    if rule.until is None:
        return ""
    if not isinstance(rule.until, datetime):
        return f", until {_day(rule.until)}"
    return f", until {_day(rule.until)}, {rule.until:%H:%M}{' UTC' if rule.until.tzinfo else ''}"


def _weekdays(days: tuple[Day, ...]) -> str:
    if [day.weekday for day in days if day.nth is None] == [0, 1, 2, 3, 4]:
        return "weekday (Monday to Friday)"
    return _and(days, _weekday)


def _weekday(day: Day) -> str:
    name = WEEKDAY_NAMES[day.weekday]
    return name if day.nth is None else f"the {_nth_or_from_end(day.nth, as_word=True)} {name}"


def _nth_or_from_end(number: int, *, as_word: bool = False) -> str:
    if number < 0:
        return _from_end(number)
    return _ORDINALS[number] if as_word and number < len(_ORDINALS) else _nth(number)


def _nth(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _from_end(number: int) -> str:
    return "last" if number == -1 else f"{_nth_or_from_end(-number, as_word=True)} last"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _and(values: Iterable[T], words: Callable[[T], str]) -> str:
    said = [words(value) for value in values]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
