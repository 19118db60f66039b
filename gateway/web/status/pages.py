"""The status page, the page of a window, the history, and what the problem types mean."""

from uuid import UUID

from aiohttp import web

from gateway.domain.snapshot import Moment
from gateway.domain.window import Window
from gateway.http1.negotiate import Format, wanted_format
from gateway.render import pages
from gateway.render.documents import status_document, window_document
from gateway.render.wording import Badge, Tone
from gateway.web.keys import BRANDING, SERVICES

_PROBLEMS = {
    "maintenance": """\
A window that keeps customers out is active, so the gateway answered in place of the application: 503 with a \
Retry-After field. The request was not processed. Send it again when the window is over.""",
    "read-only": """\
A read-only window is active: GET, HEAD and OPTIONS are answered by the application, every other method is refused \
with 503. The request was not processed. Send it again when the window is over.""",
}


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of the customers' pages."""
    return [
        web.get(prefix, _to_status, name="status.bare"),
        web.get(prefix + "/", _status, name="status.page"),
        web.get(prefix + "/history", _history, name="status.history"),
        web.get(prefix + "/windows/{window_id}", _window, name="status.window"),
        web.get(prefix + "/refused", _refused, name="status.refused"),
        web.get(prefix + "/problems/{problem}", _problem, name="status.problem"),
    ]


async def _to_status(request: web.Request) -> web.Response:
    raise web.HTTPPermanentRedirect(request.app[BRANDING].prefix + "/")


async def _status(request: web.Request) -> web.Response:
    moment, branding = _moment(request), request.app[BRANDING]
    match _wanted(request):
        case Format.PROBLEM:
            return _answer(pages.json_bytes(status_document(moment, branding)), "application/json")
        case Format.TEXT:
            return _answer(pages.plain_text(moment, branding), "text/plain")
        case Format.HTML:
            return _answer(pages.status_html(moment, branding, request.app[SERVICES].uptimes.latest), "text/html")


async def _history(request: web.Request) -> web.Response:
    return _answer(pages.history_html(_moment(request), request.app[BRANDING]), "text/html")


async def _window(request: web.Request) -> web.Response:
    moment, branding = _moment(request), request.app[BRANDING]
    window = _known(moment, request.match_info["window_id"])
    if window is None:
        detail = "It may have been long ago, or the address may be incomplete."
        return _answer(pages.not_found_page(detail, branding), "text/html", status=404)
    if _wanted(request) is Format.PROBLEM:
        return _answer(pages.json_bytes(window_document(window, moment)), "application/json")
    return _answer(pages.window_html(window, moment, branding), "text/html")


async def _refused(request: web.Request) -> web.Response:
    """Say to the page of a refused write how things are now: asked for again, the write itself would be done."""
    moment = _moment(request)
    if not moment.gates:
        return web.Response(status=204, headers={"Cache-Control": "no-store"})
    return _answer(pages.gated_page(moment, request.app[BRANDING], refused_write=True), "text/html")


async def _problem(request: web.Request) -> web.Response:
    branding = request.app[BRANDING]
    text = _PROBLEMS.get(request.match_info["problem"])
    if text is None:
        return _answer(pages.not_found_page("There is no such problem type.", branding), "text/html", status=404)
    badge = Badge("Problem type", "info", Tone.QUIET)
    title = "Refused because of a maintenance window"
    return _answer(pages.message_page(title, text, branding, badge=badge), "text/html")


def _known(moment: Moment, given: str) -> Window | None:
    """Find a window of the moment by its id, in any of its spellings."""
    try:
        window_id = UUID(given)
    except ValueError:
        return None
    windows = moment.snapshot.windows if moment.snapshot else ()
    return next((window for window in windows if window.id == window_id), None)


def _wanted(request: web.Request) -> Format:
    """Choose as the gate itself does; where that would send a problem, these pages send plain JSON."""
    fields = (request.headers.get(name, "") for name in ("Accept", "Content-Type", "Sec-Fetch-Mode"))
    accept, content_type, fetch_mode = (field.encode("utf-8", "surrogateescape") for field in fields)
    return wanted_format(accept, content_type, fetch_mode)


def _moment(request: web.Request) -> Moment:
    return request.app[SERVICES].state.moment


def _answer(body: bytes, content_type: str, *, status: int = 200) -> web.Response:
    response = web.Response(
        status=status,
        body=body,
        content_type=content_type,
        charset="utf-8",
        headers={"Cache-Control": "no-store", "Vary": "Accept"},
    )
    if content_type == "text/html":
        response.headers["Content-Security-Policy"] = pages.content_security_policy()
    response.enable_compression()
    return response
