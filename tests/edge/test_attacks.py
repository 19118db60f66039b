"""Malformed requests: refused, the connection ended, and nothing of them reaches the application (rules 3 to 8)."""

import re

import pytest

from tests.edge.conftest import Gateway
from tests.edge.wire import Application, Message, connect
from tests.observed import wait_until

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"


def _line(line: bytes) -> bytes:
    return line + b"\r\nHost: a\r\n\r\n"


def _field(*lines: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def _post(*lines: bytes, body: bytes = b"0\r\n\r\n") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: a\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body + HIDDEN


ATTACKS: list[tuple[int, bytes]] = [
    # The request line
    (400, _line(b"GET  / HTTP/1.1")),
    (400, _line(b"GET /  HTTP/1.1")),
    (400, _line(b" GET / HTTP/1.1")),
    (400, _line(b"GET / HTTP/1.1 ")),
    (400, _line(b"GET\t/\tHTTP/1.1")),
    (400, _line(b"GET /")),
    (400, _line(b"GET")),
    (400, _line(b"GET / http/1.1")),
    (400, _line(b"GET / HTTP/1.2")),
    (400, _line(b"GET / HTTP/1")),
    (400, _line(b"GET / HTTP/11.1")),
    (400, _line(b"GET / HTTP/1.1, HTTP/1.0")),
    (505, _line(b"GET / HTTP/2.0")),
    (505, _line(b"GET / HTTP/0.9")),
    (505, _line(b"GET / HTTP/3.0")),
    (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    (400, _line(b"GET /a b HTTP/1.1")),
    (400, _line(b"GET /\x00 HTTP/1.1")),
    (400, _line(b"GET /\x0b HTTP/1.1")),
    (400, _line(b"GET /\x7f HTTP/1.1")),
    (400, _line(b"GET /\xff HTTP/1.1")),
    (400, _line(b"GET /a#b HTTP/1.1")),
    (400, _line(b"GET a HTTP/1.1")),
    (400, _line(b"GET ?a HTTP/1.1")),
    (400, _line(b"GET * HTTP/1.1")),
    (400, _line(b"GET \\ HTTP/1.1")),
    (400, _line(b"GET http:// HTTP/1.1")),
    (400, _line(b"GET http:///x HTTP/1.1")),
    (400, _line(b"GET http://u:p@b/ HTTP/1.1")),
    (400, _line(b"GET ftp://b/ HTTP/1.1")),
    (400, _line(b"GET http://b\\c/ HTTP/1.1")),
    (405, _line(b"CONNECT b:443 HTTP/1.1")),
    (405, _line(b"CONNECT / HTTP/1.1")),
    (501, _line(b"BREW / HTTP/1.1")),
    (501, _line(b"get / HTTP/1.1")),
    (501, _line(b"GETT / HTTP/1.1")),
    (501, _line(b"G\x00T / HTTP/1.1")),
    (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    (400, b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (400, b"\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (400, b"\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    # Host
    (400, b"GET / HTTP/1.1\r\n\r\n"),
    (400, b"GET http://b/ HTTP/1.1\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a\r\nhOSt: b\r\n\r\n"),
    (400, b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a\xc3\xa9\r\n\r\n"),
    # Fields
    (400, _field(b"X : a")),
    (400, _field(b"X\t: a")),
    (400, _field(b" X: a")),
    (400, _field(b"X: a", b" folded")),
    (400, _field(b"X: a", b"\tfolded")),
    (400, _field(b": a")),
    (400, _field(b"X")),
    (400, _field(b"X Y: a")),
    (400, _field(b"X(: a")),
    (400, _field(b"X\x00: a")),
    (400, _field(b"X\xff: a")),
    (400, _field(b"X: a\x00b")),
    (400, _field(b"X: a\x01b")),
    (400, _field(b"X: a\x7fb")),
    (400, _field(b"X: a\nY: b")),
    (400, _field(b"X: a\rY: b")),
    (400, _field(b"X: a\r\r\nY: b")),
    (400, _field(b"X: a\n\nGET /hidden HTTP/1.1", b"Host: b")),
    (400, _field(b"\nGET /hidden HTTP/1.1", b"Host: b")),
    (400, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\n\tX: 1\r\nHost: a\r\n\r\n"),
    (431, _field(*[b"X: 1"] * 200)),
    (431, _field(b"X: " + b"x" * 70_000)),
    (414, _line(b"GET /" + b"x" * 70_000 + b" HTTP/1.1")),
    # Framing
    (400, _post(b"Content-Length: 5", b"Transfer-Encoding: chunked")),
    (400, _post(b"Transfer-Encoding: chunked", b"Content-Length: 5")),
    (400, _post(b"Content-Length: 5", b"Content-Length: 5")),
    (400, _post(b"Content-Length: 5", b"Content-Length: 6")),
    (400, _post(b"Content-Length: 5, 5")),
    (400, _post(b"Content-Length: 5 5")),
    (400, _post(b"Content-Length: +5")),
    (400, _post(b"Content-Length: -5")),
    (400, _post(b"Content-Length: 5.0")),
    (400, _post(b"Content-Length: 0x5")),
    (400, _post(b"Content-Length: 5_0")),
    (400, _post(b"Content-Length:")),
    (400, _post(b"Content-Length: \x0b5")),
    (400, _post(b"Content-Length: \xb2")),
    (400, _post(b"Content-Length: 9223372036854775808")),
    (400, _post(b"Content-Length: 18446744073709551616")),
    (400, _post(b"Content-Length : 5")),
    (400, _post(b"Content-Length\x00: 5")),
    (400, _post(b"Transfer-Encoding : chunked")),
    (400, _post(b"Transfer-Encoding\x0b: chunked")),
    (400, _post(b"Transfer-Encoding:")),
    (400, _post(b"Transfer-Encoding: xchunked")),
    (400, _post(b"Transfer-Encoding: chunked, identity")),
    (400, _post(b"Transfer-Encoding: chunked, gzip")),
    (400, _post(b"Transfer-Encoding: identity")),
    (400, _post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity")),
    (400, _post(b"Transfer-Encoding:", b" chunked")),
    (400, _post(b'Transfer-Encoding: "chunked"')),
    (501, _post(b"Transfer-Encoding: gzip, chunked")),
    (501, _post(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked")),
    (400, b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    (400, b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
]


@pytest.mark.parametrize(("status", "attack"), ATTACKS, ids=lambda value: repr(value)[:60])
async def test_a_malformed_request_reaches_nobody(
    gateway: Gateway, application: Application, status: int, attack: bytes
) -> None:
    """At once and byte by byte: what is hidden behind it isn't served either."""
    for size in (len(attack), 1 if len(attack) < 1000 else 4096):
        client = await gateway.connect()
        for start in range(0, len(attack), size):
            client.send(attack[start : start + size])
            if size < len(attack):
                await client.writer.drain()
        said = await client.end()
        assert len(re.findall(rb"HTTP/1.1 \d", said)) == 1, said
        answer = Message(head=said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        assert answer.get("connection") == b"close"
        assert answer.status in ({400, 501} if b"Transfer-Encoding" in attack and status == 400 else {status})
        client.close()
    assert not application.connections
    await wait_until(lambda: len(gateway.served) == 2)
    assert {told.verdict for told in gateway.served} == {"bad"}


BODIES = [
    b"xyz\r\n",
    b"-1\r\n",
    b"+3\r\nabc\r\n0\r\n\r\n",
    b"0x3\r\nabc\r\n0\r\n\r\n",
    b"3 \r\nabc\r\n0\r\n\r\n",
    b" 3\r\nabc\r\n0\r\n\r\n",
    b"\r\n3\r\nabc\r\n0\r\n\r\n",
    b"3\nabc\n0\n\n",
    b"3\r\nabcd\r\n0\r\n\r\n",
    b"3\r\nab\r\n0\r\n\r\n",
    b"3\r\nabc\n0\r\n\r\n",
    b"3\r\nabc0\r\n\r\n",
    b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    b"3;a\x00b\r\nabc\r\n0\r\n\r\n",
    b"3,a\r\nabc\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
    b"1" * 20_000,
    b"1;" + b"x" * 20_000,
    b"1;x=%b\r\na\r\n" % (b"x" * 6_000) * 4,
    b"3\r\nabc\r\n0\r\nX : 1\r\n\r\n",
    b"3\r\nabc\r\n0\r\n folded\r\n\r\n",
    b"3\r\nabc\r\n0\r\nnothing\r\n\r\n",
    b"3\r\nabc\r\n0\r\nX: \x00\r\n\r\n",
    b"3\r\nabc\r\n0\r\nX: 1\nY: 2\r\n\r\n",
    b"3\r\nabc\r\n0\r\nX: %b\r\n\r\n" % (b"x" * 20_000),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
async def test_a_malformed_body_never_becomes_a_whole_request(
    gateway: Gateway, application: Application, body: bytes
) -> None:
    """The application has its head, and sees it broken off; what follows is no request."""
    client = await gateway.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", body, HIDDEN)
    said = await client.end()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert len(re.findall(rb"HTTP/1.1 \d", said)) == 1
    await wait_until(lambda: all(end.ended for end in application.connections))
    assert not application.received


async def test_refusals_say_why_in_a_line(gateway: Gateway) -> None:
    client = await connect(port=gateway.port)
    answer = await client.ask(b"GET / HTTP/1.1\r\n\r\n")
    assert answer.content == b"400 a request names exactly one Host\n"
    client.close()
