"""Lists page by page. A cursor says behind which row a page begins, so nothing is missed or doubled meanwhile."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from gateway.domain.errors import InvalidError
from gateway.service.drafts.fields import Draft

MOST = 1000
T = TypeVar("T")


class PageQuery(Draft):
    """Which page: `?limit=20&cursor=...`."""

    limit: int = Field(100, ge=1, le=MOST, description="At most so many.")
    cursor: str | None = Field(None, max_length=400, description="`next_cursor` of the page before.")


def place_of(cursor: str | None, place: TypeAdapter[T]) -> T | None:
    """Return the place behind which the page begins; None for the first page.

    Raises:
        InvalidError: it is no cursor of ours.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return place.validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, ValidationError) as error:
        raise InvalidError(
            {"cursor": "is none of this list: send next_cursor of the page before, unchanged"}
        ) from error


def paged(rows: Sequence[T], limit: int, place: Callable[[T], Any]) -> tuple[Sequence[T], str | None]:
    """Split `limit + 1` rows, or fewer, into a page and the cursor of the next one; `place` is that of a row."""
    if len(rows) <= limit:
        return rows, None
    page = rows[:limit]
    return page, base64.urlsafe_b64encode(to_json(place(page[-1]))).rstrip(b"=").decode()
