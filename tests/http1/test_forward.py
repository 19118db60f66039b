"""The heads that go to the other side."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.fields import BadMessageError
from gateway.http1.forward import Hop, request_bytes, request_id_of, response_bytes, trusted_client
from gateway.http1.request import RequestHead, RequestHeadParser
from gateway.http1.response import parse_response_head

STRANGER = Hop("192.0.2.1", b"http", is_trusted=False)
PROXY = Hop("10.0.0.1", b"http", is_trusted=True)


def parse(*lines: bytes, line: bytes = b"GET / HTTP/1.1", host: bytes = b"a") -> RequestHead:
    fields = (b"Host: " + host, *lines)
    return RequestHeadParser(100).parse(line + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n")


def fields(head: bytes) -> dict[bytes, list[bytes]]:
    """The fields of a head by lower-case name."""
    assert head.endswith(b"\r\n\r\n")
    found: dict[bytes, list[bytes]] = {}
    for line in head[:-4].split(b"\r\n")[1:]:
        name, _, value = line.partition(b": ")
        found.setdefault(name.lower(), []).append(value)
    return found


SENT = st.lists(
    st.sampled_from(
        [
            b"Content-Length: 3",
            b"Transfer-Encoding: chunked",
            b"Connection: close, x-a, content-length, transfer-encoding, via",
            b"Connection: upgrade",
            b"Upgrade: raw",
            b"X-A: 1",
            b"Cookie: a=b",
            b"TE: trailers",
            b"Via: 1.1 b",
            b"X-Forwarded-For: 1.1.1.1",
            b"Forwarded: for=1.1.1.1",
            b"Expect: 100-continue",
        ]
    ),
    max_size=8,
)


@given(SENT, st.sampled_from([STRANGER, PROXY]), st.sampled_from([None, b"app:80"]))
def test_what_is_forwarded_is_a_good_request(lines: list[bytes], hop: Hop, host: bytes | None) -> None:
    """Never both framings, one Host, one of each of the gateway's own fields; and it parses as the same request."""
    try:
        request = parse(*lines)
    except BadMessageError:
        return
    head = request_bytes(request, hop, b"id", host=host)
    sent = fields(head)
    assert not (b"content-length" in sent and b"transfer-encoding" in sent)
    for name in (b"host", b"via", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"):
        assert len(sent[name]) == 1
    assert sent[b"x-request-id"] == [b"id"]
    assert sent[b"host"] == [host or b"a"]
    assert sent[b"via"][0].endswith(b"1.1 gateway")
    assert sent[b"x-forwarded-for"][0].endswith(hop.client.encode())
    assert set(sent.get(b"connection", [])) <= {b"Upgrade", b"TE"}
    again = RequestHeadParser(100).parse(head)
    assert (again.method, again.target) == (request.method, request.target)
    assert again.fields.body == request.fields.body


@pytest.mark.parametrize(
    ("client", "host", "expected"),
    [
        ("192.0.2.1", b"a.example", b"for=192.0.2.1;host=a.example;proto=http"),
        ("192.0.2.1", b"a:80", b'for=192.0.2.1;host="a:80";proto=http'),
        ("2001:db8::1", b"[::1]:80", b'for="[2001:db8::1]";host="[::1]:80";proto=http'),
        ("", b"a", b"for=unknown;host=a;proto=http"),
    ],
)
def test_forwarded_is_quoted_as_it_must_be(client: str, host: bytes, expected: bytes) -> None:
    """RFC 7239, sections 4 and 6; both where it is written anew and where it is added."""
    for trusted in (False, True):
        hop = Hop(client, b"http", is_trusted=trusted)
        request = parse(b"Via: 1.1 b", host=host)
        assert fields(request_bytes(request, hop, b""))[b"forwarded"] == [expected]


def test_a_connection_may_ask_for_several_hosts() -> None:
    hop = Hop("192.0.2.1", b"https", is_trusted=False)
    for host in (b"a", b"b", b"a"):
        sent = fields(request_bytes(parse(host=host), hop, b""))
        assert sent[b"x-forwarded-host"] == [host]
        assert sent[b"forwarded"] == [b"for=192.0.2.1;host=%b;proto=https" % host]


def test_forwarded_tells_what_the_x_fields_tell() -> None:
    """A trusted proxy that writes X-Forwarded-* alone: an application may read either, and must learn the same."""
    request = parse(
        b"X-Forwarded-For: 203.0.113.9, 2001:db8::1",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: shop.example",
    )
    sent = fields(request_bytes(request, PROXY, b"id"))
    chain = b'for=203.0.113.9;host=shop.example;proto=https, for="[2001:db8::1]", for=10.0.0.1'
    assert sent[b"forwarded"] == [chain]


def test_what_a_trusted_proxy_wrote_in_forwarded_is_kept() -> None:
    """This hop is added behind it."""
    request = parse(b"Forwarded: for=203.0.113.9;proto=https", b"X-Forwarded-For: 203.0.113.9")
    sent = fields(request_bytes(request, PROXY, b"id"))
    assert sent[b"forwarded"] == [b"for=203.0.113.9;proto=https, for=10.0.0.1;host=a;proto=http"]


def test_request_ids_are_a_trusted_peers_to_give() -> None:
    request = parse(b"X-Request-Id: theirs")
    assert request_id_of(request, STRANGER, b"own") == b"own"
    assert request_id_of(request, PROXY, b"own") == b"theirs"
    assert request_id_of(parse(), PROXY, b"own") == b"own"


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ([], "10.0.0.1"),
        ([b"1.1.1.1"], "1.1.1.1"),
        ([b"6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        ([b"6.6.6.6", b"1.1.1.1 , 10.0.0.2"], "1.1.1.1"),
        ([b"10.0.0.3,10.0.0.2"], "10.0.0.3"),
        ([b"1.1.1.1, garbage, 10.0.0.2"], ""),
        ([b"1.1.1.1:5678, 10.0.0.2:80"], "1.1.1.1"),
        ([b"[2001:db8::1]:80"], "2001:db8::1"),
        ([b"[2001:db8::1]"], "2001:db8::1"),
        ([b"::ffff:1.1.1.1"], "1.1.1.1"),
        ([b"fe80::1%\xff"], ""),
        ([b"unknown"], ""),
        ([b"6.6.6.6, unknown"], ""),
        ([b"2001:DB8::1"], "2001:db8::1"),
        ([b"garbage"], ""),
        ([b""], "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_one_that_no_trusted_proxy_has(chain: list[bytes], client: str) -> None:
    """With or without a port; where the chain can't be read the client is nobody, and above all not the proxy."""
    request = parse(*(b"X-Forwarded-For: " + part for part in chain))
    assert trusted_client(request, "10.0.0.1", (ip_network("10.0.0.0/8"),)) == client


def answer(*lines: bytes, line: bytes = b"HTTP/1.1 200 OK", **how: bool) -> bytes:
    head = line + b"\r\n" + b"".join(field + b"\r\n" for field in lines) + b"\r\n"
    return response_bytes(parse_response_head(head, answers_head=False), **({"close": False, "chunked": False} | how))


def test_responses_go_out_as_they_came() -> None:
    lines = (b"Set-Cookie: a", b"X: \xff", b"set-cookie: b", b"Content-Length: 3")
    assert answer(*lines) == b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"
    chunked = fields(answer(b"Transfer-Encoding: chunked", b"Connection: close", chunked=True))
    assert chunked == {b"transfer-encoding": [b"chunked"]}


def test_what_is_said_of_the_connection() -> None:
    assert fields(answer(close=True)) == {b"connection": [b"close"]}
    assert fields(answer(keep_alive_1_0=True)) == {b"connection": [b"keep-alive"]}
    upgrade = (b"Connection: upgrade", b"Upgrade: raw")
    for status in (b"101 S", b"426 U"):
        sent = fields(answer(*upgrade, line=b"HTTP/1.1 " + status))
        assert sent == {b"connection": [b"Upgrade"], b"upgrade": [b"raw"]}
    assert fields(answer(*upgrade)) == {}
