"""The API: `/api/v1` under the prefix. JSON in, JSON out, errors as problem+json, bearer tokens.

Who may do what stands in `domain/access.py` under the names of the operations; input is checked in `service/drafts/`.
"""

from typing import Any

from aiohttp import web

from gateway.web.api import (
    audit,
    bypass_links,
    component_groups,
    components,
    fences,
    history,
    operators,
    preview,
    series,
    statistics,
    templates,
    tokens,
    windows,
)
from gateway.web.api.openapi import description_route
from gateway.web.api.operation import Operation

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *windows.OPERATIONS,
    *series.OPERATIONS,
    *preview.OPERATIONS,
    *statistics.OPERATIONS,
    *fences.OPERATIONS,
    *history.OPERATIONS,
    *components.OPERATIONS,
    *component_groups.OPERATIONS,
    *templates.OPERATIONS,
    *bypass_links.OPERATIONS,
    *tokens.OPERATIONS,
    *operators.OPERATIONS,
    *audit.OPERATIONS,
)


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of the API below the gateway's prefix."""
    base = f"{prefix}/api/v1"
    fixed = {operation.path for operation in OPERATIONS if "{" not in operation.path}
    return [*(operation.route(base, fixed) for operation in OPERATIONS), description_route(base, OPERATIONS)]
