"""Series, as they are changed and tried out; how one is made is in `drafts/recurrence.py`."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from gateway.service.drafts.fields import Draft, Instant, Length
from gateway.service.drafts.recurrence import Days, RuleText, TimeZone, whole_second
from gateway.service.drafts.windows import WindowChange

MOST_PREVIEWED = 100
_ONE_WINDOW = "one window alone: leave it out, or change that window"


def _whole(value: object) -> object:
    """In JSON, 32.0 is a whole number (JSON Schema, section 6.1.1)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Start = Annotated[Instant, AfterValidator(whole_second)]


class OccurrenceChange(WindowChange):
    """What is to be changed of every occurrence ahead. When they start is the series', and `fixed` a window's alone."""

    starts_at: None = Field(None, description="Is a field of the series itself.")
    fixed: None = Field(None, description="Is a field of a window alone.")

    @field_validator("starts_at", "fixed", mode="before")
    @classmethod
    def _is_not_its_own(cls, value: object, info: ValidationInfo) -> object:
        if value is not None:
            where = "the series itself: send it beside window" if info.field_name == "starts_at" else _ONE_WINDOW
            raise ValueError(f"is a field of {where}")
        return value


class SeriesChange(Draft):
    """What is to be changed of a series; what is left out stays. `starts_at` is a new first start, from now on."""

    rule: RuleText | None = None
    time_zone: TimeZone | None = None
    excluded_dates: Days | None = None
    starts_at: Start | None = None
    window: OccurrenceChange | None = None


class SeriesPreview(Draft):
    """A rule to be tried out: when would it occur?"""

    rule: RuleText
    time_zone: TimeZone
    excluded_dates: Days = ()
    starts_at: Start
    estimated_duration: Length = timedelta(minutes=30)
    limit: Annotated[int, Field(ge=1, le=MOST_PREVIEWED), BeforeValidator(_whole)] = 10
