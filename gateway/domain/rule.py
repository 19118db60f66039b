"""Rules of RFC 5545, section 3.3.10 ("RRULE"): from hostile text to checked parts, and refused by name.

What a rule says in time is in `domain/recurrence.py`, how it is said in words in `render/recurrence.py`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

LONGEST_RULE = 500
_LARGEST_INTERVAL = 1000
_LARGEST_COUNT = 10_000
_MOST_VALUES = 50
_EXAMPLE = "write for example FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;UNTIL=20270301"

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,5}", re.ASCII)
_UNTIL = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?", re.ASCII)

# Properties of RFC 5545 that people put beside the rule, and where they go here.
_ELSEWHERE = {
    "DTSTART": "the first start is no part of the rule: it is the start of the window (starts_at)",
    "EXDATE": "dates that are left out are no part of the rule: they go to excluded_dates",
    "RDATE": "there are no additional dates: schedule a window of its own for each",
    "EXRULE": "there are no rules that leave out (RFC 5545 has dropped them): list the dates in excluded_dates",
    "TZID": "the time zone is no part of the rule: it goes to time_zone",
    "BYMINUTE": "the minute is that of the first start (starts_at)",
    "BYSECOND": "the second is that of the first start (starts_at)",
    "DURATION": "how long each occurrence takes is the window's estimated_duration",
}


class Frequency(StrEnum):
    """The period that a rule counts in, from the shortest."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the week, from Monday (0); `nth` of the month or year, from its end where negative; None: each."""

    weekday: int
    nth: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that makes sense by itself. `until` is a date (that day included), a local time, or an aware instant."""

    text: str = field(compare=False)
    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    days: tuple[Day, ...] = ()
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0


def parse_rule(text: str) -> Rule:
    """Read a rule, with or without `RRULE:` before it.

    Raises:
        ValueError: it is none, or one that can't be had here; the message says what would be right.
    """
    compact = text.strip().upper().removeprefix("RRULE:")
    if not compact:
        raise ValueError(f"is empty: {_EXAMPLE}")
    if len(compact) > LONGEST_RULE:
        raise ValueError(f"is longer than {LONGEST_RULE} characters")
    lines = compact.split()
    if len(lines) > 1 and (name := next((n for n in _ELSEWHERE if any(line.startswith(n) for line in lines)), "")):
        raise ValueError(f"{name}: {_ELSEWHERE[name]}")
    parts: dict[str, str] = {}
    for part in compact.removesuffix(";").split(";"):
        name, sign, value = part.partition("=")
        name = re.split("[:;]", name.strip())[0]
        if name in _ELSEWHERE:
            raise ValueError(f"{name}: {_ELSEWHERE[name]}")
        if not sign or name not in _READERS:
            raise ValueError(f"{_shown(part)} is no part of a rule: {_EXAMPLE}")
        if name in parts:
            raise ValueError(f"{name} stands there twice")
        parts[name] = value.strip()
    if "FREQ" not in parts:
        raise ValueError(f"FREQ is missing: {_EXAMPLE}")
    values: dict[str, Any] = {field: read(parts[name]) for name, (field, read) in _READERS.items() if name in parts}
    rule = Rule(text=";".join(f"{name}={value}" for name, value in parts.items()), **values)
    _require_sense(rule)
    return rule


def _frequency(value: str) -> Frequency:
    if value in ("SECONDLY", "MINUTELY"):
        raise ValueError(f"FREQ={value} is too often: HOURLY is the shortest period")
    if value not in list(Frequency):
        raise ValueError(f"FREQ is one of {', '.join(reversed(Frequency))}, not {_shown(value)}")
    return Frequency(value)


def _number(name: str, highest: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if _NUMBER.fullmatch(value) is None or not 1 <= int(value) <= highest:
            raise ValueError(f"{name} is a number from 1 to {highest}, not {_shown(value)}")
        return int(value)

    return read


def _numbers(name: str, lowest: int, highest: int) -> Callable[[str], tuple[int, ...]]:
    """Read a list; where `lowest` is negative, 0 is none of them."""
    allowed = f"{lowest} to {highest}" if lowest >= 0 else f"1 to {highest} or -1 to {lowest}"

    def read(value: str) -> tuple[int, ...]:
        found = []
        for each in _listed(name, value):
            if _NUMBER.fullmatch(each) is None or not lowest <= int(each) <= highest or (lowest < 0 and int(each) == 0):
                raise ValueError(f"{name} takes numbers from {allowed}, not {_shown(each)}")
            found.append(int(each))
        return tuple(sorted(set(found)))

    return read


def _days(value: str) -> tuple[Day, ...]:
    found = []
    for each in _listed("BYDAY", value):
        match = _DAY.fullmatch(each)
        nth = int(match[1]) if match and match[1] else None
        if match is None or nth == 0 or abs(nth or 1) > 53:  # noqa: PLR2004  weeks of a year
            raise ValueError(f"BYDAY takes days such as SU, 1MO (the first Monday) or -1FR, not {_shown(each)}")
        found.append(Day(WEEKDAYS.index(match[2]), nth))
    return tuple(sorted(set(found), key=lambda day: (day.nth or 0, day.weekday)))


def _week_start(value: str) -> int:
    if value not in WEEKDAYS:
        raise ValueError(f"WKST is one of {', '.join(WEEKDAYS)}, not {_shown(value)}")
    return WEEKDAYS.index(value)


def _until(value: str) -> date | datetime:
    match = _UNTIL.fullmatch(value)
    problem = (
        f"UNTIL is a date (20270301, that day included), a local time (20270301T020000) or an instant in UTC "
        f"(20270301T010000Z), not {_shown(value)}"
    )
    if match is None:
        raise ValueError(problem)
    year, month, day = (int(part) for part in match.groups()[:3])
    try:
        if match[4] is None:
            return date(year, month, day)
        hour, minute, second = (int(part) for part in match.groups()[3:6])
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC if match[7] else None)
    except ValueError as error:
        raise ValueError(problem) from error


def _listed(name: str, value: str) -> list[str]:
    values = [each.strip() for each in value.split(",")]
    if len(values) > _MOST_VALUES:
        raise ValueError(f"{name} has more than {_MOST_VALUES} values")
    return values


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")  # noqa: PLR2004  enough to find it


_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "FREQ": ("frequency", _frequency),
    "INTERVAL": ("interval", _number("INTERVAL", _LARGEST_INTERVAL)),
    "COUNT": ("count", _number("COUNT", _LARGEST_COUNT)),
    "UNTIL": ("until", _until),
    "BYDAY": ("days", _days),
    "BYMONTH": ("months", _numbers("BYMONTH", 1, 12)),
    "BYMONTHDAY": ("month_days", _numbers("BYMONTHDAY", -31, 31)),
    "BYYEARDAY": ("year_days", _numbers("BYYEARDAY", -366, 366)),
    "BYWEEKNO": ("weeks", _numbers("BYWEEKNO", -53, 53)),
    "BYHOUR": ("hours", _numbers("BYHOUR", 0, 23)),
    "BYSETPOS": ("positions", _numbers("BYSETPOS", -366, 366)),
    "WKST": ("week_start", _week_start),
}


def _require_sense(rule: Rule) -> None:
    """Refuse combinations that RFC 5545, section 3.3.10 excludes.

    Raises:
        ValueError: there is one.
    """
    freq = rule.frequency
    if rule.count is not None and rule.until is not None:
        raise ValueError("COUNT and UNTIL exclude each other: a rule ends by one of them")
    if rule.weeks and freq is not Frequency.YEARLY:
        raise ValueError(f"BYWEEKNO goes with FREQ=YEARLY alone, not with {freq}")
    if rule.year_days and freq in (Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY):
        raise ValueError(f"BYYEARDAY does not go with FREQ={freq}: use BYMONTHDAY and BYMONTH")
    if rule.month_days and freq is Frequency.WEEKLY:
        raise ValueError("BYMONTHDAY does not go with FREQ=WEEKLY: use FREQ=MONTHLY")
    nth = max((abs(day.nth) for day in rule.days if day.nth is not None), default=0)
    if nth and (freq not in (Frequency.MONTHLY, Frequency.YEARLY) or rule.weeks):
        raise ValueError(
            "BYDAY with a number (1MO, -1FR) goes with FREQ=MONTHLY, or FREQ=YEARLY without BYWEEKNO, alone"
        )
    if nth > 5 and (freq is Frequency.MONTHLY or rule.months):  # noqa: PLR2004  weeks that begin in a month
        raise ValueError(f"BYDAY: no month has a weekday {nth} times: use 1 to 5, or -1 to -5")
    limits = (rule.days, rule.months, rule.month_days, rule.year_days, rule.weeks, rule.hours)
    if rule.positions and not any(limits):
        raise ValueError("BYSETPOS picks among what another part names (BYDAY, BYMONTHDAY): there is none")
