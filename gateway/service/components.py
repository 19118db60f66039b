"""Components: the use cases."""

from gateway.domain.access import Actor
from gateway.domain.component import Component, ComponentStatus
from gateway.service.drafts.components import ComponentDraft
from gateway.service.following import follow
from gateway.service.state import State
from gateway.store import audit, components
from gateway.store.pool import Database


class Components:
    """What can be done to components; every write is audited and waited for."""

    def __init__(self, database: Database, state: State) -> None:
        """Write to `database`, and wait for `state` to follow."""
        self._database = database
        self._state = state

    async def list(self) -> list[Component]:
        """Return all components in their order, with their own status."""
        async with self._database.session() as session:
            return await components.list_components(session)

    async def get(self, slug: str) -> Component:
        """Return one component.

        Raises:
            NotFoundError: there is none with this slug.
        """
        async with self._database.session() as session:
            return await components.get_component(session, slug)

    async def add(self, draft: ComponentDraft, actor: Actor) -> Component:
        """Add a component.

        Raises:
            ConflictError: the slug is taken.
        """
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            group_id = await components.group_named(session, draft.group) if draft.group else None
            await components.insert_component(
                session,
                slug=draft.slug,
                name=draft.name,
                description=draft.description,
                status=draft.status,
                group_id=group_id,
            )
            component = await components.get_component(session, draft.slug)
            await audit.record(session, actor, "component.added", draft.slug, after=components.document(component))
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return component

    async def set_status(self, slug: str, status: ComponentStatus, actor: Actor) -> Component:
        """Set a component's own status.

        Raises:
            NotFoundError: there is none with this slug.
        """
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            before = await components.get_component(session, slug)
            await components.set_component_status(session, slug, status)
            component = await components.get_component(session, slug)
            documents = {"before": components.document(before), "after": components.document(component)}
            await audit.record(session, actor, "component.status_set", slug, **documents)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return component
