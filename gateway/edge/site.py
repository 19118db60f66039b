"""The front door as one of aiohttp's sites: its runner starts it and stops it, exactly as it would a `TCPSite`."""

import asyncio
import errno
import socket
import ssl
from pathlib import Path
from typing import cast

from aiohttp import web

from gateway.edge.downstream import Downstream
from gateway.edge.front import Front
from gateway.edge.prefaced import PrefacedServer
from gateway.edge.sockets import notice_loss

_BACKLOG = 4096
_PASSIVE = socket.AI_PASSIVE


class FrontSite(web.BaseSite):
    """Listens on one address: `host:port`, `[ipv6]:port` or `unix:/path`."""

    __slots__ = ("_address", "_front", "_tls")

    def __init__(self, runner: web.AppRunner, front: Front, address: str, tls: ssl.SSLContext | None) -> None:
        """Serve `front` at `address`; with `tls`, https."""
        super().__init__(runner, backlog=_BACKLOG)
        self._front = front
        self._address = address
        self._tls = tls

    @property
    def name(self) -> str:
        """The address, as a URL where it is one."""
        if self._address.startswith("unix:"):
            return self._address
        host, _, _ = self._address.rpartition(":")
        port = self._server.sockets[0].getsockname()[1] if self._server else 0  # type: ignore[attr-defined]
        return f"{'https' if self._tls else 'http'}://{host or '0.0.0.0'}:{port}"  # noqa: S104  only said

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address is taken, or not ours.
        """
        await super().start()
        loop = asyncio.get_running_loop()
        front = self._front

        def downstream() -> Downstream:
            return Downstream(front)

        if self._address.startswith("unix:"):
            path = self._address.removeprefix("unix:")
            _remove_stale_socket(Path(path))
            self._server = await loop.create_unix_server(downstream, path, ssl=self._tls, backlog=_BACKLOG)
            return
        host, _, port = self._address.rpartition(":")
        if self._tls is not None and front.trusted_proxies:
            listening = _listening(host.strip("[]"), int(port))
            # All that a site does with its server is to close it.
            self._server = cast("asyncio.AbstractServer", PrefacedServer(front, listening, self._tls))
            return
        self._server = await loop.create_server(
            downstream,
            host.strip("[]") or None,
            int(port),
            ssl=self._tls,
            backlog=_BACKLOG,
            family=socket.AF_UNSPEC,
            ssl_handshake_timeout=front.header_timeout if self._tls else None,
        )
        for connection in self._server.sockets:
            notice_loss(connection)


def _listening(host: str, port: int) -> list[socket.socket]:
    """Listen as asyncio would, with sockets of our own; no host is every address of both families."""
    if not host and socket.has_dualstack_ipv6():
        found = [socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG)]
    else:
        family, _, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=_PASSIVE)[0]
        found = [socket.create_server(address[:2], family=family, backlog=_BACKLOG)]
    for listening in found:
        listening.settimeout(0)
        notice_loss(listening)
    return found


def _remove_stale_socket(path: Path) -> None:
    """Remove what a killed process has left, unless somebody still answers there."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
            path.unlink()
