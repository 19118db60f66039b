"""Which windows keep a request from the application, and whom that turns away: counted on the path of each refusal.

Nothing here waits, locks or formats; `service/refusals.py` writes the counts down every few seconds.
"""

from collections.abc import Sequence
from socket import AF_INET6, inet_pton

from gateway.domain.rate import client_key
from gateway.domain.refusals import ClientKey
from gateway.domain.snapshot import Moment
from gateway.domain.verdict import Facts, holds_back, refuses
from gateway.domain.window import Window

_NETWORK_BYTES = 8


def refusing(moment: Moment, facts: Facts) -> Sequence[Window]:
    """Return the windows that refuse a request: those in force, and those that reopen and do not let it in yet."""
    windows = [window for window in moment.gating if refuses(window, facts)]
    windows += [window for window in moment.reopening if holds_back(window, facts)]
    return windows


def counted_as(client: str) -> ClientKey:
    """Return whom an address counts as: the same as `rate.client_key` tells apart, in less time."""
    if ":" not in client:
        return client
    if client.startswith("::"):  # among others, IPv4 addresses that are written as IPv6
        return client_key(client)
    try:
        return inet_pton(AF_INET6, client)[:_NETWORK_BYTES]
    except OSError:  # with a zone, which only the host itself knows
        return client_key(client)
