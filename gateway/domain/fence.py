"""The fence: proof that every gateway gates by a window, and has no older request left in the application.

Each gateway process (a *replica*) reports what it gates by. A report stays true however late it is read: a replica that
gates by a row of a window, with nothing left of the time before, goes on gating by it until the row changes; and then
its report names an older row, and counts no more. Who is silent is unknown, and unknown is not drained.
docs/decisions/0012 has the argument.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from gateway.domain.window import Gate, State, Window

SILENT_AFTER = timedelta(seconds=10)
"""How long a replica may be silent until nothing is known of it any more; it reports every two seconds."""

_NO_FENCE = {
    State.SCHEDULED: "the window has not started: no gateway gates by it yet",
    State.ENDED: "the window is over: traffic goes through",
    State.CANCELLED: "the window is cancelled: traffic goes through",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What a gateway says about a window that it gates by: the row it gates by, and what of the time before is left."""

    row_version: int
    left: int
    """Requests and tunnels admitted before, that the window would refuse, still in the application."""
    given_up: int
    """Others of those that have gone unanswered (client gone, time-out): the application may still work on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a replica has said last: `gates` has the windows that it gates by; instants are PostgreSQL's."""

    id: UUID
    name: str
    applied_version: int
    gates: Mapping[UUID, Gated]
    started_at: datetime
    heartbeat_at: datetime

    def silence(self, now: datetime) -> timedelta:
        """Return for how long nothing has been heard."""
        return max(timedelta(), now - self.heartbeat_at)

    def is_silent(self, now: datetime) -> bool:
        """Tell whether that is so long that nothing is known of the replica any more."""
        return self.silence(now) > SILENT_AFTER


class ReplicaState(StrEnum):
    """Where a replica stands with a window."""

    GATING = "gating"
    DRAINING = "draining"
    """It gates, and older requests are left in the application."""
    BEHIND = "behind"
    """It does not gate by this row of the window."""
    UNKNOWN = "unknown"
    """It has not been heard of for too long, whatever it said last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One replica as the fence of a window sees it."""

    report: Report
    state: ReplicaState
    left: int
    given_up: int
    silence: timedelta

    @property
    def complaint(self) -> str:
        """Say what the fence waits for here beside requests; empty where that is nothing."""
        match self.state:
            case ReplicaState.UNKNOWN:
                return f"{self.report.name} has not been heard of for {int(self.silence.total_seconds())} s"
            case ReplicaState.BEHIND:
                return f"{self.report.name} does not gate yet"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Where all replicas stand with a window. `reason` says why there can't be a fence; else it is empty."""

    window: Window
    state: State
    reason: str
    replicas: tuple[Replica, ...]

    @property
    def holds(self) -> bool:
        """Whether every known replica gates, with nothing left of the time before; with none known, it does not."""
        return (
            not self.reason
            and bool(self.replicas)
            and all(replica.state is ReplicaState.GATING for replica in self.replicas)
        )

    @property
    def is_vain(self) -> bool:
        """Whether waiting leads nowhere: the window is over, or does not gate."""
        return bool(self.reason) and self.state is not State.SCHEDULED

    @property
    def gating(self) -> int:
        """How many replicas gate, drained or not."""
        return sum(replica.state in (ReplicaState.GATING, ReplicaState.DRAINING) for replica in self.replicas)

    @property
    def left(self) -> int:
        """How many older requests are left, as far as is known."""
        return sum(replica.left for replica in self.replicas)

    @property
    def given_up(self) -> int:
        """How many older requests have gone unanswered."""
        return sum(replica.given_up for replica in self.replicas)

    @property
    def summary(self) -> str:
        """Say it to people, in one line."""
        if self.reason:
            return self.reason
        known = len(self.replicas)
        if not known:
            return "no gateway has reported: nobody knows whether there is one"
        gate = "gateway gates" if known == 1 else "gateways gate"
        counts = f"{self.gating} of {known} {gate}, {_counted(self.left, 'request')} left in the application"
        if self.holds:
            said = f"{counts}: safe to begin"
        else:
            said = "; ".join([counts, *(replica.complaint for replica in self.replicas if replica.complaint)])
        return f"{said} ({self._note})" if self.given_up else said

    @property
    def _note(self) -> str:
        were = "was" if self.given_up == 1 else "were"
        them = "it" if self.given_up == 1 else "them"
        return (
            f"{_counted(self.given_up, 'request')} {were} given up on before the answer: the application may still be "
            f"at work on {them}"
        )


def fence(window: Window, reports: Iterable[Report], now: datetime) -> Fence:
    """Return where the replicas stand with a window.

    The window, the reports and `now`, on PostgreSQL's clock, must have been read in one statement.
    """
    state = window.state(now)
    reason = _NO_FENCE.get(state, "")
    if window.gate is Gate.NONE:
        reason = "the window does not gate: all traffic goes through"
    return Fence(
        window=window,
        state=state,
        reason=reason,
        replicas=tuple(_replica(window, report, now) for report in reports),
    )


def _replica(window: Window, report: Report, now: datetime) -> Replica:
    gated = report.gates.get(window.id)
    # Exactly this row: one that the database has lost again (a failover) may have had the same window gate less.
    is_by_this_row = gated is not None and gated.row_version == window.row_version
    left = gated.left if gated is not None else 0
    if report.is_silent(now):
        state = ReplicaState.UNKNOWN
    elif not is_by_this_row:
        state = ReplicaState.BEHIND
    else:
        state = ReplicaState.DRAINING if left else ReplicaState.GATING
    return Replica(
        report=report,
        state=state,
        left=left,
        given_up=gated.given_up if gated is not None else 0,
        silence=report.silence(now),
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
