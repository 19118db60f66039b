"""From when until when, as it is asked for."""

from datetime import datetime

from pydantic import Field, ValidationInfo, field_validator

from gateway.service.drafts.fields import Draft, Instant

TURNED_ROUND = "must lie after since: exchange the two, or leave one out"


class Period(Draft):
    """A time from `since` on until before `until`; without one of them it is open on that side."""

    since: Instant | None = Field(None, description="At this instant or later.")
    until: Instant | None = Field(None, description="Before this instant.")

    @field_validator("until")
    @classmethod
    def _ends_after_it_begins(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        since = info.data.get("since")
        if value is not None and since is not None and value <= since:
            raise ValueError(TURNED_ROUND)
        return value
