"""Upstream connections, and the pool that keeps them: the last one used is the first one used again."""

import asyncio
import math
import ssl
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from gateway.config import Upstream

if TYPE_CHECKING:
    from gateway.edge.downstream import Downstream
    from gateway.edge.exchange import Exchange

_FIRST_REST = 0.5
_LONGEST_REST = 30.0


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

    def close_idle(self, now: float) -> None:
        """Close connections that have been idle for too long."""

    def close(self) -> None:
        """Close all idle connections."""


class Server:
    """One server of the application: where it is, what is open to it, and since when it is left out."""

    __slots__ = ("_rest", "host", "idle", "name", "out_until", "outstanding", "path", "port", "server_hostname", "tls")

    def __init__(self, url: str, *, rewrite_host: bool) -> None:
        """Read `http://host:port`, `https://host` or `unix:/path`."""
        self.name = url
        parts = urlsplit(url)
        self.path = url.removeprefix("unix:") if parts.scheme == "unix" else ""
        self.tls = ssl.create_default_context() if parts.scheme == "https" else None
        self.server_hostname = parts.hostname or "localhost"
        self.port = parts.port or (443 if self.tls else 80)
        authority = parts.netloc.rpartition("@")[2] or "localhost"
        self.host = authority.encode() if rewrite_host else None
        self.idle: list[UpstreamConnection] = []
        self.outstanding = 0
        self.out_until = 0.0
        self._rest = _FIRST_REST

    async def open(self, loop: asyncio.AbstractEventLoop) -> "UpstreamConnection":
        """Open a connection.

        Raises:
            OSError: it is refused or can't be reached.
            ssl.SSLError: its certificate is not the right one.
        """
        connection = UpstreamConnection(self)
        if self.path:
            await loop.create_unix_connection(lambda: connection, self.path)
        else:
            await loop.create_connection(
                lambda: connection,
                self.server_hostname,
                self.port,
                ssl=self.tls,
                server_hostname=self.server_hostname if self.tls else None,
            )
        return connection

    def failed(self, now: float) -> None:
        """Leave the server out for a while, longer each time."""
        self.out_until = now + self._rest
        self._rest = min(self._rest * 2, _LONGEST_REST)

    def answered(self) -> None:
        """Count on the server again."""
        self.out_until = 0.0
        self._rest = _FIRST_REST


class UpstreamConnection(asyncio.Protocol):
    """A connection to a server; it has an exchange, or is idle."""

    __slots__ = ("exchange", "idle_since", "is_paused", "server", "transport")

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        """Belong to `server`."""
        self.server = server
        self.exchange: Exchange | None = None
        self.idle_since = 0.0
        self.is_paused = False

    @property
    def host(self) -> bytes | None:
        """The Host to send instead of the client's; None: the client's."""
        return self.server.host

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Hand it to the exchange; an idle connection has nothing to say."""
        if self.exchange is None:
            self.transport.abort()
        else:
            self.exchange.response_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange, or be taken off the idle ones."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            self.server.outstanding -= 1
            exchange.upstream_closed(exc)
        elif self in self.server.idle:
            self.server.idle.remove(self)

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


class ServerPool:
    """The application's servers: the one with the least outstanding requests is asked (rule 21)."""

    name = "application"

    def __init__(self, settings: Upstream) -> None:
        """Serve by `settings`; connections are opened when they are needed."""
        self._loop = asyncio.get_running_loop()
        self._servers = [Server(url, rewrite_host=settings.host_header == "rewrite") for url in settings.url]
        self._connect_timeout = settings.connect_timeout.total_seconds()
        self._idle_timeout = settings.idle_timeout.total_seconds()
        self._connecting: dict[Exchange, asyncio.Task[None]] = {}

    def idle(self) -> UpstreamConnection | None:
        """Return a connection that is ready; None where one must be opened."""
        server = self._servers[0] if len(self._servers) == 1 else self._best(())
        while server.idle:
            connection = server.idle.pop()
            if not connection.transport.is_closing():
                server.outstanding += 1
                return connection
        return None

    def connect(self, exchange: "Exchange", downstream: "Downstream") -> None:  # noqa: ARG002
        """Open a connection to the best server, or to the next best where that fails."""
        task = self._loop.create_task(self._connect(exchange))
        self._connecting[exchange] = task

    def forget(self, exchange: "Exchange") -> None:
        """Tell the exchange nothing any more."""
        task = self._connecting.pop(exchange, None)
        if task is not None:
            task.cancel()

    def release(self, connection: UpstreamConnection, *, reusable: bool) -> None:
        """Take a connection back, or close it."""
        server = connection.server
        server.outstanding -= 1
        if reusable and not connection.transport.is_closing():
            connection.transport.resume_reading()
            connection.idle_since = self._loop.time()
            server.idle.append(connection)
        else:
            connection.transport.abort()

    def close_idle(self, now: float) -> None:
        """Close connections that have been idle for too long."""
        for server in self._servers:
            for connection in [c for c in server.idle if c.idle_since + self._idle_timeout < now]:
                server.idle.remove(connection)
                connection.transport.close()

    def close(self) -> None:
        """Close all idle connections."""
        self.close_idle(math.inf)

    def _best(self, tried: tuple[Server, ...]) -> Server:
        now = self._loop.time()
        candidates = [s for s in self._servers if s not in tried]
        return min(candidates, key=lambda s: (s.out_until > now, s.outstanding, s.out_until))

    async def _connect(self, exchange: "Exchange") -> None:
        tried: tuple[Server, ...] = ()
        status, reason = 502, ""
        while len(tried) < len(self._servers):
            server = self._best(tried)
            tried += (server,)
            server.outstanding += 1
            try:
                async with asyncio.timeout(self._connect_timeout):
                    connection = await server.open(self._loop)
            except (OSError, ssl.SSLError, UnicodeError) as error:
                server.outstanding -= 1
                server.failed(self._loop.time())
                timed_out = isinstance(error, TimeoutError)
                status = 504 if timed_out else 502
                reason = f"{server.name}: {'no connection in time' if timed_out else error}"
            except asyncio.CancelledError:
                server.outstanding -= 1
                raise
            else:
                server.answered()
                self._connecting.pop(exchange, None)
                exchange.connected(connection)
                return
        self._connecting.pop(exchange, None)
        exchange.connect_failed(status, reason)
