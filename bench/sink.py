"""The upstream of the uploads: reads a body of a known length, discards it, and answers with its number of bytes."""

import argparse
import asyncio
import re
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BUFFER_BYTES = 256 * 1024


class Sink(asyncio.BufferedProtocol):
    """One connection, kept alive; no pipelining."""

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._head = b""
        self._total = 0
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return where the next bytes go: over those before."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Count a piece of a body, or read a head."""
        if self._left:
            self._left -= nbytes
        else:
            self._head += self._buffer[:nbytes]
            head, end, piece = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = b""
            length = _LENGTH.search(head)
            self._total = int(length[1]) if length else 0
            self._left = self._total - len(piece)
        if not self._left:
            body = b"%d" % self._total
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serve on 127.0.0.1."""
    parser = argparse.ArgumentParser(prog="python -m bench.sink")
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
