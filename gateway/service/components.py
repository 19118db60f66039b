"""Components: the use cases."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from gateway.domain.access import Actor
from gateway.domain.component import Component, ComponentStatus
from gateway.domain.errors import ConflictError, StaleError
from gateway.domain.ordering import moved, reordered
from gateway.service.drafts.components import ComponentChange, ComponentDraft
from gateway.service.following import follow
from gateway.service.state import State
from gateway.store import audit, component_groups, components
from gateway.store.components import Wanted
from gateway.store.pool import Database, Session

Slugs = list[str]


class Components:
    """What can be done to components; every write is audited and waited for."""

    def __init__(self, database: Database, state: State) -> None:
        """Write to `database`, and wait for `state` to follow."""
        self._database = database
        self._state = state

    async def list(
        self, wanted: Wanted | None = None, *, after: str | None = None, limit: int = components.MOST
    ) -> list[Component]:
        """Return components in the order of the page, with their own status; those behind the slug `after` alone."""
        async with self._database.session() as session:
            return await components.list_components(session, wanted, after=after, most=limit)

    async def get(self, slug: str) -> Component:
        """Return one component.

        Raises:
            NotFoundError: there is none with this slug, or it was removed.
        """
        async with self._database.session() as session:
            return await components.get_component(session, slug)

    async def add(self, draft: ComponentDraft, actor: Actor) -> Component:
        """Add a component behind the others; one that was removed comes back, and its history goes on.

        Raises:
            ConflictError: the slug is taken.
        """
        async with self._database.transaction(actor.name) as session:
            await session.run("lock_state_version")
            values = draft.model_dump(exclude={"group"})
            values["group_id"] = await _group_named(session, draft.group, actor) if draft.group else None
            before = await components.find_component(session, draft.slug)
            if before is None:
                await components.insert_component(session, values)
            elif before.removed_at is None:
                raise ConflictError(f'the slug is taken by the component "{before.name}": choose another')
            else:
                await components.restore_component(session, values)
            component = await components.get_component(session, draft.slug)
            await _record(session, actor, "component.restored" if before else "component.added", before, component)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return component

    async def set_status(self, slug: str, status: ComponentStatus, actor: Actor) -> Component:
        """Set a component's own status.

        Raises:
            NotFoundError: there is none with this slug.
        """
        return await self.edit(slug, ComponentChange(status=status), actor)

    async def edit(
        self, slug: str, change: ComponentChange, actor: Actor, *, row_version: int | None = None
    ) -> Component:
        """Change what the change names; with `row_version` only if the component is still at that version.

        Raises:
            NotFoundError: there is none with this slug.
            StaleError: somebody else has changed it in the meantime.
        """
        async with self._database.transaction(actor.name) as session:
            await session.run("lock_state_version")
            before = await components.get_component(session, slug)
            _refuse_stale(before, row_version)
            wanted = await _changed(session, before, change, actor)
            component = before
            if wanted != before:
                await components.update_component(session, wanted)
                component = await components.get_component(session, slug)
                only_status = replace(before, status=wanted.status) == wanted
                action = "component.status_set" if only_status else "component.edited"
                await _record(session, actor, action, before, component)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return component

    async def remove(self, slug: str, actor: Actor, *, row_version: int | None = None) -> Component:
        """Take a component away from pages and lists; its history is kept, and so are windows that are over.

        Raises:
            NotFoundError: there is none with this slug.
            StaleError: somebody else has changed it in the meantime.
            ConflictError: a window that is not over names it, or a series that was not ended.
        """
        async with self._database.transaction(actor.name) as session:
            await session.run("lock_state_version")
            before = await components.get_component(session, slug)
            _refuse_stale(before, row_version)
            series = await components.titles_of_series_that_name(session, slug)
            if series:
                raise ConflictError(
                    f'the component "{before.name}" is named by series that go on making windows ('
                    f"{', '.join(series)}): take it out of them, or end them first"
                )
            titles = await components.titles_that_name(session, slug)
            if titles:
                raise ConflictError(
                    f'the component "{before.name}" is named by windows that are not over ('
                    f"{', '.join(titles)}): take it out of them, end or cancel them first"
                )
            await components.remove_component(session, slug)
            removed = await components.find_component(session, slug)
            await _record(session, actor, "component.removed", before, None)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return removed or before

    async def reorder(self, slugs: Sequence[str], actor: Actor) -> Sequence[Component]:
        """Put the components that are named in this order, at the places that they have among the others.

        Raises:
            InvalidError: one is named twice, or there is no such component; each is named.
        """

        def order(present: dict[str, Component]) -> Slugs:
            return reordered([*present], slugs, field="slugs", what="component")

        return await self._order(actor, order)

    async def move(self, slug: str, actor: Actor, *, before: str | None = None, after: str | None = None) -> Component:
        """Put a component right before or right after another one of its group.

        Raises:
            InvalidError: not exactly one is given.
            NotFoundError: there is no such component, or no such other one.
            ConflictError: the other one is the same, or in another group.
        """
        component = await self.get(slug)

        def order(present: dict[str, Component]) -> Slugs:
            wanted = moved([*present], slug, before=before, after=after, what="component")
            field, other = ("before", before) if before is not None else ("after", after)
            found = present[other or slug]
            if found.group_id != component.group_id:
                where = f'in the group "{found.group}"' if found.group else "in no group"
                raise ConflictError(f'{field}: "{found.slug}" is {where}: change the group of "{slug}" first')
            return wanted

        return next(found for found in await self._order(actor, order) if found.slug == slug)

    async def _order(self, actor: Actor, order: Callable[[dict[str, Component]], Slugs]) -> Sequence[Component]:
        """Put the components in the order that `order` makes of the present one, and tell of it where it is another."""
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            present = {found.slug: found for found in await components.list_components(session)}
            wanted = order(present)
            if wanted == [*present]:
                return [*present.values()]
            await components.order_components(session, wanted)
            ordered = await components.list_components(session)
            orders = {"before": {"order": [*present]}, "after": {"order": [found.slug for found in ordered]}}
            await audit.record(session, actor, "component.reordered", **orders)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return ordered


def _refuse_stale(component: Component, row_version: int | None) -> None:
    if row_version not in (None, component.row_version):
        raise StaleError(f'the component "{component.name}" was changed by somebody else in the meantime')


async def _changed(session: Session, component: Component, change: ComponentChange, actor: Actor) -> Component:
    """Return the component with what the change names; a group is made where it does not exist."""
    wanted = replace(component, **change.model_dump(exclude_unset=True, exclude_none=True, exclude={"group"}))
    if "group" not in change.model_fields_set or change.group == component.group:
        return wanted
    group_id = await _group_named(session, change.group, actor) if change.group else None
    return replace(wanted, group_id=group_id, group=change.group)


async def _group_named(session: Session, name: str, actor: Actor) -> UUID:
    """Return the id of the group with this name; it is made, and the audit told, where there is none."""
    group_id = await component_groups.find_group(session, name)
    if group_id is None:
        group_id = await component_groups.insert_group(session, name=name)
        group = await component_groups.get_group(session, group_id)
        await audit.record(session, actor, "group.added", group_id, after=component_groups.document(group))
    return group_id


async def _record(
    session: Session, actor: Actor, action: str, before: Component | None, after: Component | None
) -> None:
    old = None if before is None else components.document(before)
    new = None if after is None else components.document(after)
    await audit.record(session, actor, action, (new or old or {}).get("slug", ""), before=old, after=new)
