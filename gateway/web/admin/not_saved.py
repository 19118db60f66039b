"""When a form can't be taken: the database is away, or the session has ended. What was typed is not lost."""

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.domain.errors import StoreError
from gateway.render.panel import NotSavedScreen
from gateway.render.wording import Badge, Tone
from gateway.web.admin import translation_forms
from gateway.web.admin.screen import render, typed_values
from gateway.web.admin.state_unknown import reason_for
from gateway.web.auth import SignInRequiredError
from gateway.web.keys import BRANDING

_SECRET = frozenset({"password", "again"})
_TRANSLATIONS = translation_forms.TEXT_FIELDS.keys() | translation_forms.BODY_FIELDS.keys()


@web.middleware
async def keep_typed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a POST of the panel that failed for want of the database or a session with what was typed.

    Other requests and errors go on to `web/errors.py`, and so do forms with a password: that is never shown again.
    """
    inside = request.path.startswith(f"{request.app[BRANDING].prefix}/admin/")
    if request.method != "POST" or not inside:
        return await handler(request)
    values = await typed_values(request)
    if values.keys() & _SECRET:
        return await handler(request)
    try:
        return await handler(request)
    except StoreError as error:
        reason = reason_for(request, error)
        text = f"{reason[:1].upper()}{reason[1:]}. If you are in doubt whether it was saved, look at the list first."
        badge = Badge("Not confirmed", "cross", Tone.BAD)
        return await _screen(request, badge, "It could not be saved", text, status=503, sign_in=False)
    except SignInRequiredError:
        text = "Your session has ended, so nothing was saved. Sign in again in another tab, then send this again."
        badge = Badge("Not saved", "clock", Tone.WARN)
        return await _screen(request, badge, "Please sign in again", text, status=401, sign_in=True)


async def _screen(
    request: web.Request, badge: Badge, title: str, text: str, *, status: int, sign_in: bool
) -> web.Response:
    values = await typed_values(request)
    screen = NotSavedScreen(
        badge=badge,
        title=title,
        text=text,
        action=request.path,
        # Without the many languages that nothing was typed for.
        fields=tuple((name, value) for name, value in values.items() if value or name not in _TRANSLATIONS),
        sign_in=sign_in,
    )
    response = render(request, "admin/not_saved.html", screen, status=status)
    if status == 503:  # noqa: PLR2004
        response.headers["Retry-After"] = "5"
    return response
