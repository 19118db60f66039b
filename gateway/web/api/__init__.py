"""The API: `/api/v1` under the prefix. JSON in, JSON out, errors as problem+json, bearer tokens.

Who may do what stands in `domain/access.py` under the names of these routes; input is checked in `service/drafts/`.
"""

from aiohttp import web

from gateway.web.api import bypass_links, components, fences, windows


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of the API below the gateway's prefix."""
    base = f"{prefix}/api/v1"
    return [route for area in (windows, fences, components, bypass_links) for route in area.routes(base)]
