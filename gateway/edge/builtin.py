"""The built-in site as an upstream: connections in memory to aiohttp's own server protocol.

To an exchange it is one more application. Each request gets a connection of its own, which carries the client's
address, and whether it came by an address of the panel's own: so the site knows without having to believe a header.
"""

# ruff: noqa: SLF001  the two ends of a connection are of one class, and know each other

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gateway.domain.access import PANEL_ADDRESS
from gateway.edge.upstream import UpstreamConnection

if TYPE_CHECKING:
    from gateway.edge.downstream import Downstream
    from gateway.edge.exchange import Exchange

_HIGH_WATER = 65_536


class MemoryTransport(asyncio.Transport):
    """One end of a connection in memory: what is written here is received by the other end's protocol."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, extra: dict[str, Any]) -> None:
        """Serve `protocol`; `join` connects two ends."""
        super().__init__(extra)
        self._loop = loop
        self._protocol = protocol
        self._other: MemoryTransport
        self._arrived: deque[bytes] = deque()
        self._size = 0
        self._is_reading = True
        self._scheduled = False
        self._closing = False
        self._lost = False
        self._eof = False

    # What the end's own protocol calls

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send to the other end; its protocol gets it in a later turn of the loop."""
        if not self._closing and data:
            self._other._arrive(bytes(data))

    def write_eof(self) -> None:
        """Say that nothing more will come."""
        self._other._end()

    def can_write_eof(self) -> bool:
        """It can."""
        return True

    def get_write_buffer_size(self) -> int:
        """Return the bytes that the other end has not taken."""
        return self._other._size

    def pause_reading(self) -> None:
        """Let what arrives wait."""
        self._is_reading = False

    def resume_reading(self) -> None:
        """Take what has arrived."""
        self._is_reading = True
        self._schedule()

    def is_reading(self) -> bool:
        """Tell whether it takes what arrives."""
        return self._is_reading

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Serve another protocol from now on."""
        self._protocol = protocol  # type: ignore[assignment]

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol served."""
        return self._protocol

    def is_closing(self) -> bool:
        """Tell whether the end is closed, or about to be."""
        return self._closing

    def close(self) -> None:
        """Close both ends; what was written before still arrives."""
        if not self._closing:
            self._closing = True
            self._other._end()
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """Close both ends at once; what has not arrived is lost."""
        self._closing = True
        self._other._arrived.clear()
        self._loop.call_soon(self._lose, None)
        self._loop.call_soon(self._other._lose, ConnectionResetError("the other end is gone"))

    # What the other end calls

    def join(self, other: "MemoryTransport") -> None:
        """Connect two ends, once."""
        self._other, other._other = other, self
        self._protocol.connection_made(self)
        other._protocol.connection_made(other)

    def _arrive(self, data: bytes) -> None:
        self._arrived.append(data)
        before, self._size = self._size, self._size + len(data)
        if before <= _HIGH_WATER < self._size:
            self._other._protocol.pause_writing()
        self._schedule()

    def _end(self) -> None:
        self._eof = True
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled and self._is_reading and not self._lost:
            self._scheduled = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        if self._lost or not self._is_reading:
            return
        if self._arrived:
            data = b"".join(self._arrived)
            self._arrived.clear()
            before, self._size = self._size, 0
            self._protocol.data_received(data)
            if before > _HIGH_WATER and not self._other._lost:
                self._other._protocol.resume_writing()
        if self._eof and not self._arrived and self._is_reading and not self._lost:
            self._closing = True
            self._lose(None)

    def _lose(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._closing = True
            self._protocol.connection_lost(error)
            self._other._end()


class _Site:
    """The built-in site, as a server."""

    name = "built-in site"

    def __init__(self) -> None:
        self.authority = b"localhost"
        self.host: bytes | None = None
        self.outstanding = self.failures = 0
        self.idle: list[UpstreamConnection] = []


class BuiltInPool:
    """Opens connections to the built-in site; none is kept."""

    name = "built-in site"

    def __init__(self, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        """Connect to what `make_protocol` makes: `web.AppRunner.server`."""
        self._loop = asyncio.get_running_loop()
        self._make_protocol = make_protocol
        self._server = _Site()

    def idle(self) -> UpstreamConnection | None:
        """Return nothing: each request has a connection of its own."""
        return None

    def connect(self, exchange: "Exchange", downstream: "Downstream") -> None:
        """Open a connection in the client's name."""
        connection = UpstreamConnection(self._server)
        near = MemoryTransport(self._loop, connection, {})
        host, port = downstream.peer
        # Who opened the connection: it alone is believed by `web/trusted_header.py`, whatever X-Forwarded-For says.
        told = {"peername": (downstream.client, port), "direct_peer": host, PANEL_ADDRESS: downstream.is_panel}
        far = MemoryTransport(self._loop, self._make_protocol(), told)
        near.join(far)
        self._server.outstanding += 1
        exchange.connected(connection)

    def forget(self, exchange: "Exchange") -> None:
        """Do nothing: opening takes no time."""

    def release(self, connection: UpstreamConnection, *, reusable: bool) -> None:  # noqa: ARG002
        """Close the connection."""
        self._server.outstanding -= 1
        connection.transport.close()

    def answered(self, connection: UpstreamConnection) -> None:
        """Do nothing: it does not fail."""

    def failed(self, connection: UpstreamConnection) -> None:
        """Do nothing: there is no other site to turn to."""

    def close_idle(self, now: float) -> None:
        """Do nothing: none is kept."""

    def close(self) -> None:
        """Do nothing: none is kept."""
