"""The front door as one of aiohttp's sites: its runner starts it and stops it, exactly as it would a `TCPSite`."""

import asyncio
import errno
import socket
import ssl
from pathlib import Path

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.edge.downstream import Downstream
from gateway.edge.front import Front

_BACKLOG = 4096


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
        self._server = await loop.create_server(
            downstream,
            host.strip("[]") or None,
            int(port),
            ssl=self._tls,
            backlog=_BACKLOG,
            family=socket.AF_UNSPEC,
        )


def _remove_stale_socket(path: Path) -> None:
    """Remove what a killed process has left, unless somebody still answers there."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
            path.unlink()


def tls_context(certificate: str, key: str) -> ssl.SSLContext | None:
    """Return the context for https; None where no certificate is set.

    Raises:
        InvalidError: a file can't be read, or the two don't belong together.
    """
    if not certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    for setting, path in (("server.tls_certificate", certificate), ("server.tls_key", key)):
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise InvalidError({setting: f"{path}: {error.strerror}"}) from error
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        reason = "it is not the key of server.tls_certificate, or one of the two is no PEM file"
        raise InvalidError({"server.tls_key": f"{key}: {reason} ({error.reason or error})"}) from error
    return context
