"""Upstream connections: one to a server of the application, or in memory to the built-in site."""

import asyncio
from typing import TYPE_CHECKING, Protocol

from gateway.edge.sockets import notice_loss

if TYPE_CHECKING:
    from gateway.edge.downstream import Downstream
    from gateway.edge.exchange import Exchange


class Pool(Protocol):
    """Where an exchange gets its connection: the application's servers, or the built-in site."""

    name: str

    def idle(self) -> "UpstreamConnection | None":
        """Return a connection that is ready; None where one must be opened."""

    def connect(self, exchange: "Exchange", downstream: "Downstream") -> None:
        """Open a connection; the exchange is told by `connected` or `connect_failed`."""

    def forget(self, exchange: "Exchange") -> None:
        """Tell the exchange nothing any more."""

    def release(self, connection: "UpstreamConnection", *, reusable: bool) -> None:
        """Take a connection back, or close it."""

    def answered(self, connection: "UpstreamConnection") -> None:
        """Note that a server which has failed before has answered."""

    def failed(self, connection: "UpstreamConnection") -> None:
        """Note that the server took a request and gave no answer."""

    def close_idle(self, now: float) -> None:
        """Close connections that have been idle for too long; called by the sweep."""

    def close(self) -> None:
        """Close all idle connections."""


class Origin(Protocol):
    """What a connection leads to."""

    name: str
    authority: bytes
    host: bytes | None
    outstanding: int
    failures: int
    """How often it has failed since it last answered."""
    idle: "list[UpstreamConnection]"


class UpstreamConnection(asyncio.Protocol):
    """A connection to a server; it has an exchange, or is idle."""

    __slots__ = ("authority", "exchange", "host", "idle_since", "is_paused", "is_reading", "server", "transport")

    transport: asyncio.Transport

    def __init__(self, server: Origin) -> None:
        """Belong to `server`."""
        self.server = server
        self.authority = server.authority
        """The server's own name, for a request that names none."""
        self.host = server.host
        """The Host to send instead of the client's; None: the client's."""
        self.exchange: Exchange | None = None
        self.idle_since = 0.0
        self.is_paused = False
        """The server does not take what it is sent."""
        self.is_reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]
        notice_loss(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """Hand it to the exchange; an idle connection has nothing to say."""
        if self.exchange is None:
            self.transport.abort()
        else:
            self.exchange.response_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange, or be taken off the idle ones."""
        self.drop_transport()
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            self.server.outstanding -= 1
            exchange.upstream_closed(exc)
        elif self in self.server.idle:
            self.server.idle.remove(self)

    def drop_transport(self) -> None:
        """Forget the transport: after an abort uvloop keeps a method of ours, and the two would keep each other."""
        if hasattr(self, "transport"):
            del self.transport

    def pause_reading(self) -> None:
        """Leave what the server sends in its own buffers."""
        if self.is_reading:
            self.is_reading = False
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take what the server sends."""
        if not self.is_reading:
            self.is_reading = True
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """Stop reading from the client."""
        self.is_paused = True
        if self.exchange is not None:
            self.exchange.pause_request()

    def resume_writing(self) -> None:
        """Go on."""
        self.is_paused = False
        if self.exchange is not None:
            self.exchange.resume_request()
