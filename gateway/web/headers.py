"""The fields that every answer of the site carries, and the policies of its pages."""

from aiohttp import web

from gateway.web.auth import is_secure
from gateway.web.keys import SETTINGS

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers would send `Origin: null` with our own forms then, which domain/origin.py refuses.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "Server": "maintenance-gateway",
}
_REST = "style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
PAGE_POLICY = f"default-src 'none'; {_REST}"
"""Of pages without a script."""
SCRIPT_POLICY = f"default-src 'none'; script-src 'self'; connect-src 'self'; {_REST}"
"""Of pages of the panel with scripts, which are files of ours."""


async def guard(request: web.Request, response: web.StreamResponse) -> None:
    """Add the fields where the handler did not set them; a signal of each response, so streams have them, too."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    if not (request.match_info.route.name or "").startswith("status."):  # badge and banner are for other sites, too
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    lifetime = int(request.app[SETTINGS].server.hsts.total_seconds())
    if lifetime and is_secure(request):
        response.headers["Strict-Transport-Security"] = f"max-age={lifetime}"
