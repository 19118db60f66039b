"""From drafts to windows: what is asked for becomes a row, or changes one. For single windows and for series."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from gateway.domain.recurrence import Occurrence
from gateway.domain.window import DEFAULT_GATE, Window
from gateway.service.drafts.translations import texts_of
from gateway.service.drafts.windows import EffectDraft, WindowChange, WindowDraft
from gateway.store import windows
from gateway.store.pool import Session


async def insert_drafted(
    session: Session,
    draft: WindowDraft,
    starts_at: datetime,
    *,
    series_id: UUID | None = None,
    occurrence: Occurrence | None = None,
) -> UUID:
    """Insert a window as drafted, with its components; as an occurrence of a series where one is named.

    Raises:
        InvalidError: a component does not exist, or the database refuses a value.
    """
    values = {
        "kind": draft.kind,
        "title": draft.title,
        "description": draft.description,
        "translations": windows.encoded(texts_of(draft.translations)),
        "starts_at": starts_at,
        "estimated_duration": draft.estimated_duration,
        "ends": draft.ends,
        "gate": draft.gate or DEFAULT_GATE[draft.kind],
        "hosts": draft.scope.hosts,
        "paths": draft.scope.paths,
        "excluded_paths": draft.scope.excluded_paths,
        "reminders": draft.reminders,
        "reopen_over": draft.reopen_over,
        "series_id": series_id,
        "occurs_on": occurrence.local if occurrence else None,
        "occurs_at": occurrence.at if occurrence else None,
    }
    window_id = await windows.insert_window(session, values)
    await windows.set_window_components(session, window_id, component_pairs(draft.components))
    return window_id


def with_change(window: Window, change: WindowChange) -> Window:
    """Return the window with the change's plain fields; `components` and `fixed` are handled by the callers."""
    given = change.model_fields_set - {"components", "fixed", "scope", "translations"}
    values = {name: getattr(change, name) for name in given if getattr(change, name) is not None}
    if change.scope is not None:
        values["scope"] = change.scope.scope()
    if change.translations is not None:
        values["translations"] = texts_of(change.translations)
    return replace(window, **values)


def component_pairs(components: tuple[EffectDraft, ...]) -> list[tuple[str, str]]:
    """Return components as pairs of slug and status."""
    return [(effect.slug, effect.status) for effect in components]
