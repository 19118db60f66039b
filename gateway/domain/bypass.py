"""Bypass links: signed, expiring, revocable passes through a closed gate (rule 27 of traffic.md).

A token is `gwb_<id>.<expiry>.<mac>`: the link's id (32 hex digits), its end (seconds since the epoch), and HMAC-SHA256
over all before the last dot (RFC 2104), in base64url. It is good while its link is among those of the snapshot: one
that was revoked is not, whatever its mac. Nothing is asked of anybody to find that out.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

# So that a leaked token is recognised by scanners of code and logs.
TOKEN_PREFIX = "gwb_"  # noqa: S105  no secret

SHORTEST_LIFETIME = timedelta(minutes=1)
DEFAULT_LIFETIME = timedelta(hours=8)
LONGEST_LIFETIME = timedelta(days=30)

LEFT = "left"
"""In place of a token: whoever has it is treated as a customer, also where the network would pass every gate."""
LEFT_FOR = timedelta(minutes=10)

_ID = slice(len(TOKEN_PREFIX), len(TOKEN_PREFIX) + 32)


class LinkState(StrEnum):
    """Whether a link lets anybody through."""

    LIVE = "live"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bypass:
    """What the data plane knows of a link that was not revoked. `name` says who or what it is for."""

    id: UUID
    name: str
    expires_at: datetime


def signed_token(bypass: Bypass, key: str) -> str:
    """Return the token of a link, signed with the gateways' key."""
    claims = f"{TOKEN_PREFIX}{bypass.id.hex}.{int(bypass.expires_at.timestamp())}"
    mac = hmac.digest(key.encode(), claims.encode(), "sha256")
    return f"{claims}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


class Passes:
    """The tokens that are good at one time."""

    __slots__ = ("_issued",)

    def __init__(self, bypasses: Iterable[Bypass], key: str, at: datetime) -> None:
        """Sign each link that has not expired at `at`; without a key no token is good, for anybody could sign."""
        live = [bypass for bypass in bypasses if key and at < bypass.expires_at]
        self._issued = {bypass.id.hex.encode(): (signed_token(bypass, key).encode(), bypass) for bypass in live}

    def find(self, tokens: Iterable[bytes]) -> Bypass | None:
        """Return the link of the first token that was issued exactly so, in a time that does not depend on its mac."""
        for token in tokens:
            issued = self._issued.get(token[_ID])
            if issued is not None and hmac.compare_digest(issued[0], token):
                return issued[1]
        return None
