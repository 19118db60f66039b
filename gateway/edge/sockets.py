"""What the kernel is asked about connections."""

import asyncio
import ctypes
import fcntl
import resource
import socket
import struct
import termios

_KEEPALIVE_IDLE = 60
_KEEPALIVE_EVERY = 15
_SO_ATTACH_FILTER = 26
# A classic Berkeley packet filter (socket(7)): what has the flag SYN, in byte 13 of TCP's header, does not pass.
_INSTRUCTIONS = (
    (0x30, 0, 0, 13),  # load the byte
    (0x54, 0, 0, 0x02),  # and SYN
    (0x15, 0, 1, 0),  # is it 0? else skip one
    (0x06, 0, 0, 0xFFFFFFFF),  # pass
    (0x06, 0, 0, 0),  # drop
)
_DROP_NEWCOMERS = b"".join(struct.pack("@HBBI", *instruction) for instruction in _INSTRUCTIONS)
_ACCEPT_QUEUE = 24
"""Where `struct tcp_info` of a listening socket says how many wait to be accepted (`tcpi_unacked`)."""


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


def ignore_newcomers(listening: socket.socket) -> None:
    """Have the kernel drop what begins a connection; those that wait to be accepted are not touched.

    To close a listening socket resets them. After this, they can be accepted first, and a newcomer's host asks again
    a second later, when it is refused.
    """
    if listening.family in (socket.AF_INET, socket.AF_INET6):
        program = ctypes.create_string_buffer(_DROP_NEWCOMERS)
        # struct sock_fprog: the number of instructions, and where they are.
        filter_program = struct.pack("@HP", len(_INSTRUCTIONS), ctypes.addressof(program))
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_program)


def waiting(listening: socket.socket) -> int:
    """Return how many connections wait to be accepted."""
    if listening.family not in (socket.AF_INET, socket.AF_INET6):
        return 0
    found: int
    (found,) = struct.unpack_from("I", listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64), _ACCEPT_QUEUE)
    return found


def unsent_bytes(transport: asyncio.Transport) -> int:
    """Return how much was written and not yet acknowledged by the other side: it shrinks while that side reads."""
    size = transport.get_write_buffer_size()
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        # tcp(7), SIOCOUTQ, which has the number of TIOCOUTQ.
        (in_kernel,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))
        size += in_kernel
    return size
