"""The PROXY protocol: what a balancer says before a connection's first byte about who opened it.

Source: HAProxy's doc/proxy-protocol.txt, version 1 (section 2.1) and version 2 (section 2.2).
"""

import re
import struct
from ipaddress import ip_address
from typing import NamedTuple

from gateway.http1.fields import BadMessageError

_V1 = b"PROXY "
_V1_LONGEST = 107
_V1_LINE = re.compile(rb"PROXY (?:TCP[46] ([0-9A-Fa-f:.]+) [0-9A-Fa-f:.]+ ([0-9]{1,5}) [0-9]{1,5}|UNKNOWN[^\r]*)\r\n")
_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_FIXED = 16
_LOCAL, _PROXY = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21
_HIGHEST_PORT = 65_535
LONGEST = _V2_FIXED + 65_535


class Preface(NamedTuple):
    """What stood before the first request."""

    size: int
    """Its length in bytes; 0: there was none."""
    client: tuple[str, int] | None
    """Address and port of who opened the connection; None: it is the peer's own, a health check for example."""


NONE = Preface(0, None)


def parse_preface(data: bytes) -> Preface | None:
    """Read what a connection begins with; None where more is needed to tell.

    Raises:
        BadMessageError: it begins as a PROXY header, and is none.
    """
    if data.startswith(_V1):
        return _version_1(data)
    if data.startswith(_V2):
        return _version_2(data)
    return None if _V1.startswith(data) or _V2.startswith(data) else NONE


def _version_1(data: bytes) -> Preface | None:
    end = data.find(b"\r\n", 0, _V1_LONGEST)
    if end < 0:
        if len(data) >= _V1_LONGEST:
            raise BadMessageError(400, "the PROXY header is too long")
        return None
    line = _V1_LINE.fullmatch(data[: end + 2])
    if line is None:
        raise BadMessageError(400, "the PROXY header is malformed")
    if line[1] is None:
        return Preface(end + 2, None)
    try:
        address, port = str(ip_address(line[1].decode())), int(line[2])
    except ValueError as error:
        raise BadMessageError(400, "the PROXY header names no address") from error
    if port > _HIGHEST_PORT:
        raise BadMessageError(400, "the PROXY header names no port")
    return Preface(end + 2, (address, port))


def _version_2(data: bytes) -> Preface | None:
    if len(data) < _V2_FIXED:
        return None
    command, family, length = struct.unpack_from("!BBH", data, len(_V2))
    if command not in (_LOCAL, _PROXY):
        raise BadMessageError(400, "the PROXY header is of an unknown version or command")
    size = _V2_FIXED + length
    if len(data) < size:
        return None
    if command == _LOCAL or family not in (_TCP4, _TCP6):  # others: the peer's own address (section 2.2)
        return Preface(size, None)
    width = 4 if family == _TCP4 else 16
    if length < 2 * width + 4:
        raise BadMessageError(400, "the PROXY header is too short for its addresses")
    address = ip_address(data[_V2_FIXED : _V2_FIXED + width])
    (port,) = struct.unpack_from("!H", data, _V2_FIXED + 2 * width)
    return Preface(size, (str(address), port))
