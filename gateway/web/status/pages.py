"""The status page, the page of a window, the history, and what the problem types mean."""

from collections.abc import Callable, Hashable
from contextlib import suppress
from uuid import UUID

from aiohttp import web

from gateway.domain.errors import InvalidError, StoreError
from gateway.domain.past import Month
from gateway.domain.snapshot import Moment
from gateway.domain.window import Window
from gateway.http1.negotiate import Format, wanted_format
from gateway.render import pages
from gateway.render.documents import status_document, window_document
from gateway.render.language import message
from gateway.render.plain_text import plain_text
from gateway.render.wording import Badge, Tone
from gateway.web.auth import address
from gateway.web.keys import BRANDING, SERVICES
from gateway.web.status.kept import KEPT_PAGES, answer
from gateway.web.status.languages import LANGUAGE_VARIES, language_for

_TRY_AGAIN = "10"

_PROBLEMS = {
    "maintenance": message(
        "A window that keeps customers out is active, so the gateway answered in place of the application: 503 with a "
        "Retry-After field. The request was not processed. Send it again when the window is over."
    ),
    "read-only": message(
        "A read-only window is active: GET, HEAD and OPTIONS are answered by the application, every other method is "
        "refused with 503. The request was not processed. Send it again when the window is over."
    ),
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
    moment, branding, language = _moment(request), request.app[BRANDING], language_for(request)
    uptimes = request.app[SERVICES].uptimes.latest
    match _wanted(request):
        case Format.PROBLEM:
            content_type, make = (
                "application/json",
                lambda: pages.json_bytes(status_document(moment, branding, language)),
            )
        case Format.TEXT:
            content_type, make = "text/plain", lambda: plain_text(moment, branding, language)
        case Format.HTML:
            content_type, make = "text/html", lambda: pages.status_html(moment, branding, language, uptimes)
    return _kept(request, moment, "status", content_type, make, source=uptimes)


async def _history(request: web.Request) -> web.Response:
    services, branding, language = request.app[SERVICES], request.app[BRANDING], language_for(request)
    month = _month(request, Month.of(services.state.now()))
    if month is None:
        detail = language.words("A month is written such as 2026-11, and must have begun.")
        body = pages.not_found_page(detail, branding, language)
        return _answer(request, body, status=404)
    period = None
    with suppress(StoreError):  # the page says so, and shows what is in memory
        period = await services.past.period(month, address(request))
    moment = _moment(request)

    def make() -> bytes:
        return pages.history_html(moment, branding, language, period)

    return _kept(request, moment, month if period else "history", "text/html", make, source=period)


async def _window(request: web.Request) -> web.Response:
    branding, language = request.app[BRANDING], language_for(request)
    try:
        window = await _find(request, request.match_info["window_id"])
    except StoreError:
        title = language.words("Not now")
        text = language.words("What happened longer ago can't be read at the moment. Please try again later.")
        badge = Badge("Not available", "question", Tone.QUIET)
        response = _answer(request, pages.message_page(title, text, branding, language, badge=badge), status=503)
        response.headers["Retry-After"] = _TRY_AGAIN
        return response
    if window is None:
        detail = language.words("The address may be incomplete, or the window was removed.")
        return _answer(request, pages.not_found_page(detail, branding, language), status=404)
    moment = _moment(request)
    if _wanted(request) is Format.PROBLEM:
        content_type, make = "application/json", lambda: pages.json_bytes(window_document(window, moment, language))
    else:
        content_type, make = "text/html", lambda: pages.window_html(window, moment, branding, language)
    return _kept(request, moment, window.id, content_type, make, source=window)


async def _refused(request: web.Request) -> web.Response:
    """Say to the page of a refused write how things are now: asked for again, the write itself would be done."""
    moment = _moment(request)
    if not moment.gates:
        return web.Response(status=204, headers={"Cache-Control": "no-store"})
    page = pages.gated_page(moment, request.app[BRANDING], language_for(request), refused_write=True)
    return _answer(request, page)


async def _problem(request: web.Request) -> web.Response:
    branding, language = request.app[BRANDING], language_for(request)
    text = _PROBLEMS.get(request.match_info["problem"])
    if text is None:
        detail = language.words("There is no such problem type.")
        return _answer(request, pages.not_found_page(detail, branding, language), status=404)
    badge = Badge("Problem type", "info", Tone.QUIET)
    title = language.words("Refused because of a maintenance window")
    return _answer(request, pages.message_page(title, language.words(text), branding, language, badge=badge))


def _month(request: web.Request, current: Month) -> Month | None:
    """Return the month that is asked for; None where that is none, or has not begun."""
    try:
        month = Month.read(request.query["month"]) if "month" in request.query else current
    except InvalidError:
        return None
    return month if month <= current else None


async def _find(request: web.Request, given: str) -> Window | None:
    """Find a window by its id, in any of its spellings: in memory, else in the database.

    Raises:
        StoreError, LimitedError, BusyError: as `PastWindows.window`.
    """
    try:
        window_id = UUID(given)
    except ValueError:
        return None
    snapshot = _moment(request).snapshot
    known = next((window for window in snapshot.windows if window.id == window_id), None) if snapshot else None
    return known or await request.app[SERVICES].past.window(window_id, address(request))


def _wanted(request: web.Request) -> Format:
    """Choose as the gate itself does; where that would send a problem, these pages send plain JSON."""
    fields = (request.headers.get(name, "") for name in ("Accept", "Content-Type", "Sec-Fetch-Mode"))
    accept, content_type, fetch_mode = (field.encode("utf-8", "surrogateescape") for field in fields)
    return wanted_format(accept, content_type, fetch_mode)


def _moment(request: web.Request) -> Moment:
    return request.app[SERVICES].state.moment


def _kept(
    request: web.Request, moment: Moment, key: Hashable, content_type: str, make: Callable[[], bytes], *, source: object
) -> web.Response:
    """Answer with what was made once for the moment, from `source` beside it."""
    tag = language_for(request).tag
    body = request.app[KEPT_PAGES].body(moment, (key, content_type, tag), content_type, make, source=source)
    headers = _policy(request) if content_type == "text/html" else {}
    headers["Content-Language"] = tag
    return answer(request, body, vary=f"Accept, {LANGUAGE_VARIES}", headers=headers)


def _answer(request: web.Request, body: bytes, *, status: int = 200) -> web.Response:
    """Answer with a page of the moment's own, which nobody keeps."""
    headers = {"Cache-Control": "no-store", "Content-Language": language_for(request).tag, **_policy(request)}
    response = web.Response(status=status, body=body, content_type="text/html", charset="utf-8", headers=headers)
    response.enable_compression()
    return response


def _policy(request: web.Request) -> dict[str, str]:
    return {"Content-Security-Policy": pages.content_security_policy(request.app[BRANDING])}
