"""Components, as rows. Those that were removed stay, for their history."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from gateway.domain.component import Component, ComponentStatus, Visibility
from gateway.domain.errors import NotFoundError
from gateway.store.pool import Session

_COMPONENT = TypeAdapter(Component)
# More than anybody has; where all are needed at once.
MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which components are listed; None: any. `group` is a group's name."""

    group: str | None = None
    status: ComponentStatus | None = None
    visibility: Visibility | None = None
    removed: bool = False


async def list_components(
    session: Session, wanted: Wanted | None = None, *, after: str | None = None, most: int = MOST
) -> list[Component]:
    """Return components in the order of the page, those behind the slug `after` alone."""
    chosen = wanted or Wanted()
    rows = await session.rows(
        "component_documents",
        removed=chosen.removed,
        group=chosen.group,
        status=chosen.status,
        visibility=chosen.visibility,
        after=after,
        most=most,
    )
    return [_COMPONENT.validate_json(row["document"]) for row in rows]


async def find_component(session: Session, slug: str) -> Component | None:
    """Return one component, removed or not; None where there never was one with this slug."""
    found = await session.run("component_document", slug=slug)
    return None if found is None else _COMPONENT.validate_json(found)


def no_component(slug: str) -> str:
    """Return what is said of a slug that no component has."""
    return f'there is no component "{slug}"; `gateway component list` shows them'


async def get_component(session: Session, slug: str) -> Component:
    """Return one component.

    Raises:
        NotFoundError: there is none with this slug, or it was removed.
    """
    found = await find_component(session, slug)
    if found is None:
        raise NotFoundError(no_component(slug))
    if found.removed_at is not None:
        raise NotFoundError(f'the component "{slug}" was removed; adding it again brings it back, with its history')
    return found


async def insert_component(session: Session, values: dict[str, Any]) -> None:
    """Add a component behind the others, from its columns."""
    await session.run("insert_component", **values)


async def restore_component(session: Session, values: dict[str, Any]) -> None:
    """Bring a removed component back, behind the others, with new columns."""
    await session.run("restore_component", **values)


async def update_component(session: Session, component: Component) -> None:
    """Write a changed component."""
    await session.run("update_component", **columns(component))


async def remove_component(session: Session, slug: str) -> None:
    """Take a component away from everything but its history."""
    await session.run("remove_component", slug=slug)


async def titles_that_name(session: Session, slug: str) -> list[str]:
    """Return the titles of a few windows that are not over and name the component, the next one first."""
    return [row["title"] for row in await session.rows("windows_that_name", slug=slug)]


async def titles_of_series_that_name(session: Session, slug: str) -> list[str]:
    """Return the titles of a few series that were not ended and name the component."""
    return [row["title"] or str(row["id"]) for row in await session.rows("series_that_name", slug=slug)]


async def components_there(session: Session, slugs: list[str]) -> frozenset[str]:
    """Return which of these components exist and were not removed."""
    return frozenset(row["slug"] for row in await session.rows("components_there", slugs=slugs))


async def order_components(session: Session, slugs: list[str]) -> None:
    """Put the components in this order."""
    await session.run("order_components", slugs=slugs)


def columns(component: Component) -> dict[str, Any]:
    """Return the columns that an operator decides on, but for the place."""
    return {
        "slug": component.slug,
        "name": component.name,
        "description": component.description,
        "status": component.status,
        "visibility": component.visibility,
        "group_id": component.group_id,
    }


def document(component: Component) -> dict[str, Any]:
    """Return the component as JSON values, for the audit."""
    dumped: dict[str, Any] = _COMPONENT.dump_python(component, mode="json")
    return dumped
