"""Reading the head of a request: what it says about itself, or the status with which it is refused.

Anything doubtful is refused, nothing is mended. Clients mostly send the same fields again and again: those of the last
request are remembered, so that only what is new of a head is read.
"""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from gateway.http1.cookies import BYPASS_COOKIE, IN_ALL_NAMES, PLACE_COOKIE, SESSION_COOKIE, take_cookie
from gateway.http1.fields import (
    CHUNKED,
    FIELD_LINES,
    FORWARDING,
    HOP_BY_HOP,
    BadMessageError,
    finder,
    keeps_alive,
    length,
    replaced,
    tokens,
    without_nominated,
)

if TYPE_CHECKING:
    from gateway.http1.negotiate import Wants

_FORWARDING = frozenset(name.encode() for name in FORWARDING)
_KEPT = frozenset({b"host", b"content-length", b"expect"})
_SPECIAL = finder(("host", "content-length", "expect", *HOP_BY_HOP, *FORWARDING), look_alikes=True)
_FRAMING_LOOK_ALIKES = frozenset({b"content_length", b"transfer_encoding"})
_FRAMING = _FRAMING_LOOK_ALIKES | {b"content-length", b"transfer-encoding"}

# Path and query as they may stand in a request line (RFC 9112, section 3.2.1); no fragment, nothing that is no ASCII.
_ORIGIN_FORM = re.compile(rb"(/[\x21\x22\x24-\x3e\x40-\x7e]*)(?:\?[\x21\x22\x24-\x7e]*)?")
_ABSOLUTE_FORM = re.compile(rb"(?i:https?)://([^/?#@\s]+)([/?][^#]*)?")
# What is looked up or routed by: names and addresses, none of what RFC 3986 also allows in a registered name.
_HOST = re.compile(rb"([A-Za-z0-9_~-][A-Za-z0-9._~-]*|\[([0-9A-Fa-f:.]+)\])(?::(\d{0,5}))?")
_HIGHEST_PORT = 65_535
_LONGEST_HOST = 262  # a name of 255 bytes and a port (RFC 1035, section 2.3.4)
_LONGEST_REMEMBERED = 8192
_VERSIONS = (b"HTTP/1.1\r\n", b"HTTP/1.0\r\n")
_FIELDS = re.compile(rb"HTTP/1\.[01]" + FIELD_LINES)
_ANY_VERSION = re.compile(rb"[!-~]+ [!-~]+ HTTP/(\d)\.\d")
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# The registry of IANA, less PRI (which is HTTP/2's), and those that servers know without: PURGE, NOTIFY, (UN)SUBSCRIBE.
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
        "place",
        "raw",
        "session",
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
    """The tokens of bypass links that the gateway's own cookies hold; `kept` is without them."""
    place: tuple[bytes, ...]
    """The same of the cookies that a reopening goes by."""
    session: tuple[bytes, ...]
    """The same of the panel's sessions: for the built-in site alone (`for_built_in`)."""
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
        if not is_known and raw[:10] not in _VERSIONS:
            raise _bad_request_line(head)
        if method not in METHODS:
            raise _bad_method(method)
        if not is_known:
            self._fields = _read_fields(raw, self._most_fields)
            self._raw = raw if len(raw) <= _LONGEST_REMEMBERED else b""
        origin = _ORIGIN_FORM.fullmatch(target)
        if origin is not None and method != b"CONNECT":
            return RequestHead(method, target, origin[1], self._fields)
        return _other_form(method, target, self._fields)


def _read_fields(raw: bytes, most: int) -> RequestFields:
    """Read the version and the fields."""
    if _FIELDS.fullmatch(raw) is None:
        raise BadMessageError(400, "a header field of the request is malformed")
    if raw.count(b"\n") - 2 > most:
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
    said: dict[bytes, list[bytes]] = {}
    kept = raw[raw.index(b"\r\n") : -2]
    for name, value in _SPECIAL.findall(raw):
        key, text = name.lower(), value.strip(b" \t")
        said.setdefault(key, []).append(text)
        if key not in _KEPT:
            kept = replaced(kept, name, value)
        elif key == b"content-length":  # written in the one way that nobody reads otherwise
            kept = replaced(kept, name, value, b"\r\n%b: %d" % (name, length(text, 400)))
        elif value[1:] != text:
            kept = replaced(kept, name, value, b"\r\n%b: %b" % (name, text))
    fields.bypass = fields.place = fields.session = ()
    if IN_ALL_NAMES in kept:
        kept, fields.bypass = take_cookie(kept, BYPASS_COOKIE)
        kept, fields.place = take_cookie(kept, PLACE_COOKIE)
        kept, fields.session = take_cookie(kept, SESSION_COOKIE)
    nominated = tokens(b",".join(said[b"connection"])) if b"connection" in said else frozenset()
    fields.kept = without_nominated(kept[:-2], nominated) if nominated else kept[:-2]
    fields.keep_alive = keeps_alive(nominated, is_http_1_0=fields.is_http_1_0)
    fields.forwarding = ()
    if not _FORWARDING.isdisjoint(said):
        fields.forwarding = tuple((key, text) for key in said.keys() & _FORWARDING for text in said[key])
    fields.host = _host(said.get(b"host", []), is_http_1_0=fields.is_http_1_0)
    fields.body = 0 if _FRAMING.isdisjoint(said) else _framing(said, is_http_1_0=fields.is_http_1_0)
    fields.expects_continue = b"expect" in said and _expects_continue(said[b"expect"])
    fields.te_trailers = b"te" in said and b"trailers" in tokens(b",".join(said[b"te"]))
    asked = b", ".join(said[b"upgrade"]) if b"upgrade" in said else b""
    # RFC 9110, section 7.8; after h2c nobody here could read what is asked.
    is_asked = b"upgrade" in nominated and not fields.is_http_1_0 and b"h2c" not in tokens(asked)
    fields.upgrade = asked if is_asked else b""


def _host(hosts: list[bytes], *, is_http_1_0: bool) -> bytes:
    """Return what Host says (RFC 9112, section 3.2); HTTP/1.0 may do without."""
    if len(hosts) != 1 and (hosts or not is_http_1_0):
        raise BadMessageError(400, "a request names exactly one Host")
    host = hosts[0] if hosts else b""
    if host and (len(host) > _LONGEST_HOST or not _is_host(host)):
        raise BadMessageError(400, "the Host is not a host name")
    return host


def _framing(said: dict[bytes, list[bytes]], *, is_http_1_0: bool) -> int:
    """Return the length of the body, or CHUNKED (RFC 9112, sections 6.1 to 6.3)."""
    if not said.keys().isdisjoint(_FRAMING_LOOK_ALIKES):
        raise BadMessageError(400, "a field named content_length or transfer_encoding could be taken for another one")
    lengths, encodings = said.get(b"content-length", []), said.get(b"transfer-encoding", [])
    if len(lengths) + bool(encodings) > 1:
        raise BadMessageError(400, "a request has at most one Content-Length, or a Transfer-Encoding")
    if not encodings:
        return length(lengths[0], 400) if lengths else 0
    *others, last = [coding.strip(b" \t").lower() for coding in b",".join(encodings).split(b",")]
    if is_http_1_0 or last != b"chunked" or b"chunked" in others or b"" in others:
        raise BadMessageError(400, "chunked is the last transfer coding, once, and HTTP/1.0 knows none")
    if others:
        raise BadMessageError(501, "the only transfer coding known here is chunked")
    return CHUNKED


def _expects_continue(expected: list[bytes]) -> bool:
    """Refuse all expectations but this one (RFC 9110, section 10.1.1)."""
    if len(expected) > 1 or expected[0].lower() != b"100-continue":
        raise BadMessageError(417, "the only expectation known here is 100-continue, once")
    return True


@lru_cache(maxsize=1024)
def _is_host(host: bytes) -> bool:
    found = _HOST.fullmatch(host)
    if found is None or b".." in found[1] or int(found[3] or 0) > _HIGHEST_PORT:
        return False
    try:
        return found[2] is None or bool(IPv6Address(found[2].decode()))
    except ValueError:
        return False


def _other_form(method: bytes, target: bytes, fields: RequestFields) -> RequestHead:
    """Take a target apart that is no path (RFC 9112, section 3.2)."""
    if method == b"CONNECT":
        raise BadMessageError(405, "CONNECT is for proxies; this is a gateway")
    if target == b"*" and method == b"OPTIONS":
        return RequestHead(method, target, target, fields)
    absolute = _ABSOLUTE_FORM.fullmatch(target)
    if absolute is None or len(absolute[1]) > _LONGEST_HOST or not _is_host(absolute[1]):
        raise BadMessageError(400, "the target of the request is malformed")
    target = absolute[2] or (b"*" if method == b"OPTIONS" else b"/")  # RFC 9112, section 3.2.4
    if target.startswith(b"?"):
        target = b"/" + target
    origin = _ORIGIN_FORM.fullmatch(target)
    if origin is None and target != b"*":
        raise BadMessageError(400, "the target of the request is malformed")
    return RequestHead(method, target, origin[1] if origin else target, _for_host(fields, absolute[1]))


def for_built_in(request: RequestHead) -> RequestHead:
    """Return the request as the built-in site gets it: with the panel's session, which the application never sees."""
    fields = request.fields
    if not fields.session:
        return request
    own = b"; ".join(b"%b=%b" % (SESSION_COOKIE, value) for value in fields.session)
    # aiohttp reads the first Cookie field alone.
    kept, count = _finder("cookie").subn(lambda found: b"\r\n%b: %b;%b" % (found[1], own, found[2]), fields.kept, 1)
    kept = kept if count else b"%b\r\nCookie: %b" % (kept, own)
    return RequestHead(request.method, request.target, request.path, _with(fields, kept=kept))


def _for_host(fields: RequestFields, host: bytes) -> RequestFields:
    """Return the fields as if Host had said `host`: that of an absolute-form counts (RFC 9112, section 3.2.2)."""
    return _with(fields, host=host, kept=b"\r\nHost: %b%b" % (host, _finder("host").sub(b"", fields.kept)))


def _with(fields: RequestFields, **changes: bytes) -> RequestFields:
    """Return a copy in which some fields are others."""
    changed = RequestFields()
    for name in RequestFields.__slots__:
        setattr(changed, name, changes.get(name, getattr(fields, name)))
    return changed


def _bad_request_line(head: bytes) -> BadMessageError:
    version = _ANY_VERSION.fullmatch(head[: head.index(b"\r\n")])
    if version is not None and version[1] != b"1":
        return BadMessageError(505, "the versions known here are HTTP/1.0 and HTTP/1.1")
    return BadMessageError(400, "the request line is malformed")


def _bad_method(method: bytes) -> BadMessageError:
    if _METHOD.fullmatch(method) is None:
        return BadMessageError(400, "the request line is malformed")
    return BadMessageError(501, "this method is not known here")
