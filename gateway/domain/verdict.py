"""The verdict on one request: forward it, refuse it, or hand it to the built-in application."""

import math
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from gateway.domain.bypass import Bypass
from gateway.domain.reopening import admits_at
from gateway.domain.scope import is_plain, under
from gateway.domain.snapshot import Moment
from gateway.domain.window import Gate, Window

SAFE_METHODS = frozenset({b"GET", b"HEAD", b"OPTIONS"})


class Verdict(Enum):
    """What happens to a request."""

    FORWARD = "forward"
    BYPASS = "bypass"
    """Forwarded although a window refuses it: the client holds a bypass link, or comes from a bypass network."""
    BUILT_IN = "built_in"
    REFUSE = "refuse"
    REFUSE_WRITE = "refuse_write"
    """The window is read-only and the method may change something."""

    @property
    def is_refusal(self) -> bool:
        """Whether the gateway answers in the application's place."""
        return self in (Verdict.REFUSE, Verdict.REFUSE_WRITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemptions:
    """What is never gated: the prefix itself, paths, and networks of clients (rule 27 of traffic.md)."""

    prefix: bytes
    paths: tuple[bytes, ...] = ()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()


@dataclass(slots=True)
class Facts:
    """What a verdict is made from. `path` is without query, as forwarded; `address` is the trusted client's."""

    host: bytes
    path: bytes
    method: bytes
    address: IPv4Address | IPv6Address | None = None
    bypass: Bypass | None = None
    """The link that the client holds, which was good at the moment."""
    client: bytes = b""
    """What the client's place in a reopening is made from."""
    at: float = math.inf
    """When, in seconds since the epoch, for reopenings; as it is, they are no hindrance."""


def is_built_in(path: bytes, prefix: bytes) -> bool:
    """Tell whether the path belongs to the gateway itself: an exact comparison, no decoding, no folding."""
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in (b"", b"/")


def decide(facts: Facts, moment: Moment, exemptions: Exemptions) -> Verdict:
    """Decide on a request at a moment: the strictest gate that covers it wins, and a bypass opens any."""
    if is_built_in(facts.path, exemptions.prefix):
        return Verdict.BUILT_IN
    if not moment.gates or is_never_gated(facts, exemptions):
        return Verdict.FORWARD
    verdict = _gated(facts, moment)
    return Verdict.BYPASS if verdict.is_refusal and passes(facts, exemptions) else verdict


def _gated(facts: Facts, moment: Moment) -> Verdict:
    if moment.snapshot is None:
        return Verdict.REFUSE
    window = barring(facts, moment)
    if window is None:
        return Verdict.FORWARD
    return Verdict.REFUSE if window.gate is Gate.CLOSED else Verdict.REFUSE_WRITE


def barring(facts: Facts, moment: Moment) -> Window | None:
    """Return the strictest window that keeps a request out which is not exempt; None where none does."""
    found = None
    for judge, windows in ((refuses, moment.gating), (holds_back, moment.reopening)):
        for window in windows:
            if judge(window, facts):
                if window.gate is Gate.CLOSED:
                    return window
                found = found or window
    return found


def refuses(window: Window, facts: Facts) -> bool:
    """Tell whether a window in force turns a request away that is not exempt."""
    is_meant = window.gate is Gate.CLOSED or (window.gate is Gate.READ_ONLY and facts.method not in SAFE_METHODS)
    return is_meant and window.scope.covers(facts.host, facts.path)


def holds_back(window: Window, facts: Facts) -> bool:
    """Tell whether a reopening window does not let a request in yet that is not exempt."""
    return facts.at < admits_at(window, facts.client) and refuses(window, facts)


def let_in_at(facts: Facts, moment: Moment) -> float:
    """Return when the reopening windows of a moment let a request in, in seconds since the epoch; 0 where they do."""
    holding = [window for window in moment.reopening if refuses(window, facts)]
    return max((admits_at(window, facts.client) for window in holding), default=0.0)


def is_exempt(facts: Facts, exemptions: Exemptions) -> bool:
    """Tell whether no window keeps a request out (rule 27): nothing is gated there, or the client passes."""
    return passes(facts, exemptions) or is_never_gated(facts, exemptions)


def passes(facts: Facts, exemptions: Exemptions) -> bool:
    """Tell whether the client passes every gate: by a link that it holds, or by the network that it comes from."""
    return facts.bypass is not None or is_in_bypass_network(facts, exemptions)


def is_in_bypass_network(facts: Facts, exemptions: Exemptions) -> bool:
    """Tell whether the client comes from a network that passes every gate."""
    return facts.address is not None and any(facts.address in network for network in exemptions.networks)


def is_never_gated(facts: Facts, exemptions: Exemptions) -> bool:
    """Tell whether no window is about what is asked for."""
    return bool(exemptions.paths) and is_plain(facts.path) and any(under(facts.path, p) for p in exemptions.paths)
