"""The rows of large bodies: CPU time per transfer of 100 MB, one after the other over one connection."""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from http.client import HTTPConnection
from typing import ClassVar

from bench import BenchError
from bench.lab import CHECKOUT, Lab, Server, free_port, running_on
from bench.marks import AtMostTimes
from bench.peers import Peer
from bench.peers.nginx import start_nginx
from bench.rows.row import SUBJECT, Measure, Row, Sample, used
from bench.transfer import BODY_BYTES, connected, download, upload

_PATH = "/archive.bin"
_BODY = bytes(BODY_BYTES)


class Download(Row):
    """CPU time of a large answer."""

    key = "download"
    title = "download of 100 MB: CPU"
    unit = "ms"
    note = "From an nginx that serves a file; nginx as a peer buffers answers, its default."
    marks: ClassVar = {SUBJECT: AtMostTimes("haproxy", 1)}

    def start(self, lab: Lab, peers: Sequence[Peer]) -> dict[str, Measure]:
        """Put every peer in front of one nginx that serves a file."""
        upstream = start_nginx(
            lab,
            "upstream",
            http="access_log off;",
            server="",
            files={_PATH.lstrip("/"): _BODY},
            cores=lab.other_cores,
        )
        return _measures(lab, peers, upstream, lambda connection: download(connection, _PATH))


class Upload(Row):
    """CPU time of a large request."""

    key = "upload"
    title = "upload of 100 MB: CPU"
    unit = "ms"
    note = (
        "To an upstream that discards it. nginx as a peer has `proxy_request_buffering off`: by default it would write "
        "the body to a file first, which no other peer does."
    )
    marks: ClassVar = {SUBJECT: AtMostTimes("nginx", 1)}

    def start(self, lab: Lab, peers: Sequence[Peer]) -> dict[str, Measure]:
        """Put every peer in front of one upstream that counts."""
        port = free_port()
        command = [sys.executable, "-m", "bench.sink", "--port", str(port)]
        upstream = lab.start("sink", command, port=port, cores=lab.other_cores, directory=CHECKOUT)
        return _measures(lab, peers, upstream, lambda connection: upload(connection, _PATH, _BODY))


_Transfer = Callable[[HTTPConnection], int]


def _measures(lab: Lab, peers: Sequence[Peer], upstream: Server, transfer: _Transfer) -> dict[str, Measure]:
    servers = [peer.forward(lab, upstream) for peer in peers]
    return {server.name: partial(_cpu_per_transfer, lab, server, transfer) for server in servers}


def _cpu_per_transfer(lab: Lab, server: Server, transfer: _Transfer, seconds: float) -> Sample:
    count = 0
    before = server.cpu_seconds()
    with running_on(lab.other_cores), connected(server) as connection:
        started = time.monotonic()
        while (elapsed := time.monotonic() - started) < seconds or not count:
            if (length := transfer(connection)) != BODY_BYTES:
                raise BenchError(f"{server.name} passed on {length} bytes of {BODY_BYTES}")
            count += 1
    spent = used(server, before)
    return Sample(value=spent / count * 1e3, beside={"MB/s": BODY_BYTES / 1e6 * count / elapsed})
