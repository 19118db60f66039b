"""The contexts of the panel's history: windows that are over, in numbers, and what they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.statistics import Totals
from gateway.render.numbers import Numbers, count_words, ratio_words
from gateway.render.panel import Options, Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryTotals:
    """All windows of a filter together."""

    windows: int
    overran: int
    first_estimate: timedelta
    lasted: timedelta
    ratio: str
    requests: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryScreen:
    """`admin/history.html`. `exports` has the address of each form; `older` is empty on the last page."""

    form: Typed
    kinds: Options
    components: Options
    rows: tuple[Numbers, ...]
    totals: HistoryTotals | None
    exports: Mapping[str, str]
    is_filtered: bool
    is_first: bool
    newest: str
    older: str


def history_totals(totals: Totals) -> HistoryTotals:
    """Show many windows together."""
    ratio = totals.real_duration / totals.first_estimate if totals.first_estimate else None
    return HistoryTotals(
        windows=totals.windows,
        overran=totals.overran,
        first_estimate=totals.first_estimate,
        lasted=totals.real_duration,
        ratio=ratio_words(ratio),
        requests=count_words(totals.refused_requests),
    )
