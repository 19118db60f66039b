"""Cutting requests out of a connection's bytes, whatever the reads in which they arrive."""

import re

from gateway.http1.fields import HEAD_END, BadMessageError
from gateway.http1.request import RequestHead, RequestHeadParser

_CR = 0x0D
_EMPTY_LINES = re.compile(rb"(?:\r\n)*")
_MOST_IGNORED = 1024
_OF_METHODS = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class RequestReader:
    """Holds what has come and was not read yet; a body that follows a head is taken off `buffer` by others."""

    __slots__ = ("_ignored", "_most_bytes", "_parser", "buffer", "searched")

    def __init__(self, most_bytes: int, most_fields: int) -> None:
        """Refuse heads of more bytes, or with more fields."""
        self._most_bytes = most_bytes
        self._parser = RequestHeadParser(most_fields)
        self.buffer = b""
        self._ignored = 0
        """Bytes of empty lines before the next head."""
        self.searched = 0
        """How far the end of a head was looked for in vain; 0 where none has begun."""

    def take(self) -> bytes:
        """Take all that has come."""
        data, self.buffer = self.buffer, b""
        return data

    def read(self) -> RequestHead | None:
        """Read the next head; None where its end has not come yet.

        Raises:
            BadMessageError: it is refused, and nothing behind it can be trusted.
        """
        buffer = self.buffer
        if buffer[0] == _CR:  # RFC 9112, section 2.2: an empty line before a request is ignored
            buffer = self._without_empty_lines(buffer)
        end = buffer.find(HEAD_END, self.searched)
        most = self._most_bytes
        if end > most or (end < 0 and len(buffer) > most):
            in_line = buffer.find(b"\r\n", 0, most) < 0
            raise BadMessageError(414 if in_line else 431, "the head of the request is too long")
        if end < 0:
            if buffer != b"\r" and _is_garbage(buffer):
                raise BadMessageError(400, "this is no HTTP/1.1 request")
            self.searched = max(1, len(buffer) - 3)
            return None
        self.searched = self._ignored = 0
        end += 4
        self.buffer = buffer[end:]
        return self._parser.parse(buffer[:end])

    def _without_empty_lines(self, buffer: bytes) -> bytes:
        found = _EMPTY_LINES.match(buffer)
        size = found.end() if found else 0
        self._ignored += size
        if self._ignored > _MOST_IGNORED:
            raise BadMessageError(400, "there is nothing but empty lines")
        self.buffer, self.searched = buffer[size:], 0
        return self.buffer


def _is_garbage(begin: bytes) -> bool:
    """Tell from its beginning that this will be no head: other bytes than a method's, or bare line feeds."""
    return bool(begin) and (begin[0] not in _OF_METHODS or begin.count(b"\n") != begin.count(b"\r\n"))
