"""The PROXY protocol: whom a balancer names, however its header is cut, and what is refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.fields import BadMessageError
from gateway.http1.proxy_protocol import NONE, Preface, parse_preface

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def version_2(command: int = 0x21, family: int = 0x11, addresses: bytes = b"", tail: bytes = b"") -> bytes:
    """A header of version 2; `tail` are its TLVs."""
    return SIGNATURE + struct.pack("!BBH", command, family, len(addresses + tail)) + addresses + tail


IPV4 = bytes([203, 0, 113, 9, 10, 0, 0, 1]) + struct.pack("!HH", 50_000, 443)
IPV6 = bytes.fromhex("20010db8000000000000000000000001" * 2) + struct.pack("!HH", 50_000, 443)

GOOD = [
    (b"PROXY TCP4 203.0.113.9 10.0.0.1 50000 443\r\n", ("203.0.113.9", 50_000)),
    (b"PROXY TCP6 2001:DB8::1 ::1 50000 443\r\n", ("2001:db8::1", 50_000)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
    (version_2(addresses=IPV4), ("203.0.113.9", 50_000)),
    (version_2(addresses=IPV4, tail=b"\x04\x00\x01x"), ("203.0.113.9", 50_000)),
    (version_2(family=0x21, addresses=IPV6), ("2001:db8::1", 50_000)),
    (version_2(command=0x20), None),
    (version_2(command=0x20, addresses=IPV4), None),
    (version_2(family=0x00), None),
    (version_2(family=0x31, addresses=b"\x00" * 216), None),
]


@pytest.mark.parametrize(("header", "client"), GOOD)
@pytest.mark.parametrize("behind", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"])
def test_a_header_names_the_client_and_nothing_behind_it_is_taken(
    header: bytes, client: tuple[str, int] | None, behind: bytes
) -> None:
    """LOCAL, UNKNOWN and other families keep the peer's own address (sections 2.1 and 2.2)."""
    assert parse_preface(header + behind) == Preface(len(header), client)


@pytest.mark.parametrize("header", [header for header, _ in GOOD])
def test_each_part_of_a_header_waits_for_the_rest(header: bytes) -> None:
    """All that was seen then belongs to the header: it may be taken off the connection."""
    assert [parse_preface(header[:size]) for size in range(len(header))] == [None] * len(header)


@given(
    st.sampled_from([b"GET / HTTP/1.1", b"POST /", b"PUT /", b"PRI * HTTP/2.0", b"\x16\x03", b"\r\nGET", b"PROPFIND /"])
)
def test_what_is_no_header_is_left_alone(begin: bytes) -> None:
    assert parse_preface(begin) == NONE


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 203.0.113.9 10.0.0.1 50000\r\n",
        b"PROXY TCP4 203.0.113.999 10.0.0.1 50000 443\r\n",
        b"PROXY TCP4 203.0.113.9 10.0.0.1 65536 443\r\n",
        b"PROXY TCP4  203.0.113.9 10.0.0.1 1 443\r\n",
        b"PROXY TCP5 203.0.113.9 10.0.0.1 1 443\r\n",
        b"PROXY tcp4 203.0.113.9 10.0.0.1 1 443\r\n",
        b"PROXY \r\n",
        b"PROXY TCP4 203.0.113.9 10.0.0.1 50000 443\n\r\n",
        b"PROXY UNKNOWN " + b"x" * 200,
        version_2(command=0x22),
        version_2(command=0x11, addresses=IPV4),
        version_2(addresses=IPV4[:-1]),
        version_2(family=0x21, addresses=IPV4),
    ],
)
def test_a_malformed_header_is_refused(header: bytes) -> None:
    with pytest.raises(BadMessageError):
        parse_preface(header)
