"""Where the gateway listens: sockets that are made once, by whoever starts first, and handed on to who serves them."""

import errno
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.config.settings import Server
from gateway.domain.errors import GatewayError
from gateway.edge.sockets import ignore_newcomers, notice_loss, waiting

BACKLOG = 4096
_PASSIVE = socket.AI_PASSIVE
_INTERNAL = "server.internal_listen"
_PANEL = "admin.listen"


class ListenError(GatewayError):
    """The gateway can't listen there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One address of the settings, with the sockets that listen on it."""

    setting: str
    """Whose address it is: `server.listen`, `server.http_listen`, `admin.listen` or `server.internal_listen`."""
    address: str
    sockets: tuple[socket.socket, ...]
    is_tls: bool

    @property
    def is_internal(self) -> bool:
        """Whether it is for probes and metrics, not for customers."""
        return self.setting == _INTERNAL

    @property
    def is_panel(self) -> bool:
        """Whether the panel has this address for itself, so that the others do not serve it."""
        return self.setting == _PANEL

    @property
    def url(self) -> str:
        """The address as a URL, where it is one; with the port that the system chose for 0."""
        if self.address.startswith("unix:"):
            return self.address
        host, _, _ = self.address.rpartition(":")
        port = self.sockets[0].getsockname()[1]
        return f"{'https' if self.is_tls else 'http'}://{host or '0.0.0.0'}:{port}"  # noqa: S104  only said

    def ignore_newcomers(self) -> None:
        """Take no new connections, so that those that wait can be accepted before `close`."""
        for listening in self.sockets:
            # Where the kernel refuses the filter, those that come at the last moment are reset, as without it.
            with suppress(OSError):
                ignore_newcomers(listening)

    @property
    def waiting(self) -> int:
        """How many connections wait to be accepted."""
        return sum(waiting(listening) for listening in self.sockets)

    def close(self) -> None:
        """Listen no more, as far as this process goes."""
        for listening in self.sockets:
            listening.close()


def bind(server: Server, kept: Sequence[Binding] = (), *, panel: Sequence[str] = ()) -> tuple[Binding, ...]:
    """Listen on every address of the settings; those that `kept` has already are taken from there.

    `panel` is `admin.listen`.

    Raises:
        ListenError: an address is taken, or not ours; what was made for this call is closed again.
    """
    is_tls = bool(server.tls_certificate)
    wanted = [("server.listen", address, is_tls) for address in server.listen]
    wanted += [("server.http_listen", address, False) for address in server.http_listen]
    wanted += [(_PANEL, address, is_tls) for address in panel]
    if server.internal_listen:
        wanted.append((_INTERNAL, server.internal_listen, False))
    # An address may change its setting, or come under TLS: the socket is the same.
    known = {binding.address: binding.sockets for binding in kept}
    bindings: list[Binding] = []
    made: list[socket.socket] = []
    for setting, address, tls in wanted:
        sockets = known.pop(address, None)  # named twice, it is taken
        if sockets is None:
            try:
                sockets = listen(address)
            except (OSError, ValueError) as error:  # ValueError: no host name, no path
                for listening in made:
                    listening.close()
                raise ListenError(
                    f"can't listen on {address}: {getattr(error, 'strerror', None) or error}; end what uses it, "
                    f"or set {setting} to another address"
                ) from error
            made += sockets
        bindings.append(Binding(setting=setting, address=address, sockets=sockets, is_tls=tls))
    return tuple(bindings)


def listen(address: str) -> tuple[socket.socket, ...]:
    """Listen on `host:port`, `[ipv6]:port` or `unix:/path`; no host is every address of both families.

    Raises:
        OSError: the address is taken, or not ours.
    """
    if address.startswith("unix:"):
        found = [_unix(Path(address.removeprefix("unix:")))]
    else:
        host, _, port = address.rpartition(":")
        found = _tcp(host.strip("[]"), int(port))
    for listening in found:
        listening.settimeout(0)
        notice_loss(listening)
    return tuple(found)


def _tcp(host: str, port: int) -> list[socket.socket]:
    if not host and socket.has_dualstack_ipv6():
        return [socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG)]
    found: list[socket.socket] = []
    # A name may stand for several addresses.
    addresses = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=_PASSIVE)
    for family, _, _, _, address in dict.fromkeys(addresses):
        try:
            found.append(socket.create_server(address[:2], family=family, backlog=BACKLOG))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL and len(addresses) > 1:
                continue  # such as ::1 for localhost on a host without IPv6
            for listening in found:
                listening.close()
            raise
    if not found:
        raise OSError(errno.EADDRNOTAVAIL, "none of the name's addresses is ours")
    return found


def _unix(path: Path) -> socket.socket:
    """Listen on a path, and remove what a killed process has left there, unless somebody still answers."""
    if path.is_socket():
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
                path.unlink()
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(str(path))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
