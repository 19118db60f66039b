"""A client's connection, and what is counted of all clients."""

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from bench.lab import HOST

_PIECE = 65_536
_RESET = struct.pack("ii", 1, 0)
_MOST_SHOWN = 20
_BROWSER = (
    "Host: soak.example\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=necessary\r\n"
)


class WrongError(Exception):
    """An answer is not what it should be."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What all clients have done and seen."""

    sent: int = 0
    """Requests that stay, sent to be answered."""
    right: Counter[str] = field(default_factory=Counter)
    """Their right answers, by what was asked."""
    left: Counter[str] = field(default_factory=Counter)
    """What troublemakers did."""
    refused: Counter[int] = field(default_factory=Counter)
    """Malformed requests by the status that they got."""
    bad_bodies: int = 0
    """Requests refused because of their body, after they were forwarded."""
    wrong: int = 0
    reasons: list[str] = field(default_factory=list)
    """The first of the wrong ones."""

    def went_wrong(self, reason: str) -> None:
        """Note an answer that is not right, or did not come."""
        self.wrong += 1
        if len(self.reasons) < _MOST_SHOWN:
            self.reasons.append(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of an answer."""

    status: int
    fields: Mapping[str, str]

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this answer."""
        return self.fields.get("connection", "").lower() == "close"


class Wire:
    """One connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int, *, receive_buffer: int = 0) -> Self:
        """Connect; with a small buffer, a stall is felt soon."""
        connection = socket.socket()
        try:
            if receive_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            connection.setblocking(False)  # noqa: FBT003
            await asyncio.get_running_loop().sock_connect(connection, (HOST, port))
            return cls(*await asyncio.open_connection(sock=connection))
        except BaseException:
            connection.close()
            raise

    async def send(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            ConnectionError: the gateway has gone.
        """
        if self._writer.is_closing():  # uvloop raises another kind of error
            raise ConnectionResetError
        self._writer.write(data)
        await self._writer.drain()

    def end_sending(self) -> None:
        """Close this direction alone."""
        self._writer.write_eof()

    async def head(self) -> Head:
        """Read the head of an answer."""
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines if line)
        return Head(status=int(first.split(" ", 2)[1]), fields={name.lower(): value for name, value in fields.items()})

    async def answer(self, body: bytes, *, status: int = 200, of_head: bool = False) -> Head:
        """Read a whole answer, which must be this one.

        Raises:
            WrongError: it is another.
        """
        head = await self.head()
        if head.status != status:
            raise WrongError(f"{head.status}, not {status}")
        if of_head:
            if head.fields.get("content-length") != str(len(body)):
                raise WrongError(f"HEAD tells Content-Length {head.fields.get('content-length')}, not {len(body)}")
        elif "transfer-encoding" in head.fields:
            await self._chunks(body)
        else:
            await self._sized(head, body)
        return head

    async def _sized(self, head: Head, body: bytes) -> None:
        if head.fields.get("content-length") != str(len(body)):
            raise WrongError(f"Content-Length {head.fields.get('content-length')}, not {len(body)}")
        for begin in range(0, len(body), _PIECE):
            expected = body[begin : begin + _PIECE]
            if await self.reader.readexactly(len(expected)) != expected:
                raise WrongError(f"other content than expected between byte {begin} and {begin + len(expected)}")

    async def _chunks(self, body: bytes) -> None:
        seen = 0
        while size := int(await self.reader.readline(), 16):
            if await self.reader.readexactly(size) != body[seen : seen + size]:
                raise WrongError(f"other content than expected in the chunk at byte {seen}")
            seen += size
            if await self.reader.readexactly(2) != b"\r\n":
                raise WrongError("a chunk does not end where it says")
        if await self.reader.readline() != b"\r\n":
            raise WrongError("trailers that nobody sent")
        if seen != len(body):
            raise WrongError(f"{seen} bytes in chunks, not {len(body)}")

    async def ends(self) -> None:
        """Read to the end of the connection, at which nothing may be left.

        Raises:
            WrongError: something is.
        """
        if left := await self.reader.read(100):
            raise WrongError(f"unexpected bytes: {left!r}")

    def leave(self, *, reset: bool = False) -> None:
        """Go away, now."""
        connection = self._writer.get_extra_info("socket")
        if reset and connection is not None:  # None: it is closed already
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()


@dataclass(slots=True, kw_only=True)
class Client:
    """Somebody who visits over and over: with chances of their own, which the seed decides."""

    port: int
    tally: Tally
    chance: random.Random
    wire: Wire | None = None

    async def connect(self, *, receive_buffer: int = 0) -> Wire:
        """Open a connection, which ends with the visit."""
        self.wire = await Wire.open(self.port, receive_buffer=receive_buffer)
        return self.wire

    def hang_up(self) -> None:
        """End the visit."""
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.leave()

    def seed(self) -> int:
        """Choose content."""
        return self.chance.randrange(65_521)


def request(target: str, *, method: str = "GET", kind: str = "stays", fields: str = "") -> bytes:
    """Write a head."""
    return f"{method} {target} HTTP/1.1\r\n{_BROWSER}X-Soak: {kind}\r\n{fields}\r\n".encode()
