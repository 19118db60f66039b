"""The row of added latency: at a rate that all peers can hold."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from bench.lab import Lab, Server
from bench.marks import AtMostOver, OverLine, TimesPeer
from bench.paced import RATE, send_paced
from bench.peers import Peer
from bench.rows.row import SUBJECT, Measure, Row, Sample, start_files, start_forwarding

_DIRECT = "direct"


class Latency(Row):
    """The time within which 99 of 100 answers are there, at 1,000 requests a second."""

    key = "latency"
    title = f"latency at {RATE:,} requests a second, 8 KB body: p99"
    unit = "us"
    note = (
        f"A request each millisecond, whether the others are answered or not. `{_DIRECT}` is the upstream without a "
        "proxy: what stands over it, the proxy has added."
    )
    programs = (("h2load", "nghttp2-client"),)
    columns = (OverLine(_DIRECT), TimesPeer("nginx"))
    marks: ClassVar = {SUBJECT: AtMostOver("nginx", 500)}

    def start(self, lab: Lab, peers: Sequence[Peer]) -> dict[str, Measure]:
        """Put every peer in front of one nginx that serves a file; it is measured, too."""
        upstream = start_files(lab)
        servers = [replace(upstream, name=_DIRECT), *start_forwarding(lab, peers, upstream)]
        return {server.name: partial(_measure, lab, server) for server in servers}


def _measure(lab: Lab, server: Server, seconds: float) -> Sample:
    delays = send_paced(lab, server, seconds)
    beside = {"p50 us": delays.quantile(0.5), "requests/s": delays.per_second}
    return Sample(value=delays.quantile(0.99), beside=beside)
