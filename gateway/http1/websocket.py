"""Where the frames of a WebSocket end (RFC 6455, section 5.2), so that a gateway can close one between two frames."""

_MASKED = 0x80
_LENGTH = 0x7F
_TWO_BYTES = 126
_EIGHT_BYTES = 127
_SERVICE_RESTART = 1012
"""The status of a Close that asks the client to come back later (IANA's registry of close codes)."""

_STATUS = _SERVICE_RESTART.to_bytes(2, "big")
CLOSE_TO_CLIENT = b"\x88\x02" + _STATUS
# A client's frames are masked (section 5.3); with zeros, for there is nothing to hide.
CLOSE_TO_SERVER = b"\x88\x82\x00\x00\x00\x00" + _STATUS


class Frames:
    """Follows the frames of one direction."""

    __slots__ = ("_begun", "_left")

    def __init__(self) -> None:
        """Begin between two frames."""
        self._begun = b""
        """The part of a frame's header that has come."""
        self._left = 0
        """Bytes of the payload that have not come."""

    def is_between(self) -> bool:
        """Tell whether what was seen ends with a whole frame."""
        return not self._left and not self._begun

    def feed(self, data: bytes, *, only_this: bool = False) -> int:
        """Follow the data; return how many bytes were taken: all, or with `only_this` those of the frame begun."""
        position, size = 0, len(data)
        while position < size and not (only_this and self.is_between()):
            if self._left:
                step = min(self._left, size - position)
                self._left -= step
                position += step
                continue
            header = self._begun + data[position : position + 14 - len(self._begun)]
            length = _header_length(header)
            if len(header) < length:
                self._begun = header
                return size
            position += length - len(self._begun)
            self._begun = b""
            self._left = _payload_length(header)
        return position


def _header_length(header: bytes) -> int:
    """Return the length of a frame's header; its first two bytes tell."""
    if len(header) < 2:  # noqa: PLR2004
        return 2
    said = header[1] & _LENGTH
    extended = 2 if said == _TWO_BYTES else 8 if said == _EIGHT_BYTES else 0
    return 2 + extended + (4 if header[1] & _MASKED else 0)


def _payload_length(header: bytes) -> int:
    said = header[1] & _LENGTH
    if said < _TWO_BYTES:
        return said
    return int.from_bytes(header[2:4] if said == _TWO_BYTES else header[2:10], "big")
