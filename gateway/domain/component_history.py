"""What customers saw of a component over a time: the worst of its own status and of what windows said.

What is truth (decision 0019):

* its own status counts from the instant at which it was set, whoever set it, until the next one;
* a window counts from its start to its real end: overrun included; until now while it is in force; never when it was
  cancelled. One that was ended by mistake and put in force again was never over;
* what a window was made with counts from its start, also where that is moved; a status that is changed, added or taken
  away while it runs counts from, or until, that instant;
* before it was added, and while it is removed, a component has no status: that time is in no interval and no share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from gateway.domain.component import ComponentStatus, worst

_DOWN = frozenset({ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.MAJOR_OUTAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStatus:
    """A component's own status from `since` on, until the next one; None: it is removed."""

    since: datetime
    status: ComponentStatus | None
    changed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEffect:
    """What a window gave a component, from `since` until `until`, exclusively; None: it still does."""

    window: UUID
    title: str = ""
    status: ComponentStatus
    since: datetime
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether it counts at `at`."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A time with one status, `until` exclusively.

    `windows` were in force then and named the component; `changed_by` set its own status at the beginning.
    """

    since: datetime
    until: datetime
    status: ComponentStatus
    windows: tuple[UUID, ...] = ()
    changed_by: str = ""

    @property
    def lasted(self) -> timedelta:
        """How long it was so."""
        return self.until - self.since


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Intervals of a time range in their order: they never overlap, and neighbours that touch differ in status."""

    since: datetime
    until: datetime
    intervals: tuple[Interval, ...] = ()
    titles: dict[UUID, str] = field(default_factory=dict)
    """Of the windows that the intervals name."""

    @property
    def lasted(self) -> dict[ComponentStatus, timedelta]:
        """How long each status lasted, every one named."""
        total = dict.fromkeys(ComponentStatus, timedelta())
        for interval in self.intervals:
            total[interval.status] += interval.lasted
        return total

    @property
    def share_up(self) -> float | None:
        """The share of the known time without an outage, partial or major; None where nothing is known.

        Degraded performance and maintenance are no outage, as on other status pages.
        """
        lasted = self.lasted
        known = sum(lasted.values(), timedelta())
        down = sum((lasted[status] for status in _DOWN), timedelta())
        return 1 - down / known if known else None


def history(own: Sequence[OwnStatus], effects: Sequence[WindowEffect], *, since: datetime, until: datetime) -> History:
    """Return what customers saw from `since` until `until`, exclusively.

    `own` is in its order, and has the status in force at `since`, too; `effects` are in any order.
    """
    edges = {since, until}
    edges.update(change.since for change in own)
    edges.update(effect.since for effect in effects)
    edges.update(effect.until for effect in effects if effect.until is not None)
    inside = sorted(edge for edge in edges if since <= edge <= until)
    changes, present = list(reversed(own)), None
    waiting, holding = sorted(effects, key=lambda effect: effect.since, reverse=True), []
    intervals: list[Interval] = []
    for start, stop in pairwise(inside):
        while changes and changes[-1].since <= start:
            present = changes.pop()
        while waiting and waiting[-1].since <= start:
            holding.append(waiting.pop())
        holding = [effect for effect in holding if effect.holds(start)]
        if present is None or present.status is None:
            continue
        status = worst(present.status, *(effect.status for effect in holding))
        windows = tuple(dict.fromkeys(effect.window for effect in holding))
        by = present.changed_by if present.since == start and present.status is status else ""
        _append(intervals, Interval(since=start, until=stop, status=status, windows=windows, changed_by=by))
    named = {window for interval in intervals for window in interval.windows}
    titles = {effect.window: effect.title for effect in effects if effect.window in named}
    return History(since=since, until=until, intervals=tuple(intervals), titles=titles)


def _append(intervals: list[Interval], interval: Interval) -> None:
    """Add an interval, or make the one before it longer where nothing changed for customers."""
    last = intervals[-1] if intervals else None
    if last is None or last.status is not interval.status or last.until != interval.since:
        intervals.append(interval)
        return
    intervals[-1] = Interval(
        since=last.since,
        until=interval.until,
        status=last.status,
        windows=tuple(dict.fromkeys((*last.windows, *interval.windows))),
        changed_by=last.changed_by,
    )
