"""The application's servers, and the pool of connections to them: the last one used is the first one used again.

The server with the least outstanding requests is asked (rule 21). One that can't be reached, or that has failed to
answer several times in a row, is left out for a while, longer each time; then one request tries it (passive recovery).
"""

import asyncio
import math
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway.config.settings import Upstream
from gateway.domain.errors import InvalidError
from gateway.domain.observation import Observer, ServerEjected, ServerRecovered
from gateway.edge.upstream import UpstreamConnection

if TYPE_CHECKING:
    from gateway.edge.downstream import Downstream
    from gateway.edge.exchange import Exchange

_FIRST_REST = 0.5
_LONGEST_REST = 30.0
_MOST_FAILURES = 3


class Server:
    """One server of the application: where it is, what is open to it, and since when it is left out."""

    __slots__ = (
        "_rest",
        "authority",
        "failures",
        "host",
        "idle",
        "is_out",
        "name",
        "out_until",
        "outstanding",
        "path",
        "port",
        "server_hostname",
        "tls",
        "turn",
    )

    def __init__(self, url: str, tls: ssl.SSLContext | None, *, rewrite_host: bool) -> None:
        """Read `http://host:port`, `https://host` (spoken to with `tls`) or `unix:/path`."""
        self.name = url
        parts = urlsplit(url)
        self.path = url.removeprefix("unix:") if parts.scheme == "unix" else ""
        self.tls = tls if parts.scheme == "https" else None
        self.server_hostname = parts.hostname or "localhost"
        self.port = parts.port or (443 if self.tls else 80)
        self.authority = (parts.netloc.rpartition("@")[2] or "localhost").encode()
        self.host = self.authority if rewrite_host else None
        self.idle: list[UpstreamConnection] = []
        self.outstanding = 0
        self.turn = 0
        """When it was last chosen, counted in choices."""
        self.is_out = False
        self.out_until = 0.0
        self.failures = 0
        self._rest = _FIRST_REST

    async def open(self, loop: asyncio.AbstractEventLoop) -> UpstreamConnection:
        """Open a connection; the name in a certificate must be that of the URL, which is also told by SNI.

        Raises:
            OSError: it is refused or can't be reached.
            ssl.SSLError: its certificate is not the right one.
        """
        connection = UpstreamConnection(self)
        try:
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
        except BaseException:
            connection.drop_transport()  # the client has gone meanwhile
            raise
        return connection

    def failed(self, now: float, *, outright: bool) -> bool:
        """Count a failure; leave the server out after one `outright`, or several. Tell whether that is news."""
        self.failures += 1
        if not outright and self.failures < _MOST_FAILURES:
            return False
        is_news, self.is_out = not self.is_out, True
        self.out_until = now + self._rest
        self._rest = min(self._rest * 2, _LONGEST_REST)
        return is_news

    def on_trial(self, now: float) -> None:
        """Let one request try the server; others wait for how that ends, for as long as it was left out."""
        self.out_until = now + self._rest

    def answered(self) -> bool:
        """Count on the server again. Tell whether that is news."""
        is_news, self.is_out = self.is_out, False
        self.out_until = 0.0
        self.failures = 0
        self._rest = _FIRST_REST
        return is_news


class ServerPool:
    """The application's servers, with connections that are opened when they are needed."""

    name = "application"

    def __init__(self, settings: Upstream, observe: Observer) -> None:
        """Serve by `settings`.

        Raises:
            InvalidError: `upstream.tls_ca` can't be used.
        """
        self._loop = asyncio.get_running_loop()
        self._observe = observe
        tls = upstream_tls(settings)
        rewrite = settings.host_header == "rewrite"
        self._servers = [Server(url, tls, rewrite_host=rewrite) for url in settings.url]
        self._connect_timeout = settings.connect_timeout.total_seconds()
        self._idle_timeout = settings.idle_timeout.total_seconds()
        self._connecting: dict[Exchange, asyncio.Task[None]] = {}
        self._turns = 0
        self._now = self._loop.time()
        """The time of the last sweep: near enough for idle connections, and free."""

    def idle(self) -> UpstreamConnection | None:
        """Return a connection that is ready; None where one must be opened."""
        server = self._servers[0] if len(self._servers) == 1 else self._best(())
        idle = server.idle
        while idle and not server.is_out:  # one that was left out is tried with a new connection
            connection = idle.pop()
            if not connection.transport.is_closing():
                self._use(server)
                return connection
        return None

    def connect(self, exchange: "Exchange", downstream: "Downstream") -> None:  # noqa: ARG002
        """Open a connection to the best server, or to the next best where that fails."""
        self._connecting[exchange] = self._loop.create_task(self._connect(exchange))

    def forget(self, exchange: "Exchange") -> None:
        """Tell the exchange nothing any more."""
        task = self._connecting.pop(exchange, None)
        if task is not None:
            task.cancel()

    def release(self, connection: UpstreamConnection, *, reusable: bool) -> None:
        """Take a connection back, or close it."""
        server: Server = connection.server  # type: ignore[assignment]
        server.outstanding -= 1
        if not reusable or connection.transport.is_closing():
            connection.transport.abort()
            return
        connection.resume_reading()
        connection.idle_since = self._now
        server.idle.append(connection)

    def answered(self, connection: UpstreamConnection) -> None:
        """Note that a server which has failed before has answered."""
        server: Server = connection.server  # type: ignore[assignment]
        if server.answered():
            self._observe(ServerRecovered(server=server.name))

    def failed(self, connection: UpstreamConnection) -> None:
        """Note that the server took a request and gave no answer."""
        self._failed(connection.server, "no answer", outright=False)  # type: ignore[arg-type]

    def close_idle(self, now: float) -> None:
        """Close connections that have been idle for too long; called by the sweep."""
        self._now = now
        for server in self._servers:
            for connection in [c for c in server.idle if c.idle_since + self._idle_timeout < now]:
                server.idle.remove(connection)
                connection.transport.close()

    def close(self) -> None:
        """Close all idle connections."""
        self.close_idle(math.inf)

    def _best(self, tried: tuple[Server, ...]) -> Server:
        """Choose a server: not one that is left out, then the least busy, then the one whose turn is longest ago."""
        now = self._loop.time()
        candidates = [server for server in self._servers if server not in tried]
        return min(candidates, key=lambda s: (max(s.out_until - now, 0.0), s.outstanding, s.turn))

    def _use(self, server: Server) -> None:
        """Count a request that goes to this server."""
        server.outstanding += 1
        self._turns += 1
        server.turn = self._turns

    async def _connect(self, exchange: "Exchange") -> None:
        tried: tuple[Server, ...] = ()
        status, reason = 502, ""
        while len(tried) < len(self._servers):
            server = self._best(tried)
            tried += (server,)
            if server.is_out:
                server.on_trial(self._loop.time())
            self._use(server)
            try:
                async with asyncio.timeout(self._connect_timeout):
                    connection = await server.open(self._loop)
            except (OSError, ssl.SSLError, UnicodeError) as error:
                server.outstanding -= 1
                timed_out = isinstance(error, TimeoutError)
                status = 504 if timed_out else 502
                reason = f"{server.name}: {'no connection in time' if timed_out else error}"
                self._failed(server, reason, outright=True)
            except asyncio.CancelledError:
                server.outstanding -= 1
                raise
            else:
                self._connecting.pop(exchange, None)
                exchange.connected(connection)
                return
        self._connecting.pop(exchange, None)
        exchange.connect_failed(status, reason)

    def _failed(self, server: Server, reason: str, *, outright: bool) -> None:
        if server.failed(self._loop.time(), outright=outright):
            self._observe(ServerEjected(server=server.name, reason=reason))


def upstream_tls(settings: Upstream) -> ssl.SSLContext | None:
    """Return how servers are spoken to by https, where some are: their certificates are verified.

    Raises:
        InvalidError: `upstream.tls_ca` can't be used.
    """
    if not any(url.startswith("https:") for url in settings.url):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca or None)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or "it is no PEM file with certificates"
        raise InvalidError({"upstream.tls_ca": f"{settings.tls_ca}: {reason}"}) from error
    context.set_alpn_protocols(["http/1.1"])
    return context
