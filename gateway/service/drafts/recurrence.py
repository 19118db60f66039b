"""How a window recurs, as it is asked for."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from gateway.domain.recurrence import read_time_zone
from gateway.domain.rule import parse_rule
from gateway.service.drafts.fields import Draft

MOST_EXCLUDED = 200
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _rule(value: str) -> str:
    return parse_rule(value).text


def _date(value: object) -> object:
    """Read `2026-12-27`; a number or an instant is none."""
    if type(value) is date:
        return value
    problem = f"{str(value)[:40]!r} is not a date: write for example 2026-12-27"
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        raise ValueError(problem)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(problem) from error


def whole_second(value: datetime) -> datetime:
    """Drop the fraction of a start: a rule knows none."""
    return value.replace(microsecond=0)


def _ordered(value: tuple[date, ...]) -> tuple[date, ...]:
    return tuple(sorted(set(value)))


_RULE_SCHEMA = {
    "type": "string",
    "format": "rrule",
    "description": "An RRULE of RFC 5545: FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;UNTIL=20270301. Not more often than hourly.",
}
_ZONE_SCHEMA = {
    "type": "string",
    "format": "time-zone",
    "description": "Of the IANA database: Europe/Berlin.",
}
RuleText = Annotated[str, AfterValidator(_rule), WithJsonSchema(_RULE_SCHEMA)]
TimeZone = Annotated[str, AfterValidator(read_time_zone), WithJsonSchema(_ZONE_SCHEMA)]
Day = Annotated[date, BeforeValidator(_date)]
Days = Annotated[tuple[Day, ...], Field(max_length=MOST_EXCLUDED), AfterValidator(_ordered)]


class RecurrenceDraft(Draft):
    """By which rule (RFC 5545) a window recurs, in which time zone, and on which dates there it does not."""

    rule: RuleText
    time_zone: TimeZone
    excluded_dates: Days = ()
