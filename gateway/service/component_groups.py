"""Groups of components: the use cases."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from gateway.domain.access import Actor
from gateway.domain.component import ComponentGroup
from gateway.domain.errors import ConflictError, NotFoundError, StaleError
from gateway.domain.ordering import moved, reordered
from gateway.service.drafts.components import GroupChange, GroupDraft
from gateway.service.following import follow
from gateway.service.state import State
from gateway.store import audit, component_groups, components
from gateway.store.pool import Database, Session

Groups = list[ComponentGroup]
Ids = list[UUID]


class ComponentGroups:
    """What can be done to groups; every write is audited and waited for."""

    def __init__(self, database: Database, state: State) -> None:
        """Write to `database`, and wait for `state` to follow."""
        self._database = database
        self._state = state

    async def list(self) -> Groups:
        """Return all groups in their order."""
        async with self._database.session() as session:
            return await component_groups.list_groups(session)

    async def get(self, group_id: UUID) -> ComponentGroup:
        """Return one group.

        Raises:
            NotFoundError: there is none with this id.
        """
        async with self._database.session() as session:
            return await component_groups.get_group(session, group_id)

    async def add(self, draft: GroupDraft, actor: Actor) -> ComponentGroup:
        """Add a group behind the others.

        Raises:
            ConflictError: the name is taken.
        """
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            await _refuse_taken(session, draft.name)
            group_id = await component_groups.insert_group(
                session, name=draft.name, description=draft.description, collapsed=draft.collapsed
            )
            group = await component_groups.get_group(session, group_id)
            await audit.record(session, actor, "group.added", group_id, after=component_groups.document(group))
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return group

    async def edit(
        self, group_id: UUID, change: GroupChange, actor: Actor, *, row_version: int | None = None
    ) -> ComponentGroup:
        """Change what the change names; with `row_version` only if the group is still at that version.

        Raises:
            NotFoundError: there is no such group.
            StaleError: somebody else has changed it in the meantime.
            ConflictError: the name is taken.
        """
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            before = await component_groups.get_group(session, group_id)
            _refuse_stale(before, row_version)
            wanted = replace(before, **change.model_dump(exclude_unset=True, exclude_none=True))
            if wanted.name != before.name:
                await _refuse_taken(session, wanted.name)
            group = before
            if wanted != before:
                await component_groups.update_group(session, wanted)
                group = await component_groups.get_group(session, group_id)
                documents = {"before": component_groups.document(before), "after": component_groups.document(group)}
                await audit.record(session, actor, "group.edited", group_id, **documents)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return group

    async def remove(self, group_id: UUID, actor: Actor, *, row_version: int | None = None) -> ComponentGroup:
        """Remove a group; its components stay, without a group.

        Raises:
            NotFoundError: there is no such group.
            StaleError: somebody else has changed it in the meantime.
        """
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            group = await component_groups.get_group(session, group_id)
            _refuse_stale(group, row_version)
            within = [each.slug for each in await components.list_components(session) if each.group_id == group_id]
            await component_groups.delete_group(session, group_id)
            was = component_groups.document(group) | {"components": within}
            await audit.record(session, actor, "group.removed", group_id, before=was)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return group

    async def reorder(self, ids: Sequence[UUID], actor: Actor) -> Groups:
        """Put the groups that are named in this order, at the places that they have among the others.

        Raises:
            InvalidError: one is named twice, or there is no such group; each is named.
        """
        return await self._order(actor, lambda known: reordered(known, ids, field="ids", what="group"))

    async def move(
        self, group_id: UUID, actor: Actor, *, before: UUID | None = None, after: UUID | None = None
    ) -> ComponentGroup:
        """Put a group right before or right after another one.

        Raises:
            InvalidError: not exactly one is given.
            NotFoundError: there is no such group, or no such other one.
            ConflictError: the other one is the same.
        """

        def order(known: Ids) -> Ids:
            if group_id not in known:
                raise NotFoundError(f"there is no group {group_id}")
            return moved(known, group_id, before=before, after=after, what="group")

        return next(group for group in await self._order(actor, order) if group.id == group_id)

    async def _order(self, actor: Actor, order: Callable[[Ids], Ids]) -> Groups:
        """Put the groups in the order that `order` makes of the present one, and tell of it where it is another."""
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            present = await component_groups.list_groups(session)
            names = {group.id: group.name for group in present}
            wanted = order([*names])
            groups = present
            if wanted != [*names]:
                await component_groups.order_groups(session, wanted)
                orders = {"before": {"order": [*names.values()]}, "after": {"order": [names[one] for one in wanted]}}
                await audit.record(session, actor, "group.reordered", **orders)
                groups = await component_groups.list_groups(session)
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return groups


def _refuse_stale(group: ComponentGroup, row_version: int | None) -> None:
    if row_version not in (None, group.row_version):
        raise StaleError(f'the group "{group.name}" was changed by somebody else in the meantime')


async def _refuse_taken(session: Session, name: str) -> None:
    if await component_groups.find_group(session, name) is not None:
        raise ConflictError(f'there is a group "{name}" already: choose another name, or edit that one')
