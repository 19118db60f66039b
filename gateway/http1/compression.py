"""Bodies of the gateway's own in the content codings that it speaks (RFC 9110, section 8.4.1; brotli: RFC 7932)."""

import gzip

import brotli

_GZIP_LEVEL = 6
# Of 11: a page is compressed while its first reader waits, and this takes a millisecond, the best thirty.
_BROTLI_QUALITY = 5


def compressed(content: bytes, coding: str) -> bytes:
    """Return text in a coding: `br` or `gzip`, as `negotiate.accepted_coding` chooses."""
    if coding == "br":
        return bytes(brotli.compress(content, quality=_BROTLI_QUALITY, mode=brotli.MODE_TEXT))
    return gzip.compress(content, _GZIP_LEVEL, mtime=0)
