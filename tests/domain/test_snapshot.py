"""Moments: a snapshot seen at one time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from gateway.domain.component import Component, ComponentGroup, ComponentStatus, Visibility, worst
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.window import ComponentEffect, Ends, Gate, Kind, Window

T0 = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def window(number: int, start: int, hours: int = 1, **values: object) -> Window:
    """A window that starts `start` hours after T0."""
    plain = Window(
        id=UUID(int=number),
        kind=Kind.MAINTENANCE,
        title=f"window {number}",
        starts_at=T0 + start * HOUR,
        estimated_duration=hours * HOUR,
        ends=Ends.ON_TIME,
        gate=Gate.CLOSED,
        created_at=T0,
        updated_at=T0,
    )
    return replace(plain, **values)


def component(slug: str, status: ComponentStatus = ComponentStatus.OPERATIONAL) -> Component:
    return Component(id=UUID(int=hash(slug) % 1000), slug=slug, name=slug, status=status, created_at=T0, updated_at=T0)


def at(hours: float, *windows: Window, components: tuple[Component, ...] = ()) -> Moment:
    return Snapshot(version=1, taken_at=T0, windows=windows, components=components).at(T0 + hours * HOUR)


def test_a_moment_sorts_windows_into_past_active_and_upcoming() -> None:
    """The next one first, the latest over first; cancelled ones are in none."""
    windows = (
        window(6, 9),
        window(5, 5),
        window(4, 3),
        window(3, 0, 4),
        window(2, -1),
        window(1, -9, ended_at=T0 + HOUR),
        window(7, 5, cancelled_at=T0),
    )
    moment = at(3.5, *windows)
    assert [w.title for w in moment.active] == ["window 3", "window 4"]
    assert [w.title for w in moment.upcoming] == ["window 5", "window 6"]
    assert [w.title for w in moment.past] == ["window 1", "window 2"]


def test_a_window_without_gate_is_active_but_gates_nothing() -> None:
    moment = at(0.5, window(1, 0, gate=Gate.NONE))
    assert moment.active
    assert moment.gating == ()
    assert not moment.gates
    assert at(0.5, window(1, 0, gate=Gate.READ_ONLY)).gates


def test_a_moment_lasts_until_the_next_change() -> None:
    windows = (window(1, 0, 2), window(2, 1, 4))
    assert at(-1, *windows).until == T0
    assert at(0, *windows).until == T0 + HOUR
    assert at(1, *windows).until == T0 + 2 * HOUR
    assert at(2, *windows).until == T0 + 5 * HOUR
    assert at(5, *windows).until is None


def test_the_estimate_passing_is_a_change_too() -> None:
    """From then on customers read "taking longer than planned"."""
    overrunning = window(1, 0, ends=Ends.WHEN_FIXED)
    assert at(0.5, overrunning).until == T0 + HOUR
    assert at(1, overrunning).until is None
    assert at(1, overrunning).gates


@pytest.mark.parametrize("close_unknown", [True, False])
def test_an_unknown_state_is_a_value_with_a_configured_answer(*, close_unknown: bool) -> None:
    moment = Moment(snapshot=None, at=T0, close_unknown=close_unknown)
    assert moment.gates is close_unknown
    assert (moment.active, moment.upcoming, moment.past, moment.until) == ((), (), (), None)
    assert moment.component_statuses == {}


def test_a_known_state_is_not_closed_by_the_setting_for_an_unknown_one() -> None:
    assert not Moment(snapshot=Snapshot(version=1, taken_at=T0), at=T0, close_unknown=True).gates


def test_the_worst_status_wins_whatever_the_order() -> None:
    """From best to worst: operational, under maintenance, degraded, partial outage, major outage."""
    order = ["operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"]
    assert [status.value for status in ComponentStatus] == order
    assert worst() is ComponentStatus.OPERATIONAL
    for first, second in permutations(ComponentStatus, 2):
        assert worst(first, second) == max(first, second, key=lambda status: order.index(status.value))


def test_a_component_shows_the_worst_of_its_own_status_and_those_of_active_windows() -> None:
    """It falls back by itself when the windows end; a window never makes it look better."""
    down = ComponentEffect(slug="database", status=ComponentStatus.MAJOR_OUTAGE)
    upkeep = ComponentEffect(slug="database", status=ComponentStatus.UNDER_MAINTENANCE)
    api = ComponentEffect(slug="api", status=ComponentStatus.UNDER_MAINTENANCE)
    windows = (window(1, 0, 2, components=(upkeep, api)), window(2, 1, 1, components=(down,)))
    components = (component("database"), component("api", ComponentStatus.PARTIAL_OUTAGE), component("cdn"))

    def shown(hours: float) -> list[str]:
        statuses = at(hours, *windows, components=components).component_statuses
        return [statuses[slug].value for slug in ("database", "api", "cdn")]

    assert shown(-1) == ["operational", "partial_outage", "operational"]
    assert shown(0) == ["under_maintenance", "partial_outage", "operational"]
    assert shown(1) == ["major_outage", "partial_outage", "operational"]
    assert shown(2) == ["operational", "partial_outage", "operational"]


def test_customers_see_components_by_their_visibility() -> None:
    """Hidden ones never, those for bad times only while the status shown is another than operational."""
    upkeep = ComponentEffect(slug="spare", status=ComponentStatus.UNDER_MAINTENANCE)
    components = (
        component("api"),
        replace(component("spare"), visibility=Visibility.ONLY_WHEN_DEGRADED),
        replace(component("secret", ComponentStatus.MAJOR_OUTAGE), visibility=Visibility.HIDDEN),
    )

    def seen(hours: float) -> list[str]:
        return [c.slug for c in at(hours, window(1, 0, components=(upkeep,)), components=components).public_components]

    assert seen(-1) == ["api"]
    assert seen(0.5) == ["api", "spare"]
    assert seen(1) == ["api"]
    moment = at(0.5, components=components)
    assert moment.mentionable == {"api", "spare"}
    assert set(moment.component_statuses) == {"api", "spare", "secret"}
    assert Moment(snapshot=None, at=T0).public_components == ()
    assert Moment(snapshot=None, at=T0).mentionable == frozenset()


def test_components_stand_group_by_group() -> None:
    """Those without a group first, or in one that is not known; then by the groups' positions, and their own."""
    core, edge = (ComponentGroup(id=UUID(int=n), name=f"g{n}", position=9 - n) for n in (1, 2))
    members = [("a", core, 5), ("b", edge, 7), ("c", core, 4), ("d", None, 9), ("e", edge, 6)]
    components = tuple(
        replace(component(slug), group_id=group.id if group else None, position=position)
        for slug, group, position in members
    )
    lost = replace(component("f"), group_id=UUID(int=77), position=8)
    snapshot = Snapshot(version=1, taken_at=T0, components=(*components, lost), groups=(core, edge))
    assert [c.slug for c in snapshot.at(T0).public_components] == ["f", "d", "e", "b", "c", "a"]


def test_a_group_does_as_the_worst_of_its_components_that_customers_see() -> None:
    """Windows count; hidden components don't, nor do those of other groups; an empty group is operational."""
    core, edge, empty = (ComponentGroup(id=UUID(int=n), name=f"g{n}") for n in (1, 2, 3))
    components = (
        replace(component("api"), group_id=core.id),
        replace(component("db", ComponentStatus.DEGRADED_PERFORMANCE), group_id=core.id),
        replace(component("secret", ComponentStatus.MAJOR_OUTAGE), group_id=core.id, visibility=Visibility.HIDDEN),
        replace(component("cdn", ComponentStatus.PARTIAL_OUTAGE), group_id=edge.id),
    )
    down = window(1, 0, components=(ComponentEffect(slug="api", status=ComponentStatus.MAJOR_OUTAGE),))
    groups = (core, edge, empty)
    snapshot = Snapshot(version=1, taken_at=T0, windows=(down,), components=components, groups=groups)
    before, during = snapshot.at(T0 - HOUR), snapshot.at(T0)
    assert [before.group_status(group).value for group in groups] == [
        "degraded_performance", "partial_outage", "operational"
    ]  # fmt: skip
    assert during.group_status(core) is ComponentStatus.MAJOR_OUTAGE
