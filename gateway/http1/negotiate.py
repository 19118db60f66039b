"""What the client wants to read: HTML, a problem or text; compressed; in a language (RFC 9110, section 12.5)."""

import re
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from gateway.http1.cookies import LANGUAGE_COOKIE
from gateway.http1.fields import finder

if TYPE_CHECKING:
    from gateway.http1.request import RequestFields

_LONGEST_READ = 1024
_LANGUAGE = re.compile(rb"\r\ncookie:(?:[^\r\n]*;)?[ \t]*%b=([A-Za-z-]+)" % LANGUAGE_COOKIE, re.IGNORECASE)
_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
_ASKED = finder(
    (
        "accept",
        "accept-encoding",
        "accept-language",
        "access-control-request-headers",
        "access-control-request-method",
        "content-type",
        "origin",
        "sec-fetch-mode",
    )
)


class Format(Enum):
    """The forms of an answer of the gateway's own."""

    HTML = "text/html; charset=utf-8"
    PROBLEM = "application/problem+json"
    TEXT = "text/plain; charset=utf-8"


class Wants:
    """In which form a client wants an answer of the gateway's own, and what a script asks for (Fetch, section 3.2).

    `languages` is what `chosen_language` reads; `language` is empty until it has chosen.
    """

    __slots__ = ("coding", "form", "form_name", "language", "languages", "origin", "script_headers", "script_method")

    def __init__(self, fields: "RequestFields") -> None:
        """Read it from the fields of a request."""
        asked: dict[bytes, bytes] = {}
        for name, value in _ASKED.findall(fields.raw):
            asked.setdefault(name.lower(), value.strip(b" \t")[:_LONGEST_READ])
        get = asked.get
        self.form = wanted_format(get(b"accept", b""), get(b"content-type", b""), get(b"sec-fetch-mode", b""))
        self.form_name = self.form.value
        self.coding = accepted_coding(get(b"accept-encoding", b""))
        self.languages = (_cookie(fields.raw), get(b"accept-language", b""))
        self.language = ""
        self.origin = get(b"origin", b"")
        self.script_method = get(b"access-control-request-method", b"")
        self.script_headers = get(b"access-control-request-headers", b"")


def wants_of(fields: "RequestFields") -> Wants:
    """Return what these fields ask for; read once, for fields that are sent again are the same object."""
    wants = fields.wants
    if wants is None:
        wants = fields.wants = Wants(fields)
    return wants


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
def accepted_coding(accept_encoding: bytes) -> str:
    """Return the coding to compress in, as it stands in Content-Encoding: `br`, `gzip`, or none, which is empty.

    Of two with the same weight it is brotli, which is smaller (RFC 9110, section 12.5.3).
    """
    weights: dict[str, float] = {}
    for item in accept_encoding.decode("latin-1").lower().split(","):
        name, *parameters = item.split(";")
        weights[name.strip()] = _weight(parameters)
    rest = weights.get("*", 0.0)
    brotli, gzip = weights.get("br", rest), weights.get("gzip", rest)
    if brotli > 0 and brotli >= gzip:
        return "br"
    return "gzip" if gzip > 0 else ""


@lru_cache(maxsize=512)
def chosen_language(asked: tuple[bytes, bytes], offered: tuple[str, ...], default: str) -> str:
    """Return one of the languages offered: the client's choice (its cookie), else the best of its Accept-Language.

    A range matches a tag with the same primary subtag (RFC 4647, section 3.4, with the fallback's last step alone), so
    `de-AT` is answered in `de`; but who reads Chinese in the traditional script is not given the simplified one.
    """
    cookie, accept_language = asked
    chosen = cookie.decode("latin-1")
    if chosen in offered:
        return chosen
    best, chosen = 0.0, default
    for item in accept_language[:_LONGEST_READ].decode("ascii", "replace").lower().split(","):
        name, *parameters = item.split(";")
        quality = _weight(parameters)
        tag = next((tag for tag in offered if _speaks(tag.lower(), name.strip())), None)
        if tag is not None and quality > best:
            best, chosen = quality, tag
    return chosen


def _cookie(raw: bytes) -> bytes:
    found = _LANGUAGE.search(raw) if LANGUAGE_COOKIE in raw else None
    return found[1] if found else b""


def _speaks(tag: str, wanted: str) -> bool:
    subtags = wanted.split("-")
    return subtags[0] == tag.split("-", maxsplit=1)[0] and not (tag == "zh-hans" and _TRADITIONAL.intersection(subtags))


def _quality(accept: bytes, part: bytes) -> float:
    """Return the highest weight among the items that contain `part` literally (no wildcards)."""
    best = 0.0
    for item in accept.lower().split(b","):
        name, *parameters = item.split(b";")
        if part not in name:
            continue
        best = max(best, _weight([parameter.decode("latin-1") for parameter in parameters]))
    return best


def _weight(parameters: list[str]) -> float:
    """Return the weight among the parameters of an item; 0 where it can't be read (RFC 9110, section 12.4.2)."""
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.strip().partition("=")
        if key == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return quality
