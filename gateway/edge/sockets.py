"""What the kernel is asked about connections."""

import asyncio
import fcntl
import resource
import socket
import struct
import termios

_KEEPALIVE_IDLE = 60
_KEEPALIVE_EVERY = 15


def notice_loss(connection: socket.socket | None) -> None:
    """Have the kernel ask whether the other host is still there: one that vanished says nothing by itself.

    A listening socket hands this on to those that it accepts.
    """
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_EVERY)


def allow_many_connections() -> None:
    """Take as many descriptors as the system allows: many start programs with 1024, and a customer takes up to two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def unsent_bytes(transport: asyncio.Transport) -> int:
    """Return how much was written and not yet acknowledged by the other side: it shrinks while that side reads."""
    size = transport.get_write_buffer_size()
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        # tcp(7), SIOCOUTQ, which has the number of TIOCOUTQ.
        (in_kernel,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))
        size += in_kernel
    return size
