"""The application behind the gateway: `python -m bench.soak.application --port N --records FILE`.

It speaks HTTP/1.1 by itself, counts every request that it sees, and writes down how each ended, one line a request:
`ID KIND STATUS BYTES OUTCOME`.
"""

import argparse
import asyncio
import json
import socket
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import uvloop

from bench.lab import HOST
from bench.soak.content import COUNTS, content, digest, event

ANSWERED, CANCELLED = "answered", "cancelled"
_PIECE = 65_536
_RECEIVE_BUFFER = 131_072
"""Small, so that an upload that is read slowly is felt by the gateway."""
_CLOSES_EVERY = 50
"""So many requests until an answer says `Connection: close`."""
_EVENT_EVERY = 0.05
_SLOW_READ = 0.02


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as it came, and what has become of it."""

    method: str
    target: str
    fields: dict[str, str]
    closes: bool = False
    status: int = 0
    sent: int = 0
    """Bytes of the answer's body that were handed over or were about to be, without framing."""


class UnaskedError(ConnectionError):
    """Bytes came behind a request that is not answered yet: the gateway never pipelines."""


class Connection:
    """One connection of the gateway's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        # After `drain` the kernel has it all.
        writer.transport.set_write_buffer_limits(0)

    async def request(self) -> Request:
        """Read the next head.

        Raises:
            asyncio.IncompleteReadError: there is none.
        """
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        fields = dict(line.split(": ", 1) for line in lines if line)
        return Request(method=method, target=target, fields={name.lower(): value for name, value in fields.items()})

    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Read a request's body by pieces."""
        if "transfer-encoding" in request.fields:
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                yield await self._reader.readexactly(size)
                await self._reader.readexactly(2)
            await self._reader.readuntil(b"\r\n")
        left = int(request.fields.get("content-length", "0"))
        while left:
            piece = await self._reader.readexactly(min(left, _PIECE))
            left -= len(piece)
            yield piece

    async def head(self, request: Request, status: int, framing: str, piece: bytes = b"") -> None:
        """Send a head, and the first piece of the body with it."""
        request.status = status
        request.sent += len(piece)
        close = "Connection: close\r\n" if request.closes else ""
        head = f"HTTP/1.1 {status} Soaked\r\nContent-Type: text/plain\r\n{close}{framing}\r\n\r\n"
        await self.write(head.encode() + piece)

    async def whole(self, request: Request, status: int, body: bytes) -> None:
        """Send a whole answer, by pieces where it is large; none of it to a HEAD but its length."""
        shown = b"" if request.method == "HEAD" else body
        await self.head(request, status, f"Content-Length: {len(body)}", shown[:_PIECE])
        for begin in range(_PIECE, len(shown), _PIECE):
            piece = shown[begin : begin + _PIECE]
            request.sent += len(piece)
            await self.write(piece)

    async def chunk(self, request: Request, piece: bytes) -> None:
        """Send a piece as a chunk; an empty one ends the body."""
        request.sent += len(piece)
        await self.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    async def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            ConnectionError: the gateway has gone.
        """
        if self._writer.is_closing():
            raise ConnectionResetError
        self._writer.write(data)
        await self._writer.drain()

    async def pause(self, seconds: float) -> None:
        """Wait, unless the gateway goes away meanwhile.

        Raises:
            ConnectionError: it did, or it sent what nobody asked for.
        """
        try:
            async with asyncio.timeout(seconds):
                came = await self._reader.read(1)
        except TimeoutError:
            return
        raise UnaskedError if came else ConnectionResetError

    async def echo(self) -> None:
        """Send all back, until somebody has had enough: `bye` asks this end to close."""
        while data := await self._reader.read(_PIECE):
            await self.write(data)
            if data == b"bye\n":
                return
        await self.write(b"end\n")

    def close(self) -> None:
        """Close it."""
        self._writer.close()


class Application:
    """Everything that is counted."""

    def __init__(self, records: TextIO) -> None:
        self._records = records
        self._counts: Counter[str] = Counter()
        self._pages: dict[str, Callable[[Connection, Request, list[int]], Awaitable[None]]] = {
            "sized": _sized,
            "chunked": _chunked,
            "slow": _slow,
            "events": _events,
            "digest": _digest,
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        connection = Connection(reader, writer)
        self._counts["connections"] += 1
        try:
            while await self._serve_one(connection):
                pass
        except asyncio.IncompleteReadError as error:
            self._counts["torn_heads"] += bool(error.partial)
        except ConnectionError:
            self._counts["left_between"] += 1  # between two requests: the gateway may
        finally:
            connection.close()

    async def _serve_one(self, connection: Connection) -> bool:
        """Answer one request; tell whether another may follow."""
        request = await connection.request()
        if request.target == COUNTS:
            self._records.flush()
            await connection.whole(request, 200, json.dumps(self._counts).encode())
            return False
        self._counts["received"] += 1
        request.closes = self._counts["received"] % _CLOSES_EVERY == 0
        outcome = ANSWERED
        try:
            await self._answer(connection, request)
        except UnaskedError:
            outcome = CANCELLED
            self._counts["unasked"] += 1
        except (ConnectionError, asyncio.IncompleteReadError):
            outcome = CANCELLED
        self._counts[outcome] += 1
        fields = request.fields
        line = f"{fields['x-request-id']} {fields['x-soak']} {request.status} {request.sent} {outcome}\n"
        self._records.write(line)
        return outcome == ANSWERED and not request.closes

    async def _answer(self, connection: Connection, request: Request) -> None:
        name, *numbers = request.target[1:].split("/")
        if "upgrade" in request.fields:
            await self._tunnel(connection, request)
        elif page := self._pages.get(name):
            await page(connection, request, [int(number) for number in numbers])
        else:
            await connection.whole(request, 404, b"there is nothing here\n")

    async def _tunnel(self, connection: Connection, request: Request) -> None:
        await connection.head(request, 101, "Connection: Upgrade\r\nUpgrade: echo")
        self._counts["tunnels"] += 1
        request.closes = True
        try:
            await connection.echo()
        except ConnectionError:
            self._counts["tunnels_broken"] += 1


async def _sized(connection: Connection, request: Request, numbers: list[int]) -> None:
    size, seed = numbers
    await connection.whole(request, 200, content(seed, size))


async def _chunked(connection: Connection, request: Request, numbers: list[int]) -> None:
    size, seed, step = numbers
    body = content(seed, size)
    await connection.head(request, 200, "Transfer-Encoding: chunked")
    for begin in range(0, size, step):
        await connection.chunk(request, body[begin : begin + step])
    await connection.chunk(request, b"")


async def _slow(connection: Connection, request: Request, numbers: list[int]) -> None:
    milliseconds, size, seed = numbers
    await connection.pause(milliseconds / 1000)
    await connection.whole(request, 200, content(seed, size))


async def _events(connection: Connection, request: Request, numbers: list[int]) -> None:
    """Send so many events; 0: until the gateway goes away."""
    [count] = numbers
    await connection.head(request, 200, "Transfer-Encoding: chunked")
    number = 0
    while count == 0 or number < count:
        await connection.pause(_EVENT_EVERY)
        await connection.chunk(request, event(number))
        number += 1
    await connection.chunk(request, b"")


async def _digest(connection: Connection, request: Request, numbers: list[int]) -> None:
    """Answer what came; with `numbers`, take it slowly."""
    length = crc = 0
    async for piece in connection.body(request):
        length += len(piece)
        crc = zlib.crc32(piece, crc)
        if numbers:
            await asyncio.sleep(_SLOW_READ)
    await connection.whole(request, 200, digest(length, crc))


async def _run(port: int, records: TextIO) -> None:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    listening.bind((HOST, port))
    server = await asyncio.start_server(Application(records).serve, sock=listening, backlog=1024)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak.application")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--records", type=Path, required=True)
    given = parser.parse_args()
    with given.records.open("w") as records, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(given.port, records))


if __name__ == "__main__":
    main()
