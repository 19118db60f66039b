"""Rule 12, in a real process: 2 GB cross with back-pressure, and cost the gateway next to no memory."""

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path

import pytest

from tests.commands.cli import LONGEST
from tests.postgres import Postgres
from tests.story.processes import Gateway, eventually

pytestmark = pytest.mark.story

MB = 1 << 20
WHOLE = 2048
"""Blocks of 1 MB: 2 GB."""
WARM = 100
MOST_GROWTH = 8 * MB
MOST_AHEAD = 64 * MB
"""What the fast side may be rid of while the slow side stalls: what the kernel keeps for four sockets.

5 to 10 MB as a rule, 21 MB were seen; Linux lets one socket's buffers grow to about 36 MB.
"""
SMALL = 65_536
"""Buffers of the test's own sockets, so that a side that stalls is felt soon."""
STILL = 0.5
"""Seconds without a byte after which the fast side counts as stalled, too."""
CHUNK = b"%x\r\n" % MB


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A gateway of one worker, and the application behind it: this test, on a listening socket."""

    gateway: Gateway
    application: socket.socket
    warm: int = 0
    """What the gateway had after the first transfers, in bytes."""

    def memory(self, field: str) -> int:
        """Return `VmRSS`, what the worker has now, or `VmHWM`, the most since `forget_peak`, in bytes."""
        [worker] = self.gateway.workers()
        status = Path(f"/proc/{worker}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith(f"{field}:")]
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        [worker] = self.gateway.workers()
        Path(f"/proc/{worker}/clear_refs").write_text("5")


@pytest.fixture(scope="module")
def shop(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A gateway that has moved 100 MB each way already."""
    database = postgres.create(template)
    directory = tmp_path_factory.mktemp("memory")
    with ExitStack() as stack:
        stack.callback(postgres.drop, database)
        application = stack.enter_context(socket.socket())
        small_buffers(application)  # the accepted ones inherit them
        application.settimeout(LONGEST)
        application.bind(("127.0.0.1", 0))
        application.listen()
        gateway = Gateway(
            "gateway",
            directory,
            cold=True,
            DATABASE__URL=postgres.url(database),
            UPSTREAM__URL=f"http://127.0.0.1:{application.getsockname()[1]}",
            MAINTENANCE__SNAPSHOT_FILE=str(directory / "snapshot.json"),
        )
        stack.callback(gateway.end)
        shop = Shop(gateway=gateway.listening(), application=application)
        for way in (download, upload):
            for chunked in (False, True):
                with ExitStack() as ends:
                    way(shop, ends, blocks=WARM, chunked=chunked).finish()
        yield replace(shop, warm=shop.memory("VmRSS"))


def small_buffers(connection: socket.socket) -> None:
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        connection.setsockopt(socket.SOL_SOCKET, option, SMALL)


def random_block() -> bytearray:
    """Return 1 MB; `number_block` makes it one that no other is like."""
    return bytearray(random.Random(12).randbytes(MB))  # noqa: S311


def number_block(block: bytearray, number: int) -> None:
    struct.pack_into("!Q", block, 0, number)


class Source:
    """Sends blocks as fast as they are taken, in a thread of its own."""

    def __init__(self, connection: socket.socket, *, blocks: int, chunked: bool) -> None:
        self.sent = 0
        """Bytes that the kernel has taken, framing included."""
        self._error: OSError | None = None
        self._connection = connection
        self._blocks = blocks
        self._chunked = chunked
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._send_blocks()
        except OSError as error:  # raised by `end`
            self._error = error

    def _send_blocks(self) -> None:
        block = random_block()
        for number in range(self._blocks):
            number_block(block, number)
            if self._chunked:
                self._send(CHUNK)
            self._send(block)
            if self._chunked:
                self._send(b"\r\n")
        if self._chunked:
            self._send(b"0\r\n\r\n")

    def _send(self, data: bytes | bytearray) -> None:
        with memoryview(data) as left:
            done = 0
            while done < len(left):
                count = self._connection.send(left[done:])
                done += count
                self.sent += count

    def end(self) -> None:
        """Wait until all is sent."""
        self._thread.join(LONGEST)
        assert self._error is None, self._error
        assert not self._thread.is_alive()

    def stalled(self) -> int:
        """Wait until nothing more is taken, and return how much was."""
        seen, since = self.sent, time.monotonic()

        def is_still() -> bool:
            nonlocal seen, since
            if self.sent != seen:
                seen, since = self.sent, time.monotonic()
            return time.monotonic() - since > STILL

        eventually(is_still)
        return seen


class Sink:
    """Reads blocks, and compares each with what was sent."""

    def __init__(self, stream: BufferedReader, *, blocks: int, chunked: bool) -> None:
        self.received = 0
        """Bytes of content."""
        self._stream = stream
        self._blocks = blocks
        self._chunked = chunked
        self._left_in_chunk = 0
        self._got, self._expected = bytearray(MB), random_block()

    def read_block(self, *, pause: float = 0.0) -> None:
        """Read the next block; with a `pause` in seconds, by little pieces and with pauses between them."""
        with memoryview(self._got) as block:
            done = 0
            while done < MB:
                count = self._read(block[done : done + SMALL if pause else MB])
                assert count, f"the body ends after {self.received} bytes"
                done += count
                self.received += count
                time.sleep(pause)
        number_block(self._expected, self.received // MB - 1)
        if self._got != self._expected:  # no assert: it would print both
            pytest.fail(f"block {self.received // MB - 1} is not the one that was sent")

    def read_rest(self) -> None:
        """Read all that is left, as fast as it comes, to the end of the framing."""
        while self.received < self._blocks * MB:
            self.read_block()
        if self._chunked:
            assert (self._stream.readline(), self._stream.readline()) == (b"0\r\n", b"\r\n")

    def _read(self, piece: memoryview) -> int:
        """Read content; where it is chunked, within one chunk: the gateway frames as the bytes come."""
        if not self._chunked:
            return self._stream.readinto(piece)
        if self._left_in_chunk == 0:
            self._left_in_chunk = int(self._stream.readline(), 16)
        count = self._stream.readinto(piece[: self._left_in_chunk])
        self._left_in_chunk -= count
        if self._left_in_chunk == 0:
            assert self._stream.readline() == b"\r\n"
        return count


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A body under way: `source` sends, nobody reads until `sink` is asked to; `close` checks what must follow it."""

    source: Source
    sink: Sink
    close: Callable[[], None]

    def finish(self) -> None:
        self.sink.read_rest()
        self.source.end()
        self.close()


Way = Callable[..., Transfer]


def connected(shop: Shop, ends: ExitStack, request: bytes) -> tuple[socket.socket, socket.socket]:
    """Send a request's head; return the client's and the application's connection, and leave the heads to be read."""
    client = ends.enter_context(closing(socket.socket()))
    small_buffers(client)
    client.settimeout(LONGEST)
    client.connect(("127.0.0.1", shop.gateway.port))
    client.sendall(request)
    application, _ = shop.application.accept()
    ends.enter_context(closing(application))
    application.settimeout(LONGEST)
    return client, application


def behind_head(connection: socket.socket, ends: ExitStack) -> BufferedReader:
    """Read a head; return the stream behind it."""
    stream = ends.enter_context(closing(connection.makefile("rb")))
    while stream.readline() not in (b"\r\n", b""):
        pass
    return stream


def framing(*, blocks: int, chunked: bool) -> bytes:
    return b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (blocks * MB)


def download(shop: Shop, ends: ExitStack, *, blocks: int, chunked: bool) -> Transfer:
    """Have the application send to a client."""
    client, application = connected(shop, ends, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    behind_head(application, ends)
    application.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n%b\r\n\r\n" % framing(blocks=blocks, chunked=chunked))
    received = behind_head(client, ends)

    def close() -> None:
        assert received.read() == b"", "something follows the body"

    source = Source(application, blocks=blocks, chunked=chunked)
    return Transfer(source=source, sink=Sink(received, blocks=blocks, chunked=chunked), close=close)


def upload(shop: Shop, ends: ExitStack, *, blocks: int, chunked: bool) -> Transfer:
    """Have a client send to the application."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%b\r\n\r\n" % framing(blocks=blocks, chunked=chunked)
    client, application = connected(shop, ends, head)
    received = behind_head(application, ends)

    def close() -> None:
        application.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        assert behind_head(client, ends).read() == b"ok"
        assert received.read() == b"", "something follows the body"

    source = Source(client, blocks=blocks, chunked=chunked)
    return Transfer(source=source, sink=Sink(received, blocks=blocks, chunked=chunked), close=close)


@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
@pytest.mark.parametrize("way", [download, upload])
def test_2_gb_cost_no_memory(shop: Shop, way: Way, *, chunked: bool) -> None:
    """Whoever takes the body stalls, then reads slowly, then fast: the other side stalls too, and all arrives.

    At its peak the gateway has less than 8 MB more than when it was warm, whatever crossed it since.
    """
    shop.forget_peak()
    with ExitStack() as ends:
        transfer = way(shop, ends, blocks=WHOLE, chunked=chunked)
        assert 0 < transfer.source.stalled() < MOST_AHEAD
        for _ in range(8):
            transfer.sink.read_block(pause=0.002)
            assert transfer.source.sent - transfer.sink.received < MOST_AHEAD
        transfer.finish()
    assert transfer.sink.received == WHOLE * MB
    growth = shop.memory("VmHWM") - shop.warm
    assert growth < MOST_GROWTH, f"grew by {growth / MB:.1f} MB"
