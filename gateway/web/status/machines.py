"""What programs read of the status, from any origin: the Statuspage documents, feeds, a calendar, a badge, the banner.

Each is made once for a moment and a host, and has an `ETag`: who looks often mostly gets 304. Caches may keep them, and
ask each time (`no-cache`), so nothing is told beyond its truth.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.domain.snapshot import Moment
from gateway.render import feeds, pages
from gateway.render.calendar import calendar
from gateway.render.contexts import Branding
from gateway.render.documents import banner_document
from gateway.render.statuspage import DOCUMENTS, StatuspageDocuments
from gateway.web.auth import is_secure
from gateway.web.keys import BRANDING, SERVICES

_MOST_KEPT = 128


class _Kind(NamedTuple):
    name: str
    content_type: str
    write: Callable[[Moment, Branding, str], bytes]


def _statuspage(name: str) -> _Kind:
    def write(moment: Moment, branding: Branding, url: str) -> bytes:
        return pages.json_bytes(DOCUMENTS[name](StatuspageDocuments(moment, branding.product, url)))

    return _Kind(f"api/v2/{name}.json", "application/json", write)


_KINDS = (
    *(_statuspage(name) for name in DOCUMENTS),
    _Kind("feed.atom", "application/atom+xml", lambda moment, branding, url: feeds.atom(moment, branding.product, url)),
    _Kind("feed.rss", "application/rss+xml", lambda moment, branding, url: feeds.rss(moment, branding.product, url)),
    _Kind("calendar.ics", "text/calendar", lambda moment, branding, url: calendar(moment, branding.product, url)),
    _Kind("banner.json", "application/json", lambda moment, *_: pages.json_bytes(banner_document(moment))),
    _Kind("badge.svg", "image/svg+xml", lambda moment, branding, _: pages.badge_svg(moment, branding)),
)


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of what programs read."""
    kept = _Kept()
    return [web.get(f"{prefix}/{kind.name}", kept.handler(kind), name=f"status.{_route(kind)}") for kind in _KINDS]


def _route(kind: _Kind) -> str:
    return kind.name.removesuffix(".json").replace("/", ".").replace("-", "_")


class _Kept:
    """The bodies of the present moment, by kind and status page; another moment starts anew."""

    def __init__(self) -> None:
        self._moment: Moment | None = None
        self._bodies: dict[tuple[str, str], bytes] = {}

    def handler(self, kind: _Kind) -> Handler:
        """Return what answers a request for `kind`."""

        async def answer(request: web.Request) -> web.Response:
            branding = request.app[BRANDING]
            url = f"{'https' if is_secure(request) else 'http'}://{request.host}{branding.prefix}/"
            return _answer(request, kind, self._body(kind, request.app[SERVICES].state.moment, branding, url))

        return answer

    def _body(self, kind: _Kind, moment: Moment, branding: Branding, url: str) -> bytes:
        if moment is not self._moment or len(self._bodies) >= _MOST_KEPT:  # hosts are what callers say they are
            self._moment, self._bodies = moment, {}
        key = (kind.name, url)
        if key not in self._bodies:
            self._bodies[key] = kind.write(moment, branding, url)
        return self._bodies[key]


def _answer(request: web.Request, kind: _Kind, body: bytes) -> web.Response:
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'W/"{tag}"', "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*", "Vary": "Host"}
    if any(given.value in {tag, "*"} for given in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    response = web.Response(body=body, content_type=kind.content_type, charset="utf-8", headers=headers)
    response.enable_compression()
    return response
