"""Groups of components, as rows."""

from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from gateway.domain.component import ComponentGroup
from gateway.domain.errors import ConflictError, NotFoundError
from gateway.store.pool import Session

_GROUP = TypeAdapter(ComponentGroup)


async def list_groups(session: Session) -> list[ComponentGroup]:
    """Return all groups in their order."""
    return [_GROUP.validate_json(row["document"]) for row in await session.rows("component_group_documents")]


async def get_group(session: Session, group_id: UUID) -> ComponentGroup:
    """Return one group.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = await session.run("component_group_document", id=group_id)
    if found is None:
        raise NotFoundError(f"there is no group {group_id}")
    return _GROUP.validate_json(found)


async def group_named(session: Session, name: str) -> UUID:
    """Return the id of the group with this name; it is made where there is none."""
    group_id: UUID = await session.run("group_id", name=name) or await insert_group(session, name=name)
    return group_id


async def insert_group(session: Session, *, name: str, description: str = "", collapsed: bool = False) -> UUID:
    """Add a group behind the others."""
    group_id: UUID = await session.run("insert_group", name=name, description=description, collapsed=collapsed)
    return group_id


async def update_group(session: Session, group: ComponentGroup) -> None:
    """Write a changed group, if its row is still at the version that the change was made from.

    Raises:
        ConflictError: somebody else has changed it in the meantime.
    """
    values = {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "collapsed": group.collapsed,
        "row_version": group.row_version,
    }
    if await session.run("update_group", **values) is None:
        raise _changed_meanwhile(await get_group(session, group.id))


async def delete_group(session: Session, group: ComponentGroup) -> None:
    """Delete a group; its components stay, without a group.

    Raises:
        ConflictError: somebody else has changed it in the meantime.
    """
    if await session.run("delete_group", id=group.id, row_version=group.row_version) is None:
        raise _changed_meanwhile(group)


async def order_groups(session: Session, ids: list[UUID]) -> None:
    """Put the groups in this order."""
    await session.run("order_groups", ids=ids)


def document(group: ComponentGroup) -> dict[str, Any]:
    """Return the group as JSON values, for the audit."""
    dumped: dict[str, Any] = _GROUP.dump_python(group, mode="json")
    return dumped


def _changed_meanwhile(group: ComponentGroup) -> ConflictError:
    return ConflictError(f'the group "{group.name}" was changed by somebody else in the meantime')
