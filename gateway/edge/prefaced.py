"""TLS behind a balancer that speaks the PROXY protocol: its header stands before the handshake.

asyncio begins with the handshake at once, so connections are accepted here, the header is taken off the socket, byte by
byte exact, and the rest is handed to asyncio.
"""

import asyncio
import errno
import socket
import ssl
from contextlib import suppress

from gateway.edge.downstream import Downstream
from gateway.edge.front import Front
from gateway.edge.listening import Binding
from gateway.http1.fields import BadMessageError
from gateway.http1.proxy_protocol import LONGEST, parse_preface

# Each time that the loop is woken, as libuv has it: else the worker that wakes up first would take all of a burst.
_ACCEPTED_AT_ONCE = 1
_NO_DESCRIPTORS_PAUSE = 1.0
_LAST_HEADERS = 1.0


class PrefacedServer:
    """Accepts connections on listening sockets; a trusted peer's may begin with a PROXY header."""

    def __init__(self, front: Front, binding: Binding, tls: ssl.SSLContext) -> None:
        """Serve `front` with `tls` at `binding`, whose sockets do not block."""
        self.sockets = binding.sockets
        self._is_panel = binding.is_panel
        self._front = front
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._prefaces: set[_Reading] = set()
        self._handshakes: set[asyncio.Task[None]] = set()
        for listening in self.sockets:
            self._loop.add_reader(listening, self._accept, listening)

    def close(self) -> None:
        """Accept no more; who sends its header just now has a second for that, as a handshake has."""
        for listening in self.sockets:
            self._loop.remove_reader(listening)
            listening.close()
        self._loop.call_later(_LAST_HEADERS, self._give_up)

    def _give_up(self) -> None:
        for preface in list(self._prefaces):
            preface.give_up()

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connection, peer = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    raise
                # As asyncio does: there are no descriptors left, look again when some may have been closed.
                self._loop.remove_reader(listening)
                self._loop.call_later(_NO_DESCRIPTORS_PAUSE, self._accept_again, listening)
                return
            connection.settimeout(0)
            if isinstance(peer, tuple) and self._front.trusts(peer[0].removeprefix("::ffff:")):
                self._prefaces.add(_Reading(self, connection, self._front.header_timeout))
            else:
                self.serve(connection, None)

    def _accept_again(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0:
            self._loop.add_reader(listening, self._accept, listening)

    def serve(self, connection: socket.socket, client: tuple[str, int] | None) -> None:
        """Begin the handshake; `client` is whom the header has named."""
        task = self._loop.create_task(self._shake_hands(connection, client))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, connection: socket.socket, client: tuple[str, int] | None) -> None:
        front = self._front
        with suppress(OSError):  # no TLS, or gone: as with any client that fails to connect, there is nothing to say
            await self._loop.connect_accepted_socket(
                lambda: Downstream(front, client, is_panel=self._is_panel),
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=front.header_timeout,
            )

    def done(self, preface: "_Reading") -> None:
        """Forget a header that was read, or given up."""
        self._prefaces.discard(preface)


class _Reading:
    """One connection whose header is being read."""

    def __init__(self, server: PrefacedServer, connection: socket.socket, timeout: float) -> None:
        self._server = server
        self._connection = connection
        self._begun = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection, self._read)
        self._timer = self._loop.call_later(timeout, self.give_up)

    def _read(self) -> None:
        """Look at what has come, and take what surely belongs to the header."""
        try:
            data = self._connection.recv(LONGEST, socket.MSG_PEEK)
            if not data:
                self.give_up()
                return
            found = parse_preface(self._begun + data)
            if found is None:
                self._begun += self._connection.recv(len(data))
                return
            if found.size:
                self._connection.recv(found.size - len(self._begun))
        except BlockingIOError:
            return
        except (OSError, BadMessageError):
            self.give_up()
            return
        self._end()
        self._server.serve(self._connection, found.client)

    def give_up(self) -> None:
        """Close the connection."""
        self._end()
        self._connection.close()

    def _end(self) -> None:
        self._timer.cancel()
        self._loop.remove_reader(self._connection)
        self._server.done(self)
