"""The verdict on one request: forward it, refuse it, or hand it to the built-in application."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from gateway.domain.bypass import Bypass
from gateway.domain.scope import is_plain, under
from gateway.domain.snapshot import Moment
from gateway.domain.window import Gate

SAFE_METHODS = frozenset({b"GET", b"HEAD", b"OPTIONS"})


class Verdict(Enum):
    """What happens to a request."""

    FORWARD = "forward"
    BYPASS = "bypass"
    """Forwarded although a window refuses it: the client holds a bypass link."""
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
    """What a verdict is made from. `path` is without query, as forwarded; `client` is the trusted client address."""

    host: bytes
    path: bytes
    method: bytes
    client: IPv4Address | IPv6Address | None = None
    bypass: Bypass | None = None
    """The link that the client holds, which was good at the moment."""


def is_built_in(path: bytes, prefix: bytes) -> bool:
    """Tell whether the path belongs to the gateway itself: an exact comparison, no decoding, no folding."""
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in (b"", b"/")


def decide(facts: Facts, moment: Moment, exemptions: Exemptions) -> Verdict:
    """Decide on a request at a moment: the strictest gate that covers it wins, and a bypass link opens any."""
    verdict = _gated(facts, moment, exemptions)
    return Verdict.BYPASS if verdict.is_refusal and facts.bypass is not None else verdict


def _gated(facts: Facts, moment: Moment, exemptions: Exemptions) -> Verdict:
    if is_built_in(facts.path, exemptions.prefix):
        return Verdict.BUILT_IN
    if not moment.gates or _is_exempt(facts, exemptions):
        return Verdict.FORWARD
    if moment.snapshot is None:
        return Verdict.REFUSE
    gates = {window.gate for window in moment.gating if window.scope.covers(facts.host, facts.path)}
    if Gate.CLOSED in gates:
        return Verdict.REFUSE
    if Gate.READ_ONLY in gates and facts.method not in SAFE_METHODS:
        return Verdict.REFUSE_WRITE
    return Verdict.FORWARD


def _is_exempt(facts: Facts, exemptions: Exemptions) -> bool:
    if facts.client is not None and any(facts.client in network for network in exemptions.networks):
        return True
    return bool(exemptions.paths) and is_plain(facts.path) and any(under(facts.path, p) for p in exemptions.paths)
