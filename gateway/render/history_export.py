"""The history for export: as CSV (RFC 4180), for spreadsheets, with lengths in seconds; and as JSON, as in the API."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from gateway.domain.duration import iso_duration, whole_seconds
from gateway.domain.statistics import WindowStatistics

COLUMNS = (
    "id",
    "kind",
    "title",
    "gate",
    "components",
    "fixed",
    "starts_at",
    "ended_at",
    "first_estimate_seconds",
    "estimated_seconds",
    "real_seconds",
    "overrun_ratio",
    "refused_requests",
    "distinct_clients",
    "distinct_clients_is_at_least",
    "counted_until",
)
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_head() -> bytes:
    """Return the first line."""
    return _lines([COLUMNS])


def csv_rows(windows: Iterable[WindowStatistics]) -> bytes:
    """Return a line for each window; what is not known is empty."""
    return _lines(_cells(window) for window in windows)


def json_rows(windows: Iterable[WindowStatistics]) -> bytes:
    """Return an object for each window, with commas between them: what `GET /history` of the API says of it."""
    return ",".join("\n" + json.dumps(_document(window), ensure_ascii=False) for window in windows).encode()


def harmless(text: str) -> str:
    """Return a text that no spreadsheet computes: where it looks like a formula, with an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(window: WindowStatistics) -> tuple[object, ...]:
    return (
        window.id,
        window.kind,
        harmless(window.title),
        window.gate,
        " ".join(window.components),
        str(window.fixed).lower(),
        _instant(window.starts_at),
        _instant(window.ended_at),
        _seconds(window.first_estimate),
        _seconds(window.estimated_duration),
        _seconds(window.real_duration),
        window.overrun_ratio,
        window.refused_requests,
        window.distinct_clients,
        str(window.is_at_least).lower(),
        _instant(window.counted_until),
    )


def _document(window: WindowStatistics) -> dict[str, object]:
    real = window.real_duration
    return {
        "id": str(window.id),
        "kind": window.kind,
        "title": window.title,
        "gate": window.gate,
        "components": window.components,
        "fixed": window.fixed,
        "starts_at": _instant(window.starts_at),
        "ended_at": _instant(window.ended_at),
        "first_estimate": iso_duration(whole_seconds(window.first_estimate)),
        "estimated_duration": iso_duration(whole_seconds(window.estimated_duration)),
        "real_duration": None if real is None else iso_duration(whole_seconds(real)),
        "overrun_ratio": window.overrun_ratio,
        "refused_requests": window.refused_requests,
        "distinct_clients": window.distinct_clients,
        "distinct_clients_is_at_least": window.is_at_least,
        "counted_until": _instant(window.counted_until),
    }


def _lines(rows: Iterable[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds(), 3)
