"""The front door as one of aiohttp's sites: its runner starts it and stops it, exactly as it would a `TCPSite`."""

import asyncio
import socket
import ssl
from typing import cast

from aiohttp import web

from gateway.edge.downstream import Downstream
from gateway.edge.front import Front
from gateway.edge.listening import BACKLOG, Binding
from gateway.edge.prefaced import PrefacedServer


class FrontSite(web.BaseSite):
    """Serves what is accepted at one address."""

    __slots__ = ("_binding", "_front", "_servers", "_tls")

    def __init__(self, runner: web.AppRunner, front: Front, binding: Binding, tls: ssl.SSLContext | None) -> None:
        """Serve `front` at `binding`; with `tls`, https."""
        super().__init__(runner, backlog=BACKLOG)
        self._front = front
        self._binding = binding
        self._tls = tls
        self._servers: list[asyncio.AbstractServer] = []

    @property
    def name(self) -> str:
        """The address, as a URL where it is one."""
        return self._binding.url

    async def start(self) -> None:
        """Accept connections."""
        await super().start()
        loop = asyncio.get_running_loop()
        front, binding, sockets = self._front, self._binding, self._binding.sockets

        def downstream() -> Downstream:
            return Downstream(front, is_panel=binding.is_panel)

        if self._tls is not None and front.trusted_proxies and not binding.address.startswith("unix:"):
            # All that a site does with its server is to close it.
            self._servers = [cast("asyncio.AbstractServer", PrefacedServer(front, binding, self._tls))]
            return
        timeout = front.header_timeout if self._tls else None
        for listening in sockets:
            create = loop.create_unix_server if listening.family == socket.AF_UNIX else loop.create_server
            self._servers.append(
                await create(downstream, sock=listening, ssl=self._tls, backlog=BACKLOG, ssl_handshake_timeout=timeout)
            )

    async def stop(self) -> None:
        """Accept no more."""
        for server in self._servers:
            server.close()
        self._servers = []
        await super().stop()
