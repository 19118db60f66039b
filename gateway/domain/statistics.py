"""What a window was like in numbers: how long it was to take and took, and whom it turned away."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.window import Gate, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStatistics:
    """The numbers of one window."""

    id: UUID
    kind: Kind
    title: str
    gate: Gate
    components: tuple[str, ...]
    fixed: bool
    starts_at: datetime
    ended_at: datetime | None
    """None: it is not over, or was cancelled."""
    first_estimate: timedelta
    """What customers were told when it began; until then, the estimate as it is."""
    estimated_duration: timedelta
    """The last estimate."""
    real_duration: timedelta | None
    """From its start to its end, or until now; also where it was ended too early and reopened. None: it never began."""
    refused_requests: int | None
    """Counted by the gateways. None: it was over before anybody counted."""
    distinct_clients: int | None
    is_at_least: bool
    """There were more clients than could be told apart."""
    counted_until: datetime | None
    """The latest refusal that is counted came before this; None where there is none."""

    @property
    def overrun_ratio(self) -> float | None:
        """How long it took, in first estimates: 1 as long as was said, 1.5 half as long again. None: it never began."""
        if self.real_duration is None:
            return None
        return round(self.real_duration / self.first_estimate, 3)

    @property
    def overran_by(self) -> timedelta:
        """By how much it took longer than was said at first; nothing where it did not."""
        return max(timedelta(), (self.real_duration or timedelta()) - self.first_estimate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The numbers of many windows. Clients are not added up: who came to two windows can't be told."""

    windows: int
    overran: int
    """How many took longer than was said at first."""
    first_estimate: timedelta
    real_duration: timedelta
    refused_requests: int
