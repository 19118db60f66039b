"""One message to several gateways: the same bytes, from an address of its own, by which the gateways' logs know it."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from tests.differential.servers import WHOLE, Read, Server
from tests.observed import wait_until
from tests.story.processes import Gateway, Program

# Stands for the message's number in what is sent; as long as that, so that lengths stay right.
NUMBER = b"/00000/"
_LONGEST = 30.0
_SETTLED = "/settled"


class End(Enum):
    """What a client does when it has sent everything."""

    WAIT = "read to the end"
    HALF_CLOSE = "close its side, read to the end"
    ABORT = "break off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent over one connection, cut at `cuts` into several writes."""

    data: bytes
    cuts: tuple[int, ...] = ()
    end: End = End.WAIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A request as the gateway's access log has it; what could not be read has a verdict only."""

    client: str
    method: str
    target: str
    status: int
    verdict: str
    id: str


@dataclass
class Pair:
    """A gateway, the server behind it, and what both of them tell."""

    server: Server
    program: Program
    gateway: Gateway
    told: list[Told] = field(default_factory=list)
    read: list[Read] = field(default_factory=list)
    _lines: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def name(self) -> str:
        return self.server.name

    def look(self) -> None:
        """Take in what both have told since."""
        for line in self._new(0, self.gateway):
            event = json.loads(line)
            told = {name: event[name] for name in ("client", "method", "target", "status", "verdict")}
            self.told.append(Told(**told, id=event["request_id"]))
        self.read += [read for line in self._new(1, self.program) if (read := self.server.read(line))]

    def _new(self, which: int, program: Program) -> list[str]:
        with program.out._changed:
            lines = program.out._lines[self._lines[which] :]
        self._lines[which] += len(lines)
        return lines

    def is_settled(self, sentinel: str) -> bool:
        """Tell whether both have told of all that came before the request for `sentinel`, itself included.

        What was answered by the server is in both logs; what was broken off may be in one of them.
        """
        self.look()
        forwarded = {told.id for told in self.told}
        answered = {told.id for told in self.told if told.status == WHOLE}
        read = {read.id for read in self.read if read.id}
        return any(told.target == sentinel for told in self.told) and read <= forwarded and answered <= read


def address_of(number: int) -> str:
    """Return the address from which a message is sent."""
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def send_all(pairs: Sequence[Pair], messages: Sequence[Message], *, first: int) -> None:
    """Send messages, numbered from `first`, through every gateway, and wait until all is in the logs.

    What is not in the logs in time stays so: the comparison tells of it.
    """
    asyncio.run(_send_all(pairs, messages, first))


async def _send_all(pairs: Sequence[Pair], messages: Sequence[Message], first: int) -> None:
    numbered = [*enumerate(messages, first)]
    await asyncio.gather(*(_send(pair.gateway.port, number, message) for number, message in numbered for pair in pairs))
    sentinel = f"{_SETTLED}/{first}"
    settled = b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % sentinel.encode()
    await asyncio.gather(*(_send(pair.gateway.port, 0, Message(data=settled)) for pair in pairs))
    with suppress(TimeoutError):
        await wait_until(lambda: all(pair.is_settled(sentinel) for pair in pairs))
    for pair in pairs:
        pair.look()


async def _send(port: int, number: int, message: Message) -> None:
    """Send a message to one gateway, and read what it says until it closes."""
    async with asyncio.timeout(_LONGEST):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address_of(number), 0))
        try:
            # Where the gateway has closed early, that is an answer too. An OSError: ENOTCONN is no ConnectionError.
            with suppress(OSError):
                for piece in _pieces(message, number):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if message.end is End.HALF_CLOSE:
                    writer.write_eof()
                if message.end is not End.ABORT:
                    await reader.read()
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


def _pieces(message: Message, number: int) -> Iterable[bytes]:
    data = message.data.replace(NUMBER, b"/%05d/" % number)
    ends = sorted({*message.cuts, len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
