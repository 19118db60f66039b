"""`/bypass-links` of the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field, TypeAdapter

from gateway.domain.bypass import LinkState
from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.store.bypass_links import BypassLink
from gateway.web.api.documents import Document, Instant, Page
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import PageQuery, paged, place_of
from gateway.web.bypass import link_url

_PLACE = TypeAdapter(tuple[datetime, UUID])


class BypassLinkDocument(Document):
    """A link that passes the gate; what it opens the gate with is no part of it."""

    id: UUID
    name: str
    state: LinkState
    expires_at: Instant
    created_by: str
    created_at: Instant
    first_used_at: Instant | None
    first_used_from: str = Field(description="From which address; empty where it was not used.")
    revoked_at: Instant | None


class NewBypassLinkDocument(BypassLinkDocument):
    """A link that was just made."""

    url: str = Field(description="What opens the gate; told here, and never again.")


class BypassLinkPage(Page):
    """Links, page by page."""

    bypass_links: tuple[BypassLinkDocument, ...]


async def list_bypass_links(call: Call[None, PageQuery]) -> Answer:
    """List links, the newest first, without what they open the gate with."""
    after, limit = place_of(call.query.cursor, _PLACE), call.query.limit
    found = await call.services.bypass_links.page(after=after, limit=limit + 1)
    links, cursor = paged(found, limit, lambda link: (link.created_at, link.id))
    now = call.now
    shown = tuple(BypassLinkDocument(**_fields(link, now)) for link in links)
    return Answer(document=BypassLinkPage(bypass_links=shown, next_cursor=cursor))


async def create_bypass_link(call: Call[BypassLinkDraft, None]) -> Answer:
    """Make a link; its address is told here, and never again."""
    link, token = await call.services.bypass_links.create(call.body, call.actor)
    return Answer(document=NewBypassLinkDocument(**_fields(link, call.now), url=link_url(call.request, token)))


async def revoke_bypass_link(call: Call[None, None]) -> Answer:
    """Revoke a link: whoever holds it is refused as everybody is."""
    link = await call.services.bypass_links.revoke(call.id("bypass link"), call.actor)
    return Answer(document=BypassLinkDocument(**_fields(link, call.now)))


def _fields(link: BypassLink, now: datetime) -> dict[str, Any]:
    names = BypassLinkDocument.model_fields.keys() - {"state"}
    return {name: getattr(link, name) for name in names} | {"state": link.state(now)}


OPERATIONS = (
    Operation(
        "GET",
        "/bypass-links",
        list_bypass_links,
        name="api.bypass_links.list",
        summary="List bypass links",
        query=PageQuery,
        answer=BypassLinkPage,
    ),
    Operation(
        "POST",
        "/bypass-links",
        create_bypass_link,
        name="api.bypass_links.create",
        summary="Make a bypass link",
        body=BypassLinkDraft,
        answer=NewBypassLinkDocument,
        status=201,
        tells_secret=True,
    ),
    Operation(
        "DELETE",
        "/bypass-links/{id}",
        revoke_bypass_link,
        name="api.bypass_links.revoke",
        summary="Revoke a bypass link",
        answer=BypassLinkDocument,
    ),
)
