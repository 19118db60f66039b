"""Heads: what they say, and which are refused."""

from contextlib import suppress

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.http1.fields import CHUNKED, UNTIL_CLOSE, BadMessageError
from gateway.http1.request import RequestFields, RequestHead, RequestHeadParser
from gateway.http1.response import ResponseHead, parse_response_head

MOST_FIELDS = 20


def parse(head: bytes) -> RequestHead:
    return RequestHeadParser(MOST_FIELDS).parse(head)


def request(*lines: bytes, line: bytes = b"GET / HTTP/1.1", host: bytes = b"Host: a\r\n") -> bytes:
    return line + b"\r\n" + host + b"".join(field + b"\r\n" for field in lines) + b"\r\n"


def refused(head: bytes) -> int:
    with pytest.raises(BadMessageError) as error:
        parse(head)
    return error.value.status


def response(*lines: bytes, line: bytes = b"HTTP/1.1 200 OK", answers_head: bool = False) -> ResponseHead:
    head = line + b"\r\n" + b"".join(field + b"\r\n" for field in lines) + b"\r\n"
    return parse_response_head(head, answers_head=answers_head)


@pytest.mark.parametrize(
    ("line", "target", "path", "host"),
    [
        (b"GET / HTTP/1.1", b"/", b"/", b"a"),
        (b"GET /a%2Fb/%3B%41?x=%21&z=%zz HTTP/1.1", b"/a%2Fb/%3B%41?x=%21&z=%zz", b"/a%2Fb/%3B%41", b"a"),
        (b"GET /x? HTTP/1.1", b"/x?", b"/x", b"a"),
        (b"GET //a//../b HTTP/1.1", b"//a//../b", b"//a//../b", b"a"),
        (b"OPTIONS * HTTP/1.1", b"*", b"*", b"a"),
        (b"OPTIONS http://b HTTP/1.1", b"*", b"*", b"b"),
        (b"OPTIONS http://b/ HTTP/1.1", b"/", b"/", b"b"),
        (b"GET http://b:1/p?q HTTP/1.1", b"/p?q", b"/p", b"b:1"),
        (b"GET http://b?q HTTP/1.1", b"/?q", b"/", b"b"),
        (b"GET HTTP://[::1]:80/p HTTP/1.1", b"/p", b"/p", b"[::1]:80"),
    ],
)
def test_targets(line: bytes, target: bytes, path: bytes, host: bytes) -> None:
    """Origin-form stays byte for byte; absolute-form is taken apart and replaces the Host."""
    head = parse(request(line=line))
    assert (head.target, head.path, head.fields.host) == (target, path, host)
    assert [line for line in head.fields.kept.split(b"\r\n") if line[:5].lower() == b"host:"] == [b"Host: " + host]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET  / HTTP/1.1", 400),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/0.9", 505),
        (b"GET / HTTP/1.2", 400),
        (b"BREW / HTTP/1.1", 501),
        (b"CONNECT a:1 HTTP/1.1", 405),
        (b"GET * HTTP/1.1", 400),
        (b"GET http://u@b/ HTTP/1.1", 400),
        (b"GET /a#b HTTP/1.1", 400),
    ],
)
def test_request_lines_that_are_refused(line: bytes, status: int) -> None:
    """A longer list, over a real connection, stands in tests/edge/test_attacks.py."""
    assert refused(request(line=line)) == status


def test_a_request_names_exactly_one_host() -> None:
    """HTTP/1.0 may leave it out; space around it does not count."""
    assert refused(request(host=b"")) == 400
    assert refused(request(b"Host: a")) == 400
    assert parse(request(host=b"", line=b"GET / HTTP/1.0")).fields.host == b""
    spaced = parse(request(host=b"Host: \t a:80 \t\r\n")).fields
    assert (spaced.host, spaced.kept) == (b"a:80", b"\r\nHost: a:80")
    assert parse(request(host=b"Host: 0.0.0.0:80\r\n")).fields.kept == b"\r\nHost: 0.0.0.0:80"


def test_connection_can_not_remove_what_both_sides_rely_on() -> None:
    fields = parse(
        request(b"Connection: close, host", b"CONNECTION: content-length , X-Gone", b"x-gone: 1", b"Content-Length: 3")
    ).fields
    assert fields.kept == b"\r\nHost: a\r\nContent-Length: 3"
    assert not fields.keep_alive


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"close", False),
        (b"1.1", b"x, CLOSE ", False),
        (b"1.0", b"", False),
        (b"1.0", b"Keep-Alive", True),
        (b"1.0", b"keep-alive, close", False),
    ],
)
@pytest.mark.parametrize("body", [b"X: 1", b"Content-Length: 3"])
def test_whether_the_connection_stays(version: bytes, connection: bytes, keeps: bool, body: bytes) -> None:  # noqa: FBT001
    line = b"GET / HTTP/" + version
    assert parse(request(b"Connection: " + connection, body, line=line)).fields.keep_alive is keeps
    answer = response(b"Connection: " + connection, b"Content-Length: 3", line=b"HTTP/%b 200 OK" % version)
    assert answer.keep_alive is keeps


def test_fields_are_kept_as_they_are() -> None:
    """Byte for byte, with the space around them."""
    lines = b"\r\nHost: a\r\nX-b:  \x80\xff \r\nx-B:\r\nCookie: 1\r\nCookie: 2"
    fields = parse(b"GET / HTTP/1.1%b\r\n\r\n" % lines).fields
    assert fields.kept == lines
    assert fields.get("x-b") == b"\x80\xff"
    assert fields.get("none") == b""


def test_too_many_fields() -> None:
    assert parse(request(*[b"X: 1"] * (MOST_FIELDS - 1))).fields.kept.count(b"X: 1") == MOST_FIELDS - 1
    assert refused(request(*[b"X: 1"] * MOST_FIELDS)) == 431


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ([], 0),
        ([b"Content-Length: 0"], 0),
        ([b"Content-Length: 007"], 7),
        ([b"Content-Length: 9223372036854775807"], 2**63 - 1),
        ([b"Transfer-Encoding: Chunked"], CHUNKED),
        ([b"Transfer-Encoding: chunked "], CHUNKED),
        ([b"content-LENGTH:5"], 5),
        ([b"Content-Length: 0", b"X-0: 00"], 0),
    ],
)
def test_framing_of_requests(lines: list[bytes], body: int) -> None:
    assert parse(request(*lines)).fields.body == body


def test_what_is_asked_of_the_way() -> None:
    fields = parse(
        request(b"Expect: 100-Continue ", b"TE: gzip, trailers", b"Connection: te, upgrade", b"Upgrade: websocket")
    ).fields
    assert (fields.expects_continue, fields.te_trailers, fields.upgrade) == (True, True, b"websocket")
    assert parse(request(b"Upgrade: websocket")).fields.upgrade == b""
    assert parse(request(b"Connection: upgrade", b"Upgrade: h2c")).fields.upgrade == b""


@pytest.mark.parametrize("name", [b"Content_Length", b"transfer_encoding", b"Transfer-encoding_", b"TRANSFER_ENCODING"])
def test_a_name_that_cgi_takes_for_framing_is_refused(name: bytes) -> None:
    """Behind CGI and WSGI `_` and `-` are the same (RFC 3875, section 4.1.18)."""
    if name.endswith(b"_"):
        assert name in parse(request(name + b": chunked")).fields.kept
    else:
        assert refused(request(name + b": 5")) == 400


@pytest.mark.parametrize("name", [b"X_Forwarded_For", b"x-forwarded_proto", b"X_Request_ID", b"Proxy_Authorization"])
def test_a_name_that_cgi_takes_for_the_gateways_own_is_dropped(name: bytes) -> None:
    assert parse(request(name + b": 1", b"X: 1")).fields.kept == b"\r\nHost: a\r\nX: 1"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ([], UNTIL_CLOSE),
        ([b"Content-Length: 5"], 5),
        ([b"Transfer-Encoding: chunked"], CHUNKED),
        ([b"Transfer-Encoding: chunked "], CHUNKED),
    ],
)
def test_framing_of_responses(lines: list[bytes], body: int) -> None:
    """What answers a HEAD, and 1xx, 204 and 304, have no body, whatever they say."""
    assert response(*lines).body == body
    assert response(*lines, answers_head=True).body == 0
    for status in (b"103 E", b"204 N", b"304 N"):
        assert response(*lines, line=b"HTTP/1.1 " + status).body == 0


def test_responses_keep_all_that_is_end_to_end() -> None:
    answer = response(
        b"Set-Cookie: a", b"set-cookie: b", b"Connection: x-hop", b"X-Hop: 1", b"Keep-Alive: 1", b"X: \xff"
    )
    assert answer.kept == b"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\nX: \xff"
    for line, kept in [
        (b"HTTP/1.1 299 Gr\xc3\xbc\xc3\x9fe", b"HTTP/1.1 299 Gr\xc3\xbc\xc3\x9fe"),
        (b"HTTP/1.1 200", b"HTTP/1.1 200 "),
        (b"HTTP/1.0 404 Not Found", b"HTTP/1.1 404 Not Found"),
    ]:
        assert response(line=line).kept == kept


# Heads made of pieces that have fooled parsers
PIECES = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b",", b"\x00", b"\x0b", b"\xff", b"a", b"0", b"5", b"GET / HTTP/1.1\r\n",
    b"Host: a\r\n", b"Host:b\r\n", b"Content-Length: 5\r\n", b"content-length:0\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding", b"Connection: close\r\n", b"X: 1\r\n", b" b\r\n", b"Upgrade: x\r\nConnection: upgrade\r\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.lists(st.sampled_from(PIECES), max_size=4))
@example([b"X: 1", b"\n", b"\n", b"GET / HTTP/1.1\r\n"], [])
def test_what_is_accepted_reads_the_same_to_anybody(pieces: list[bytes], behind: list[bytes]) -> None:
    """An accepted head has exactly the fields its lines say, one Host, one framing: nobody can read it otherwise."""
    head = b"GET / HTTP/1.1\r\nHost: h\r\n" + b"".join(pieces) + b"Y: " + b"".join(behind) + b"\r\n\r\n"
    head = head[: head.index(b"\r\n\r\n") + 4]
    try:
        read = parse(head)
    except BadMessageError:
        return
    lines = head[:-4].split(b"\r\n")[1:]
    assert not any(b"\n" in line or b"\r" in line or line[:1] in b" \t" for line in lines)
    naive = [(name, value.lstrip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)]
    assert read.fields.raw == head[6:]
    names = [name.lower() for name, _ in naive]
    assert names.count(b"host") == 1
    lengths = [int(value) for name, value in naive if name.lower() == b"content-length"]
    chunked = names.count(b"transfer-encoding")
    assert (len(lengths), chunked) in ((0, 0), (1, 0), (0, 1))
    assert read.fields.body == (CHUNKED if chunked else sum(lengths))
    kept = read.fields.kept.split(b"\r\n")[1:]
    assert set(kept) <= {b"%b: %b" % field for field in naive} | set(lines) | {b"content-length: 0"}


HEADS = st.sampled_from(
    [
        request(),
        request(b"Content-Length: 5"),
        request(b"Content-Length: 0"),
        request(b"Transfer-Encoding: chunked"),
        request(b"Connection: upgrade", b"Upgrade: raw"),
        request(b"Connection: keep-alive", line=b"GET / HTTP/1.0"),
        request(line=b"HEAD /x HTTP/1.1"),
        request(line=b"OPTIONS * HTTP/1.1"),
    ]
)


@given(st.lists(HEADS, min_size=2, max_size=6))
def test_a_parser_that_is_used_again_reads_the_same(heads: list[bytes]) -> None:
    """Behind `Connection: close` it isn't used again: the connection ends."""
    parser = RequestHeadParser(MOST_FIELDS)
    for head in heads:
        again, fresh = parser.parse(head), parse(head)
        assert (again.method, again.target, again.path) == (fresh.method, fresh.target, fresh.path)
        assert {name: getattr(again.fields, name) for name in RequestFields.__slots__} == {
            name: getattr(fresh.fields, name) for name in RequestFields.__slots__
        }


class _Llhttp:
    """An independent reader: llhttp, as Node and aiohttp use it."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.target = b""
        self.is_complete = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.is_complete = True


TOKENS = st.sampled_from(
    [
        b"Host",
        b"host ",
        b"X",
        b"X-Y_Z",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Connection",
        b"",
        b"X\x00",
        b"(",
        b"\xff",
        b" X",
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [b"a", b"5", b"chunked", b"gzip, chunked", b"", b"+5", b"5, 5", b"\xff", b"a\x00", b"a\rb", b"a\nb", b"\t a \t"]
    ),
    st.binary(max_size=4),
)
LINES = st.lists(
    st.tuples(TOKENS, st.sampled_from([b":", b": ", b" :", b""]), VALUES, st.sampled_from([b"\r\n", b"\n", b"\r"])),
    max_size=5,
)


@given(
    LINES,
    st.sampled_from(
        [b"GET / HTTP/1.1\r\n", b"POST /x?y HTTP/1.1\r\n", b"GET /\x80 HTTP/1.1\r\n", b"GET / HTTP/1.0\r\n"]
    ),
)
def test_what_is_accepted_another_parser_accepts_and_reads_alike(
    lines: list[tuple[bytes, bytes, bytes, bytes]], line: bytes
) -> None:
    """Never more than llhttp does: its strictness is the least that is asked of ours."""
    head = line + b"Host: h\r\n" + b"".join(map(b"".join, lines)) + b"Y: 1\r\n\r\n"
    head = head[: head.index(b"\r\n\r\n") + 4]
    try:
        ours = parse(head)
    except BadMessageError:
        return
    theirs = _Llhttp()
    with suppress(httptools.HttpParserUpgrade):
        httptools.HttpRequestParser(theirs).feed_data(head)
    assert theirs.is_complete
    assert ours.target == theirs.target
    sent = head[:-4].split(b"\r\n")[1:]
    assert [name for name, _ in theirs.fields] == [line.partition(b":")[0] for line in sent]
    lengths = [value.strip() for name, value in theirs.fields if name.lower() == b"content-length"]
    assert [b"%d" % ours.fields.body] == lengths or not lengths
