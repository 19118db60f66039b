"""Series of windows, as rows, and the windows that were made for their occurrences."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.domain.errors import NotFoundError, StaleError
from gateway.domain.series import Made, Series
from gateway.store.pool import Session


def _series(row: Any) -> Series:
    return Series(
        id=row["id"],
        rule=row["rule"],
        time_zone=row["time_zone"],
        first_start=row["first_start"],
        excluded_dates=tuple(row["excluded_dates"]),
        draft=json.loads(row["draft"]),
        ended_at=row["ended_at"],
        row_version=row["row_version"],
        made_version=row["made_version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _made(row: Any) -> Made:
    return Made(
        window_id=row["id"],
        occurs_on=row["occurs_on"],
        occurs_at=row["occurs_at"],
        starts_at=row["starts_at"],
        is_scheduled=row["is_scheduled"],
        is_cancelled=row["is_cancelled"],
        is_touched=row["is_touched"],
    )


async def get_series(session: Session, series_id: UUID) -> Series:
    """Return one series.

    Raises:
        NotFoundError: there is none with this id.
    """
    row = await session.run("one_series", id=series_id)
    if row is None:
        raise NotFoundError(f"there is no series {series_id}; `gateway series list` shows them")
    return _series(row)


async def list_series(
    session: Session, *, ended: bool | None = None, after: tuple[datetime, UUID] | None = None, most: int
) -> list[Series]:
    """Return series, the newest first, behind `after`; `ended`: only those that were ended, or were not."""
    created_at, series_id = after or (None, None)
    rows = await session.rows("all_series", ended=ended, after_created_at=created_at, after_id=series_id, most=most)
    return [_series(row) for row in rows]


async def series_changed_by_hand(session: Session, *, most: int) -> list[Series]:
    """Return series whose windows are not what they say now, because somebody has written them in psql."""
    return [_series(row) for row in await session.rows("series_changed_by_hand", most=most)]


async def insert_series(session: Session, values: dict[str, Any]) -> UUID:
    """Insert a series from `columns`."""
    series_id: UUID = await session.run("insert_series", **values)
    return series_id


async def update_series(session: Session, series: Series) -> None:
    """Write a changed series, if its row is still at the version that the change was made from.

    Raises:
        StaleError: somebody else has changed it in the meantime.
    """
    values = {
        "rule": series.rule,
        "time_zone": series.time_zone,
        "first_start": series.first_start,
        "excluded_dates": list(series.excluded_dates),
        "draft": json.dumps(series.draft),
        "ended_at": series.ended_at,
    }
    if await session.run("update_series", **values, id=series.id, row_version=series.row_version) is None:
        raise StaleError(f'the series "{series.title}" was changed by somebody else in the meantime')


async def made_occurrences(session: Session, series_id: UUID, now: datetime) -> list[Made]:
    """Return the windows of a series that lie ahead of `now`, or by the rule did lately, in order."""
    return [_made(row) for row in await session.rows("made_occurrences", series_id=series_id, since=now)]


async def put_off_occurrences(session: Session, now: datetime, share: int) -> list[tuple[UUID, datetime]]:
    """Delete windows ahead that are more than a series' share, but for touched ones; return their ids and starts."""
    rows = await session.rows("put_off_occurrences", since=now, share=share)
    return sorted(((row["id"], row["starts_at"]) for row in rows), key=lambda each: each[1])


async def cancel_occurrences(session: Session, series_id: UUID, now: datetime) -> list[UUID]:
    """Cancel all windows of a series that have not begun; return them."""
    rows = await session.rows("cancel_occurrences", series_id=series_id, cancelled_at=now)
    return [row["id"] for row in sorted(rows, key=lambda row: row["starts_at"])]


def document(series: Series) -> dict[str, Any]:
    """Return the series as JSON values, for the audit."""
    return {
        "id": str(series.id),
        "title": series.title,
        "rule": series.rule,
        "time_zone": series.time_zone,
        "first_start": series.first_start.isoformat(),
        "excluded_dates": [day.isoformat() for day in series.excluded_dates],
        "window": series.draft,
        "ended_at": series.ended_at.isoformat() if series.ended_at else None,
        "row_version": series.row_version,
    }
