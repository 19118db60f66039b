"""The contexts of the panel's screens for components and groups, made from what the services return."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.component import Component, ComponentGroup, ComponentStatus, Visibility, worst
from gateway.domain.component_history import History
from gateway.render.panel import ComponentRow, Difference, Options, Typed
from gateway.render.wording import COMPONENT_BADGES, Badge

VISIBILITY_OPTIONS: Options = (
    (Visibility.SHOWN.value, "Shown"),
    (Visibility.ONLY_WHEN_DEGRADED.value, "Only while it is not operational"),
    (Visibility.HIDDEN.value, "Hidden"),
)
_VISIBILITY_NOTES = {
    Visibility.SHOWN: "",
    Visibility.ONLY_WHEN_DEGRADED: "Customers see it only while it is not operational",
    Visibility.HIDDEN: "Hidden from customers",
}
_MOST_INTERVALS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentEntry:
    """A component in its group. `previous` and `next` are the slugs of its neighbours there; empty at the ends."""

    row: ComponentRow
    description: str
    note: str
    previous: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEntry:
    """A group with its components; `id` is None for those without a group, `badge` where customers see none of it."""

    id: UUID | None
    name: str
    description: str
    badge: Badge | None
    collapsed: bool
    components: tuple[ComponentEntry, ...]
    previous: UUID | None = None
    next: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentsScreen:
    """`admin/components.html`."""

    groups: tuple[GroupEntry, ...]
    names: tuple[str, ...]
    """Of the groups that there are."""
    form: Typed
    group_form: Typed
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow:
    """A time in which customers saw one status. `until` is None where it still lasts; `windows` are title and id."""

    badge: Badge
    since: datetime
    until: datetime | None
    lasted: timedelta
    windows: tuple[tuple[str, UUID], ...]
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """What customers saw, the latest first. `up` is in per cent, in words; `left_out` counts what is not listed.

    `known_since` is None where it is known for all of the `days`.
    """

    days: int
    known_since: datetime | None
    up: str
    intervals: tuple[IntervalRow, ...]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentScreen:
    """`admin/component.html`: one component, its form, and its history."""

    component: ComponentEntry
    row_version: int
    form: Typed
    names: tuple[str, ...]
    history: HistoryView
    conflict: str = ""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScreen:
    """`admin/group.html`: one group and its form."""

    group: GroupEntry
    row_version: int
    form: Typed
    conflict: str = ""
    differences: tuple[Difference, ...] = ()


def component_entry(component: Component, row: ComponentRow, *, previous: str = "", next_: str = "") -> ComponentEntry:
    """Show a component, and what customers see of it."""
    return ComponentEntry(
        row=row,
        description=component.description,
        note=_VISIBILITY_NOTES[component.visibility],
        previous=previous,
        next=next_,
    )


def group_entries(
    groups: Iterable[ComponentGroup],
    components: Iterable[tuple[Component, ComponentRow]],
    shown: dict[str, ComponentStatus],
) -> tuple[GroupEntry, ...]:
    """Arrange components, which come in their order, by group; those without one first.

    `shown` are the statuses of the components that customers see, by slug.
    """
    members: dict[UUID | None, list[tuple[Component, ComponentRow]]] = {}
    for component, row in components:
        members.setdefault(component.group_id, []).append((component, row))
    present = [*groups]
    ids = [group.id for group in present]
    entries = [
        _group_entry(group, members.pop(group.id, []), shown, previous=previous, next_=next_)
        for group, previous, next_ in zip(present, [None, *ids], [*ids[1:], None], strict=False)
    ]
    # Whatever is left: without a group, or in one that was made a breath ago.
    rest = [member for found in members.values() for member in found]
    return (*((_group_entry(None, rest, shown),) if rest else ()), *entries)


def _group_entry(
    group: ComponentGroup | None,
    members: list[tuple[Component, ComponentRow]],
    shown: dict[str, ComponentStatus],
    *,
    previous: UUID | None = None,
    next_: UUID | None = None,
) -> GroupEntry:
    slugs = [component.slug for component, _ in members]
    public = [shown[slug] for slug in slugs if slug in shown]
    return GroupEntry(
        id=group.id if group else None,
        name=group.name if group else "",
        description=group.description if group else "",
        badge=COMPONENT_BADGES[worst(*public)] if public else None,
        collapsed=bool(group and group.collapsed),
        components=tuple(
            component_entry(component, row, previous=before, next_=after)
            for (component, row), before, after in zip(members, ["", *slugs], [*slugs[1:], ""], strict=False)
        ),
        previous=previous,
        next=next_,
    )


def history_view(history: History) -> HistoryView:
    """Show a history that lasts until now, the latest interval first."""
    latest = [*reversed(history.intervals)]
    known_since = latest[-1].since if latest else history.until
    return HistoryView(
        days=(history.until - history.since).days,
        known_since=known_since if known_since > history.since else None,
        up=_percent(history.share_up),
        intervals=tuple(
            IntervalRow(
                badge=COMPONENT_BADGES[interval.status],
                since=interval.since,
                until=None if interval.until == history.until else interval.until,
                lasted=interval.lasted,
                windows=tuple((history.titles[window], window) for window in interval.windows),
                changed_by=interval.changed_by,
            )
            for interval in latest[:_MOST_INTERVALS]
        ),
        left_out=max(0, len(latest) - _MOST_INTERVALS),
    )


def _percent(share: float | None) -> str:
    """Write a share, rounded down: what was not always up is never 100 %."""
    if share is None:
        return ""
    return f"{int(share * 100_000) / 1000:.3f}".rstrip("0").rstrip(".") + " %"
