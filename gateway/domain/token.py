"""Bearer tokens: how long they live, and what state one is in. What they are made of: `service/tokens.py`."""

from datetime import datetime, timedelta
from enum import StrEnum

DEFAULT_LIFETIME = timedelta(days=365)
SHORTEST_LIFETIME = timedelta(minutes=1)
LONGEST_LIFETIME = timedelta(days=3660)
NEAR_ITS_END = timedelta(days=14)
"""From here on everybody who uses or checks a token is warned: long enough for a holiday of whoever renews it."""

EXPIRES_HEADER = "Gateway-Token-Expires"
"""Comes with each answer to a token near its end."""


class TokenState(StrEnum):
    """Whether a token lets anybody in."""

    LIVE = "live"
    EXPIRED = "expired"
    REVOKED = "revoked"


def token_state(now: datetime, *, expires_at: datetime | None, revoked_at: datetime | None) -> TokenState:
    """Tell where a token stands at `now`; without `expires_at` it never expires."""
    if revoked_at is not None:
        return TokenState.REVOKED
    return TokenState.EXPIRED if expires_at is not None and expires_at <= now else TokenState.LIVE


def expires_soon(now: datetime, expires_at: datetime | None) -> bool:
    """Tell whether a token that is live has to be renewed."""
    return expires_at is not None and now < expires_at <= now + NEAR_ITS_END
