"""How often something may happen: a limit for each key (an address, an e-mail address, a token), in bounded memory."""

import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network

_MINUTE = 60.0
_MOST_KEYS = 10_000
_ROUNDING = 1e-6


class RateLimit:
    """So many per minute and key, which may also come all at once: the generic cell rate algorithm (ITU-T I.371).

    One number is kept for each key. Of too many keys those go that were not seen for the longest time, so nobody can
    fill the memory with addresses; whoever has that many is not held up by a limit for each of them anyway.
    """

    def __init__(self, per_minute: int, *, most_keys: int = _MOST_KEYS) -> None:
        """Allow `per_minute`; 0: no limit."""
        self._interval = _MINUTE / per_minute if per_minute else 0.0
        self._most_keys = most_keys
        self._spent_until: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str, now: float) -> float:
        """Take one for `key` at `now` (seconds) and return 0; or take none and return in how many seconds there is."""
        spent_until = max(self._spent_until.get(key, now), now) + self._interval
        wait = spent_until - now - _MINUTE
        if wait > _ROUNDING:
            self._spent_until.move_to_end(key)
            return wait
        self._spent_until[key] = spent_until
        self._spent_until.move_to_end(key)
        if len(self._spent_until) > self._most_keys:
            self._spent_until.popitem(last=False)
        return 0.0

    def left(self, key: str, now: float) -> tuple[int, int]:
        """Return how many there are for `key`, and in how many seconds all of them are back; (0, 0): no limit."""
        if not self._interval:
            return 0, 0
        spent = max(self._spent_until.get(key, now) - now, 0.0)
        return int((_MINUTE - spent) / self._interval + _ROUNDING), math.ceil(spent)

    def give_back(self, key: str) -> None:
        """Undo a `take`."""
        if key in self._spent_until:
            self._spent_until[key] -= self._interval

    def __len__(self) -> int:
        """Count the keys that are remembered."""
        return len(self._spent_until)


def client_key(address: str) -> str:
    """Return whom an address stands for: an IPv4 address itself, of IPv6 the /64, which is one customer's network."""
    try:
        found = ip_address(address)
    except ValueError:  # a unix socket, or a client that is not known
        return address or "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found) >> 64 << 64, 64)))
