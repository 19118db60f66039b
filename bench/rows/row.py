"""What a row is, and what several rows need."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from bench import BenchError
from bench.lab import Lab, Server
from bench.load import PATH, Answer, ask_once
from bench.marks import Column, Mark, TimesPeer
from bench.peers import Peer
from bench.peers.nginx import start_nginx

SUBJECT = "gateway"
PAGE_BYTES = 8192
BODY = b"0123456789abcdef" * (PAGE_BYTES // 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement: `value` in the row's unit, and by name what was counted beside it."""

    value: float
    beside: Mapping[str, float] = field(default_factory=dict)


Measure = Callable[[float], Sample]
"""Measures once, for about that many seconds; raises BenchError when an answer was not the expected one."""


class Row(ABC):
    """One thing that is measured, in a table with a line for each peer."""

    key: ClassVar[str]
    title: str
    unit: ClassVar[str]
    note: ClassVar[str] = ""
    # As name and Debian package.
    programs: ClassVar[tuple[tuple[str, str], ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = (TimesPeer("nginx"),)
    # By the name of the line.
    marks: ClassVar[Mapping[str, Mark]]
    # Caches, pools, the interpreter's specialisations. False where every measurement starts anew.
    warms_up: ClassVar[bool] = True

    @abstractmethod
    def start(self, lab: Lab, peers: Sequence[Peer]) -> dict[str, Measure]:
        """Start the peers, and what they need; return how each line is measured."""


def start_files(lab: Lab) -> Server:
    """Start an upstream that answers every path but those of other files with 8 KB."""
    return start_nginx(
        lab,
        "upstream",
        http="access_log off;",
        server=f"location / {{ try_files {PATH} =404; }}",
        files={PATH.lstrip("/"): BODY},
        cores=lab.other_cores,
    )


def start_forwarding(lab: Lab, peers: Sequence[Peer], upstream: Server) -> list[Server]:
    """Put every peer in front of an upstream of `start_files`, and ask each once."""
    servers = [peer.forward(lab, upstream) for peer in peers]
    for server in servers:
        expect(server, Answer(status=200, body=BODY))
    return servers


def expect(server: Server, expected: Answer) -> None:
    """Check one whole answer: the loads only count statuses and bytes.

    Raises:
        BenchError: it was another one.
    """
    answer = ask_once(server)
    if answer != expected:
        raise BenchError(
            f"{server.name} answered {answer.status} with {len(answer.body)} bytes, "
            f"not {expected.status} with the {len(expected.body)} bytes expected"
        )


def used(server: Server, since: float) -> float:
    """Return the CPU seconds that a server has used since it had used `since`.

    Raises:
        BenchError: too few to be seen.
    """
    seconds = server.cpu_seconds() - since
    if seconds <= 0:
        raise BenchError(f"{server.name} used too little CPU time to be seen: measure for longer")
    return seconds
