"""What the bodies are made of: known to both ends, so that each can check what it gets."""

import random
import zlib

MB = 1 << 20
LARGEST = 8 * MB
_OFFSETS = 65_521
_BLOCK = random.Random(2026).randbytes(LARGEST + _OFFSETS)  # noqa: S311

COUNTS = "/~counts"
"""Where the application tells its counts, to those who ask it and not the gateway."""


def content(seed: int, size: int) -> bytes:
    """Return the content that goes by a number."""
    begin = seed % _OFFSETS
    return _BLOCK[begin : begin + size]


def digest(length: int, crc: int) -> bytes:
    """Return what the application answers to an upload."""
    return b"%d bytes, crc %08x\n" % (length, crc)


def digest_of(body: bytes) -> bytes:
    """Return the right answer to the upload of `body`."""
    return digest(len(body), zlib.crc32(body))


def event(number: int) -> bytes:
    """Return one piece of an event stream."""
    return b"id: %d\ndata: tick\n\n" % number
