"""`/bypass-links` of the API."""

from aiohttp import web

from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.web.api.bodies import body, bypass_link_id
from gateway.web.api.documents import bypass_link_document
from gateway.web.auth import actor
from gateway.web.bypass import link_url
from gateway.web.keys import SERVICES


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes; the names are those of the table of permissions."""
    return [
        web.get(f"{base}/bypass-links", list_bypass_links, name="api.bypass_links.list"),
        web.post(f"{base}/bypass-links", create_bypass_link, name="api.bypass_links.create"),
        web.delete(f"{base}/bypass-links/{{id}}", revoke_bypass_link, name="api.bypass_links.revoke"),
    ]


async def list_bypass_links(request: web.Request) -> web.Response:
    """List links, the newest first, without what they open the gate with."""
    services = request.app[SERVICES]
    now = services.state.now()
    found = await services.bypass_links.list()
    return web.json_response({"bypass_links": [bypass_link_document(link, now) for link in found]})


async def create_bypass_link(request: web.Request) -> web.Response:
    """Make a link; its address is told here, and never again."""
    draft = await body(request, BypassLinkDraft)
    services = request.app[SERVICES]
    link, token = await services.bypass_links.create(draft, actor(request))
    document = bypass_link_document(link, services.state.now()) | {"url": link_url(request, token)}
    return web.json_response(document, status=201)


async def revoke_bypass_link(request: web.Request) -> web.Response:
    """Revoke a link: whoever holds it is refused as everybody is."""
    services = request.app[SERVICES]
    link = await services.bypass_links.revoke(bypass_link_id(request), actor(request))
    return web.json_response(bypass_link_document(link, services.state.now()))
