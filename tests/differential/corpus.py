"""Messages after published techniques that begin with a head which the gateway may take, and what else is worth a try.

Targets say what they are: `inside` stands in a body by every reading of RFC 9112, so nobody may ever read it; `hidden`
is where a server that reads otherwise would find a request; `behind` is a request of its own; `tail` is the next
customer's.
"""

from tests.differential.traffic import End, Message
from tests.edge.attacks import ATTACKS, BODIES
from tests.edge.attacks import HIDDEN as UNMARKED


def request(target: bytes, *lines: bytes, method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    """Write the head of a request to `a`."""
    head = b"%b /00000/%b %b\r\nHost: a\r\n" % (method, target, version)
    return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


INSIDE = request(b"inside")
HIDDEN = request(b"hidden")
BEHIND = request(b"behind")
# Whoever is left waiting for more of a body takes these for it; the second ends the connection, where there is none.
TAIL = request(b"tail1") + request(b"tail2", b"Connection: close")

CHUNKED = b"Transfer-Encoding: chunked"
_LAST = b"0\r\n\r\n"


def length(body: bytes) -> bytes:
    """Write a body's Content-Length."""
    return b"Content-Length: %d" % len(body)


def chunk(body: bytes) -> bytes:
    """Write a body as one chunk."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def _sized(*lines: bytes, method: bytes = b"POST", body: bytes = INSIDE, version: bytes = b"HTTP/1.1") -> bytes:
    return request(b"visible", *lines, length(body), method=method, version=version) + body


def _chunked(*lines: bytes, method: bytes = b"POST", body: bytes = chunk(INSIDE) + _LAST) -> bytes:
    return request(b"visible", *lines, CHUNKED, method=method) + body


def _bare(*lines: bytes, method: bytes = b"POST", body: bytes = HIDDEN) -> bytes:
    return request(b"visible", *lines, method=method) + body


_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"PROPFIND", b"PURGE")

# CL.0: servers that expect no body with some methods or at some targets, and read it as the next request.
_BODIES_UNEXPECTED = [
    *(_sized(method=method) for method in _METHODS),
    *(_chunked(method=method) for method in _METHODS),
    *(_sized(method=method, body=_LAST + INSIDE) for method in _METHODS),
    *(_sized(method=method).replace(b"/00000/visible", b"/early/00000/visible") for method in _METHODS),
    *(_chunked(method=method).replace(b"/00000/visible", b"/early/00000/visible") for method in _METHODS),
    _sized(b"Content-Type: text/plain", body=b"\r\n" + INSIDE),
    _sized(body=b"\r\n\r\n" + INSIDE),
    _sized(body=INSIDE * 3),
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n" + length(INSIDE) + b"\r\n\r\n" + INSIDE,
    b"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n" + length(INSIDE) + b"\r\n\r\n" + INSIDE,
]

# 0.CL: servers that don't see the length, and take the body for requests.
_LENGTHS_OVERLOOKED = [
    _sized(b"Connection: Content-Length"),
    _sized(b"Connection: close, Content-Length"),
    _sized(b"Connection: keep-alive, content-length"),
    _sized(b"Keep-Alive: timeout=5, max=1"),
    _sized(b"Expect: 100-continue"),
    _sized(b"Expect: 100-Continue"),
    _sized(b"Expect: y 100-continue"),
    _sized(b"Expect: 100-continue, 100-continue"),
    _sized(b"Expect: 100-continue", b"Expect: 100-continue"),
    _sized(b"Expect: \t100-continue \t"),
    _sized(b"Expect:"),
    _sized(b"Expect: 200-ok"),
    _sized(b"Expect: x=y; z"),
    _sized(b"Expect: 100-continue", method=b"GET"),
    _sized(b"Expect: 100-continue", method=b"HEAD"),
    _sized(b"Expect: y 100-continue", method=b"OPTIONS"),
    _chunked(b"Expect: 100-continue"),
    _sized(b"Expect: 100-continue").replace(b"/00000/visible", b"/early/00000/visible"),
    _chunked(b"Expect: 100-continue").replace(b"/00000/visible", b"/early/00000/visible"),
    _bare(b"Content-Length:\t%d\t" % len(INSIDE), body=INSIDE),
    _bare(b"Content-Length:%d" % len(INSIDE), body=INSIDE),
    _bare(b"CONTENT-LENGTH:   %d   " % len(INSIDE), body=INSIDE),
    _bare(b"Content-Length: 000%d" % len(INSIDE), body=INSIDE),
    _bare(b"Content-Length: %030d" % len(INSIDE), body=INSIDE),
    _bare(b"Content-Length: 9223372036854775807"),
    _bare(b"Content-Length: 9999999999999999"),
    _bare(b"Content-Length: 4294967296"),
    _bare(b"X: " + b"x" * 8000, length(INSIDE), body=INSIDE),
    _bare(*[b"X-%d: 1" % n for n in range(100)], length(INSIDE), body=INSIDE),
]

# Names that gateway interfaces (CGI, WSGI) or lenient servers fold into those of the framing.
_NAMES = (b"Content_Length", b"Content.Length", b"Content-Length-", b"Content-Length_", b"ContentLength")
_CODING_NAMES = (b"Transfer_Encoding", b"Transfer.Encoding", b"Transfer-Encoding_", b"Transfer~Encoding", b"X-Encoding")
_LOOK_ALIKES = [
    *(_bare(b"%b: %d" % (name, len(HIDDEN))) for name in _NAMES),
    *(_sized(b"%b: 0" % name) for name in _NAMES),
    *(_bare(name + b": chunked", body=_LAST + HIDDEN) for name in _CODING_NAMES),
    *(_sized(name + b": chunked", body=_LAST + INSIDE) for name in _CODING_NAMES),
    _sized(b"TE: chunked", body=_LAST + INSIDE),
    _sized(b"TE: trailers, chunked", body=_LAST + INSIDE),
    _sized(b"Content-Encoding: chunked", body=_LAST + INSIDE),
    _sized(b"Trailer: Transfer-Encoding", body=_LAST + INSIDE),
    _sized(b"X:Transfer-Encoding: chunked", body=_LAST + INSIDE),
    _sized(b"X: \xff\x85\xa0", b"Y: \xe5\x98\x8a\xe5\x98\x8dTransfer-Encoding: chunked", body=_LAST + INSIDE),
    _sized(b"X-Request-Id: smuggled", b"X_Request_Id: smuggled", b"Connection: X-Request-Id"),
    _sized(b"Connection: Host, Transfer-Encoding, Via, X-Request-Id, X-Forwarded-For"),
]

# TE.TE that is right after all, and what surrounds chunks.
_CHUNKS = [
    _chunked(b"Connection: Transfer-Encoding"),
    _chunked(b"Connection: TE, Trailer", b"TE: trailers", b"Trailer: X"),
    _bare(b"TRANSFER-ENCODING:CHUNKED", body=chunk(INSIDE) + _LAST),
    _bare(b"Transfer-Encoding: cHuNkEd", body=chunk(INSIDE) + _LAST),
    _bare(b"Transfer-Encoding: \tchunked\t", body=chunk(INSIDE) + _LAST),
    _chunked(body=_LAST),
    _chunked(body=_LAST + BEHIND),
    _chunked(body=b"000\r\n\r\n"),
    _chunked(body=b"00000000000\r\n\r\n" + BEHIND),
    _chunked(body=b"0000000000000000000\r\n\r\n" + HIDDEN),
    _chunked(body=b"000005\r\nhello\r\n0\r\n\r\n"),
    _chunked(body=b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
    _chunked(body=b"5;\r\nhello\r\n0;\r\n\r\n"),
    _chunked(body=b"5;a=b;c\r\nhello\r\n0;last\r\n\r\n"),
    _chunked(body=b'5;a="b\\"c"\r\nhello\r\n0\r\n\r\n'),
    _chunked(body=b'5;a="\r\nhello\r\n0\r\n\r\n'),
    _chunked(body=b"5 ;a\r\nhello\r\n0\r\n\r\n"),
    _chunked(body=b"5\t\r\nhello\r\n0\r\n\r\n"),
    _chunked(body=b"5;\xff\r\nhello\r\n0\r\n\r\n"),
    # Funky chunks (2025): an extension that some end at LF, some at CR LF; a chunk's end that some only skip.
    _chunked(body=b"2;\nxx\r\n" + chunk(_LAST + HIDDEN) + _LAST),
    _chunked(body=b"2;\rxx\r\n" + chunk(_LAST + HIDDEN) + _LAST),
    _chunked(body=b"2\nxx\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"2\r\nxxYY0\r\n\r\n" + HIDDEN),
    _chunked(body=b"2\r\nxx\n\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"2\r\nxx\r0\r\n\r\n" + HIDDEN),
    _chunked(body=b"2\r\nxx\r\n0\r\n\n" + HIDDEN),
    _chunked(body=b"2\r\nxx\r\n0\r\n\rX" + HIDDEN),
    _chunked(body=b"2\r\nxx\r\n0\n\n" + HIDDEN),
    _chunked(body=b"2;" + HIDDEN[:-4] + b"\r\nxx\r\n0\r\n\r\n"),
    # TERM.EXT, EXT.TERM: what is a trailer to one is a request to the other.
    _chunked(body=b"0\r\nX: 1\r\n\r\n" + BEHIND),
    _chunked(body=b"0\r\nGET: /hidden HTTP/1.1\r\nHost: a\r\n\r\n"),
    _chunked(body=b"0\r\n" + HIDDEN),
    _chunked(body=b"0\r\nContent-Length: 50\r\n\r\n" + BEHIND),
    _chunked(body=b"0\r\nTransfer-Encoding: chunked\r\n\r\n" + BEHIND),
    _chunked(body=b"0\r\nHost: b\r\nConnection: close\r\nUpgrade: x\r\n\r\n" + BEHIND),
    _chunked(body=b"0\r\nX: a\r\n b\r\n\r\n" + HIDDEN),
    _chunked(body=b"0\r\nX: a\nY: b\r\n\r\n" + HIDDEN),
    _chunked(body=b"0\r\n\r\n\r\n\r\n" + BEHIND),
    # Sizes beyond 32 and 64 bits, and what parsers of numbers take for one.
    _chunked(body=b"100000005\r\nhello\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"10000000000000005\r\nhello\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"FFFFFFFFFFFFFFFB\r\nhello\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"7FFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"-5\r\nhello\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"5_0\r\nhello\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"0x5\r\nhello\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"\r\n5\r\nhello\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"5\r\nhello\r\n\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"G\r\nhello\r\n0\r\n\r\n" + HIDDEN),
    _chunked(body=b"5\r\nhello\r\n"),
    _chunked(body=b"".join(b"1;%b\r\nx\r\n" % (b"e" * 200) for _ in range(20)) + _LAST + BEHIND),
    *(_chunked(body=b"".join(map(chunk, pieces)) + _LAST) for pieces in ([INSIDE] * 9, [b"%c" % c for c in INSIDE])),
]

# Requests of one connection whose heads are the same, or as long: a parser that remembers may take one for the other.
_REPEATED = [
    _sized() * 3,
    _chunked() * 3,
    _sized() + _sized(body=INSIDE * 2) + _sized(body=INSIDE + b"hello"),
    _sized() + _bare(b"Xontent-Length: 39", body=BEHIND) + _sized(),
    _bare(b"Content-Length: 00", body=BEHIND) + _sized(body=INSIDE),
    _chunked() + _bare(b"Xransfer-Encoding: chunked", body=BEHIND) + _chunked(),
    _bare(b"X-Y: x\r\nConnection: clos", method=b"GET", body=b"") + _bare(b"X: y\r\nConnection: close", body=INSIDE),
    request(b"visible") + _sized() + request(b"visible") + _sized(),
]

# The connection: what comes behind a request that ends it, that asks for another protocol, that is HTTP/1.0.
_CONNECTIONS = [
    _bare(method=b"GET", body=BEHIND * 5),
    _bare(b"Connection: close", body=INSIDE),
    _bare(b"Connection: keep-alive, close", body=INSIDE),
    _bare(b"Connection: keep-alive", b"Connection: close", body=INSIDE),
    _sized(b"Connection: close") + INSIDE,
    _bare(b"Connection: clos", method=b"GET", body=BEHIND),
    _bare(b"Connection: \xa0close", method=b"GET", body=BEHIND),
    _bare(b"Connection: Upgrade", b"Upgrade: websocket", method=b"GET", body=BEHIND),
    _bare(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", method=b"GET", body=BEHIND),
    _sized(b"Connection: Upgrade", b"Upgrade: websocket"),
    _sized(b"Connection: Upgrade", b"Upgrade: websocket", method=b"GET"),
    _chunked(b"Connection: Upgrade", b"Upgrade: x"),
    _bare(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk", body=BEHIND),
    _sized(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
    _bare(b"Upgrade: h2c", body=BEHIND),
    _bare(b"Connection: Upgrade", b"Upgrade: TLS/1.0", method=b"OPTIONS", body=BEHIND),
    _bare(b"Connection: Upgrade", b"Upgrade: a", b"Upgrade: b", body=BEHIND),
    request(b"visible", version=b"HTTP/1.0") + INSIDE,
    request(b"visible", b"Connection: keep-alive", version=b"HTTP/1.0") + BEHIND,
    _sized(version=b"HTTP/1.0"),
    _sized(b"Connection: keep-alive", version=b"HTTP/1.0"),
    _sized(b"Connection: keep-alive", version=b"HTTP/1.0", method=b"GET") + BEHIND,
    b"GET /00000/visible HTTP/1.0\r\n\r\n" + INSIDE,
    b"\r\n\r\n" + request(b"visible") + b"\r\n" + BEHIND,
    _sized() + b"\r\n" + BEHIND,
    _sized(body=b"") + b"\r\n\r\n" + BEHIND,
    _bare(body=b"x"),
    _bare(body=b"\n" + HIDDEN),
    _bare(b"Content-Length: %d" % (len(HIDDEN) - 1), body=HIDDEN),
    _bare(b"Content-Length: %d" % (len(HIDDEN) + 1), body=HIDDEN),
]

# Targets and hosts that servers take apart in different ways.
_TARGETS = [
    b"GET http://b/00000/visible HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://b:80/00000/visible?x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET HTTPS://b/00000/visible HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://b HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://b?x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://[::1]:80/00000/visible HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://b/http://c/00000/visible HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://b/00000/visible HTTP/1.0\r\n\r\n",
    b"POST http://b/00000/visible HTTP/1.1\r\nHost: a\r\n" + length(INSIDE) + b"\r\n\r\n" + INSIDE,
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    *(
        b"GET /00000/%b HTTP/1.1\r\nHost: a\r\n\r\n" % target
        for target in (
            b"%2e%2e/x",
            b"../../../x",
            b"./x",
            b"%00",
            b"%0d%0aX:%20y",
            b"%zz",
            b"%",
            b"?",
            b"??",
            b";x",
            b"a;b?c=d&e=\\",
            b'"',
            b"<>",
            b"^`{|}",
            b"\\..\\x",
            b"HTTP/1.1",
            b"x%20HTTP/1.1%0d%0a",
            b"x" * 4000,
        )
    ),
    b"GET //b/00000/visible HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /\\b/00000/visible HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /@b/00000/visible HTTP/1.1\r\nHost: a\r\n\r\n",
    *(
        b"GET /00000/visible HTTP/1.1\r\nHost: %b\r\n\r\n" % host
        for host in (
            b"",
            b"a:",
            b"a:0",
            b"a:99999",
            b"a.",
            b"..",
            b"*",
            b"a,b",
            b"a;b",
            b"a'b",
            b"a!$&()+~b",
            b"a%00",
            b"%",
            b"[a]",
            b"[::1]",
            b"a_b",
        )
    ),
]

_TECHNIQUES = [*_BODIES_UNEXPECTED, *_LENGTHS_OVERLOOKED, *_LOOK_ALIKES, *_CHUNKS, *_REPEATED, *_CONNECTIONS, *_TARGETS]

CORPUS: list[Message] = [
    *(Message(data=data + TAIL) for data in _TECHNIQUES),
    # Each once more in pieces of its own, and with a client that does not wait.
    *(Message(data=data + TAIL, cuts=(*range(0, len(data), 7),)) for data in _TECHNIQUES),
    *(Message(data=data, end=End.HALF_CLOSE) for data in _TECHNIQUES[::4]),
    *(Message(data=data, end=End.ABORT) for data in _TECHNIQUES[1::4]),
    *(Message(data=attack) for _, attack in ATTACKS),
    *(Message(data=_chunked(body=body) + UNMARKED) for body in BODIES),
]
