"""The clock by which windows are compared: PostgreSQL's, measured at loads and probes, in between a monotonic one."""

import time
from datetime import UTC, datetime


class Clock:
    """PostgreSQL's time, as well as it is known; until then this host's own."""

    def __init__(self) -> None:
        """Start from this host's clock."""
        self.monotonic = time.monotonic
        self.offset = time.time() - time.monotonic()  # noqa: TID251  this is the clock
        """What is added to the monotonic clock to get seconds since the epoch."""
        self.is_measured = False
        """Whether the offset is PostgreSQL's own word, not this host's or the snapshot file's."""

    def timestamp(self) -> float:
        """Return seconds since the epoch."""
        return self.monotonic() + self.offset

    def monotonic_at(self, timestamp: float) -> float:
        """Return what the monotonic clock says at that time, as far as is known."""
        return timestamp - self.offset

    def now(self) -> datetime:
        """Return the aware instant, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def measure(self, taken_at: datetime, before: float, after: float) -> None:
        """Learn from an answer that came between two monotonic times; the server read its clock in between.

        So much is proved, and no more: the offset lies within `taken_at - after` and `taken_at - before`. Where the
        present one lies there already, it stays: a slow answer does not shake what a quick one has told.
        """
        lowest, highest = taken_at.timestamp() - after, taken_at.timestamp() - before
        if self.is_measured:
            self.offset = min(max(self.offset, lowest), highest)
        else:
            self.offset = (lowest + highest) / 2
            self.is_measured = True

    @property
    def skew(self) -> float:
        """Seconds by which PostgreSQL's clock is ahead of this host's."""
        return self.timestamp() - time.time()  # noqa: TID251  this is the clock

    def assume_skew(self, seconds: float) -> None:
        """Take up a skew that was measured before a restart."""
        self.offset = time.time() - time.monotonic() + seconds  # noqa: TID251  this is the clock
