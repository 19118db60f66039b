"""`/components` of the API."""

from aiohttp import web

from gateway.domain.component import Component
from gateway.service.drafts.components import ComponentDraft, StatusDraft
from gateway.web.api.bodies import body, component_slug
from gateway.web.api.documents import component_document
from gateway.web.auth import actor
from gateway.web.keys import SERVICES


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes; the names are those of the table of permissions."""
    return [
        web.get(f"{base}/components", list_components, name="api.components.list"),
        web.post(f"{base}/components", add_component, name="api.components.add"),
        web.get(f"{base}/components/{{slug}}", show_component, name="api.components.show"),
        web.patch(f"{base}/components/{{slug}}", set_component_status, name="api.components.set"),
    ]


async def list_components(request: web.Request) -> web.Response:
    """List all components in their order."""
    services = request.app[SERVICES]
    components = await services.components.list()
    moment = services.state.moment
    return web.json_response({"components": [component_document(component, moment) for component in components]})


async def add_component(request: web.Request) -> web.Response:
    """Add a component behind the others; its group is made where it does not exist."""
    draft = await body(request, ComponentDraft)
    component = await request.app[SERVICES].components.add(draft, actor(request))
    location = request.app.router["api.components.show"].url_for(slug=component.slug)
    return _answer(request, component, status=201, headers={"Location": str(location)})


async def show_component(request: web.Request) -> web.Response:
    """Return one component."""
    return _answer(request, await request.app[SERVICES].components.get(component_slug(request)))


async def set_component_status(request: web.Request) -> web.Response:
    """Set a component's own status."""
    slug = component_slug(request)
    draft = await body(request, StatusDraft)
    return _answer(request, await request.app[SERVICES].components.set_status(slug, draft.status, actor(request)))


def _answer(
    request: web.Request, component: Component, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    moment = request.app[SERVICES].state.moment
    return web.json_response(component_document(component, moment), status=status, headers=headers)
