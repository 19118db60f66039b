"""Scope: which requests a window is about, and how a path is compared without being slipped past.

A path is compared as the bytes that are forwarded (traffic.md, rule 2). What an application makes of those bytes is
not known: servers differ in how often they decode, in what they merge and cut, and in which order. So a scope covers
a path when its *barest* reading is covered, to which every server's reading leads, or when it can't be told; and an
exemption holds only when the path is *plain*: the same in every reading. Doubt counts as gated, never as exempt.
"""

import re
from binascii import unhexlify
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv6Address

# No escape, backslash, parameter, fragment, control, empty or dot segment: every server reads such a path alike.
_PLAIN = re.compile(rb"/(?:[^%\\;#?/\x00-\x20\x7f-\xff]++/?)*+")
_DOT_SEGMENT = re.compile(rb"/\.{1,2}(?:/|$)")
_END = re.compile(rb"[?#]")
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_HOST = re.compile(r"([a-z0-9_-][a-z0-9._-]*|\[[0-9a-f:.]+\])(?::[0-9]*)?")
_MOST_ROUNDS = 4


class Outside(StrEnum):
    """Why a scope is not about a request."""

    HOST = "host"
    PATH = "path"
    EXCLUDED_PATH = "excluded_path"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Hosts (`shop.example.com`, `*.example.com`), path prefixes, and path prefixes that are left out again.

    Empty hosts or paths mean all of them. What is left out is an exemption: it holds for plain paths only, as they
    are written, whatever else a server might read there. One that is not plain itself leaves nothing out.
    """

    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    excluded_paths: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """True where every request is meant."""
        return not (self.hosts or self.paths or self.excluded_paths)

    @property
    def words(self) -> str:
        """Say which requests are meant: `shop.example.com, /shop, but not /shop/help`."""
        meant = ", ".join([*self.hosts, *self.paths]) or "all requests"
        return f"{meant}, but not {', '.join(self.excluded_paths)}" if self.excluded_paths else meant

    def covers(self, host: bytes, path: bytes) -> bool:
        """Tell whether a request is meant: `host` as sent (any case, with or without port), `path` without query."""
        return self.leaves_out(host, path) is None

    def leaves_out(self, host: bytes, path: bytes) -> Outside | None:
        """Return why a request is not meant; None where it is."""
        if self.hosts and not self._ready.is_host_meant(host):
            return Outside.HOST
        if self.paths and not self._ready.is_path_meant(path):
            return Outside.PATH
        if self.excluded_paths and path in self._ready.excluded and is_plain(path):
            return Outside.EXCLUDED_PATH
        return None

    @cached_property
    def _ready(self) -> "_Ready":
        return _Ready(self)


class _Ready:
    """A scope made ready for comparing, once and not for each request."""

    __slots__ = ("_barest", "_hosts", "_paths", "_suffixes", "excluded")

    def __init__(self, scope: Scope) -> None:
        self._hosts = {bare_host(host.encode()) for host in scope.hosts if not host.startswith("*.")}
        self._suffixes = tuple(host[1:].lower() for host in scope.hosts if host.startswith("*."))
        prefixes = [prefix.encode() for prefix in scope.paths]
        self._paths = _Prefixes(prefixes)
        self._barest = _Prefixes([barest(prefix) or b"/" for prefix in prefixes])
        # One of nothing but a slash, made by hand in the database, would leave out everything.
        excluded = [prefix.encode() for prefix in scope.excluded_paths if prefix.strip("/")]
        self.excluded = _Prefixes([prefix for prefix in excluded if is_plain(prefix)])

    def is_host_meant(self, host: bytes) -> bool:
        name = bare_host(host)
        # None at all, `user@host`, escapes: who knows where it is taken to.
        return name is None or name in self._hosts or name.endswith(self._suffixes)

    def is_path_meant(self, path: bytes) -> bool:
        if path in self._paths:
            return True
        if is_plain(path):
            return False
        reading = barest(path)
        return reading is None or reading in self._barest


class _Prefixes:
    """Path prefixes; a path is "in" where one of them covers it, as `under` has it."""

    __slots__ = ("_below", "_stems")

    def __init__(self, prefixes: Iterable[bytes]) -> None:
        self._stems = frozenset(prefix.rstrip(b"/") for prefix in prefixes)
        self._below = tuple(stem + b"/" for stem in self._stems)

    def __contains__(self, path: bytes) -> bool:
        return path.startswith(self._below) or path in self._stems


EVERYTHING = Scope()


def bare_host(host: bytes) -> str | None:
    """Return a Host field's name: lower case, without port and final dot, IPv6 in its short form; None: it is none."""
    match = _HOST.fullmatch(host.decode("latin-1").lower())
    if match is None:
        return None
    name = match[1]
    if not name.startswith("["):
        return name.removesuffix(".")
    try:
        return f"[{IPv6Address(name[1:-1])}]"
    except ValueError:
        return None


def under(path: bytes, prefix: bytes) -> bool:
    """Tell whether `path` is `prefix` or lies below it: `/shop` covers `/shop` and `/shop/x`, not `/shopping`."""
    stem = prefix.rstrip(b"/")
    return path.startswith(stem) and path[len(stem) : len(stem) + 1] in (b"", b"/")


def is_plain(path: bytes) -> bool:
    """Tell whether every server would read the path alike, byte for byte."""
    return _PLAIN.fullmatch(path) is not None and _DOT_SEGMENT.search(path) is None


def barest(path: bytes) -> bytes | None:
    """Return the path with all taken away that some server takes away; None where there is no telling.

    Escapes are resolved until nothing changes. Then back-slashes count as slashes; queries, fragments, path
    parameters (`;x`), empty segments and single dots go. A server that does only some of that reads a path which
    lies below the same plain prefixes. There is no telling with `..` (what it takes back depends on the order), with
    control characters (some servers cut there), with bytes that are no UTF-8 (overlong forms of `/` and `.`).
    """
    decoded = _decoded(path)
    if decoded is None or _CONTROL.search(decoded) or not _is_utf8(decoded):
        return None
    raw = _END.split(decoded, maxsplit=1)[0].replace(b"\\", b"/").split(b"/")
    segments = [segment.partition(b";")[0] for segment in raw]
    if b".." in segments:
        return None
    return b"/" + b"/".join(segment for segment in segments if segment not in (b"", b"."))


def _decoded(path: bytes) -> bytes | None:
    """Resolve escapes until nothing changes; None where that takes suspiciously long."""
    for _ in range(_MOST_ROUNDS):
        # A run of escapes at once: one by one, a path of nothing else would take as long as fifty requests.
        before, path = path, _ESCAPES.sub(_resolved, path)
        if path == before:
            return path
    return None


def _resolved(escapes: re.Match[bytes]) -> bytes:
    return unhexlify(escapes[0].replace(b"%", b""))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
