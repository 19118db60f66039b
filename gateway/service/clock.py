"""The clock by which windows are compared: PostgreSQL's, measured at each load, carried on by a monotonic one."""

import time
from datetime import UTC, datetime

from gateway.domain.snapshot import Snapshot


class Clock:
    """PostgreSQL's time, as well as it is known; until then this host's own."""

    def __init__(self) -> None:
        """Start from this host's clock."""
        self.monotonic = time.monotonic
        self.offset = time.time() - time.monotonic()  # noqa: TID251  this is the clock
        """What is added to the monotonic clock to get seconds since the epoch."""

    def timestamp(self) -> float:
        """Return seconds since the epoch."""
        return self.monotonic() + self.offset

    def monotonic_at(self, timestamp: float) -> float:
        """Return what the monotonic clock says at that time, as far as is known."""
        return timestamp - self.offset

    def now(self) -> datetime:
        """Return the aware instant, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def measure(self, snapshot: Snapshot, before: float, after: float) -> None:
        """Learn from a load that ran between two monotonic times; the server read its clock in between."""
        self.offset = snapshot.taken_at.timestamp() - (before + after) / 2

    @property
    def skew(self) -> float:
        """Seconds by which PostgreSQL's clock is ahead of this host's."""
        return self.timestamp() - time.time()  # noqa: TID251  this is the clock

    def assume_skew(self, seconds: float) -> None:
        """Take up a skew that was measured before a restart."""
        self.offset = time.time() - time.monotonic() + seconds  # noqa: TID251  this is the clock
