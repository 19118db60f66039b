"""A client's connection before anything is read from it: who is there, how it came, and whether it is read."""

import asyncio
import socket
from typing import TYPE_CHECKING

from gateway.http1.forward import Hop

if TYPE_CHECKING:
    from gateway.edge.front import Front


class ClientConnection(asyncio.Protocol):
    """Knows who opened the connection. Its counterpart, which knows what comes on it, is `downstream.Downstream`."""

    __slots__ = (
        "_named",
        "awaits_preface",
        "client",
        "front",
        "hop",
        "is_nobody",
        "is_panel",
        "is_reading",
        "peer",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, front: "Front", named: tuple[str, int] | None, *, is_panel: bool) -> None:
        """Belong to `front`; `named` is whom a balancer has named before the handshake."""
        self.front = front
        self.is_panel = is_panel
        """It came by an address that is the panel's own."""
        self._named = named
        self.awaits_preface = False
        """A trusted peer may say first who opened the connection (rule 24)."""
        self.is_nobody = False
        """It was reset before anybody could ask who it was."""
        self.is_reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who is there."""
        front = self.front
        self.transport = transport  # type: ignore[assignment]
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple) and peer:
            # IPv4 clients of a socket for both families come as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2).
            host = peer[0].removeprefix("::ffff:")
            self._is_opened_by((host, peer[1]), is_trusted=front.trusts(host))
        else:
            connection = transport.get_extra_info("socket")
            is_unix = connection is not None and connection.family == socket.AF_UNIX
            self._is_opened_by(("", 0), is_trusted=is_unix and front.trusts_unix)
            self.is_nobody = not is_unix
        if self._named is not None:
            self.is_named(self._named)
        else:
            self.awaits_preface = self.hop.is_trusted and not self._is_tls

    def is_named(self, client: tuple[str, int]) -> None:
        """Take whom a balancer names for who is there."""
        self._is_opened_by(client, is_trusted=self.front.trusts(client[0]))

    def _is_opened_by(self, peer: tuple[str, int], *, is_trusted: bool) -> None:
        self.peer = peer
        self.client = peer[0]
        self.hop = Hop(self.client, b"https" if self._is_tls else b"http", is_trusted=is_trusted)

    @property
    def _is_tls(self) -> bool:
        return self.transport.get_extra_info("sslcontext") is not None

    def pause_reading(self) -> None:
        """Leave what the client sends in its own buffers."""
        if self.is_reading:
            self.is_reading = False
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take what the client sends."""
        if not self.is_reading:
            self.is_reading = True
            self.transport.resume_reading()
