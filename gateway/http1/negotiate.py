"""What the client wants to read: HTML, a problem document or text; compressed or not (RFC 9110, section 12.5)."""

from enum import Enum
from functools import lru_cache


class Format(Enum):
    """The forms of an answer of the gateway's own."""

    HTML = "text/html; charset=utf-8"
    PROBLEM = "application/problem+json"
    TEXT = "text/plain; charset=utf-8"


@lru_cache(maxsize=512)
def wanted_format(accept: bytes, content_type: bytes, fetch_mode: bytes) -> Format:
    """Choose: HTML when a browser navigates, a problem for clients that speak JSON, text for others."""
    if fetch_mode == b"navigate":
        return Format.HTML
    html, problem = _quality(accept, b"text/html"), _quality(accept, b"json")
    if html > 0 and html >= problem:
        return Format.HTML
    if problem > 0 or b"json" in content_type.lower():
        return Format.PROBLEM
    return Format.TEXT


@lru_cache(maxsize=512)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Tell whether gzip may be sent."""
    named = _quality(accept_encoding, b"gzip", default=-1.0)
    return named > 0 if named >= 0 else _quality(accept_encoding, b"*") > 0


def _quality(accept: bytes, part: bytes, *, default: float = 0.0) -> float:
    """Return the highest weight among the items that contain `part` literally (no wildcards)."""
    best = default
    for item in accept.lower().split(b","):
        name, *parameters = item.split(b";")
        if part not in name:
            continue
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.strip().partition(b"=")
            if key == b"q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        best = max(best, quality)
    return best
