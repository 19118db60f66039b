"""The model: what the verdict on a request had to be, by the rows that PostgreSQL has committed, and by nothing else.

It shares no code with the gateway: what `starts_at`, `ends`, a scope and a gate mean is written here once more, for the
plain targets of the harness.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property


class Verdict(IntEnum):
    """What became of a request, from mildest to strictest."""

    FORWARDED = 0
    READ_ONLY = 1
    CLOSED = 2


_GATES = {"none": Verdict.FORWARDED, "read_only": Verdict.READ_ONLY, "closed": Verdict.CLOSED}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for. Hosts and paths are plain: lower case, no port, no escapes."""

    method: str
    host: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A window as it was committed; instants are seconds since the epoch on PostgreSQL's clock."""

    id: str
    starts_at: float
    scheduled_until: float
    ends: str
    ended_at: float | None
    cancelled: bool
    gate: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]

    @property
    def stops_at(self) -> float:
        """When it stops to be in force; infinite where nobody has said so yet."""
        if self.ended_at is not None:
            return self.ended_at
        return self.scheduled_until if self.ends == "on_time" else math.inf

    def verdict(self, target: Target) -> Verdict:
        """Return what the window says of a target while it is in force."""
        gate = _GATES[self.gate]
        if gate is Verdict.READ_ONLY and target.method in _READING:
            return Verdict.FORWARDED
        return gate if self._covers(target) else Verdict.FORWARDED

    def _covers(self, target: Target) -> bool:
        host = not self.hosts or any(
            target.host.endswith(name[1:]) if name.startswith("*.") else target.host == name for name in self.hosts
        )
        return host and (
            not self.paths
            or any(target.path == path or target.path.startswith(path.rstrip("/") + "/") for path in self.paths)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit: the row as it is from then on, None where it was deleted."""

    committed: float
    window: str
    row: Row | None
    known_by: float
    """From then on, no gateway may go by what was before."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The verdicts on one target by one version: the first holds until the first edge, and so on."""

    edges: Sequence[float]
    verdicts: Sequence[Verdict]

    def between(self, begin: float, end: float) -> Sequence[Verdict]:
        """Return the verdicts of an interval."""
        return self.verdicts[bisect_right(self.edges, begin) : bisect_right(self.edges, end) + 1]

    def at(self, instant: float) -> Verdict:
        """Return the verdict at one instant: a window is in force from its start on, and no longer at its end."""
        return self.verdicts[bisect_right(self.edges, instant)]


class Model:
    """What had to be answered. Version 0 is the state before the first change: no window at all."""

    def __init__(self, changes: Sequence[Change]) -> None:
        """Take changes in the order of their commits."""
        self.changes = changes
        self._committed = [change.committed for change in changes]
        self._timelines: dict[tuple[int, Target], Timeline] = {}

    @cached_property
    def versions(self) -> Sequence[dict[str, Row]]:
        """The rows that matter, after each change."""
        versions: list[dict[str, Row]] = [{}]
        for change in self.changes:
            # What was over before the commit stays over, unless its row is changed again.
            rows = {key: row for key, row in versions[-1].items() if row.stops_at > change.committed - 60}
            rows.pop(change.window, None)
            if change.row is not None and not change.row.cancelled:
                rows[change.window] = change.row
            versions.append(rows)
        return versions

    @cached_property
    def _outdated(self) -> Sequence[float]:
        """When each version stops to be allowed; whoever knows a later change knows all that came before it."""
        latest, outdated = math.inf, []
        for change in reversed(self.changes):
            latest = min(latest, change.known_by)
            outdated.append(latest)
        return [*reversed(outdated)]

    def allowed(self, begin: float, end: float) -> range:
        """Return the versions that a gateway may go by at some instant of an interval."""
        return range(bisect_left(self._outdated, begin), bisect_right(self._committed, end) + 1)

    def committed(self, begin: float, end: float) -> range:
        """Return the versions that were the newest one at some instant of an interval."""
        return range(bisect_right(self._committed, begin), bisect_right(self._committed, end) + 1)

    def timeline(self, version: int, target: Target) -> Timeline:
        """Return how the verdict on a target goes by one version when nothing else is committed."""
        found = self._timelines.get((version, target))
        if found is None:
            found = self._timelines[version, target] = _timeline(self.versions[version], target)
        return found

    def verdicts(self, target: Target, begin: float, end: float, *, uncertain: float) -> set[Verdict]:
        """Return every verdict that was right at some instant of an interval, by clocks that differ by `uncertain`."""
        begin, end = begin - uncertain, end + uncertain
        found: set[Verdict] = set()
        for version in self.allowed(begin, end):
            found.update(self.timeline(version, target).between(begin, end))
        return found

    def before_and_after(self, number: int, target: Target) -> tuple[Verdict, Verdict]:
        """Return the verdicts on both sides of a change, at its commit."""
        at = self.changes[number].committed
        return self.timeline(number, target).at(at), self.timeline(number + 1, target).at(at)


def _timeline(rows: dict[str, Row], target: Target) -> Timeline:
    spans = [(row.starts_at, row.stops_at, verdict) for row in rows.values() if (verdict := row.verdict(target))]
    edges = sorted({edge for begin, end, _ in spans if begin < end for edge in (begin, end) if edge < math.inf})
    verdicts = [Verdict.FORWARDED]
    verdicts += (
        max((v for begin, end, v in spans if begin <= edge < end), default=Verdict.FORWARDED) for edge in edges
    )
    return Timeline(edges, verdicts)
