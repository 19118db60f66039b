"""Reading heads: what a request or a response says about itself, or the status with which it is refused."""

import re
from typing import Any

import httptools

HEAD_END = b"\r\n\r\n"
CHUNKED = -1
UNTIL_CLOSE = -2
_LONGEST_BODY = 2**63 - 1

# Fields that concern one connection only (RFC 9110, section 7.6.1), and those that the gateway writes itself.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    }
)
FORWARDING = frozenset(
    {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"via", b"x-request-id"}
)
_REQUEST_SPECIAL = HOP_BY_HOP | FORWARDING | {b"host", b"content-length", b"expect"}
_KEPT_THOUGH_SPECIAL = frozenset({b"host", b"content-length", b"expect"})
_RESPONSE_SPECIAL = HOP_BY_HOP | {b"content-length"}

_REQUEST_LINE = re.compile(rb"\S+ \S+ HTTP/1\.[01]")
_VERSION = re.compile(rb"HTTP/(\d)\.(\d)$")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#@\s]+)([/?][^#]*)?")
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?")


class BadMessageError(Exception):
    """A message that must be refused; `status` is the answer where it is a request."""

    def __init__(self, status: int, reason: str) -> None:
        """Keep the status and a reason in a few words."""
        super().__init__(reason)
        self.status = status
        self.reason = reason


class RequestHead:
    """What a request says. Made once per request on the hot path: slots, and no more than is needed."""

    __slots__ = (
        "body",
        "expects_continue",
        "fields",
        "forwarding",
        "host",
        "is_http_1_0",
        "keep_alive",
        "kept",
        "method",
        "path",
        "target",
        "te_trailers",
        "upgrade",
    )

    method: bytes
    target: bytes
    """In origin-form (or `*`), byte for byte; an absolute-form has been taken apart."""
    path: bytes
    """The target without its query: what the verdict looks at."""
    host: bytes
    fields: list[tuple[bytes, bytes]]
    """All fields in order, as sent."""
    kept: list[tuple[bytes, bytes]]
    """The fields that are forwarded as they are."""
    forwarding: list[tuple[bytes, bytes]]
    """Lower-case names and values of what other proxies have written about the way here."""
    body: int
    """Length of the body; CHUNKED; 0 for none."""
    keep_alive: bool
    is_http_1_0: bool
    upgrade: bytes
    expects_continue: bool
    te_trailers: bool

    def get(self, name: bytes) -> bytes:
        """Return the first value of a field, by its lower-case name; empty where it is missing."""
        for field, value in self.fields:
            if field.lower() == name:
                return value
        return b""


class ResponseHead:
    """What a response says."""

    __slots__ = ("body", "fields", "keep_alive", "kept", "reason", "status", "upgrade")

    status: int
    reason: bytes
    kept: list[tuple[bytes, bytes]]
    body: int
    """Length of the body; CHUNKED; UNTIL_CLOSE; 0 for none."""
    keep_alive: bool
    upgrade: bytes


class _Collector:
    """The callbacks of llhttp: they only collect."""

    __slots__ = ("complete", "fields", "reason", "url")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.url = b""
        self.reason = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.complete = True


class RequestHeadParser:
    """Parses heads of one connection. llhttp is used again while messages have no body, else made anew."""

    __slots__ = ("_collector", "_most_fields", "_parser")

    def __init__(self, most_fields: int) -> None:
        """Refuse heads with more than `most_fields` fields."""
        self._collector = _Collector()
        self._most_fields = most_fields
        self._parser: Any = None

    def parse(self, head: bytes) -> RequestHead:
        """Parse one head, its final empty line included.

        Raises:
            BadMessageError: it is not to be forwarded; `status` says why (400, 405, 431, 501, 505).
        """
        collector = self._collector
        collector.reset()
        line = head[: head.index(b"\r\n")]
        if _REQUEST_LINE.fullmatch(line) is None:
            raise _bad_request_line(line)
        parser = self._parser or httptools.HttpRequestParser(collector)
        self._parser = None
        try:
            parser.feed_data(head)
        except httptools.HttpParserUpgrade:  # so it says that the head is whole and an upgrade is asked for
            pass
        except httptools.HttpParserInvalidMethodError as error:
            raise BadMessageError(501, "this method is not known here") from error
        except httptools.HttpParserError as error:
            raise BadMessageError(400, f"the head of the request is malformed: {error}") from error
        if not collector.complete:
            raise BadMessageError(400, "the head of the request is malformed")
        if len(collector.fields) > self._most_fields:
            raise BadMessageError(431, f"more than {self._most_fields} header fields")
        request = _request_head(collector, parser, line)
        if request.body == 0 and not request.upgrade:
            self._parser = parser
        return request


def parse_response_head(head: bytes, *, answers_head: bool) -> ResponseHead:
    """Parse the head of a response; `answers_head` where the request was a HEAD.

    Raises:
        BadMessageError: it is garbage, or its framing contradicts itself.
    """
    collector = _Collector()
    parser = httptools.HttpResponseParser(collector)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:  # so it says that the head is whole and an upgrade is asked for
        pass
    except httptools.HttpParserError as error:
        raise BadMessageError(502, f"the application's answer is malformed: {error}") from error
    if not collector.complete or parser.get_http_version() not in ("1.0", "1.1"):
        raise BadMessageError(502, "the application's answer is malformed")
    response = ResponseHead()
    response.status = parser.get_status_code()
    if response.status < 100:  # noqa: PLR2004
        raise BadMessageError(502, "the application's answer has a status that is none")
    response.reason = collector.reason
    tokens = _classify_response(response, collector.fields)
    if answers_head or response.status < 200 or response.status in (204, 304):  # noqa: PLR2004
        response.body = 0
    is_http_1_0 = parser.get_http_version() == "1.0"
    response.keep_alive = response.body != UNTIL_CLOSE and _keeps_alive(tokens, is_http_1_0=is_http_1_0)
    return response


def _request_head(collector: _Collector, parser: Any, line: bytes) -> RequestHead:
    request = RequestHead()
    request.method = parser.get_method()
    request.fields = collector.fields
    request.is_http_1_0 = line.endswith(b"0")
    _classify_request(request)
    _set_target(request, collector.url)
    return request


def _classify_request(request: RequestHead) -> None:
    """Sort the fields: what is forwarded as it is, and what means something to the gateway."""
    kept: list[tuple[bytes, bytes]] = []
    special: list[tuple[bytes, bytes]] = []
    for field in request.fields:
        name = field[0].lower()
        if name in _REQUEST_SPECIAL:
            special.append((name, field[1]))
            if name not in _KEPT_THOUGH_SPECIAL:
                continue
        kept.append(field)
    request.forwarding = []
    request.upgrade = b""
    request.expects_continue = False
    request.te_trailers = False
    request.body = 0
    hosts: list[bytes] = []
    connection: list[bytes] = []
    for name, value in special:
        if name == b"host":
            hosts.append(value.strip(b" \t"))
        elif name == b"connection":
            connection.append(value)
        else:
            _note(request, name, value)
    tokens = _tokens(b",".join(connection))
    if b"upgrade" not in tokens or request.is_http_1_0 or b"h2c" in _tokens(request.upgrade):
        request.upgrade = b""  # RFC 9110, section 7.8; after h2c nobody here could read what is asked
    request.keep_alive = _keeps_alive(tokens, is_http_1_0=request.is_http_1_0)
    request.kept = _without_nominated(kept, tokens)
    if len(hosts) != 1 and (hosts or not request.is_http_1_0):
        raise BadMessageError(400, "a request names exactly one Host")
    request.host = hosts[0] if hosts else b""
    if request.host and _HOST.fullmatch(request.host) is None:
        raise BadMessageError(400, "the Host is not a host name")


def _note(request: RequestHead, name: bytes, value: bytes) -> None:
    """Take down what a special field says."""
    if name == b"content-length":
        request.body = _length(value, 400)
    elif name == b"transfer-encoding":
        _check_transfer_encoding(request, value)
    elif name == b"expect":
        request.expects_continue = value.strip(b" \t").lower() == b"100-continue"
    elif name == b"upgrade":
        request.upgrade = value
    elif name == b"te":
        request.te_trailers = b"trailers" in value.lower()
    elif name in FORWARDING:
        request.forwarding.append((name, value))


def _classify_response(response: ResponseHead, fields: list[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """Sort the fields; return what Connection says."""
    kept: list[tuple[bytes, bytes]] = []
    response.upgrade = b""
    response.body = UNTIL_CLOSE
    connection: list[bytes] = []
    for field in fields:
        name = field[0].lower()
        if name not in _RESPONSE_SPECIAL:
            kept.append(field)
        elif name == b"content-length":
            response.body = _length(field[1], 502)
            kept.append(field)
        elif name == b"connection":
            connection.append(field[1])
        elif name == b"transfer-encoding":
            if response.body == CHUNKED or field[1].strip(b" \t").lower() != b"chunked":
                raise BadMessageError(502, "the application's answer has a transfer coding that is not chunked")
            response.body = CHUNKED
        elif name == b"upgrade":
            response.upgrade = field[1]
    tokens = _tokens(b",".join(connection))
    response.kept = _without_nominated(kept, tokens)
    return tokens


def _check_transfer_encoding(request: RequestHead, value: bytes) -> None:
    """RFC 9112, sections 6.1 and 6.3: only chunked, only once, only in HTTP/1.1."""
    if request.is_http_1_0:
        raise BadMessageError(400, "HTTP/1.0 knows no Transfer-Encoding")
    if request.body == CHUNKED or value.strip(b" \t").lower() != b"chunked":
        raise BadMessageError(501, "the only transfer coding known here is chunked")
    request.body = CHUNKED


def _length(value: bytes, status: int) -> int:
    """Read a Content-Length, whose digits llhttp has checked; the application may count in 63 bits."""
    length = int(value)
    if length > _LONGEST_BODY:
        raise BadMessageError(status, "the Content-Length is beyond all reason")
    return length


# What nearly every Connection field says; they nominate nothing.
_USUAL_TOKENS: dict[bytes, frozenset[bytes]] = {
    b"": frozenset(),
    b"keep-alive": frozenset({b"keep-alive"}),
    b"close": frozenset({b"close"}),
}


def _tokens(value: bytes) -> frozenset[bytes]:
    known = _USUAL_TOKENS.get(value)
    if known is not None:
        return known
    return frozenset(token.strip(b" \t").lower() for token in value.split(b",") if token.strip(b" \t"))


def _keeps_alive(tokens: frozenset[bytes], *, is_http_1_0: bool) -> bool:
    """Tell whether the connection stays (RFC 9112, section 9.3).

    llhttp can't be asked afterwards: it forgets at the end of a message, which a head without a body is.
    """
    return b"close" not in tokens and (not is_http_1_0 or b"keep-alive" in tokens)


# What a Connection field can't have removed: the gateway and the application rely on them.
_NOT_NOMINABLE = frozenset({b"host", b"content-length", b"expect", b"close", b"keep-alive", b"upgrade"})


def _without_nominated(kept: list[tuple[bytes, bytes]], tokens: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    """Drop the fields that Connection names (RFC 9110, section 7.6.1)."""
    nominated = tokens - _NOT_NOMINABLE
    return [field for field in kept if field[0].lower() not in nominated] if nominated else kept


def _set_target(request: RequestHead, target: bytes) -> None:
    """Take the target apart by its form (RFC 9112, section 3.2)."""
    if request.method == b"CONNECT":
        raise BadMessageError(405, "CONNECT is for proxies; this is a gateway")
    if not target.startswith(b"/") and not (target == b"*" and request.method == b"OPTIONS"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None or _HOST.fullmatch(absolute[1]) is None:
            raise BadMessageError(400, "the target of the request is malformed")
        request.host = absolute[1]
        request.kept = [(b"Host", request.host), *(field for field in request.kept if field[0].lower() != b"host")]
        target = absolute[2] or (b"*" if request.method == b"OPTIONS" else b"/")  # RFC 9112, section 3.2.4
        if target.startswith(b"?"):
            target = b"/" + target
    if b"#" in target:
        raise BadMessageError(400, "the target of a request has no fragment")
    request.target = target
    query = target.find(b"?")
    request.path = target if query < 0 else target[:query]


def _bad_request_line(line: bytes) -> BadMessageError:
    version = _VERSION.search(line)
    if version is not None and version[1] != b"1":
        return BadMessageError(505, "the versions known here are HTTP/1.0 and HTTP/1.1")
    return BadMessageError(400, "the request line is malformed")
