"""Components and their groups, as rows."""

from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from gateway.domain.component import Component, ComponentStatus
from gateway.domain.errors import NotFoundError
from gateway.store.pool import Session

_COMPONENT = TypeAdapter(Component)


async def list_components(session: Session) -> list[Component]:
    """Return all components in their order."""
    return [_COMPONENT.validate_json(row["document"]) for row in await session.rows("component_documents")]


async def get_component(session: Session, slug: str) -> Component:
    """Return one component.

    Raises:
        NotFoundError: there is none with this slug.
    """
    found = await session.run("component_document", slug=slug)
    if found is None:
        raise NotFoundError(f'there is no component "{slug}"')
    return _COMPONENT.validate_json(found)


async def insert_component(
    session: Session, *, slug: str, name: str, description: str, status: ComponentStatus, group_id: UUID | None
) -> None:
    """Add a component behind the others."""
    await session.run(
        "insert_component", slug=slug, name=name, description=description, status=status, group_id=group_id
    )


async def set_component_status(session: Session, slug: str, status: ComponentStatus) -> None:
    """Set the component's own status."""
    await session.run("set_component_status", slug=slug, status=status)


async def group_named(session: Session, name: str) -> UUID:
    """Return the id of the group with this name; it is made where there is none."""
    group_id: UUID = await session.run("group_id", name=name) or await session.run("insert_group", name=name)
    return group_id


def document(component: Component) -> dict[str, Any]:
    """Return the component as JSON values, for the audit."""
    dumped: dict[str, Any] = _COMPONENT.dump_python(component, mode="json")
    return dumped
