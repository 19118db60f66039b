"""Refusals as they are counted: for each window the requests that it kept from the application, and their clients.

A client is a trusted address, as the gateway knows it; of IPv6 the /64, which is one customer's network. It is kept as
a keyed hash, each window with a key of its own: so no client can be followed from one window to the next, and once the
key is deleted nobody can be found any more.
"""

from dataclasses import dataclass, field
from hashlib import blake2b
from uuid import UUID

from gateway.domain.window import Window

MOST_CLIENTS = 100_000
"""So many clients of a window each process tells apart until they are written."""
MOST_WRITTEN = 1_000_000
"""So many clients of a window all gateways together tell apart."""
_DIGEST_BYTES = 16

ClientKey = str | bytes


@dataclass(slots=True)
class Tally:
    """What a window has refused since the last tally was taken; `is_at_least`: there were more clients."""

    requests: int = 0
    clients: set[ClientKey] = field(default_factory=set)
    is_at_least: bool = False


class Refusals:
    """The tallies of one process, by window."""

    def __init__(self) -> None:
        """Start from nothing."""
        self._tallies: dict[int, Tally] = {}
        """By the number of the window's id: hashing and comparing the ids themselves is Python code."""

    def add(self, window: Window, client: ClientKey) -> None:
        """Count one request that a window keeps from the application; on the path of each of them."""
        number = window.id.int
        tally = self._tallies.get(number)
        if tally is None:
            tally = self._tallies[number] = Tally()
        tally.requests += 1
        clients = tally.clients
        if len(clients) < MOST_CLIENTS:
            clients.add(client)
        elif client not in clients:
            tally.is_at_least = True

    def take(self) -> dict[UUID, Tally]:
        """Hand over what was counted, and start from nothing."""
        taken, self._tallies = self._tallies, {}
        return {UUID(int=number): tally for number, tally in taken.items()}

    def requests(self) -> int:
        """Return how many were counted and not taken; a request that two windows refuse counts for both."""
        return sum(tally.requests for tally in self._tallies.values())


def client_hash(key: bytes, client: ClientKey) -> bytes:
    """Return what is kept of a client: 16 bytes, the same in every gateway, that mean nothing without the key."""
    return blake2b(client.encode() if isinstance(client, str) else client, digest_size=_DIGEST_BYTES, key=key).digest()
