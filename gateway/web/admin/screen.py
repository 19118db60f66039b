"""What every screen of the panel shares: the frame around it, form fields, redirects with a notice."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlencode
from uuid import UUID

import aiohttp_jinja2
from aiohttp import web

from gateway.domain.access import NOBODY, Actor, Permission
from gateway.domain.errors import InvalidError, NotFoundError
from gateway.domain.languages import NAMES
from gateway.render.assets import asset_url
from gateway.render.panel import Preview, Shell, Typed
from gateway.render.wording import Tone
from gateway.service.drafts import messages
from gateway.web.admin.navigation import navigation
from gateway.web.admin.translation_forms import BODY_FIELDS, TEXT_FIELDS
from gateway.web.headers import SCRIPT_POLICY
from gateway.web.keys import ACTOR, BRANDING, SETTINGS

_STYLES = ("base.css", "admin.css")
# Of a screen that shows fences: its script keeps them true.
_FENCE_SCRIPT = "fence.js"

# A notice is named in the address and worded here: nothing from the address is shown.
_NOTICES = {
    "started": "The window has started.",
    "scheduled": "The window is scheduled.",
    "saved": "Saved.",
    "extended": "The estimated end has been moved.",
    "fixed": "Fixed: the window has ended.",
    "ended": "The window has ended.",
    "cancelled": "The window is cancelled.",
    "reopened": "The window is in force again.",
    "repeats": "The series is scheduled. This is when its windows start.",
    "series-saved": "Saved, and all windows ahead are changed.",
    "series-kept": "Saved. Windows that somebody has changed or skipped by hand stay as they are.",
    "series-ended": "The series has ended, and what had not begun is cancelled.",
    "skipped": "Skipped: that window is cancelled, and the series goes on.",
    "posted": "The update is on the status page.",
    "status": "The status is set.",
    "added": "The component has been added.",
    "removed": "The component is removed. Its history is kept: adding its short name again brings it back.",
    "moved": "The order is saved.",
    "group-added": "The group has been added.",
    "group-removed": "The group is removed; its components stay.",
    "forgotten": "The gateway is forgotten. If it lives, it comes back by itself.",
    "revoked": "The link is revoked: whoever holds it is a customer again.",
    "template-saved": "The template is saved.",
    "template-removed": "The template is removed. What was made from it stays.",
    "role-set": "The role is changed. It counts from the next click on.",
    "signed-out-everywhere": "Signed out everywhere.",
    "disabled": "Disabled: signed out everywhere, and nobody can sign in as this operator.",
    "enabled": "Enabled again, with the role and the password of before.",
    "token-revoked": "The token is revoked: no gateway takes it any more.",
    "signed-out": "You are signed out.",
    "sign-in-over": "That took too long, or there were too many wrong codes. Sign in from the start.",
    "second-factor-removed": "The second factor is removed. The password alone signs you in.",
    "session-revoked": "That browser is signed out.",
    "signed-out-elsewhere": "You are signed out everywhere else.",
    "password-changed": "The password is changed, and all other browsers are signed out.",
}


# What forms have fields for.
_TRANSLATIONS = {"languages": tuple(NAMES.items()), "text_fields": (*TEXT_FIELDS,), "body_fields": (*BODY_FIELDS,)}

# The banner's colours, by the names that settings have for them.
_TONES = {"grey": Tone.QUIET, "blue": Tone.WORK, "green": Tone.GOOD, "amber": Tone.WARN, "red": Tone.BAD}

# What drafts say, in words for somebody in a hurry.
_PLAINER = {messages.EMPTY: "Please fill this in."}


def render(
    request: web.Request, template: str, screen: object, *, section: str = "", status: int = 200, fences: bool = False
) -> web.Response:
    """Render a screen in the panel's frame; `section` is the entry of the navigation that it belongs to.

    With `fences` it carries the script that keeps them true, and a policy that lets that run.
    """
    branding, settings = request.app[BRANDING], request.app[SETTINGS].admin
    actor = request.get(ACTOR) or Actor(name="", permissions=NOBODY)
    shell = Shell(
        branding=branding,
        styles=tuple(asset_url(branding.prefix, name) for name in _STYLES),
        scripts=(asset_url(branding.prefix, _FENCE_SCRIPT),) if fences else (),
        operator=actor.name if actor.may(Permission.VIEW) else "",
        may_report=actor.may(Permission.REPORT),
        may_operate=actor.may(Permission.OPERATE),
        navigation=navigation(actor),
        section=section,
        notice=_NOTICES.get(request.query.get("notice", ""), ""),
        environment=settings.environment,
        environment_tone=_TONES[settings.environment_colour],
    )
    context = {"shell": shell, "page": screen, **_TRANSLATIONS}
    response = aiohttp_jinja2.render_template(template, request, context, status=status)
    if fences:
        response.headers["Content-Security-Policy"] = SCRIPT_POLICY
    return response


def see(request: web.Request, path: str, notice: str = "", *, at: str = "") -> web.Response:
    """Send the browser to a screen (path below the panel) after a write, with a notice: 303 (RFC 9110, 15.4.4).

    `at` is the id of the element to begin at: who moves something by keyboard goes on where it is now.
    """
    query = f"?{urlencode({'notice': notice})}" if notice else ""
    place = f"{request.app[BRANDING].prefix}/admin{path}{query}{'#' if at else ''}{at}"
    return web.Response(status=303, headers={"Location": place})


def text_preview(values: Mapping[str, str]) -> Preview:
    """Return what the form of a window would have customers read."""
    return Preview(title=values.get("title", ""), text=values.get("description", ""))


async def typed_values(request: web.Request) -> dict[str, str]:
    """Return the fields of a form as they were typed; with plain line feeds, files left out.

    Raises:
        HTTPBadRequest: the body is no form.
    """
    try:
        form = await request.post()
    except (ValueError, LookupError) as error:  # a boundary that is missing, a charset that is none, no UTF-8
        raise web.HTTPBadRequest(text="the body can't be read as a form") from error
    return {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}


def id_of(request: web.Request, what: str) -> UUID:
    """Return the id in the path of a `what`, such as a window.

    Raises:
        NotFoundError: it is none.
    """
    given = request.match_info[f"{what}_id"]
    try:
        return UUID(given)
    except ValueError as error:
        raise NotFoundError(f"there is no {what} {given!r}") from error


def read_row_version(values: Mapping[str, str]) -> int:
    """Return the version that a form was filled from.

    Raises:
        InvalidError: the form carries none.
    """
    try:
        return int(values.get("row_version", ""))
    except ValueError as error:
        raise InvalidError({"the form": "says not from which version it was filled: open it again"}) from error


def refused(values: dict[str, str], error: InvalidError, groups: Mapping[str, str] = MappingProxyType({})) -> Typed:
    """Return a form with its errors beside the fields.

    `groups` maps the beginning of a path (`scope.hosts`) to the field that shows it. What belongs to no field of the
    form is said under `form`, with its path.
    """
    errors: dict[str, str] = {}
    for path, given in error.fields.items():
        name = next((field for prefix, field in groups.items() if path.startswith(prefix)), path)
        text = _PLAINER.get(given, given)
        place, said = (name, text) if name in values else ("form", f"{path}: {text}")
        errors[place] = f"{errors[place]}; {said}" if place in errors else said
    return Typed(values=values, errors=errors)
