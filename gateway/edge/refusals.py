"""Which windows keep a request from the application, and whom that turns away: counted on the path of each refusal.

Nothing here waits, locks or formats; `service/refusals.py` writes the counts down every few seconds.
"""

from collections.abc import Sequence
from functools import lru_cache
from socket import AF_INET6, inet_ntoa, inet_pton

from gateway.domain.rate import client_key
from gateway.domain.refusals import ClientKey
from gateway.domain.snapshot import Moment
from gateway.domain.verdict import Facts, holds_back, refuses
from gateway.domain.window import Window

_NETWORK_BYTES = 8
_MOST_REMEMBERED = 4096
_IPV4_IN_IPV6 = bytes(10) + b"\xff\xff"  # ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2)


def refusing(moment: Moment, facts: Facts) -> Sequence[Window]:
    """Return the windows that refuse a request: those in force, and those that reopen and do not let it in yet."""
    windows = [window for window in moment.gating if refuses(window, facts)]
    windows += [window for window in moment.reopening if holds_back(window, facts)]
    return windows


def counted_as(client: str) -> ClientKey:
    """Return whom an address counts as: it tells apart what `rate.client_key` does, in a fraction of the time."""
    return _of_ipv6(client) if ":" in client else client


@lru_cache(_MOST_REMEMBERED)  # whoever is refused mostly looks again
def _of_ipv6(client: str) -> ClientKey:
    try:
        packed = inet_pton(AF_INET6, client.partition("%")[0])  # without the zone, which only this host knows
    except OSError:
        return client_key(client)
    if packed.startswith(_IPV4_IN_IPV6):
        return inet_ntoa(packed[len(_IPV4_IN_IPV6) :])
    return packed[:_NETWORK_BYTES]
