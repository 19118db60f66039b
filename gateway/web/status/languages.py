"""In which language a page is: by its address (`?lang=de`), the reader's choice (a cookie), or `Accept-Language`."""

from urllib.parse import urlsplit

from aiohttp import web
from yarl import URL

from gateway.domain.errors import InvalidError
from gateway.http1.cookies import LANGUAGE_COOKIE
from gateway.http1.negotiate import chosen_language
from gateway.render.language import Language, language_of
from gateway.web.auth import is_secure
from gateway.web.keys import BRANDING

LANGUAGE_VARIES = "Accept-Language, Cookie"
"""The fields by which `language_for` chooses, for `Vary`."""

_COOKIE = LANGUAGE_COOKIE.decode()
_YEAR = 31_536_000


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the route of the switch."""
    return [web.post(prefix + "/language", _choose, name="status.language")]


def language_for(request: web.Request) -> Language:
    """Return the language that the reader asks for, else the product's own."""
    branding = request.app[BRANDING]
    asked = request.query.get("lang", "")
    if asked in branding.languages:
        return language_of(asked)
    fields = (request.cookies.get(_COOKIE, ""), request.headers.get("Accept-Language", ""))
    cookie, accept = (field.encode("utf-8", "surrogateescape") for field in fields)
    return language_of(chosen_language((cookie, accept), branding.languages, branding.language))


async def _choose(request: web.Request) -> web.Response:
    """Remember the reader's choice, and go back to the page on which it was made.

    Raises:
        InvalidError: there is no such language.
    """
    tag = str((await request.post()).get("lang", ""))
    if tag not in request.app[BRANDING].languages:
        raise InvalidError({"lang": f"must be one of {', '.join(request.app[BRANDING].languages)}"})
    response = web.Response(status=303, headers={"Location": _back(request)})
    response.set_cookie(_COOKIE, tag, max_age=_YEAR, path="/", httponly=True, samesite="Lax", secure=is_secure(request))
    return response


def _back(request: web.Request) -> str:
    """Return the page that the form was on, where it is one of this host, as a path; else the status page."""
    home = request.app[BRANDING].prefix + "/"
    try:
        page = URL(request.headers.get("Referer", ""))
        host = urlsplit(f"//{request.host}").hostname
    except ValueError:
        return home
    if not page.absolute or page.host != host or page.raw_path.startswith("//"):
        return home
    return str(page.without_query_params("lang").relative())
