"""The rows of small answers: CPU time per request, with wrk as the load."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from bench import BenchError
from bench.lab import Lab, Server
from bench.load import Answer, Counted, ask_once, send_load
from bench.marks import AtMostTimes, TimesPeer, UnderPeer
from bench.peers import Gateway, Peer
from bench.rows.row import BODY, PAGE_BYTES, SUBJECT, Measure, Row, Sample, expect, start_files, start_forwarding, used


class Forwarding(Row):
    """CPU time of a forwarded request."""

    key = "forwarding"
    title = "forwarding, 8 KB body: CPU per request"
    unit = "us"
    note = "The request is the same each time: 14 header fields of a browser."
    programs = (("wrk", "wrk"),)
    columns = (TimesPeer("nginx"), UnderPeer("envoy"))
    marks: ClassVar = {SUBJECT: AtMostTimes("nginx", 1.5)}

    _script: ClassVar[str] = "counted.lua"

    def start(self, lab: Lab, peers: Sequence[Peer]) -> dict[str, Measure]:
        """Put every peer in front of one nginx that serves a file."""
        servers = start_forwarding(lab, peers, start_files(lab))
        return {server.name: partial(self._measure, lab, server) for server in servers}

    def _measure(self, lab: Lab, server: Server, seconds: float) -> Sample:
        sample, counted = _cpu_per_request(lab, server, seconds, script=self._script)
        if counted.statuses_over_399:
            raise BenchError(f"{server.name} answered {counted.statuses_over_399} of {counted.requests} with an error")
        if counted.received_bytes < counted.requests * len(BODY):
            raise BenchError(f"{server.name} did not send the whole body each time")
        return sample


class Varied(Forwarding):
    """CPU time of a forwarded request when all are different."""

    key = "varied"
    title = "forwarding, every head different, 8 KB body: CPU per request"
    note = (
        "2,000 requests in turn; path, Cookie, Referer and Accept differ. A proxy that remembers heads gains nothing."
    )

    _script = "varied.lua"


class GatedPage(Row):
    """CPU time of a request that is answered with the status page."""

    key = "page"
    title = "gated page: CPU per request"
    unit = "us"
    note = "503 with a page: from memory, nginx from a file whose descriptor it keeps."
    programs = (("wrk", "wrk"),)
    columns = (TimesPeer("nginx"), UnderPeer("envoy"))
    marks: ClassVar = {SUBJECT: AtMostTimes("nginx", 1.5)}

    def start(self, lab: Lab, peers: Sequence[Peer]) -> dict[str, Measure]:
        """Have every peer answer with a page as long as the gateway's when it is sent; without the gateway, 8 KB."""
        length = PAGE_BYTES
        measures: dict[str, Measure] = {}
        for peer in sorted(peers, key=lambda peer: not isinstance(peer, Gateway)):
            page = b"<!doctype html>".ljust(length, b".")
            server = peer.refuse(lab, page)
            if isinstance(peer, Gateway):
                page = ask_once(server).body
                length = len(page)
            answer = Answer(status=503, body=page)
            expect(server, answer)
            measures[peer.name] = partial(self._measure, lab, server, answer)
        self.title = f"gated page, {length:,} bytes as sent: CPU per request"
        return {peer.name: measures[peer.name] for peer in peers}

    def _measure(self, lab: Lab, server: Server, answer: Answer, seconds: float) -> Sample:
        sample, counted = _cpu_per_request(lab, server, seconds)
        if counted.statuses_over_399 != counted.requests:
            raise BenchError(f"{server.name} refused only {counted.statuses_over_399} of {counted.requests} requests")
        if counted.received_bytes < counted.requests * len(answer.body):
            raise BenchError(f"{server.name} did not send the whole page each time")
        expect(server, answer)
        return sample


def _cpu_per_request(
    lab: Lab, server: Server, seconds: float, *, script: str = "counted.lua"
) -> tuple[Sample, Counted]:
    before = server.cpu_seconds()
    counted = send_load(lab, server, seconds, script=script)
    spent = used(server, before)
    if counted.failures or not counted.requests:
        raise BenchError(f"{server.name} broke {counted.failures} connections, answered {counted.requests} requests")
    sample = Sample(value=spent / counted.requests * 1e6, beside={"requests/s": counted.requests / counted.seconds})
    return sample, counted
