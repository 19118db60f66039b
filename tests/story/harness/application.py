"""The application behind the gateways: answers each request with its number, and keeps what it saw.

`python -m tests.story.harness.application DIRECTORY`: says its port on standard output; on SIGTERM it writes what it
has seen into the directory and ends. A request's number is its query; every hundredth or so asks for time with
`&MILLISECONDS` behind it, and each of those is noted with its begin and end.
"""

import asyncio
import json
import signal
import sys
import time
from array import array
from pathlib import Path
from typing import Any

import uvloop

SEEN = "seen.bin"
SLOW = "slow.json"


class Application:
    """What was seen."""

    def __init__(self) -> None:
        """See nothing yet."""
        self.seen = array("B")
        """How often each number came."""
        self.slow: list[tuple[int, float, float]] = []
        """The number, begin and end (monotonic) of each request that took its time."""

    def came(self, number: int) -> None:
        """Count a request."""
        if number >= len(self.seen):
            self.seen.frombytes(bytes(number + 100_000 - len(self.seen)))
        self.seen[number] += 1

    def write(self, directory: Path) -> None:
        """Hand over what was seen."""
        (directory / SEEN).write_bytes(self.seen.tobytes())
        (directory / SLOW).write_text(json.dumps(self.slow))


class Served(asyncio.Protocol):
    """A connection of a gateway."""

    def __init__(self, application: Application) -> None:
        """Serve for the application."""
        self._application = application
        self._received = b""
        self._transport: Any = None
        self._slow: tuple[int, float, asyncio.TimerHandle] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        at = received.find(b"\r\nContent-Length: ", 0, end)
        length = int(received[at + 18 : received.find(b"\r", at + 2)]) if at >= 0 else 0
        if len(received) < end + 4 + length:
            return
        assert len(received) == end + 4 + length, received
        self._received = b""
        line = received[: received.find(b"\r")]
        number, _, milliseconds = line[line.find(b"?") + 1 : line.rfind(b" ")].partition(b"&")
        is_head = line.startswith(b"HEAD")
        self._application.came(int(number))
        if milliseconds:
            timer = asyncio.get_running_loop().call_later(int(milliseconds) / 1000, self._answer_slow, is_head)
            self._slow = (int(number), time.monotonic(), timer)
        else:
            self._answer(int(number), is_head=is_head)

    def _answer_slow(self, is_head: bool) -> None:  # noqa: FBT001  a timer gives no keywords
        number = self._note_slow()
        self._answer(number, is_head=is_head)

    def _note_slow(self) -> int:
        assert self._slow is not None
        number, begin, _ = self._slow
        self._slow = None
        self._application.slow.append((number, begin, time.monotonic()))
        return number

    def _answer(self, number: int, *, is_head: bool) -> None:
        head = b"HTTP/1.1 200 OK\r\nX-Storm: %d\r\nContent-Length: 12\r\n\r\n" % number
        self._transport.write(head if is_head else head + b"hello, world")

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if self._slow is not None:
            self._slow[2].cancel()
            self._note_slow()


async def _serve(directory: Path) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    application = Application()
    server = await loop.create_server(lambda: Served(application), "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    application.write(directory)


if __name__ == "__main__":
    uvloop.run(_serve(Path(sys.argv[1])))
