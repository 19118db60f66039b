"""The API: `/api/v1` under the prefix. JSON in, JSON out, errors as problem+json, bearer tokens.

Who may do what stands in `domain/access.py` under the names of the operations; input is checked in `service/drafts/`.
"""

from typing import Any

from aiohttp import web

from gateway.web.api import bypass_links, components, fences, windows
from gateway.web.api.openapi import description_route
from gateway.web.api.operation import Operation

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *windows.OPERATIONS,
    *fences.OPERATIONS,
    *components.OPERATIONS,
    *bypass_links.OPERATIONS,
)


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of the API below the gateway's prefix."""
    base = f"{prefix}/api/v1"
    return [*(operation.route(base) for operation in OPERATIONS), description_route(base, OPERATIONS)]
