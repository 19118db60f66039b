"""Reading bodies: where one ends, and its pieces, whatever the reads in which they arrive."""

import re

from gateway.http1.fields import CHUNKED, FORWARDING, HOP_BY_HOP, UNTIL_CLOSE, BadMessageError

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")
_LONGEST_SIZE_LINE = 256
_MOST_EXTENSION_BYTES = 16_384
_MOST_TRAILER_BYTES = 16_384
# RFC 9110, section 6.5.1: trailers must not change framing, routing, who asks, or what the content is.
_FORBIDDEN_TRAILERS = frozenset(name.encode() for name in (*HOP_BY_HOP, *FORWARDING)) | frozenset(
    b"authorization cache-control content-encoding content-length content-range content-type cookie expect host "
    b"set-cookie trailer".split()
)


class SizedBody:
    """A body of known length."""

    __slots__ = ("left", "trailers")

    is_chunked = False

    def __init__(self, length: int) -> None:
        """Expect `length` bytes."""
        self.left = length
        self.trailers: tuple[bytes, ...] = ()

    @property
    def done(self) -> bool:
        """True once all of it was seen."""
        return self.left == 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Take what belongs to the body off `data`; return it, and what follows."""
        size = len(data)
        if size <= self.left:
            self.left -= size
            return data, b""
        piece, rest = data[: self.left], data[self.left :]
        self.left = 0
        return piece, rest


class EndlessBody:
    """A body that ends with its connection."""

    __slots__ = ()

    is_chunked = False
    done = False
    trailers: tuple[bytes, ...] = ()

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return all of `data`."""
        return data, b""


class ChunkedBody:
    """A body in chunks (RFC 9112, section 7.1), taken out of them. Extensions are dropped, within limits."""

    __slots__ = (
        "_buffer",
        "_extension_bytes",
        "_in_chunk",
        "_in_trailers",
        "_left",
        "_trailer_bytes",
        "content_bytes",
        "done",
        "trailers",
    )

    is_chunked = True

    def __init__(self) -> None:
        """Start before the first chunk."""
        self._buffer = b""
        self._left = 0
        self._in_chunk = False
        self._in_trailers = False
        self._extension_bytes = 0
        self._trailer_bytes = 0
        self.content_bytes = 0
        """Bytes of content seen so far, without their framing."""
        self.trailers: tuple[bytes, ...] = ()
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Take the content off `data`; return it, and what follows once the body is done.

        Raises:
            BadMessageError: the framing is wrong: nothing that follows can be trusted.
        """
        pieces: list[bytes] = []
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        position = 0
        while not self.done:
            if self._in_chunk:
                position, piece, whole = self._take(data, position)
                pieces.append(piece)
                if whole:
                    continue
                break
            end = data.find(b"\r\n", position)
            if end < 0:
                self._keep(data, position)
                position = len(data)
                break
            self._line(data[position:end])
            position = end + 2
        return (pieces[0] if len(pieces) == 1 else b"".join(pieces)), data[position:]

    def _take(self, data: bytes, position: int) -> tuple[int, bytes, bool]:
        """Take content, and the line end behind it once the chunk is whole."""
        piece = data[position : position + self._left]
        self._left -= len(piece)
        self.content_bytes += len(piece)
        position += len(piece)
        if self._left == 0:
            behind = data[position : position + 2]
            if behind == b"\r\n":
                self._in_chunk = False
                return position + 2, piece, True
            if behind not in (b"", b"\r"):
                raise BadMessageError(400, "a chunk does not end where it says")
            self._buffer = behind
        return len(data), piece, False

    def _line(self, line: bytes) -> None:
        if self._in_trailers:
            self._trailer(line)
            return
        match = _SIZE.fullmatch(line)
        if match is None:
            raise BadMessageError(400, "the size of a chunk is malformed")
        self._extension_bytes += len(match[2] or b"")
        if self._extension_bytes > _MOST_EXTENSION_BYTES:
            raise BadMessageError(400, "too many chunk extensions")
        self._left = int(match[1], 16)
        self._in_chunk = self._left > 0
        self._in_trailers = not self._in_chunk

    def _trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        self._trailer_bytes += len(line)
        if _TRAILER.fullmatch(line) is None or self._trailer_bytes > _MOST_TRAILER_BYTES:
            raise BadMessageError(400, "a trailer is malformed or too long")
        if line.partition(b":")[0].lower().replace(b"_", b"-") not in _FORBIDDEN_TRAILERS:
            self.trailers += (line,)

    def _keep(self, data: bytes, position: int) -> None:
        self._buffer = data[position:]
        longest = _MOST_TRAILER_BYTES if self._in_trailers else _LONGEST_SIZE_LINE + _MOST_EXTENSION_BYTES
        if len(self._buffer) > longest or b"\n" in self._buffer:
            raise BadMessageError(400, "a line between chunks is malformed or too long")


Body = SizedBody | ChunkedBody | EndlessBody


def body_reader(length: int) -> Body | None:
    """Return a reader for a body by what its head says; None where there is none."""
    if length == 0:
        return None
    if length == CHUNKED:
        return ChunkedBody()
    return EndlessBody() if length == UNTIL_CLOSE else SizedBody(length)


def chunk(piece: bytes) -> bytes:
    """Frame a piece as a chunk."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def last_chunk(trailers: tuple[bytes, ...]) -> bytes:
    """Frame the end of a chunked body."""
    return b"0\r\n%b\r\n" % b"".join(line + b"\r\n" for line in trailers)
