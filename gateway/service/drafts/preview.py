"""A request that somebody asks about before it is sent, and the window that it is tried with."""

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Self
from urllib.parse import quote
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from gateway.domain.window import DEFAULT_GATE, Gate, Kind
from gateway.http1.fields import BadMessageError
from gateway.http1.request import METHODS, RequestHead, RequestHeadParser
from gateway.service.drafts.fields import Draft, Instant, Title
from gateway.service.drafts.windows import ScopeDraft

_URL = re.compile(
    r"(?:https?://(?P<host>[^/?#\s]+))?(?P<target>/[^\x00-\x20#\x7f]*)?(?:#[^\x00-\x20\x7f]*)?", re.IGNORECASE
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_EXAMPLE = 'write for example "https://shop.example.com/checkout" or "/checkout"'
# As much of it as a pattern can tell.
_URL_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": 8192,
    "pattern": r"^([Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,2}(:[0-9]{1,4})?)?/[!\"$-~]*$",
    "examples": ["https://shop.example.com/checkout", "/checkout"],
}
_SENDABLE = sorted(method.decode() for method in METHODS - {b"CONNECT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """What of a URL reaches a gateway: the Host field (empty where the URL has none), and the target as it is sent."""

    host: str
    target: str

    def head(self, method: str, host: str) -> RequestHead:
        """Return the head of a request for it; `host` counts where the URL has none.

        Raises:
            BadMessageError: the gateway answers such a request itself, whatever windows there are.
        """
        head = f"{method} {self.target} HTTP/1.1\r\nHost: {self.host or host}\r\n\r\n"
        return RequestHeadParser(1).parse(head.encode("latin-1", "replace"))


def _url(value: str) -> str:
    read_url(value)
    return value


def read_url(text: str) -> Url:
    """Read a URL, or a path alone; nothing is tidied up but letters beyond ASCII, which browsers escape.

    Raises:
        ValueError: it is none, or the gateway answers 400 to it; the message says what is accepted.
    """
    parts = _URL.fullmatch(text.strip())
    if parts is None or not (parts["host"] or parts["target"]):
        raise ValueError(f"{text!r} is not a URL: {_EXAMPLE}")
    try:
        host = (parts["host"] or "").encode("idna" if not text.isascii() else "ascii").decode()
    except UnicodeError as error:
        raise ValueError(f"{text!r} names no host: {_EXAMPLE}") from error
    target = _NOT_ASCII.sub(lambda found: quote(found[0]), parts["target"] or "/")
    url = Url(host=host, target=target)
    try:
        url.head("GET", "host.example")
    except BadMessageError as error:
        raise ValueError(f"{text!r} is answered with {error.status} whatever windows there are: {error}") from error
    return url


def _method(value: str) -> str:
    method = value.encode("ascii", "replace")
    if method not in METHODS:
        hint = f", in capital letters: {value.upper()}" if method.upper() in METHODS else " such as GET or POST"
        raise ValueError(f"{value!r} is not a method{hint}")
    if method == b"CONNECT":
        raise ValueError("CONNECT is answered with 405 whatever windows there are")
    return value


UrlText = Annotated[
    str, StringConstraints(min_length=1, max_length=8192), AfterValidator(_url), WithJsonSchema(_URL_SCHEMA)
]
Method = Annotated[str, AfterValidator(_method), WithJsonSchema({"type": "string", "enum": _SENDABLE})]


def _address(value: object) -> IPv4Address | IPv6Address:
    if isinstance(value, str):
        with suppress(ValueError):
            return ip_address(value.strip())
    raise ValueError(f"{value!r} is not an address such as 192.0.2.1 or 2001:db8::1")


Address = Annotated[
    IPv4Address | IPv6Address,
    PlainValidator(_address),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]}),
]


class TrialDraft(Draft):
    """As much of a window as matters to traffic."""

    title: Title = "this window"
    kind: Kind = Kind.MAINTENANCE
    gate: Gate | None = None
    scope: ScopeDraft = ScopeDraft()

    @property
    def gate_in_force(self) -> Gate:
        """The gate, which the kind decides where none is given."""
        return self.gate or DEFAULT_GATE[self.kind]


class PreviewDraft(Draft):
    """A request, and when: now where `at` is left out. `window` or `window_id` is tried as if it were in force."""

    url: UrlText
    method: Method = "GET"
    address: Address | None = Field(None, description="The client's, as the gateway would trust it.")
    bypass_link: StrictBool = Field(default=False, description="The client holds a bypass link.")
    at: Instant | None = None
    window: TrialDraft | None = None
    window_id: UUID | None = None

    @model_validator(mode="after")
    def _one_window(self) -> Self:
        if self.window is not None and self.window_id is not None:
            raise ValueError("window and window_id exclude each other: try a draft, or a window that exists")
        return self
