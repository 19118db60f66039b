"""The history in numbers: what windows were to take and took, and whom they turned away."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from gateway.domain.access import command_line
from gateway.domain.errors import NotFoundError
from gateway.domain.statistics import Totals, WindowStatistics
from gateway.domain.window import Gate, Kind
from gateway.service import statistics as statistics_service
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.service.statistics import Statistics
from gateway.store.pool import Database
from gateway.store.statistics import HistoryFilter
from gateway.web.keys import Services

WHO = command_line("test")
MINUTE = timedelta(minutes=1)
Sql = Callable[[str], str]
ALL = HistoryFilter()
PAST = """
insert into windows (title, kind, starts_at, ended_at)
select 'w' || n, '{}', start, start + interval '45 minutes'
from generate_series(1, {}) n, lateral (select '2026-01-01Z'::timestamptz + n * interval '1 hour' as start) at
"""
ID_OF = "select id from windows where title = '{}'"


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


@pytest.fixture
def statistics(database: Database) -> Statistics:
    return Statistics(database)


def past(sql: Sql, count: int, *, kind: str = "maintenance") -> None:
    """Put windows into the past by hand, one an hour, each of 30 minutes that took 45."""
    sql(PAST.format(kind, count))


async def titles(statistics: Statistics, wanted: HistoryFilter) -> list[str]:
    return [window.title for window in await statistics.page(wanted, after=None, limit=100)]


async def test_a_window_that_is_over_has_its_numbers(statistics: Statistics, sql: Sql) -> None:
    """The first estimate, the last one, how long it took, and what was counted."""
    past(sql, 1)
    sql("update windows set estimated_duration = '40 minutes'")
    sql(
        "insert into window_refusals (window_id, requests, clients, counted_until) "
        "select id, 7, 3, '2026-01-01 01:44Z' from windows"
    )
    window = (await statistics.page(ALL, after=None, limit=10))[0]
    assert window == WindowStatistics(
        id=UUID(sql("select id from windows")),
        kind=Kind.MAINTENANCE,
        title="w1",
        gate=Gate.CLOSED,
        components=(),
        fixed=False,
        starts_at=datetime(2026, 1, 1, 1, tzinfo=UTC),
        ended_at=datetime(2026, 1, 1, 1, 45, tzinfo=UTC),
        first_estimate=30 * MINUTE,
        estimated_duration=40 * MINUTE,
        real_duration=45 * MINUTE,
        refused_requests=7,
        distinct_clients=3,
        is_at_least=False,
        counted_until=datetime(2026, 1, 1, 1, 44, tzinfo=UTC),
    )
    assert window.overrun_ratio == 1.5
    assert window.overran_by == 15 * MINUTE


async def test_the_first_estimate_is_the_one_at_the_start(services: Services, statistics: Statistics) -> None:
    """Before the start it is edited like any other field; whoever extends the window later does not touch it."""
    draft = WindowDraft(title="x", starts_at=datetime.now(UTC) + timedelta(hours=1), estimated_duration=30 * MINUTE)
    window = await services.windows.create(draft, WHO)
    await services.windows.extend(window.id, 30 * MINUTE, WHO)
    assert (await statistics.of(window.id)).first_estimate == 60 * MINUTE
    await services.windows.start(window.id, WHO)
    await services.windows.extend(window.id, 30 * MINUTE, WHO)
    found = await statistics.of(window.id)
    assert (found.first_estimate, found.estimated_duration) == (60 * MINUTE, 90 * MINUTE)


def test_by_hand_the_first_estimate_is_kept_as_well(sql: Sql) -> None:
    """Whatever psql says about it; a window that is put into the future again begins anew."""
    show = "select first_estimate || ' ' || estimated_duration from windows"
    sql("insert into windows (title, first_estimate) values ('x', '3 hours')")
    sql("update windows set estimated_duration = '2 hours', first_estimate = '2 hours'")
    assert sql(show) == "00:30:00 02:00:00"
    sql("update windows set starts_at = now() + interval '1 hour'")
    assert sql(show) == "02:00:00 02:00:00"


async def test_numbers_of_a_window_in_force_go_on(statistics: Statistics, sql: Sql) -> None:
    """It has lasted until now, and is no history yet."""
    sql("insert into windows (title, starts_at) values ('x', now() - interval '1 hour')")
    window = await statistics.of(UUID(sql("select id from windows")))
    assert window.ended_at is None
    assert window.real_duration is not None
    assert 60 * MINUTE <= window.real_duration < 61 * MINUTE
    assert (window.refused_requests, window.distinct_clients, window.counted_until) == (0, 0, None)
    assert await titles(statistics, ALL) == []


async def test_what_never_took_place_is_no_history(statistics: Statistics, sql: Sql) -> None:
    """A scheduled window has no duration yet, a cancelled one never gets one; one that runs out by itself has."""
    sql(
        "insert into windows (title, starts_at, ends, cancelled_at) values "
        "('scheduled', now() + interval '1 hour', 'when_fixed', null), "
        "('cancelled', now() - interval '1 hour', 'on_time', now() - interval '2 hours'), "
        "('ran out', now() - interval '1 hour', 'on_time', null)"
    )
    assert await titles(statistics, ALL) == ["ran out"]
    for title in ("scheduled", "cancelled"):
        window = await statistics.of(UUID(sql(ID_OF.format(title))))
        assert (window.real_duration, window.overrun_ratio, window.ended_at) == (None, None, None)
        assert window.overran_by == timedelta()
    ran_out = (await statistics.page(ALL, after=None, limit=1))[0]
    assert (ran_out.real_duration, ran_out.overrun_ratio) == (30 * MINUTE, 1.0)


async def test_a_window_that_does_not_exist_has_no_numbers(statistics: Statistics) -> None:
    with pytest.raises(NotFoundError, match="there is no window 00000000-0000-0000-0000-000000000001"):
        await statistics.of(UUID(int=1))


async def test_pages_go_on_where_they_stopped(statistics: Statistics, sql: Sql) -> None:
    """The latest start first; windows with the same start have an order, too; what is added meanwhile moves nothing."""
    past(sql, 5)
    past(sql, 5)
    seen, after = [], None
    while part := await statistics.page(ALL, after=after, limit=3):
        seen += [(window.starts_at, window.id) for window in part]
        after = seen[-1]
        sql("insert into windows (title, starts_at, ended_at) values ('new', now() - interval '1 hour', now())")
    assert len(seen) == len(set(seen)) == 10
    assert seen == sorted(seen, reverse=True)


async def test_filters_select(services: Services, statistics: Statistics, sql: Sql) -> None:
    """From (inclusive) and to (exclusive) by the start, kinds, a component."""
    past(sql, 3)
    past(sql, 1, kind="downtime")
    await services.components.add(ComponentDraft(slug="api", name="API"), WHO)
    sql(
        "insert into window_components (window_id, component_id) "
        "select w.id, c.id from windows w, components c where title = 'w2'"
    )
    second = datetime(2026, 1, 1, 2, tzinfo=UTC)
    assert await titles(statistics, HistoryFilter(since=second)) == ["w3", "w2"]
    assert await titles(statistics, HistoryFilter(until=second)) == ["w1", "w1"]
    assert await titles(statistics, HistoryFilter(kinds=frozenset({Kind.DOWNTIME}))) == ["w1"]
    assert await titles(statistics, HistoryFilter(component="api")) == ["w2"]
    assert (await statistics.page(HistoryFilter(component="api"), after=None, limit=1))[0].components == ("api",)
    assert (await statistics.totals(HistoryFilter(since=second))).windows == 2


async def test_totals_add_up_what_can_be(statistics: Statistics, sql: Sql) -> None:
    """Also of no window at all, and where some were over before anybody counted."""
    nothing = timedelta()
    assert await statistics.totals(ALL) == Totals(
        windows=0, overran=0, first_estimate=nothing, real_duration=nothing, refused_requests=0
    )
    past(sql, 3)
    sql("update windows set ended_at = starts_at + interval '10 minutes' where title = 'w1'")
    sql(
        "insert into window_refusals (window_id, requests, clients, counted_until) "
        "select id, case title when 'w1' then null else 5 end, null, now() from windows where title <> 'w2'"
    )
    assert await statistics.totals(ALL) == Totals(
        windows=3, overran=2, first_estimate=90 * MINUTE, real_duration=100 * MINUTE, refused_requests=5
    )
    oldest = (await statistics.page(ALL, after=None, limit=3))[-1]
    assert (oldest.refused_requests, oldest.distinct_clients, oldest.counted_until) == (None, None, None)


async def test_all_of_them_come_part_by_part(statistics: Statistics, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are; also where the last part is full."""
    monkeypatch.setattr(statistics_service, "_PAGE", 4)
    past(sql, 8)
    parts = [[window.title for window in part] async for part in statistics.all(ALL)]
    assert [title for part in parts for title in part] == [f"w{n}" for n in range(8, 0, -1)]
    assert max(map(len, parts)) == 4
