"""Conditional calls (RFC 9110, section 13): the version that a change is about, and what has not changed since.

An ETag of ours is `"7.3f2a90c1d5e8b604"`: the row's version, and a digest of what was answered. A change is refused by
the version alone: a window that has begun meanwhile, or got another update, is still the row that was read.
"""

import re
from typing import Any

from aiohttp import web

_OURS = re.compile(r'"(\d{1,9})\.[0-9a-f]{16}"')
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_DIGITS = 16
_NONE_OF_OURS = 0
"""No row has this version."""


def etag(row_version: int | None, digest: str) -> str:
    """Return the entity tag of a document."""
    return f'"{digest[:_DIGITS]}"' if row_version is None else f'"{row_version}.{digest[:_DIGITS]}"'


def wanted_version(request: web.Request, body: Any) -> int | None:
    """Return the version that a change is about, from `If-Match` or the body's `row_version`; None: any.

    What is no ETag of ours, or several, matches no version.
    """
    tags = request.headers.getall("If-Match", [])
    if not tags:
        return getattr(body, "row_version", None)
    tag = ", ".join(tags).strip()
    if tag == "*":
        return None
    match = _OURS.fullmatch(tag)
    return int(match[1]) if match else _NONE_OF_OURS


def is_unchanged(request: web.Request, current: str) -> bool:
    """Tell whether `If-None-Match` names what would be answered (weak comparison)."""
    given = ", ".join(request.headers.getall("If-None-Match", []))
    return given.strip() == "*" or current in (tag.removeprefix("W/") for tag in _TAG.findall(given))
