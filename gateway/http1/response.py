"""Reading the head of a response; one that is malformed, or whose framing contradicts itself, is refused."""

import re

from gateway.http1.fields import (
    CHUNKED,
    FIELD_LINES,
    HOP_BY_HOP,
    UNTIL_CLOSE,
    BadMessageError,
    finder,
    keeps_alive,
    length,
    replaced,
    tokens,
    without_nominated,
)

_SPECIAL = finder(("content-length", *HOP_BY_HOP))
# RFC 9112, section 4, and what follows it.
_HEAD = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])( [\t\x20-\x7e\x80-\xff]*)?" + FIELD_LINES)


class ResponseHead:
    """What a response says."""

    __slots__ = ("body", "keep_alive", "kept", "status", "upgrade")

    status: int
    kept: bytes
    """The status line and the fields that are relayed as they are, without the empty line."""
    body: int
    """Length of the body; CHUNKED; UNTIL_CLOSE; 0 for none."""
    keep_alive: bool
    upgrade: bytes


def parse_response_head(head: bytes, *, answers_head: bool) -> ResponseHead:
    """Parse the head of a response, its final empty line included; `answers_head` where the request was a HEAD.

    Raises:
        BadMessageError: it is garbage, or its framing contradicts itself.
    """
    line = _HEAD.fullmatch(head)
    if line is None:
        raise BadMessageError(502, "the head of the application's answer is malformed")
    response = ResponseHead()
    status = response.status = int(line[2])
    response.upgrade = b""
    is_http_1_0 = line[1] == b"0"
    body = UNTIL_CLOSE
    nominated: frozenset[bytes] = frozenset()
    kept = head[:-2]
    if is_http_1_0 or line[3] is None:  # RFC 9112, section 4: the space behind the status is not optional
        kept = b"HTTP/1.1 %d%b%b" % (status, line[3] or b" ", kept[head.index(b"\r\n") :])
    for name, value in _SPECIAL.findall(head):
        key, said = name.lower(), value.strip(b" \t")
        if key == b"content-length":
            if body != UNTIL_CLOSE:
                raise BadMessageError(502, "the application's answer has two lengths")
            body = length(said, 502)
            continue
        kept = replaced(kept, name, value)
        if key == b"connection":
            nominated |= tokens(said)
        elif key == b"transfer-encoding":
            if body != UNTIL_CLOSE:
                raise BadMessageError(502, "the application's answer has two lengths")
            if said.lower() != b"chunked":
                raise BadMessageError(502, "the application's answer has a transfer coding that is not chunked")
            body = CHUNKED
        elif key == b"upgrade":
            response.upgrade = b", ".join(filter(None, (response.upgrade, said)))
    kept = kept[:-2]
    response.kept = without_nominated(kept, nominated) if nominated else kept
    if answers_head or status < 200 or status in (204, 304):  # noqa: PLR2004
        body = 0
    response.body = body
    response.keep_alive = body != UNTIL_CLOSE and keeps_alive(nominated, is_http_1_0=is_http_1_0)
    return response
