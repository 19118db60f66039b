"""Bypass links: the use cases. Making and revoking are waited for, so that the answer is true at this gateway."""

import secrets
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from gateway.domain.access import Actor
from gateway.domain.bypass import Bypass, signed_token
from gateway.domain.errors import ForbiddenError, StoreError
from gateway.domain.observation import BypassUsed, Observer
from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.service.following import follow
from gateway.service.state import State
from gateway.store import audit
from gateway.store.bypass_links import (
    BypassLink,
    bypass_key,
    get_bypass_link,
    insert_bypass_link,
    list_bypass_links,
    revoke_bypass_link,
)
from gateway.store.pool import Database, storable
from gateway.store.snapshot import database_clock

_KEY_BYTES = 32


class BypassRefusedError(ForbiddenError):
    """This bypass link has expired, was revoked, or is not complete: ask whoever gave it to you for a new one."""


class BypassLinks:
    """Who may pass the gate, by whom that was allowed, and since when it is used."""

    def __init__(self, database: Database, state: State, observe: Observer) -> None:
        """Write to `database`, and wait for `state` to follow."""
        self._database = database
        self._state = state
        self._observe = observe

    async def create(self, draft: BypassLinkDraft, actor: Actor) -> tuple[BypassLink, str]:
        """Make a link and return it with its token, for the only time."""
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            key = await bypass_key(session, secrets.token_bytes(_KEY_BYTES))
            # A token says its end in whole seconds.
            expires_at = (await database_clock(session) + draft.expires_in).replace(microsecond=0)
            link = await insert_bypass_link(session, name=draft.name, expires_at=expires_at, created_by=actor.name)
            after = {"name": link.name, "expires_at": link.expires_at.isoformat()}
            await audit.record(session, actor, "bypass_link.created", link.id, after=after)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return link, signed_token(link.bypass, key)

    async def revoke(self, link_id: UUID, actor: Actor) -> BypassLink:
        """Revoke a link for good; one that was revoked before stays as it is.

        Raises:
            NotFoundError: there is none with this id.
        """
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            link = await revoke_bypass_link(session, link_id)
            if link is not None:
                await audit.record(session, actor, "bypass_link.revoked", link.id, after={"name": link.name})
            link = link or await get_bypass_link(session, link_id)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return link

    async def page(self, *, after: tuple[datetime, UUID] | None = None, limit: int) -> list[BypassLink]:
        """Return links behind a place (made at, id), the newest first, expired and revoked ones too; never a token."""
        async with self._database.session() as session:
            return await list_bypass_links(session, after=after, most=limit)

    async def visit(self, token: str, address: str) -> Bypass:
        """Take a token from whoever has followed a link; the first use of each link goes into the audit.

        Raises:
            BypassRefusedError: it is none that is good at the moment.
        """
        bypass = self._state.moment.bypass([token.encode("utf-8", "surrogatepass")])
        if bypass is None:
            raise BypassRefusedError
        self._observe(BypassUsed(link=str(bypass.id), name=bypass.name, address=address))
        # While the database is away the link works all the same: that may be just when it is needed. The log has said
        # so, and the next visit is the first that the audit can tell of.
        with suppress(StoreError):
            async with self._database.transaction() as session:
                if await session.run("note_first_use", id=bypass.id, address=storable(address)):
                    holder = Actor(name=f"bypass link {bypass.name}", address=address)
                    await audit.record(session, holder, "bypass_link.used", bypass.id)
        return bypass
