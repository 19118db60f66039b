"""Messages made at random: requests with bodies that look like requests, framed well or badly, sent in pieces."""

from random import Random

from tests.differential.corpus import BEHIND, CHUNKED, HIDDEN, INSIDE, TAIL, length
from tests.differential.traffic import End, Message

_METHODS = [b"GET", b"GET", b"POST", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"REPORT"]
_TARGETS = (
    [b"/00000/visible"] * 30
    + [b"/early/00000/visible"] * 6
    + [b"/00000/visible?a=/b&c=http://d", b"/00000/%2e%2e/visible", b"//00000/visible", b"/00000/vis%00ible", b"*"]
    + [b"http://b/00000/visible", b"http://b:80/00000/visible", b"http://u@b/", b"http:/00000/visible"]
)
_VERSIONS = [b"HTTP/1.1"] * 40 + [b"HTTP/1.0", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0"]
_HOSTS = [b"Host: a"] * 40 + [b"host:b", b"Host: a:80", b"Host:", b"Host: a\r\nHost: b", b"Host : a"]

_FRAMINGS = ["none"] * 3 + ["length"] * 6 + ["chunks"] * 6 + ["bad chunks"] + ["doubtful"] * 2

# What is no part of the framing, whatever it looks like; nothing of it may move the end of a body.
_LINES = [
    *(b"Connection: " + value for value in (b"close", b"keep-alive", b"Content-Length", b"Transfer-Encoding, X")),
    *(b"Expect: " + value for value in (b"100-continue", b"100-CONTINUE", b"y 100-continue", b"x", b"")),
    b"Connection: Upgrade\r\nUpgrade: websocket",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
    b"Upgrade: TLS/1.0",
    b"Proxy-Connection: close",
    b"Keep-Alive: max=1",
    b"TE: trailers",
    b"TE: chunked",
    b"Trailer: Content-Length",
    b"Content-Encoding: chunked",
    b"Content-Type: message/http",
    b"X-Request-Id: of the client's",
    b"X-Forwarded-For: 1.2.3.4",
    b"Via: 1.0 fred",
    b"Cookie: a=b; c=\xff",
    b"X: \xe5\x98\x8a\xe5\x98\x8d",
    b"X:",
    b"X:\t1\t",
    b"!#$%&'*+-.^_`|~1: x",
    b"X_Y: 1",
    b"Content_Length: 3",
    b"Transfer_Encoding: chunked",
    b"Content-Length-: 3",
    b"X-Transfer-Encoding: chunked",
    b"X-HTTP-Method-Override: DELETE",
    b"Range: bytes=0-",
    b"Max-Forwards: 0",
    b"X: " + b"x" * 300,
]

_CONTENTS = [b"", b"", b"x", b"hello\r\n", b"\r\n", b"0\r\n\r\n", b"5\r\nab", b"a: b\r\n\r\n", b"\n", b"0\n\n0;"]

# Framing that RFC 9112 calls invalid, or that contradicts the body; `%d` is its length.
_DOUBTFUL = [
    b"Content-Length: %d\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: %d",
    b"Content-Length: %d\r\nContent-Length: 0",
    b"Content-Length: %d\r\nTransfer-Encoding: x",
    b"Content-Length: %d\r\nTransfer-Encoding : chunked",
    b"Content-Length: %d\r\n Transfer-Encoding: chunked",
    b"Content-Length: %d\r\nX: y\nTransfer-Encoding: chunked",
    b"Content-Length: %d\r\nX: y\rTransfer-Encoding: chunked",
    b"Content-Length: %d\r\nTransfer-Encoding\x0b: chunked",
    b"Content-Length: %d\r\nTransfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: chunked, identity\r\nX: %d",
    b"Transfer-Encoding: identity, chunked\r\nX: %d",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nX: %d",
    b"Transfer-Encoding:\r\n chunked\r\nX: %d",
    b"Content-Length: %d, %d",
    b"Content-Length: +%d",
    b"Content-Length: %d;",
    b"Content-Length : %d",
    b"Content-Length: 0x%x",
    b"Content-Length: 1%d",
    b"Content-Length: 0%d",
    b"Content-Length: 0\r\nX: %d",
    b"Content_Length: %d",
    b"Transfer_Encoding: chunked\r\nX: %d",
]
_SIZES = [b"%x"] * 6 + [b"%X", b"0%x", b"%x;a", b'%x;a="b;c"', b"%x; a=b", b"00000%x"]
_BAD_SIZES = [b"%x ", b" %x", b"0x%x", b"+%x", b"%x\n", b"%x;\n", b"%x\t;a", b"%d", b"1%x", b"%xg", b""]
_CHUNK_ENDS = [b"\r\n"] * 5 + [b"\n", b"\r", b"", b"XX", b"\r\n\r\n"]
_TRAILERS = (
    [b""] * 8
    + [b"X: 1\r\n", b"X: 1\r\nY: 2\r\n", b"Content-Length: 9\r\n", b"GET: / HTTP/1.1\r\n", b"Host: b\r\n"]
    + [b"X: 1\n", b" x\r\n", b"GET /00000/hidden HTTP/1.1\r\n"]
)
_NOISE = [b"\0", b"\t", b" ", b"\r", b"\n", b"\r\n", b":", b"\x0b", b"\x7f", b"\xa0", b",", b";", b"_", b"\r\n\r\n"]


def _chunked(draw: Random, body: bytes, *, well: bool) -> bytes:
    """Frame a body in chunks, well or perhaps not."""
    middle = draw.randint(0, len(body))
    framed = b""
    for piece in (body[:middle], body[middle:]):
        if piece:
            size = draw.choice(_SIZES if well else _SIZES + _BAD_SIZES)
            end = b"\r\n" if well else draw.choice(_CHUNK_ENDS)
            framed += (size % len(piece) if b"%" in size else size) + b"\r\n" + piece + end
    trailers = draw.choice([b"", b"X: 1\r\n", b"Content-Length: 9\r\n"] if well else _TRAILERS)
    return framed + b"0\r\n" + trailers + (b"\r\n" if well else draw.choice(_CHUNK_ENDS))


def _request(draw: Random, *, well: bool) -> tuple[bytes, bool]:
    """Make a request, and tell whether its framing is right.

    Where it is, and that of all before it (`well`), what its body hides must never be read.
    """
    framing = draw.choice(_FRAMINGS)
    well = well and framing in ("none", "length", "chunks")
    hidden = INSIDE if well else HIDDEN
    body = draw.choice(_CONTENTS) + hidden * draw.choice([0, 1, 1, 2]) + draw.choice(_CONTENTS)
    lines = [draw.choice(_HOSTS), *draw.sample(_LINES, draw.randint(0, 3))]
    framed = body
    if framing == "none":
        framed = b""
    elif framing == "length":
        lines.append(length(body))
    elif framing == "doubtful":
        form = draw.choice(_DOUBTFUL)
        lines.append(form % ((len(body),) * form.count(b"%")))
        if draw.random() < 0.5:
            framed = _chunked(draw, body, well=True)
    else:
        lines.append(CHUNKED)
        framed = _chunked(draw, body, well=framing == "chunks")
    draw.shuffle(lines)
    start = b"%b %b %b\r\n" % (draw.choice(_METHODS), draw.choice(_TARGETS), draw.choice(_VERSIONS))
    return start + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + framed, well


def _message(draw: Random) -> Message:
    """Make up to three requests, one after the other, with the next customer's behind them."""
    data, well = b"", True
    for _ in range(draw.randint(1, 3)):
        made, well = _request(draw, well=well)
        data += made
    if draw.random() < 0.1:
        at = draw.randrange(len(data))
        # After this, what was inside a body may stand outside.
        data = data[:at] + draw.choice(_NOISE) + data[at + draw.randint(0, 1) :]
        data = data.replace(b"/inside ", b"/hidden ")
    data += draw.choice([b"", BEHIND]) + TAIL
    cuts = range(0, len(data), 3) if draw.random() < 0.1 else draw.choices(range(1, len(data)), k=draw.randint(0, 5))
    return Message(data=data, cuts=tuple(cuts), end=draw.choice([End.WAIT] * 8 + [End.HALF_CLOSE, End.ABORT]))


def generate(count: int) -> list[Message]:
    """Make so many messages: each from its number alone, so that the same ones come again."""
    return [_message(Random(number)) for number in range(count)]  # noqa: S311
