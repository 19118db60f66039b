"""Groups of components, as rows."""

from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from gateway.domain.component import ComponentGroup
from gateway.domain.errors import NotFoundError
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


async def find_group(session: Session, name: str) -> UUID | None:
    """Return the id of the group with this name; None: there is none."""
    group_id: UUID | None = await session.run("group_id", name=name)
    return group_id


async def insert_group(session: Session, *, name: str, description: str = "", collapsed: bool = False) -> UUID:
    """Add a group behind the others."""
    group_id: UUID = await session.run("insert_group", name=name, description=description, collapsed=collapsed)
    return group_id


async def update_group(session: Session, group: ComponentGroup) -> None:
    """Write a changed group."""
    await session.run(
        "update_group", id=group.id, name=group.name, description=group.description, collapsed=group.collapsed
    )


async def delete_group(session: Session, group_id: UUID) -> None:
    """Delete a group; its components stay, without a group."""
    await session.run("delete_group", id=group_id)


async def order_groups(session: Session, ids: list[UUID]) -> None:
    """Put the groups in this order."""
    await session.run("order_groups", ids=ids)


def document(group: ComponentGroup) -> dict[str, Any]:
    """Return the group as JSON values, for the audit."""
    dumped: dict[str, Any] = _GROUP.dump_python(group, mode="json")
    return dumped
