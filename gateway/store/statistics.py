"""The numbers of windows, as rows of the view `window_history`."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.domain.errors import NotFoundError
from gateway.domain.statistics import Totals, WindowStatistics
from gateway.domain.window import Gate, Kind
from gateway.store.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which windows of the past: those that started in `since` (inclusive) to `until`, of kinds, with a component."""

    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[Kind] | None = None
    component: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of a query."""
        return asdict(self) | {"kinds": None if self.kinds is None else sorted(self.kinds)}


Place = tuple[datetime, UUID]
"""Of a window in the history: its start, and its id."""


async def list_history(
    session: Session, wanted: HistoryFilter, *, after: Place | None, most: int
) -> list[WindowStatistics]:
    """Return windows that are over, the latest start first, behind a place in that order."""
    start, window_id = after or (None, None)
    rows = await session.rows("window_history", **wanted.arguments(), after_start=start, after_id=window_id, most=most)
    return [_statistics(row) for row in rows]


async def history_totals(session: Session, wanted: HistoryFilter) -> Totals:
    """Add up windows that are over."""
    return Totals(**dict(await session.run("history_totals", **wanted.arguments())))


async def window_statistics(session: Session, window_id: UUID) -> WindowStatistics:
    """Return the numbers of one window, in whatever state.

    Raises:
        NotFoundError: there is none with this id.
    """
    row = await session.run("window_statistics", id=window_id)
    if row is None:
        raise NotFoundError(f"there is no window {window_id}")
    return _statistics(row)


def _statistics(row: Any) -> WindowStatistics:
    values = dict(row)
    typed = {"kind": Kind(values["kind"]), "gate": Gate(values["gate"]), "components": tuple(values["components"])}
    return WindowStatistics(**(values | typed))
