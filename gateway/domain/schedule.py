"""What is in force when: nothing has to fire for a window to begin or to end."""

from collections.abc import Iterable
from datetime import datetime

from gateway.domain.window import Window


def active_at(windows: Iterable[Window], now: datetime) -> tuple[Window, ...]:
    """Return the windows in force at `now`, in the order in which they started."""
    return tuple(sorted((w for w in windows if w.is_active(now)), key=lambda w: (w.starts_at, str(w.id))))


def next_change_after(windows: Iterable[Window], now: datetime) -> datetime | None:
    """Return the first instant after `now` at which a window changes state by itself; None where none will."""
    return min((edge for window in windows for edge in window.edges if edge > now), default=None)


def next_of_each_series(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the windows, which come in the order of their start, with the first of each series alone."""
    seen = set()
    found = []
    for window in windows:
        series = window.recurrence.series if window.recurrence else None
        if series is None or series not in seen:
            found.append(window)
        seen.add(series)
    return tuple(found)
