"""How PostgreSQL's clock and the monotonic one go together: measured before and after a storm."""

import time
from dataclasses import dataclass

import asyncpg

_READINGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is added to the monotonic clock to get PostgreSQL's, and by how much that may be wrong; in seconds."""

    at: float
    offset: float
    uncertain: float


@dataclass(frozen=True, slots=True)
class Clock:
    """PostgreSQL's clock between two readings: it may run a little faster or slower than the monotonic one."""

    first: Reading
    last: Reading

    @property
    def uncertain(self) -> float:
        """Seconds by which an instant may be wrong."""
        return max(self.first.uncertain, self.last.uncertain)

    @property
    def drift(self) -> float:
        """Seconds by which the two clocks have moved apart."""
        return self.last.offset - self.first.offset

    def offset(self, monotonic: float) -> float:
        """Return what is to be added at a monotonic time."""
        share = (monotonic - self.first.at) / max(self.last.at - self.first.at, 1e-9)
        return self.first.offset + self.drift * min(max(share, 0.0), 1.0)

    def server(self, monotonic: float) -> float:
        """Put a monotonic time on PostgreSQL's clock."""
        return monotonic + self.offset(monotonic)


async def read_clock(url: str) -> Reading:
    """Ask many times and take the answer that came the fastest."""
    connection = await asyncpg.connect(url)
    try:
        best = Reading(at=0, offset=0, uncertain=float("inf"))
        for _ in range(_READINGS):
            before = time.monotonic()
            server: float = await connection.fetchval("select extract(epoch from clock_timestamp())::float8")
            after = time.monotonic()
            if (after - before) / 2 < best.uncertain:
                middle = (before + after) / 2
                best = Reading(at=middle, offset=server - middle, uncertain=(after - before) / 2)
        return best
    finally:
        await connection.close()
