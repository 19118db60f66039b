"""The SRE panel: server-rendered, complete without JavaScript, every write a POST that ends in a redirect.

`screen.py` renders and redirects; the other modules are one area each. Permissions are not asked here: the table in
`domain/access.py` names what each route takes, `web/auth.py` asks it.
"""

from aiohttp import web

from gateway.web.admin import (
    account,
    audit,
    bypass,
    component_groups,
    components,
    dashboard,
    fences,
    gateways,
    history,
    operators,
    second_factor,
    second_factor_setup,
    series,
    sign_in,
    templates,
    tokens,
    trial,
    updates,
    windows,
)
from gateway.web.admin.not_saved import keep_typed

__all__ = ["keep_typed", "routes"]


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of the panel below `prefix`."""
    base = prefix + "/admin"
    areas = (
        *(sign_in, account, dashboard, trial, windows, updates, series, templates),
        *(fences, components, component_groups, history, bypass, audit),
        *(operators, tokens, gateways),
        *(second_factor, second_factor_setup),
    )
    return [route for area in areas for route in area.routes(base)]
