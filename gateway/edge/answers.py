"""The gateway's own answers as bytes: rendered once per moment, framed once per second, chosen per request.

A body is rendered when it is first asked for, within a millisecond. To render all of them when the state changes would
hold up exactly those requests that the change is about.
"""

import math
import re
import time
from email.utils import formatdate

from gateway.config.settings import Settings
from gateway.domain.snapshot import Moment
from gateway.domain.verdict import SAFE_METHODS, Facts, Verdict, let_in_at, refuses
from gateway.domain.window import State
from gateway.edge.places import client_key, known_place, new_place, place_field
from gateway.http1.compression import compressed
from gateway.http1.negotiate import Format, Wants, chosen_language, wants_of
from gateway.http1.request import RequestHead
from gateway.render import pages
from gateway.render.headline import headline
from gateway.render.language import Language, language_of, message
from gateway.render.look import Branding
from gateway.render.plain_text import plain_text
from gateway.service.state import State as StateService

_SAFE_TO_REDIRECT = frozenset({b"GET", b"HEAD"})
_PHRASES = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}
_TITLES = {502: message("We can't reach the application"), 504: message("The application takes too long")}
_VARY = "Accept, Accept-Language, Cookie"
_HTTPS = 443
_PORT = re.compile(rb":\d*$")

# Whether a write is refused, the form by its media type, the content coding, the language's tag. No enums: their hashes
# are slow.
_Key = tuple[bool, str, str, str]


class Rendered:
    """The bodies of one moment's refusals, compressed and not."""

    __slots__ = ("_bodies", "_branding", "moment")

    def __init__(self, moment: Moment, branding: Branding) -> None:
        """Render none of them yet."""
        self.moment = moment
        self._branding = branding
        self._bodies: dict[_Key, bytes] = {}

    def body(self, key: _Key) -> bytes:
        """Return a body."""
        body = self._bodies.get(key)
        if body is None:
            body = self._bodies[key] = self._render(*key)
        return body

    def _render(self, write: bool, form: str, coding: str, tag: str) -> bytes:  # noqa: FBT001  as in the key
        if coding:
            return compressed(self.body((write, form, "", tag)), coding)
        language = language_of(tag)
        match Format(form):
            case Format.HTML:
                return pages.gated_page(self.moment, self._branding, language, refused_write=write)
            case Format.PROBLEM:
                return pages.problem(self.moment, self._branding, language, read_only=write)
            case Format.TEXT:
                return plain_text(self.moment, self._branding, language)


class Answers:
    """Chooses the bytes of an answer."""

    def __init__(self, state: StateService, branding: Branding, settings: Settings) -> None:
        """Answer by `state`."""
        self._state = state
        self._branding = branding
        self._retry_after = settings.maintenance.retry_after.total_seconds()
        self._redirects = settings.maintenance.response == "redirect"
        self._https_port = settings.server.https_port
        self._rendered = Rendered(state.moment, branding)
        # Even where nothing is gated: the first rendering compiles the templates, and no window's start waits for that.
        self._rendered.body((False, Format.HTML.value, "br", branding.language))
        language_of(branding.language).read_forms()
        self._framed: dict[tuple[_Key, int], bytes] = {}
        """Whole answers by form, and by the windows that cover the request."""
        self._framed_until = -math.inf
        """Until when (monotonic) these are exact: their Date and Retry-After are those of the current second."""
        self._failures: dict[tuple[int, Format, str], bytes] = {}
        self._policy = pages.content_security_policy(branding)

    def refusal(
        self, request: RequestHead, verdict: Verdict, moment: Moment, now: float, client: str
    ) -> tuple[bytes, int]:
        """Return the refusal in the form that the client reads, and its status; `now` is monotonic."""
        wants, method = wants_of(request.fields), request.method
        if wants.origin and wants.script_method and method == b"OPTIONS":
            return _preflight(wants), 204
        is_html = wants.form is Format.HTML
        covering = _covering(moment, request)
        # Whom only a reopening holds back gets the page itself: it looks again when this client is let in.
        if is_html and self._redirects and method in _SAFE_TO_REDIRECT and (covering or not moment.reopening):
            redirect = self._redirect()
            if moment.reopens:
                redirect = self._for_one(redirect, request, moment, client, covering=covering)
            return redirect, 302
        # For a browser that has sent something this page does not look again by itself: that would lose what was sent.
        write = verdict is Verdict.REFUSE_WRITE or (is_html and method not in SAFE_METHODS)
        key = ((write, wants.form_name, wants.coding, self._language(wants)), covering)
        answer = None
        if now < self._framed_until and moment is self._rendered.moment:
            answer = self._framed.get(key)
        if answer is None:
            answer = self._frame(moment, key, now)
        if moment.reopens:
            answer = self._for_one(answer, request, moment, client, covering=covering)
        if method == b"HEAD":
            answer = answer[: answer.index(b"\r\n\r\n") + 4]
        if wants.origin:
            answer = _with(answer, _cors(wants.origin))
        return answer, 503

    def _for_one(self, answer: bytes, request: RequestHead, moment: Moment, client: str, *, covering: int) -> bytes:
        """Add what is about this client alone: its place in a reopening, and when that lets it in."""
        own, place = b"", client_key(request, client)
        if wants_of(request.fields).form is Format.HTML and not known_place(request):
            place = new_place()
            own = place_field(place)
        if not covering:
            at = self._state.clock.timestamp()
            facts = Facts(request.fields.host, request.path, request.method, client=place, at=at)
            seconds = max(1, math.ceil(max(let_in_at(facts, moment) - at, 0.0)))
            own += b"Retry-After: %d\r\n" % seconds
            if request.method in SAFE_METHODS:  # the page itself looks again much later
                own += b"Refresh: %d\r\n" % seconds
        return _with(answer, own)

    def summary(self, moment: Moment) -> str:
        """Say in one line how the product does, in its own language."""
        return headline(moment, self._branding, language_of(self._branding.language)).title

    def unavailable(self, request: RequestHead, status: int, reason: str) -> bytes:
        """Return what is said where the application does not answer: in the product's look, or as a problem."""
        if status not in _TITLES:
            return self.plain(status, reason, request)
        wants = wants_of(request.fields)
        form, tag = wants.form, self._language(wants)
        body = self._failures.get((status, form, tag))
        if body is None:  # rendered once: an application that is down must not make the gateway slow
            body = self._failures[status, form, tag] = self._failure(status, form, language_of(tag))
        extra = f"Content-Language: {tag}\r\nVary: {_VARY}\r\n"
        if form is Format.HTML:
            extra += f"Content-Security-Policy: {self._policy}\r\n"
        return _framed(
            status, form, body, f"{extra}Cache-Control: no-store\r\n", without_body=request.method == b"HEAD"
        )

    def _failure(self, status: int, form: Format, language: Language) -> bytes:
        title = language.words(_TITLES[status])
        detail = language.words("This is not planned. Please try again in a moment.")
        if form is Format.HTML:
            return pages.unavailable_page(title, detail, self._branding, language)
        if form is Format.TEXT:
            return f"{title}. {detail}\n".encode()
        return _problem(status, f"{title}. {detail}")

    def to_https(self, request: RequestHead) -> tuple[bytes, int]:
        """Return a redirect to the same URL by https (RFC 9110, section 15.4.9: the method stays)."""
        host = request.fields.host
        if not host:
            return self.plain(400, "this site is reached by https alone, and the request names no Host", request), 400
        port = b"" if self._https_port == _HTTPS else b":%d" % self._https_port
        target = b"/" if request.target == b"*" else request.target
        location = b"https://%b%b%b" % (_PORT.sub(b"", host), port, target)
        head = _head(308, "Permanent Redirect", "Content-Length: 0\r\n")
        return head.replace(b"\r\n\r\n", b"\r\nLocation: %b\r\n\r\n" % location, 1), 308

    def plain(self, status: int, reason: str, request: RequestHead | None = None) -> bytes:
        """Return a refusal of the message itself: a line of text, or a problem for those who speak JSON."""
        form, body = Format.TEXT, f"{status} {reason}\n".encode()
        if request is not None and wants_of(request.fields).form is Format.PROBLEM:
            form, body = Format.PROBLEM, _problem(status, reason)
        return _framed(status, form, body, "", without_body=request is not None and request.method == b"HEAD")

    def _current(self, moment: Moment) -> Rendered:
        if self._rendered.moment is not moment:
            self._rendered = Rendered(moment, self._branding)
            self._framed.clear()
        return self._rendered

    def _frame(self, moment: Moment, key: tuple[_Key, int], now: float) -> bytes:
        """Make a whole answer; its Date and Retry-After are exact to the second."""
        rendered = self._current(moment)
        at = self._state.clock.timestamp()
        if now >= self._framed_until:
            self._framed.clear()
            self._framed_until = now + 1.0 - at % 1.0
        (write, form_name, coding, tag), covering = key
        extra = (
            f"Cache-Control: no-store\r\nVary: {_VARY}, Accept-Encoding, Origin\r\nContent-Language: {tag}\r\n"
            "X-Robots-Tag: noindex\r\nX-Content-Type-Options: nosniff\r\n"
        )
        if covering or moment.snapshot is None:  # else a reopening holds the client back: each has its own time
            extra = f"Retry-After: {self._seconds_left(moment, covering, at)}\r\n{extra}"
        form = Format(form_name)
        if form is Format.HTML:
            extra += f"Content-Security-Policy: {self._policy}\r\nReferrer-Policy: same-origin\r\n"
        if coding:
            extra += f"Content-Encoding: {coding}\r\n"
        answer = self._framed[key] = _framed(503, form, rendered.body((write, form_name, coding, tag)), extra)
        return answer

    def _seconds_left(self, moment: Moment, covering: int, now: float) -> int:
        """Return the longest remaining estimate of the windows that cover; the setting where none is left."""
        windows = [window for index, window in enumerate(moment.gating) if covering >> index & 1]
        if not windows or any(window.state(moment.at) is State.OVERRUNNING for window in windows):
            return max(1, round(self._retry_after))
        return max(1, math.ceil(max(window.scheduled_until.timestamp() for window in windows) - now))

    def _language(self, wants: Wants) -> str:
        if not wants.language:
            wants.language = chosen_language(wants.languages, self._branding.languages, self._branding.language)
        return wants.language

    def _redirect(self) -> bytes:
        location = f"Location: {self._branding.prefix}/\r\nCache-Control: no-store\r\nX-Robots-Tag: noindex\r\n"
        return _head(302, "Found", f"{location}Content-Length: 0\r\n")


def _problem(status: int, detail: str) -> bytes:
    """Write a problem document (RFC 9457) that the status alone tells apart."""
    return pages.json_bytes({"type": "about:blank", "title": _PHRASES[status], "status": status, "detail": detail})


def _preflight(wants: Wants) -> bytes:
    """Let a page's script send its real request, so that it can read the refusal (Fetch, section 3.2)."""
    allowed = b"Access-Control-Allow-Methods: %b\r\n" % wants.script_method
    if wants.script_headers:
        allowed += b"Access-Control-Allow-Headers: %b\r\n" % wants.script_headers
    head = _head(204, "No Content", "Cache-Control: no-store\r\nAccess-Control-Max-Age: 0\r\n")
    return _with(head, _cors(wants.origin) + allowed)


def _covering(moment: Moment, request: RequestHead) -> int:
    """Return which of the windows in force refuse this request, a bit for each; mostly there is one."""
    if len(moment.gating) == 1 and not moment.reopening:
        return 1
    facts = Facts(request.fields.host, request.path, request.method)
    return sum(1 << index for index, window in enumerate(moment.gating) if refuses(window, facts))


def _with(answer: bytes, fields: bytes) -> bytes:
    """Add fields to a ready-made answer, before its own."""
    return answer.replace(b"\r\n", b"\r\n" + fields, 1)


def _cors(origin: bytes) -> bytes:
    return (
        b"Access-Control-Allow-Origin: %b\r\nAccess-Control-Allow-Credentials: true\r\n"
        b"Access-Control-Expose-Headers: Retry-After\r\n" % origin
    )


def _framed(status: int, form: Format, body: bytes, extra: str, *, without_body: bool = False) -> bytes:
    fields = f"Content-Type: {form.value}\r\nContent-Length: {len(body)}\r\n{extra}"
    head = _head(status, _PHRASES[status], fields)
    return head if without_body else head + body


def _head(status: int, phrase: str, fields: str) -> bytes:
    date = formatdate(time.time(), usegmt=True)  # noqa: TID251  this is for the Date field
    return f"HTTP/1.1 {status} {phrase}\r\nDate: {date}\r\n{fields}\r\n".encode("latin-1")


def closing(answer: bytes) -> bytes:
    """Say in a ready-made answer that the connection ends with it."""
    return answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
