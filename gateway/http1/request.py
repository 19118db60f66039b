"""Reading the head of a request: what it says about itself, or the status with which it is refused.

The request line is read here, the fields behind it by llhttp (httptools), which refuses what RFC 9112 calls invalid;
what it lets pass is checked here. Clients mostly send the same fields again and again: the last ones are remembered.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import httptools

from gateway.http1.cookies import BYPASS_COOKIE, take_cookie
from gateway.http1.fields import (
    CHUNKED,
    HOP_BY_HOP,
    BadMessageError,
    Complete,
    check,
    finder,
    keeps_alive,
    length,
    replaced,
    tokens,
    without_nominated,
)

if TYPE_CHECKING:
    from gateway.http1.negotiate import Wants

FORWARDING = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id")
_FORWARDING = frozenset(name.encode() for name in FORWARDING)
_SPECIAL = finder(("host", "content-length", "expect", *HOP_BY_HOP, *FORWARDING), look_alikes=True)
_FRAMING_LOOK_ALIKES = frozenset({b"content_length", b"transfer_encoding"})

# Path and query as they may stand in a request line (RFC 9112, section 3.2.1); no fragment, nothing that is no ASCII.
_ORIGIN_FORM = re.compile(rb"(/[\x21\x22\x24-\x3e\x40-\x7e]*)(?:\?[\x21\x22\x24-\x7e]*)?")
_ABSOLUTE_FORM = re.compile(rb"(?i:https?)://([^/?#@\s]+)([/?][^#]*)?")
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?")
_VERSION = re.compile(rb"HTTP/1\.[01]\r\n")
_ANY_VERSION = re.compile(rb"HTTP/(\d)\.(\d)$")
# Those of IANA's registry that llhttp knows, and PURGE, which caches know.
METHODS = frozenset(
    b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND "
    b"REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PURGE MKCALENDAR LINK "
    b"UNLINK SOURCE QUERY".split()
)


class RequestFields:
    """The version and the fields of a request: all of a head but its first two words. Not changed once made."""

    __slots__ = (
        "body",
        "bypass",
        "expects_continue",
        "forwarding",
        "host",
        "is_http_1_0",
        "keep_alive",
        "kept",
        "raw",
        "te_trailers",
        "upgrade",
        "wants",
    )

    raw: bytes
    """From `HTTP/1.1` to the empty line, as sent."""
    host: bytes
    kept: bytes
    """The lines that are forwarded as they are, each with its CRLF before it."""
    forwarding: tuple[tuple[bytes, bytes], ...]
    """Lower-case names and values of what other proxies have written about the way here."""
    body: int
    """Length of the body; CHUNKED; 0 for none."""
    bypass: tuple[bytes, ...]
    """The tokens that the gateway's own cookie holds; `kept` is without it."""
    keep_alive: bool
    is_http_1_0: bool
    upgrade: bytes
    expects_continue: bool
    te_trailers: bool
    wants: "Wants | None"
    """See `negotiate.wants_of`."""

    def get(self, name: str) -> bytes:
        """Return the first value of a field; empty where it is missing."""
        found = _finder(name).search(self.raw)
        return found[2].strip(b" \t") if found else b""


@lru_cache(maxsize=64)
def _finder(name: str) -> re.Pattern[bytes]:
    return finder((name,))


class RequestHead:
    """What a request says. Made once per request on the hot path."""

    __slots__ = ("fields", "method", "path", "target")

    def __init__(self, method: bytes, target: bytes, path: bytes, fields: RequestFields) -> None:
        """`target` is in origin-form (or `*`), byte for byte; `path`, without the query, is what a verdict looks at."""
        self.method = method
        self.target = target
        self.path = path
        self.fields = fields


class RequestHeadParser:
    """Parses the heads of one connection."""

    __slots__ = ("_fields", "_most_fields", "_raw")

    def __init__(self, most_fields: int) -> None:
        """Refuse heads with more than `most_fields` fields."""
        self._most_fields = most_fields
        self._raw = b""
        self._fields: RequestFields

    def parse(self, head: bytes) -> RequestHead:
        """Parse one head, its final empty line included.

        Raises:
            BadMessageError: it is not to be forwarded; `status` says why (400, 405, 431, 501, 505).
        """
        try:
            method, target, raw = head.split(b" ", 2)
        except ValueError as error:
            raise _bad_request_line(head) from error
        is_known = raw == self._raw
        if not is_known and _VERSION.match(raw) is None:
            raise _bad_request_line(head)
        if method not in METHODS:
            raise _bad_method(method)
        if not is_known:
            self._fields = _read_fields(raw, self._most_fields)
            self._raw = raw
        origin = _ORIGIN_FORM.fullmatch(target)
        if origin is not None and method != b"CONNECT":
            return RequestHead(method, target, origin[1], self._fields)
        return _other_form(method, target, self._fields)


def _read_fields(raw: bytes, most: int) -> RequestFields:
    """Read the version and the fields."""
    seen = Complete()
    wrong = check(httptools.HttpRequestParser(seen), seen, b"GET / " + raw)
    if wrong:
        raise BadMessageError(400, f"the head of the request is malformed: {wrong}")
    if raw.count(b"\r\n") - 2 > most:
        raise BadMessageError(431, f"more than {most} header fields")
    fields = RequestFields()
    fields.raw = raw
    fields.wants = None
    fields.is_http_1_0 = raw[7:8] == b"0"
    _classify(fields)
    return fields


def _classify(fields: RequestFields) -> None:
    """Sort the fields: what is forwarded as it is, and what means something to the gateway."""
    raw = fields.raw
    fields.upgrade = b""
    fields.expects_continue = fields.te_trailers = False
    fields.body = 0
    fields.bypass = ()
    hosts: list[bytes] = []
    connection: list[bytes] = []
    forwarding: list[tuple[bytes, bytes]] = []
    kept = raw[raw.index(b"\r\n") : -2]
    for name, value in _SPECIAL.findall(raw):
        key, said = name.lower(), value.strip(b" \t")
        line = b""
        if key == b"host":
            hosts.append(said)
            line = b"\r\n%b: %b" % (name, said)
        elif key == b"connection":
            connection.append(said)
        elif key == b"content-length":
            fields.body = length(said, 400)
            line = b"\r\n%b: %d" % (name, fields.body)
        elif key == b"expect":
            fields.expects_continue = said.lower() == b"100-continue"
            continue
        elif key in _FORWARDING:
            forwarding.append((key, said))
        else:
            _note(fields, key, said)
        kept = replaced(kept, name, value, line)
    if BYPASS_COOKIE in kept:
        kept, fields.bypass = take_cookie(kept, BYPASS_COOKIE)
    nominated = tokens(b",".join(connection))
    if b"upgrade" not in nominated or fields.is_http_1_0 or b"h2c" in tokens(fields.upgrade):
        fields.upgrade = b""  # RFC 9110, section 7.8; after h2c nobody here could read what is asked
    fields.keep_alive = keeps_alive(nominated, is_http_1_0=fields.is_http_1_0)
    fields.forwarding = tuple(forwarding)
    fields.kept = without_nominated(kept[:-2], nominated)
    if len(hosts) != 1 and (hosts or not fields.is_http_1_0):
        raise BadMessageError(400, "a request names exactly one Host")
    fields.host = hosts[0] if hosts else b""
    if fields.host and _HOST.fullmatch(fields.host) is None:
        raise BadMessageError(400, "the Host is not a host name")


def _note(fields: RequestFields, name: bytes, value: bytes) -> None:
    """Take down what a field says that ends here."""
    if name == b"transfer-encoding":
        if fields.is_http_1_0:
            raise BadMessageError(400, "HTTP/1.0 knows no Transfer-Encoding")
        if fields.body == CHUNKED or value.lower() != b"chunked":  # RFC 9112, sections 6.1 and 6.3
            raise BadMessageError(501, "the only transfer coding known here is chunked")
        fields.body = CHUNKED
    elif name == b"upgrade":
        fields.upgrade = b", ".join(filter(None, (fields.upgrade, value)))
    elif name == b"te":
        fields.te_trailers = fields.te_trailers or b"trailers" in tokens(value)
    elif name in _FRAMING_LOOK_ALIKES:
        raise BadMessageError(400, f"a field named {name.decode()} could be taken for another one")


def _other_form(method: bytes, target: bytes, fields: RequestFields) -> RequestHead:
    """Take a target apart that is no path (RFC 9112, section 3.2)."""
    if method == b"CONNECT":
        raise BadMessageError(405, "CONNECT is for proxies; this is a gateway")
    if target == b"*" and method == b"OPTIONS":
        return RequestHead(method, target, target, fields)
    absolute = _ABSOLUTE_FORM.fullmatch(target)
    if absolute is None or _HOST.fullmatch(absolute[1]) is None:
        raise BadMessageError(400, "the target of the request is malformed")
    target = absolute[2] or (b"*" if method == b"OPTIONS" else b"/")  # RFC 9112, section 3.2.4
    if target.startswith(b"?"):
        target = b"/" + target
    origin = _ORIGIN_FORM.fullmatch(target)
    if origin is None and target != b"*":
        raise BadMessageError(400, "the target of the request is malformed")
    return RequestHead(method, target, origin[1] if origin else target, _for_host(fields, absolute[1]))


def _for_host(fields: RequestFields, host: bytes) -> RequestFields:
    """Return the fields as if Host had said `host`: that of an absolute-form counts (RFC 9112, section 3.2.2)."""
    changed = RequestFields()
    for name in RequestFields.__slots__:
        setattr(changed, name, getattr(fields, name))
    changed.host = host
    changed.kept = b"\r\nHost: %b%b" % (host, _finder("host").sub(b"", fields.kept))
    return changed


def _bad_request_line(head: bytes) -> BadMessageError:
    version = _ANY_VERSION.search(head[: head.index(b"\r\n")])
    if version is not None and version[1] != b"1":
        return BadMessageError(505, "the versions known here are HTTP/1.0 and HTTP/1.1")
    return BadMessageError(400, "the request line is malformed")


def _bad_method(method: bytes) -> BadMessageError:
    if b"\r" in method or b"\n" in method or not method:
        return BadMessageError(400, "the request line is malformed")
    return BadMessageError(501, "this method is not known here")
