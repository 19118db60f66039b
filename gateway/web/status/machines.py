"""What programs read of the status, from any origin: the Statuspage documents, feeds, a calendar, a badge, the banner.

Each is made once for a moment and a host (`kept.py`), so who looks often mostly gets 304.
"""

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
from gateway.web.status.kept import Kept, answer


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
    kept = Kept()
    return [web.get(f"{prefix}/{kind.name}", _handler(kind, kept), name=f"status.{_route(kind)}") for kind in _KINDS]


def _route(kind: _Kind) -> str:
    return kind.name.removesuffix(".json").replace("/", ".").replace("-", "_")


def _handler(kind: _Kind, kept: Kept) -> Handler:
    async def respond(request: web.Request) -> web.Response:
        branding, moment = request.app[BRANDING], request.app[SERVICES].state.moment
        url = f"{'https' if is_secure(request) else 'http'}://{request.host}{branding.prefix}/"
        body = kept.body(moment, (kind.name, url), kind.content_type, lambda: kind.write(moment, branding, url))
        return answer(request, body, vary="Host", headers={"Access-Control-Allow-Origin": "*"})

    return respond
