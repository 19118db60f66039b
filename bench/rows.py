"""The rows: what is measured of every peer, and what the gateway is to reach, as a multiple of nginx's figure."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bench import BenchError
from bench.lab import Lab, Server
from bench.load import PATH, Answer, Counted, ask_once, send_load
from bench.peers import Gateway, Peer, start_nginx

_PAGE_BYTES = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement: `value` in the row's unit, and the rate at which the peer worked meanwhile."""

    value: float
    requests_per_second: float


class Row(ABC):
    """One thing that is measured. `reach`: the greatest ratio to nginx that is good enough."""

    key: ClassVar[str]
    title: str
    unit: ClassVar[str]
    reach: ClassVar[float]

    @abstractmethod
    def start(self, lab: Lab, peers: Sequence[Peer]) -> list[Server]:
        """Start the peers, and what they need."""

    @abstractmethod
    def measure(self, lab: Lab, server: Server, seconds: int) -> Sample:
        """Measure one peer once.

        Raises:
            BenchError: an answer was not the expected one.
        """


class Forwarding(Row):
    """CPU time of a forwarded request."""

    key = "forwarding"
    title = "forwarding, 8 KB body: CPU per request"
    unit = "us"
    reach = 2.5

    def start(self, lab: Lab, peers: Sequence[Peer]) -> list[Server]:
        """Put every peer in front of one nginx that serves a file."""
        body = (b"0123456789abcdef" * 512)[:_PAGE_BYTES]
        upstream = start_nginx(
            lab, "upstream", http="access_log off;", server="", files={PATH.lstrip("/"): body}, cores=lab.other_cores
        )
        servers = [peer.forward(lab, upstream) for peer in peers]
        for server in servers:
            _expect(server, Answer(status=200, body=body))
        return servers

    def measure(self, lab: Lab, server: Server, seconds: int) -> Sample:
        """Measure the CPU time while requests are forwarded."""
        sample, counted = _cpu_per_request(lab, server, seconds)
        if counted.statuses_over_399:
            raise BenchError(f"{server.name} answered {counted.statuses_over_399} of {counted.requests} with an error")
        if counted.received_bytes < counted.requests * _PAGE_BYTES:
            raise BenchError(f"{server.name} did not send the whole body each time")
        return sample


class GatedPage(Row):
    """CPU time of a request that is answered with the status page."""

    key = "page"
    title = "gated page: CPU per request"
    unit = "us"
    reach = 2.5

    def __init__(self) -> None:
        self._page = b"<!doctype html>".ljust(_PAGE_BYTES, b".")

    def start(self, lab: Lab, peers: Sequence[Peer]) -> list[Server]:
        """Have every peer answer with a page as long as the gateway's when it is sent; without the gateway, 8 KB."""
        servers = {}
        for peer in sorted(peers, key=lambda peer: not isinstance(peer, Gateway)):
            servers[peer.name] = server = peer.refuse(lab, self._page)
            if isinstance(peer, Gateway):
                self._page = ask_once(server).body
            _expect(server, Answer(status=503, body=self._page))
        self.title = f"gated page, {len(self._page)} bytes as sent: CPU per request"
        return [servers[peer.name] for peer in peers]

    def measure(self, lab: Lab, server: Server, seconds: int) -> Sample:
        """Measure the CPU time while requests are refused."""
        sample, counted = _cpu_per_request(lab, server, seconds)
        if counted.statuses_over_399 != counted.requests:
            raise BenchError(f"{server.name} refused only {counted.statuses_over_399} of {counted.requests} requests")
        if counted.received_bytes < counted.requests * len(self._page):
            raise BenchError(f"{server.name} did not send the whole page each time")
        _expect(server, Answer(status=503, body=self._page))
        return sample


def _cpu_per_request(lab: Lab, server: Server, seconds: int) -> tuple[Sample, Counted]:
    before = server.cpu_seconds()
    counted = send_load(lab, server, seconds)
    used = server.cpu_seconds() - before
    if counted.failures or not counted.requests:
        raise BenchError(f"{server.name} broke {counted.failures} connections, answered {counted.requests} requests")
    sample = Sample(value=used / counted.requests * 1e6, requests_per_second=counted.requests / counted.seconds)
    return sample, counted


def _expect(server: Server, expected: Answer) -> None:
    """Check one whole answer: wrk only counts statuses over 399 and bytes."""
    answer = ask_once(server)
    if answer != expected:
        raise BenchError(
            f"{server.name} answered {answer.status} with {len(answer.body)} bytes, "
            f"not {expected.status} with the {len(expected.body)} bytes expected"
        )


ROWS: tuple[type[Row], ...] = (Forwarding, GatedPage)
