"""Days of a component's history."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.component import ComponentStatus
from gateway.domain.component_history import OwnStatus, history
from gateway.domain.uptime import DAYS, first_day, uptime

OPERATIONAL, MAINTENANCE, DEGRADED, PARTIAL, MAJOR = ComponentStatus
NOW = datetime(2026, 12, 10, 15, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def day(number: int, hour: float = 0) -> datetime:
    return datetime(2026, 12, number, tzinfo=UTC) + hour * HOUR


def test_the_bars_are_ninety_days_with_today() -> None:
    """Today counts as one, though it is not over."""
    since = first_day(NOW)
    found = uptime(history([OwnStatus(since=since, status=OPERATIONAL)], [], since=since, until=NOW))
    assert len(found.days) == DAYS
    assert (found.days[0].date, found.days[-1].date) == (date(2026, 9, 12), date(2026, 12, 10))
    assert {each.status for each in found.days} == {OPERATIONAL}
    assert found.share_up == 1


def test_a_day_is_as_bad_as_its_worst_minute() -> None:
    """And tells how long each trouble lasted; one over midnight counts to both days."""
    own = [
        OwnStatus(since=day(1), status=OPERATIONAL),
        OwnStatus(since=day(2, 23), status=MAJOR),
        OwnStatus(since=day(3, 2), status=DEGRADED),
        OwnStatus(since=day(3, 5), status=OPERATIONAL),
    ]
    found = uptime(history(own, [], since=day(1), until=day(5)))
    assert [each.status for each in found.days] == [OPERATIONAL, MAJOR, MAJOR, OPERATIONAL]
    assert found.days[1].lasted == {MAJOR: HOUR}
    assert found.days[2].lasted == {MAJOR: 2 * HOUR, DEGRADED: 3 * HOUR}


def test_before_it_was_added_there_is_nothing() -> None:
    """No status is no good status."""
    found = uptime(history([OwnStatus(since=day(3, 12), status=OPERATIONAL)], [], since=day(1), until=day(4, 1)))
    assert [each.status for each in found.days] == [None, None, OPERATIONAL, OPERATIONAL]


CHANGES = st.lists(
    st.tuples(st.integers(0, 9 * 24 * 60), st.sampled_from([*ComponentStatus, None])),
    max_size=12,
    unique_by=lambda c: c[0],
)


@given(CHANGES, st.integers(1, 9 * 24 * 60))
def test_days_hold_what_the_history_holds(changes: list[tuple[int, ComponentStatus | None]], minutes: int) -> None:
    """Summed over the days, each trouble lasted as long as in the whole; a day's status is the worst of that day."""
    since = day(1)
    own = [
        OwnStatus(since=since + timedelta(minutes=at), status=status)
        for at, status in sorted(changes, key=lambda c: c[0])
    ]
    whole = history(own, [], since=since, until=since + timedelta(minutes=minutes))
    found = uptime(whole)
    for status in (MAINTENANCE, DEGRADED, PARTIAL, MAJOR):
        assert sum((each.lasted.get(status, timedelta()) for each in found.days), timedelta()) == whole.lasted[status]
    for each in found.days:
        start = datetime(each.date.year, each.date.month, each.date.day, tzinfo=UTC)
        there = {i.status for i in whole.intervals if i.since < start + 24 * HOUR and i.until > start}
        assert (each.status is None) == (not there)
        assert each.status is None or all(
            list(ComponentStatus).index(each.status) >= list(ComponentStatus).index(s) for s in there
        )
