"""Who passes the gate, in the panel: links, made and revoked, and the networks of the settings."""

from uuid import UUID

from aiohttp import web

from gateway.domain.bypass import LinkState
from gateway.domain.errors import InvalidError, NotFoundError
from gateway.render.bypass_screens import LINK_BADGES, BypassScreen, LinkRow, NewLink
from gateway.render.panel import Typed
from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.service.drafts.fields import checked
from gateway.store.bypass_links import BypassLink
from gateway.web.admin.screen import refused, render, see, typed_values
from gateway.web.auth import actor
from gateway.web.bypass import link_url
from gateway.web.keys import SERVICES, SETTINGS

_MOST = 1000
_MOST_OVER = 50
_NEW = {"name": "", "expires_in": "8h"}


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/bypass", _list, name="admin.bypass"),
        web.post(base + "/bypass/new", _make, name="admin.bypass.new"),
        web.post(base + "/bypass/{link_id}/revoke", _revoke, name="admin.bypass.revoke"),
    ]


async def _list(request: web.Request) -> web.Response:
    return await _screen(request, Typed(values=_NEW))


async def _make(request: web.Request) -> web.Response:
    """Make a link and show its address: no redirect, for nothing that keeps addresses may have it."""
    values = _NEW | await typed_values(request)
    try:
        draft = checked(BypassLinkDraft, {name: values[name] for name in _NEW})
    except InvalidError as error:
        return await _screen(request, refused(values, error), status=422)
    link, token = await request.app[SERVICES].bypass_links.create(draft, actor(request))
    made = NewLink(id=link.id, name=link.name, url=link_url(request, token), expires_at=link.expires_at)
    return await _screen(request, Typed(values=_NEW), made=made, status=201)


async def _revoke(request: web.Request) -> web.Response:
    given = request.match_info["link_id"]
    try:
        link_id = UUID(given)
    except ValueError as error:
        raise NotFoundError(f"there is no bypass link {given!r}") from error
    await request.app[SERVICES].bypass_links.revoke(link_id, actor(request))
    return see(request, "/bypass", "revoked")


async def _screen(request: web.Request, form: Typed, *, made: NewLink | None = None, status: int = 200) -> web.Response:
    services, maintenance = request.app[SERVICES], request.app[SETTINGS].maintenance
    now = services.state.now()
    links = [(link, link.state(now)) for link in await services.bypass_links.page(limit=_MOST)]
    screen = BypassScreen(
        made=made,
        live=tuple(_row(link, state) for link, state in links if state is LinkState.LIVE),
        over=tuple(_row(link, state) for link, state in links if state is not LinkState.LIVE)[:_MOST_OVER],
        networks=tuple(str(network) for network in maintenance.bypass_networks),
        paths=tuple(maintenance.never_gate),
        form=form,
    )
    return render(request, "admin/bypass.html", screen, section="bypass", status=status)


def _row(link: BypassLink, state: LinkState) -> LinkRow:
    return LinkRow(
        id=link.id,
        name=link.name,
        badge=LINK_BADGES[state],
        over_at=link.revoked_at or link.expires_at,
        created_by=link.created_by,
        created_at=link.created_at,
        first_used_at=link.first_used_at,
        first_used_from=link.first_used_from,
    )
