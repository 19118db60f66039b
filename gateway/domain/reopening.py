"""Reopening: after a window with `reopen_over`, customers are let in evenly from none to all (rule 30 of traffic.md).

Each client has a place between 0 and 1 in the queue, made from what it is known by: its cookie, else its address. It
is let in once that part of the time has passed. So who is in stays in, each client can be told when to come back,
and every gateway says the same, with nothing to agree on.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from gateway.domain.window import Window

_DIGEST_BYTES = 6  # 48 bits, which a float holds exactly: no place rounds up to 1
_PLACES = float(2 ** (8 * _DIGEST_BYTES))


def place(window: Window, client: bytes) -> float:
    """Return a client's place in the queue of a window, from 0 to below 1: evenly spread, another in each window."""
    digest = blake2b(client, digest_size=_DIGEST_BYTES, key=window.id.bytes).digest()
    return int.from_bytes(digest, "big") / _PLACES


def admits_at(window: Window, client: bytes) -> float:
    """Return when a window that is over lets a client in again, in seconds since the epoch.

    Raises:
        ValueError: the window is not over, and nobody knows when it will be.
    """
    if window.stops_at is None:
        raise ValueError("a window that is not over lets nobody in")
    return window.stops_at.timestamp() + place(window, client) * window.reopen_over.total_seconds()


def reopening_at(windows: Iterable[Window], now: datetime) -> tuple[Window, ...]:
    """Return the windows that are over at `now`, and do not let everybody in yet."""
    return tuple(window for window in windows if window.is_reopening(now))
