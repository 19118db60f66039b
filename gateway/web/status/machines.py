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
from gateway.render.documents import banner_document
from gateway.render.language import Language
from gateway.render.look import Branding
from gateway.render.statuspage import DOCUMENTS, StatuspageDocuments
from gateway.web.auth import is_secure
from gateway.web.keys import BRANDING, SERVICES
from gateway.web.status.kept import Kept, answer
from gateway.web.status.languages import LANGUAGE_VARIES, language_for


class _Kind(NamedTuple):
    name: str
    content_type: str
    write: Callable[[Moment, Branding, Language, str], bytes]


def _statuspage(name: str) -> _Kind:
    def write(moment: Moment, branding: Branding, _language: Language, url: str) -> bytes:
        return pages.json_bytes(DOCUMENTS[name](StatuspageDocuments(moment, branding, url)))

    return _Kind(f"api/v2/{name}.json", "application/json", write)


def _banner(moment: Moment, _branding: Branding, language: Language, _url: str) -> bytes:
    return pages.json_bytes(banner_document(moment, language))


def _badge(moment: Moment, branding: Branding, language: Language, _url: str) -> bytes:
    return pages.badge_svg(moment, branding, language)


_KINDS = (
    *(_statuspage(name) for name in DOCUMENTS),
    _Kind("feed.atom", "application/atom+xml", feeds.atom),
    _Kind("feed.rss", "application/rss+xml", feeds.rss),
    _Kind("calendar.ics", "text/calendar", calendar),
    _Kind("banner.json", "application/json", _banner),
    _Kind("badge.svg", "image/svg+xml", _badge),
)


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of what programs read."""
    kept = Kept()
    return [web.get(f"{prefix}/{kind.name}", _handler(kind, kept), name=f"status.{_route(kind)}") for kind in _KINDS]


def _route(kind: _Kind) -> str:
    return kind.name.removesuffix(".json").replace("/", ".").replace("-", "_")


def _handler(kind: _Kind, kept: Kept) -> Handler:
    async def respond(request: web.Request) -> web.Response:
        branding, moment, language = request.app[BRANDING], request.app[SERVICES].state.moment, language_for(request)
        url = f"{'https' if is_secure(request) else 'http'}://{request.host}{branding.prefix}/"
        key = (kind.name, url, language.tag)
        body = kept.body(moment, key, kind.content_type, lambda: kind.write(moment, branding, language, url))
        headers = {"Access-Control-Allow-Origin": "*", "Content-Language": language.tag}
        return answer(request, body, vary=f"Host, {LANGUAGE_VARIES}", headers=headers)

    return respond
