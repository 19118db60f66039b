"""What heads of requests and of responses have in common: their fields, framing, and how they are refused."""

import re
from collections.abc import Iterable

# RFC 9110, sections 5.1 and 5.5, RFC 9112, section 5: a name is a token and has no space before its colon, a line is
# not folded, no control character, no bare CR or LF. Nothing in it can match in two ways, so a head
# that fails takes no longer than its length. (Not possessive: Python 3.11.2 has a defect there, CPython issue 106052.)
FIELD_LINES = rb"(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*)*\r\n\r\n"
HEAD_END = b"\r\n\r\n"
CHUNKED = -1
UNTIL_CLOSE = -2
_LONGEST_BODY = 2**63 - 1

# Fields that concern one connection only (RFC 9110, section 7.6.1).
HOP_BY_HOP = (
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
)
# What proxies write about the way of a request; a client's own is not believed.
FORWARDING = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id")


class BadMessageError(Exception):
    """A message that must be refused; `status` is the answer where it is a request."""

    def __init__(self, status: int, reason: str) -> None:
        """Keep the status and a reason in a few words."""
        super().__init__(reason)
        self.status = status
        self.reason = reason


def finder(names: Iterable[str], *, look_alikes: bool = False) -> re.Pattern[bytes]:
    r"""Compile a pattern whose `findall` gives the names and values, with the space around them, of these fields.

    A match begins with the CRLF before the line. With `look_alikes`, a name may have `_` for `-`: applications behind
    CGI or WSGI can't tell the two apart (RFC 3875, section 4.1.18).
    """
    first = "".join(sorted({letter for name in names for letter in (name[0], name[0].upper())}))
    either = "|".join(name.replace("-", "[-_]") if look_alikes else name for name in names)
    return re.compile(f"\r\n(?=[{first}])((?i:{either})):([^\r]*)".encode())


def length(value: bytes, status: int) -> int:
    """Read a Content-Length (RFC 9110, section 8.6); the other side may count in 63 bits.

    Raises:
        BadMessageError: with `status`, where it is no length.
    """
    if not value.isdigit():
        raise BadMessageError(status, "the Content-Length is not a number")
    found = int(value) if len(value) < 20 else _LONGEST_BODY + 1  # noqa: PLR2004  more digits than 2**63 has
    if found > _LONGEST_BODY:
        raise BadMessageError(status, "the Content-Length is beyond all reason")
    return found


def replaced(lines: bytes, name: bytes, value: bytes, by: bytes = b"") -> bytes:
    r"""Replace a line that `finder` has found by another one (`\r\nName: value`), or by none; each ends with CRLF."""
    return lines.replace(b"\r\n%b:%b\r\n" % (name, value), by + b"\r\n", 1)


# What nearly every Connection field says; they nominate nothing.
_USUAL_TOKENS: dict[bytes, frozenset[bytes]] = {
    b"": frozenset(),
    b"keep-alive": frozenset({b"keep-alive"}),
    b"close": frozenset({b"close"}),
}
# What a Connection field can't have removed: the gateway and the application rely on them.
_NOT_NOMINABLE = frozenset({b"host", b"content-length", b"expect", b"close", b"keep-alive", b"upgrade"})


def tokens(value: bytes) -> frozenset[bytes]:
    """Return the items of a list such as Connection's, in lower case."""
    known = _USUAL_TOKENS.get(value)
    if known is not None:
        return known
    return frozenset(token.strip(b" \t").lower() for token in value.split(b",") if token.strip(b" \t"))


def keeps_alive(connection: frozenset[bytes], *, is_http_1_0: bool) -> bool:
    """Tell whether the connection stays (RFC 9112, section 9.3)."""
    return b"close" not in connection and (not is_http_1_0 or b"keep-alive" in connection)


def without_nominated(lines: bytes, connection: frozenset[bytes]) -> bytes:
    """Drop the fields that Connection names (RFC 9110, section 7.6.1); each line has its CRLF before it."""
    nominated = connection - _NOT_NOMINABLE
    if not nominated:
        return lines
    first, *others = lines.split(b"\r\n")
    return b"\r\n".join([first, *(line for line in others if line.partition(b":")[0].lower() not in nominated)])
