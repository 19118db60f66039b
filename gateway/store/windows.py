"""Windows, their component effects and updates, as rows."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from gateway.domain.errors import InvalidError, NotFoundError, StaleError
from gateway.domain.window import Kind, State, UpdateStatus, Window, WindowText
from gateway.store.components import no_component
from gateway.store.pool import Session

_WINDOW = TypeAdapter(Window)


async def get_window(session: Session, window_id: UUID) -> Window:
    """Return one window with its updates.

    Raises:
        NotFoundError: there is none with this id.
    """
    document = await session.run("window_document", id=window_id)
    if document is None:
        raise NotFoundError(f"there is no window {window_id}")
    return _WINDOW.validate_json(document)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFilter:
    """Which windows; None: whatever it is. `since` and `until` (exclusive) are about the start."""

    states: frozenset[State] | None = None
    kinds: frozenset[Kind] | None = None
    component: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_windows(
    session: Session,
    selected: WindowFilter,
    *,
    soonest_first: bool,
    after: tuple[datetime, UUID] | None = None,
    most: int,
) -> list[Window]:
    """Return windows by their start, behind the place `after` (start, id)."""
    rows = await session.rows(
        "soonest_window_documents" if soonest_first else "latest_window_documents",
        states=None if selected.states is None else sorted(selected.states),
        kinds=None if selected.kinds is None else sorted(selected.kinds),
        component=selected.component,
        since=selected.since,
        until=selected.until,
        after_start=after[0] if after else None,
        after_id=after[1] if after else None,
        most=most,
    )
    return [_WINDOW.validate_json(row["document"]) for row in rows]


async def past_neighbours(
    session: Session, since: datetime, until: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return when the last window that is over began before `since`, and when the first one from `until` on."""
    row = await session.run("past_neighbours", since=since, until=until)
    return row["before"], row["after"]


async def insert_window(session: Session, values: dict[str, Any]) -> UUID:
    """Insert a window from `columns`; its components are set separately."""
    window_id: UUID = await session.run("insert_window", **values)
    return window_id


async def update_window(session: Session, window: Window) -> None:
    """Write a changed window, if its row is still at the version that the change was made from.

    Raises:
        StaleError: somebody else has changed it in the meantime.
    """
    values = columns(window) | {
        "id": window.id,
        "row_version": window.row_version,
        "fixed": window.fixed,
        "ended_at": window.ended_at,
        "cancelled_at": window.cancelled_at,
    }
    if await session.run("update_window", **values) is None:
        raise StaleError(f'the window "{window.title}" was changed by somebody else in the meantime')


async def set_window_components(session: Session, window_id: UUID, components: list[tuple[str, str]]) -> None:
    """Replace the component effects: pairs of slug and status.

    Raises:
        InvalidError: there are no components with some slugs; each is named.
    """
    await session.run("delete_window_components", window_id=window_id)
    wrong = {}
    for position, (slug, status) in enumerate(components):
        if await session.run("insert_window_component", window_id=window_id, slug=slug, status=status) is None:
            wrong[f"components.{position}.slug"] = no_component(slug)
    if wrong:
        raise InvalidError(wrong)


async def insert_update(
    session: Session, window_id: UUID, status: UpdateStatus, body: str, translations: Mapping[str, str]
) -> UUID:
    """Add a post to a window's timeline."""
    values = {"status": status, "body": body, "translations": json.dumps(translations)}
    update_id: UUID = await session.run("insert_update", window_id=window_id, **values)
    return update_id


def columns(window: Window) -> dict[str, Any]:
    """Return the columns that an operator decides on."""
    return {
        "kind": window.kind,
        "title": window.title,
        "description": window.description,
        "translations": encoded(window.translations),
        "starts_at": window.starts_at,
        "estimated_duration": window.estimated_duration,
        "ends": window.ends,
        "gate": window.gate,
        "hosts": list(window.scope.hosts),
        "paths": list(window.scope.paths),
        "excluded_paths": list(window.scope.excluded_paths),
        "reminders": list(window.reminders),
        "reopen_over": window.reopen_over,
    }


def encoded(translations: Mapping[str, WindowText]) -> str:
    """Return translations as the column has them."""
    return json.dumps({tag: asdict(text) for tag, text in translations.items()})


def document(window: Window) -> dict[str, Any]:
    """Return the window as JSON values, for the audit."""
    dumped: dict[str, Any] = _WINDOW.dump_python(window, mode="json")
    return dumped
