"""For any split of a client's bytes into reads the outcome is the same: the answers, and what the application gets.

The front door without sockets: reads are given to the connection as Hypothesis cuts them.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.config.settings import Settings
from gateway.edge.answers import Answers
from gateway.edge.builtin import BuiltInPool
from gateway.edge.downstream import Downstream
from gateway.edge.front import Front
from gateway.edge.servers import ServerPool
from gateway.edge.upstream import UpstreamConnection
from gateway.http1.body import ChunkedBody
from gateway.render.look import Branding
from gateway.service.clock import Clock
from gateway.service.state import State
from tests.edge.wire import OK

WELL_FORMED = [
    b"GET /a HTTP/1.1\r\nHost: a\r\nCookie: x=y\r\n\r\n",
    b"\r\nGET /b?%0d%0a HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    b"HEAD /c HTTP/1.1\r\nhost:a\r\n\r\n",
    b"POST /d HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /",
    b"PUT /e HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\n\n\r\n0\r\nX: 1\r\n\r\n",
    b"POST /g HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n\r\n",
    b"GET http://b/h HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /i HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET /j HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
]
MALFORMED = [
    b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
]
MESSAGES = st.lists(st.sampled_from([*WELL_FORMED, *MALFORMED]), min_size=1, max_size=5)
CUTS = st.lists(st.integers(0, 400), max_size=30)


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(extra)
        self.written = b""
        self.is_over = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.is_over

    def close(self) -> None:
        self.is_over = True

    abort = write_eof = close

    def can_write_eof(self) -> bool:
        return True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Pool(ServerPool):
    """Connections to an application that answers each request once it is whole."""

    def connect(self, exchange: Any, downstream: Any) -> None:  # noqa: ARG002
        connection = UpstreamConnection(self._servers[0])
        connection.connection_made(Wire())
        self._servers[0].outstanding += 1
        self.opened.append(connection)
        exchange.connected(connection)

    opened: list[UpstreamConnection]


class Door:
    """One client's connection."""

    def __init__(self, front: Front, pool: Pool) -> None:
        pool.opened = []
        pool._servers[0].idle.clear()
        self.pool = pool
        self.client = Wire(peername=("192.0.2.1", 5))
        self.downstream = Downstream(front)
        self.downstream.connection_made(self.client)

    def receive(self, data: bytes) -> None:
        """Take one read, and have the application answer what is whole."""
        self.downstream.data_received(data)
        while (exchange := self.downstream._exchange) and exchange.request_body is None and exchange._upstream:
            exchange._upstream.data_received(OK if exchange.request.method != b"HEAD" else OK[:-2])

    @property
    def statuses(self) -> list[bytes]:
        return re.findall(rb"HTTP/1\.1 (\d+) ", self.client.written)

    def whole_requests(self) -> list[tuple[bytes, bytes]]:
        """Request line and content of each request that the application could read to its end, by connection."""
        found: list[tuple[bytes, bytes]] = []
        for connection in self.pool.opened:
            wire = connection.transport
            assert isinstance(wire, Wire)
            rest = wire.written
            while rest:
                head, _, rest = rest.partition(b"\r\n\r\n")
                content: bytes | None
                if b"Transfer-Encoding: chunked" in head:
                    body = ChunkedBody()
                    content, rest = body.feed(rest)
                    content = content if body.done else None
                else:
                    length = int((re.search(rb"(?i)\r\ncontent-length: (\d+)", head) or (b"", b"0"))[1])
                    content, rest = (rest[:length], rest[length:]) if len(rest) >= length else (None, b"")
                if content is not None:
                    found.append((head.partition(b"\r\n")[0], content))
        return found


@contextmanager
def make_front(directory: Path) -> Iterator[tuple[Front, Pool]]:
    loop = asyncio.new_event_loop()

    async def make() -> tuple[Front, Pool]:
        settings_ = Settings()
        state = State(clock=Clock(), observe=lambda _: None, file=directory / "none.json", close_unknown=False)
        pool = Pool(settings_.upstream, lambda _: None)
        answers = Answers(state, Branding(product="P", support_email="", prefix="/_maintenance"), settings_)
        front = Front(
            settings_,
            state=state,
            answers=answers,
            pool=pool,
            built_in=BuiltInPool(asyncio.Protocol),
            observe=lambda _: None,
            served=lambda _: 0,
        )
        return front, pool

    yield loop.run_until_complete(make())
    loop.close()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Front, Pool]]:
    with make_front(tmp_path_factory.mktemp("front")) as made:
        yield made


@settings(max_examples=1500, deadline=None)
@given(messages=MESSAGES, cuts=CUTS)
@example(messages=WELL_FORMED[:9], cuts=list(range(400)))
@example(messages=[b"GET / HTTP/1.1\nHost: a\n\n", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"], cuts=[20])
def test_any_split_into_reads_has_the_same_outcome(
    front: tuple[Front, Pool], messages: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(messages)
    at_once = Door(*front)
    at_once.receive(data)
    expected = at_once.statuses, at_once.whole_requests(), at_once.client.is_over
    places = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    cut_up = Door(*front)
    for start, end in pairwise(places):
        if end > start:
            cut_up.receive(data[start:end])
    assert (cut_up.statuses, cut_up.whole_requests(), cut_up.client.is_over) == expected


@settings(max_examples=100, deadline=None)
@given(messages=st.lists(st.sampled_from(WELL_FORMED[:9]), min_size=1, max_size=6), cuts=CUTS)
def test_what_is_well_formed_reaches_the_application_once(
    front: tuple[Front, Pool], messages: list[bytes], cuts: list[int]
) -> None:
    """As many requests as were sent, in order, each answered."""
    data = b"".join(messages)
    places = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    door = Door(*front)
    for start, end in pairwise(places):
        door.receive(data[start:end])
    assert door.statuses == [b"200"] * len(messages)
    assert [line.split(b" ")[0] for line, _ in door.whole_requests()] == [m.split()[0] for m in messages]
