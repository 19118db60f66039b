"""What all answers of the API have in common. Instants are RFC 3339 in UTC, lengths ISO 8601."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from gateway.domain.duration import iso_duration


def _rfc3339(at: datetime) -> str:
    """Write an instant exactly: a fraction of a second only where there is one (RFC 3339, section 5.6)."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(_rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-12-01T22:00:00Z"]}),
]
Length = Annotated[
    timedelta,
    PlainSerializer(iso_duration, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration", "examples": ["PT45M"]}),
]


class Document(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def next_path(self, _request: web.Request) -> str | None:
        """Return where the list goes on; None where this is no list, or its end."""
        return None


class Page(Document):
    """A part of a list; the subclass has the items."""

    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null at the end.")

    def next_path(self, request: web.Request) -> str | None:
        """Return the same query with the next cursor."""
        if self.next_cursor is None:
            return None
        return str(request.rel_url.update_query(cursor=self.next_cursor))


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="What is wrong, and what to do about it.")
    errors: dict[str, str] | None = Field(None, description="What is wrong with each field, by its dotted path.")
    current: dict[str, object] | None = Field(None, description="What is saved, where a change came too late.")
    sent: dict[str, object] | None = Field(None, description="What was sent, where a change came too late.")
    state_unknown_since: str | None = Field(None, description="Since when PostgreSQL is away.")
