"""What customers saw of a component, held against a naive evaluation at single instants."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.component import ComponentStatus, worst
from gateway.domain.component_history import History, OwnStatus, WindowEffect, history

T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPERATIONAL, MAINTENANCE, DEGRADED, PARTIAL, MAJOR = ComponentStatus


def at(hours: float) -> datetime:
    return T0 + hours * HOUR


def own(hours: float, status: ComponentStatus | None, by: str = "ada") -> OwnStatus:
    return OwnStatus(since=at(hours), status=status, changed_by=by)


def effect(start: float, stop: float | None, status: ComponentStatus, window: int = 1) -> WindowEffect:
    until = None if stop is None else at(stop)
    return WindowEffect(window=UUID(int=window), title=f"w{window}", status=status, since=at(start), until=until)


def seen(found: History) -> list[tuple[float, float, ComponentStatus]]:
    return [((i.since - T0) / HOUR, (i.until - T0) / HOUR, i.status) for i in found.intervals]


def test_its_own_status_counts_until_the_next_one() -> None:
    """From the beginning of the range where it was set before; what did not change for customers is one interval."""
    changes = [own(-5, DEGRADED), own(2, OPERATIONAL), own(3, OPERATIONAL), own(7, MAJOR)]
    found = history(changes, [], since=at(0), until=at(10))
    assert seen(found) == [(0, 2, DEGRADED), (2, 7, OPERATIONAL), (7, 10, MAJOR)]
    assert [interval.changed_by for interval in found.intervals] == ["", "ada", "ada"]


def test_a_window_makes_it_worse_and_never_better() -> None:
    """The worst counts; the intervals say which windows were about it, and their titles are there."""
    windows = [effect(1, 4, MAINTENANCE), effect(3, 6, MAJOR, 2), effect(8, None, MAINTENANCE, 3)]
    found = history([own(0, OPERATIONAL), own(9, PARTIAL)], windows, since=at(0), until=at(10))
    assert seen(found) == [
        (0, 1, OPERATIONAL),
        (1, 3, MAINTENANCE),
        (3, 6, MAJOR),
        (6, 8, OPERATIONAL),
        (8, 9, MAINTENANCE),
        (9, 10, PARTIAL),
    ]
    assert [tuple(window.int for window in interval.windows) for interval in found.intervals] == [
        (), (1,), (1, 2), (), (3,), (3,)
    ]  # fmt: skip
    assert found.titles == {UUID(int=number): f"w{number}" for number in (1, 2, 3)}


def test_before_it_was_added_and_while_it_is_removed_there_is_nothing() -> None:
    """Windows do not change that; and what follows is an interval of its own, also with the same status."""
    changes = [own(2, OPERATIONAL), own(4, None), own(6, OPERATIONAL)]
    found = history(changes, [effect(0, 10, MAJOR)], since=at(0), until=at(8))
    assert seen(found) == [(2, 4, MAJOR), (6, 8, MAJOR)]
    assert history([], [effect(0, 10, MAJOR)], since=at(0), until=at(8)).intervals == ()


def test_the_share_up_leaves_out_what_is_not_known() -> None:
    """Outages count, partial and major; degraded performance and maintenance do not."""
    changes = [own(1, OPERATIONAL), own(3, DEGRADED), own(5, PARTIAL), own(6, MAJOR), own(7, MAINTENANCE)]
    found = history(changes, [], since=at(0), until=at(9))
    assert {status: length / HOUR for status, length in found.lasted.items()} == {
        OPERATIONAL: 2, MAINTENANCE: 2, DEGRADED: 2, PARTIAL: 1, MAJOR: 1
    }  # fmt: skip
    assert found.share_up == 6 / 8
    assert history([], [], since=at(0), until=at(9)).share_up is None


hours = st.integers(-40, 140).map(lambda quarter: quarter / 4)
statuses = st.sampled_from(ComponentStatus)
owns = st.lists(st.tuples(hours, st.none() | statuses), max_size=8).map(
    lambda pairs: [own(hour, status) for hour, status in sorted(pairs, key=lambda pair: pair[0])]
)
effects = st.lists(
    st.builds(
        lambda start, lasts, status, window: effect(start, None if lasts is None else start + lasts, status, window),
        hours,
        st.none() | st.integers(1, 60).map(lambda quarter: quarter / 4),
        statuses,
        st.integers(1, 4),
    ),
    max_size=6,
)


def naive(changes: list[OwnStatus], windows: list[WindowEffect], instant: datetime) -> ComponentStatus | None:
    """Look at one instant alone."""
    before = [change for change in changes if change.since <= instant]
    if not before or before[-1].status is None:
        return None
    found = [w.status for w in windows if w.since <= instant and (w.until is None or instant < w.until)]
    return worst(before[-1].status, *found)


@given(owns, effects, st.lists(st.integers(0, 24 * 60 - 1), min_size=1, max_size=30))
def test_intervals_say_what_every_instant_says(
    changes: list[OwnStatus], windows: list[WindowEffect], minutes: list[int]
) -> None:
    """At any instant of the range; outside of all intervals there is no status."""
    found = history(changes, windows, since=at(0), until=at(24))
    for instant in [T0 + timedelta(minutes=minute) for minute in minutes] + [c.since for c in changes]:
        if not at(0) <= instant < at(24):
            continue
        told = [interval.status for interval in found.intervals if interval.since <= instant < interval.until]
        expected = naive(changes, windows, instant)
        assert told == ([] if expected is None else [expected])


@given(owns, effects)
def test_intervals_are_in_order_and_no_longer_than_needed(
    changes: list[OwnStatus], windows: list[WindowEffect]
) -> None:
    """They lie in the range, none is empty, none overlaps, and two that touch differ; the lengths add up."""
    found = history(changes, windows, since=at(0), until=at(24))
    assert all(at(0) <= interval.since < interval.until <= at(24) for interval in found.intervals)
    for first, second in pairwise(found.intervals):
        assert first.until < second.since or (first.until == second.since and first.status is not second.status)
    assert sum(found.lasted.values(), timedelta()) == sum((i.lasted for i in found.intervals), timedelta())
