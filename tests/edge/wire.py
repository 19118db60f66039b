"""Both ends of the wire, as bytes: an application that records what reaches it, a client that sends what it likes."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

LONGEST = 20.0
_LIMIT = 2**22
_MOST_READ = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it was read: head and body byte for byte; `content` is the body out of its chunks."""

    head: bytes
    body: bytes = b""
    content: bytes = b""
    connection: int = 0

    @property
    def line(self) -> bytes:
        return self.head.partition(b"\r\n")[0]

    @property
    def status(self) -> int:
        return int(self.line.split(b" ", 2)[1])

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """The fields in order, as sent."""
        pairs = (line.partition(b":") for line in self.head.split(b"\r\n")[1:] if line)
        return [(name, value.strip(b" \t")) for name, _, value in pairs]

    def all(self, name: str) -> list[bytes]:
        """Every value of a field."""
        return [value for key, value in self.fields if key.lower() == name.lower().encode()]

    def get(self, name: str) -> bytes | None:
        """The value of a field that may occur once; None where it is missing."""
        values = self.all(name)
        assert len(values) < 2, values
        return values[0] if values else None


class End:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int = 0) -> None:
        self.reader = reader
        self.writer = writer
        self.number = number
        self.ended: BaseException | bool = False
        """True after a clean end, the error after a reset; see `end`."""

    def send(self, *pieces: bytes) -> None:
        """Write; the network takes it in its own time."""
        self.writer.write(b"".join(pieces))

    async def send_all(self, data: bytes) -> None:
        """Write, and wait until the other side has room."""
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), LONGEST)

    async def read(self, most: int = _MOST_READ) -> bytes:
        return await asyncio.wait_for(self.reader.read(most), LONGEST)

    async def exactly(self, size: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(size), LONGEST)

    async def until(self, mark: bytes) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(mark), LONGEST)

    async def end(self) -> bytes:
        """Read to the end. Raises: ConnectionError: it was reset."""
        return await asyncio.wait_for(self.reader.read(), LONGEST)

    async def chunks(self) -> tuple[bytes, bytes]:
        """Read a chunked body with its trailers; return it as it is, and its content."""
        raw, content = [await self.until(b"\r\n")], []
        while size := int(raw[-1], 16):
            piece = await self.exactly(size + 2)
            content.append(piece[:-2])
            raw += [piece, await self.until(b"\r\n")]
        while raw[-1] != b"\r\n" or len(raw) == 1:
            raw.append(await self.until(b"\r\n"))
        return b"".join(raw), b"".join(content)

    async def message(self, *, has_body: bool = True, until_close: bool = False) -> Message:
        """Read a message with its body."""
        head = await self.until(b"\r\n\r\n")
        message = Message(head=head, connection=self.number)
        body = content = b""
        if has_body and message.get("transfer-encoding") is not None:
            body, content = await self.chunks()
        elif has_body and (length := message.get("content-length")) is not None:
            body = content = await self.exactly(int(length))
        elif has_body and until_close:
            body = content = await self.end()
        return Message(head=head, body=body, content=content, connection=self.number)

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        """Break off."""
        self.writer.transport.abort()


class Client(End):
    """A client of the gateway."""

    async def answer(self, method: str = "GET") -> Message:
        """Read the next answer to a request of that method; a 1xx is one of its own."""
        head = await self.until(b"\r\n\r\n")
        status = Message(head=head).status
        if method == "HEAD" or status < 200 or status in (204, 304):
            return Message(head=head)
        message = Message(head=head)
        if message.get("transfer-encoding") is not None:
            body, content = await self.chunks()
        elif (length := message.get("content-length")) is not None:
            body = content = await self.exactly(int(length))
        else:
            body = content = await self.end()
        return Message(head=head, body=body, content=content)

    async def ask(self, request: bytes) -> Message:
        """Send a whole request and read its answer."""
        self.send(request)
        return await self.answer(request.partition(b" ")[0].decode())


Script = Callable[["Application", End], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def polite(application: "Application", end: End) -> None:
    """Read whole requests, record them, answer each as `answer` says, and keep the connection."""
    while not end.reader.at_eof():
        received = await end.message()
        application.received.append(received)
        answer = application.answer
        await end.send_all(answer if isinstance(answer, bytes) else answer(received))


@dataclass
class Application:
    """A server behind the gateway; `script` serves each of its connections."""

    script: Script = polite
    answer: bytes | Callable[[Message], bytes] = OK
    received: list[Message] = field(default_factory=list)
    connections: list[End] = field(default_factory=list)
    url: str = ""
    _server: asyncio.Server | None = None

    async def start(self, path: Path | None = None, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        """Listen on a free port, or on a unix socket at `path`."""
        if path is not None:
            self._server = await asyncio.start_unix_server(self._serve, path, limit=_LIMIT)
            self.url = f"unix:{path}"
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=tls, limit=_LIMIT)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        """Stop listening, and break off what is open."""
        if self._server is not None:
            self._server.close()
        for end in self.connections:
            end.abort()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def last(self) -> Message:
        return self.received[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = End(reader, writer, len(self.connections))
        self.connections.append(end)
        try:
            await self.script(self, end)
            end.ended = True
        except asyncio.IncompleteReadError:
            end.ended = True
        except ConnectionError as error:
            end.ended = error
        finally:
            writer.close()


async def connect(
    *, port: int = 0, path: Path | None = None, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Client:
    """Open a connection to the gateway."""
    if path is not None:
        reader, writer = await asyncio.open_unix_connection(path, limit=_LIMIT)
    else:
        name = "localhost" if tls else None
        reader, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=name, limit=_LIMIT)
    return Client(reader, writer)
