"""Where a one-time sign-in link leads: for the API and the panel, which tell it once."""

from aiohttp import web

from gateway.web.auth import is_secure


def sign_in_url(request: web.Request, token: str) -> str:
    """Return the address of a link, on the host by which the caller has reached the gateway."""
    path = request.app.router["admin.link"].url_for(token=token)
    return f"{'https' if is_secure(request) else 'http'}://{request.host}{path}"
