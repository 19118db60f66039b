"""The numbers of a window as the panel shows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.statistics import WindowStatistics
from gateway.render.wording import KIND_BADGES

_LATE = 1.25
"""In first estimates: from here on an overrun is worth a colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A window in numbers. Counts are words: `1,200`, `at least 34`, `not counted`."""

    id: UUID
    title: str
    kind: str
    components: str
    starts_at: datetime
    first_estimate: timedelta
    last_estimate: timedelta | None
    """None where it is the first one."""
    lasted: timedelta
    ratio: str
    """How long it took in first estimates: `1.5`; empty of one that never began."""
    is_late: bool
    is_over: bool
    requests: str
    clients: str
    counted_until: datetime | None


def numbers(window: WindowStatistics) -> Numbers:
    """Show a window in numbers."""
    ratio = window.overrun_ratio
    return Numbers(
        id=window.id,
        title=window.title,
        kind=KIND_BADGES[window.kind].word,
        components=", ".join(window.components),
        starts_at=window.starts_at,
        first_estimate=window.first_estimate,
        last_estimate=window.estimated_duration if window.estimated_duration != window.first_estimate else None,
        lasted=window.real_duration or timedelta(),
        ratio=ratio_words(ratio),
        is_late=ratio is not None and ratio >= _LATE,
        is_over=window.ended_at is not None,
        requests=count_words(window.refused_requests),
        clients=("at least " if window.is_at_least else "") + count_words(window.distinct_clients),
        counted_until=window.counted_until,
    )


def count_words(number: int | None) -> str:
    """Write how many: `1,200`."""
    return "not counted" if number is None else f"{number:,}"


def ratio_words(ratio: float | None) -> str:
    """Write how long something took in first estimates: `1.50`; nothing of what never began."""
    return "" if ratio is None else f"{ratio:.2f}"
