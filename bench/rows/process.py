"""The rows of the process itself: its memory, and how soon it answers. Every measurement starts a new one."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from bench.lab import Lab, Server
from bench.load import Answer
from bench.marks import AtMost
from bench.paced import send_some
from bench.peers import Gateway, Peer
from bench.rows.row import BODY, SUBJECT, Measure, Row, Sample, expect, start_files

_REQUESTS = 1000
_RUNNING = f"{SUBJECT}, PostgreSQL runs"
_EMBEDDED = f"{SUBJECT}, embedded"


class Memory(Row):
    """Resident memory of an idle server."""

    key = "memory"
    title = f"resident memory, idle after {_REQUESTS:,} forwarded requests"
    unit = "MB"
    note = (
        "Of all processes of a peer, masters included; what they share is counted once (PSS). The gateway's embedded "
        "PostgreSQL stands beside it."
    )
    programs = (("h2load", "nghttp2-client"),)
    marks: ClassVar = {SUBJECT: AtMost(60)}
    warms_up = False

    def start(self, lab: Lab, peers: Sequence[Peer]) -> dict[str, Measure]:
        """Start the upstream alone."""
        upstream = start_files(lab)
        return {peer.name: partial(_resident, lab, peer, upstream) for peer in peers}


class Start(Row):
    """From the start of the process to its first answer."""

    key = "start"
    title = "start: process to first answer"
    unit = "s"
    note = (
        "The gateway alone, which forwards the first request. `embedded` starts its PostgreSQL too, on data that exist."
    )
    columns = ()
    marks: ClassVar = {_RUNNING: AtMost(1), _EMBEDDED: AtMost(3)}
    warms_up = False

    def start(self, lab: Lab, peers: Sequence[Peer]) -> dict[str, Measure]:
        """Make both databases; one of them goes on, under another gateway, on another core."""
        upstream = start_files(lab)
        measures: dict[str, Measure] = {}
        for gateway in (peer for peer in peers if isinstance(peer, Gateway)):
            first = gateway.serve(lab, gateway.prepare(lab, upstream.url("")), cores=lab.other_cores)
            url = gateway.database_url(first)
            with lab.part() as part:
                left = gateway.serve(part, gateway.prepare(part, upstream.url(""))).directory
            beside = gateway.prepare(lab, upstream.url(""), database=url)
            measures[_RUNNING] = partial(_until_answered, lab, gateway, beside)
            measures[_EMBEDDED] = partial(_until_answered, lab, gateway, left)
        return measures


def _resident(lab: Lab, peer: Peer, upstream: Server, seconds: float) -> Sample:  # noqa: ARG001
    with lab.part() as part:
        server = peer.forward(part, upstream)
        expect(server, Answer(status=200, body=BODY))
        send_some(part, server, _REQUESTS)
        time.sleep(0.3)  # until the connections are closed and the access log is written
        value = server.resident_bytes() / 1e6
        if not isinstance(peer, Gateway):
            return Sample(value=value)
        return Sample(value=value, beside={"its PostgreSQL, MB": peer.database_bytes(server) / 1e6})


def _until_answered(lab: Lab, gateway: Gateway, directory: Path, seconds: float) -> Sample:  # noqa: ARG001
    with lab.part() as part:
        server = gateway.serve(part, directory)
        expect(server, Answer(status=200, body=BODY))
        return Sample(value=time.monotonic() - server.started)
