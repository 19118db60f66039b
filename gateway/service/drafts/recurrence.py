"""How a window recurs, as it is asked for."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from gateway.domain.recurrence import read_time_zone
from gateway.domain.rule import LONGEST_RULE, parse_rule
from gateway.service.drafts.fields import Draft

MOST_EXCLUDED = 200


def _rule(value: str) -> str:
    return parse_rule(value).text


def _date(value: object) -> object:
    """Read `2026-12-27`; a number or an instant is none."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError as error:
            raise ValueError(f"{value[:40]!r} is not a date: write for example 2026-12-27") from error
    if type(value) is not date:
        raise ValueError(f"{value!r} is not a date: write for example 2026-12-27")
    return value


def _ordered(value: tuple[date, ...]) -> tuple[date, ...]:
    return tuple(sorted(set(value)))


RuleText = Annotated[str, Field(max_length=2 * LONGEST_RULE), AfterValidator(_rule)]
TimeZone = Annotated[str, AfterValidator(read_time_zone)]
Day = Annotated[date, BeforeValidator(_date)]
Days = Annotated[tuple[Day, ...], Field(max_length=MOST_EXCLUDED), AfterValidator(_ordered)]


class RecurrenceDraft(Draft):
    """By which rule (RFC 5545) a window recurs, in which time zone, and on which dates there it does not."""

    rule: RuleText
    time_zone: TimeZone
    excluded_dates: Days = ()
