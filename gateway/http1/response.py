"""Reading the head of a response, with what llhttp and the gateway refuse."""

import re

import httptools

from gateway.http1.fields import (
    CHUNKED,
    HOP_BY_HOP,
    UNTIL_CLOSE,
    BadMessageError,
    Complete,
    check,
    finder,
    keeps_alive,
    length,
    tokens,
    without_nominated,
)

_SPECIAL = finder(("content-length", *HOP_BY_HOP))
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)( [^\r]*)?\r\n")


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
    line = _STATUS_LINE.match(head)
    if line is None:
        raise BadMessageError(502, "the application does not answer in HTTP/1.1")
    seen = Complete()
    wrong = check(httptools.HttpResponseParser(seen), seen, head)
    if wrong:
        raise BadMessageError(502, f"the application's answer is malformed: {wrong}")
    response = ResponseHead()
    status = response.status = int(line[2])
    response.upgrade = b""
    is_http_1_0 = line[1] == b"0"
    body = UNTIL_CLOSE
    connection: list[bytes] = []
    kept: list[bytes] = []
    position = 0
    if is_http_1_0 or line[3] is None:  # RFC 9112, section 4: the space behind the status is not optional
        kept.append(b"HTTP/1.1 %d%b" % (status, line[3] or b" "))
        position = line.end() - 2
    for match in _SPECIAL.finditer(head):
        name, value = match[1].lower(), match[2].strip(b" \t")
        if name == b"content-length":
            body = length(value, 502)
            continue
        kept.append(head[position : match.start()])
        position = match.end()
        if name == b"connection":
            connection.append(value)
        elif name == b"transfer-encoding":
            if body == CHUNKED or value.lower() != b"chunked":
                raise BadMessageError(502, "the application's answer has a transfer coding that is not chunked")
            body = CHUNKED
        elif name == b"upgrade":
            response.upgrade = b", ".join(filter(None, (response.upgrade, value)))
    kept.append(head[position:-4])
    said = tokens(b",".join(connection)) if connection else frozenset()
    response.kept = without_nominated(b"".join(kept), said)
    if answers_head or status < 200 or status in (204, 304):  # noqa: PLR2004
        body = 0
    response.body = body
    response.keep_alive = body != UNTIL_CLOSE and keeps_alive(said, is_http_1_0=is_http_1_0)
    return response
