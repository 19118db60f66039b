"""What customers look up of the past: what is found, and that it costs the database little."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.domain.errors import BusyError, LimitedError, StoreError
from gateway.domain.past import Month
from gateway.service import past
from gateway.service.past import PastWindows
from gateway.service.state import State
from gateway.store.pool import Database, Session
from tests.observed import wait_until

HOST = "203.0.113.9"
Sql = Callable[[str], str]


class Counted(Database):
    """Counts who reads, and how many at a time; `gate` lets them."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.reads = self.most = self._now = 0
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        self.reads, self._now = self.reads + 1, self._now + 1
        self.most = max(self.most, self._now)
        try:
            await self.gate.wait()
            async with super().session() as session:
                yield session
        finally:
            self._now -= 1


@pytest.fixture
async def counted(database_url: str) -> AsyncIterator[Counted]:
    database = Counted(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def looked_up(counted: Counted, state: State) -> PastWindows:
    return PastWindows(counted, state)


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


async def insert(sql: Sql, state: State, *rows: str) -> list[str]:
    """Insert windows by hand, of 30 minutes and over: `title|start`, or with another column instead of their end.

    Return their ids when the state has followed.
    """
    found = []
    for row in rows:
        title, start, *more = row.split("|")
        name, _, value = (more[0] if more else f"ended_at=timestamptz '{start}' + interval '30 minutes'").partition("=")
        columns, values = f"title, starts_at, {name}", f"'{title}', '{start}', {value}"
        statement = (
            "insert into windows (kind, estimated_duration, {}) values ('maintenance', '30 minutes', {}) returning id"
        )
        found.append(sql(statement.format(columns, values)).splitlines()[0])
    version = int(sql("select version from state_version"))
    await wait_until(lambda: state.version >= version)
    return found


async def test_a_period_has_what_began_in_its_months_and_is_over(
    looked_up: PastWindows, sql: Sql, state: State
) -> None:
    """The latest first; what was cancelled never was; what ends on time is over without a word."""
    await insert(
        sql,
        state,
        "Before|2025-12-31 23:59:59Z",
        "First|2026-01-01 00:00Z",
        "Last|2026-03-31 23:59Z",
        "After|2026-04-01 00:00Z",
        "On time|2026-02-02 00:00Z|ends='on_time'",
        "Cancelled|2026-02-03 00:00Z|cancelled_at='2026-02-01Z'",
        "Goes on|2026-02-04 00:00Z|ends='when_fixed'",
    )
    period = await looked_up.period(Month(2026, 3), HOST)
    assert [window.title for window in period.windows] == ["Last", "On time", "First"]
    assert [str(month) for month in period.months] == ["2026-03", "2026-02", "2026-01"]
    assert period.is_complete
    assert (period.earlier, period.later) == (Month(2025, 12), Month(2026, 6))


async def test_months_without_anything_are_leapt_over(looked_up: PastWindows, sql: Sql, state: State) -> None:
    """Earlier and later lead to the next windows there are, and nowhere where there are none; never into the future."""
    await insert(sql, state, "Long ago|2019-05-05Z", "Lately|2026-05-05Z")
    first = await looked_up.period(Month(2019, 6), HOST)
    assert (first.earlier, first.later) == (None, Month(2026, 7))
    last = await looked_up.period(Month(2026, 7), HOST)
    assert (last.earlier, last.later) == (Month(2019, 5), None)
    between = await looked_up.period(Month(2022, 1), HOST)
    assert (between.windows, between.earlier, between.later) == ((), Month(2019, 5), Month(2026, 7))


async def test_a_period_is_never_long(
    looked_up: PastWindows, sql: Sql, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more windows than a page holds there are the latest, and it says so."""
    monkeypatch.setattr(past, "MOST_WINDOWS", 2)
    await insert(sql, state, *(f"{day}|2026-02-0{day} 00:00Z" for day in (1, 2, 3)))
    period = await looked_up.period(Month(2026, 2), HOST)
    assert ([window.title for window in period.windows], period.is_complete) == (["3", "2"], False)


async def test_a_window_is_found_in_any_state(looked_up: PastWindows, sql: Sql, state: State) -> None:
    """Also one that was cancelled; and one that never was is nothing, not an error."""
    (window_id,) = await insert(sql, state, "Gone|2026-02-03 00:00Z|cancelled_at='2026-02-01Z'")
    found = await looked_up.window(UUID(window_id), HOST)
    assert found is not None
    assert (found.title, found.cancelled_at is not None) == ("Gone", True)
    assert await looked_up.window(uuid4(), HOST) is None


async def test_the_same_is_asked_once(looked_up: PastWindows, counted: Counted) -> None:
    """However many ask at the same time, or later, also for what does not exist, until the state moves on."""
    counted.gate.clear()
    nowhere = uuid4()
    asked: list[Any] = [asyncio.ensure_future(looked_up.window(nowhere, HOST)) for _ in range(200)]
    asked += [asyncio.ensure_future(looked_up.period(Month(2026, 3), HOST)) for _ in range(200)]
    await asyncio.sleep(0)
    counted.gate.set()
    await asyncio.gather(*asked)
    await looked_up.window(nowhere, HOST)
    assert (counted.reads, counted.most) == (2, 1)


async def test_who_goes_away_holds_up_nobody(looked_up: PastWindows, counted: Counted) -> None:
    """The next one who waits for the same reads it instead."""
    counted.gate.clear()
    first, second = (asyncio.ensure_future(looked_up.period(Month(2026, 3), HOST)) for _ in range(2))
    await wait_until(lambda: counted.reads == 1)
    first.cancel()
    counted.gate.set()
    assert (await second).windows == ()
    assert counted.reads == 2


async def test_a_change_is_seen_at_once(looked_up: PastWindows, sql: Sql, state: State) -> None:
    """What is kept counts for one moment."""
    (window_id,) = await insert(sql, state, "Wrong|2026-02-03 00:00Z")
    await looked_up.period(Month(2026, 2), HOST)
    before = await looked_up.window(UUID(window_id), HOST)
    sql(f"update windows set title = 'Right' where id = '{window_id}'")  # noqa: S608  our own id
    await wait_until(lambda: state.version == int(sql("select version from state_version")))
    after = await looked_up.window(UUID(window_id), HOST)
    assert (before and before.title, after and after.title) == ("Wrong", "Right")
    assert [window.title for window in (await looked_up.period(Month(2026, 2), HOST)).windows] == ["Right"]


async def test_a_client_causes_so_many_queries_and_no_more(looked_up: PastWindows, counted: Counted) -> None:
    """Who makes ids up is told to wait; others are not, and what is kept is free."""
    kept = uuid4()
    await looked_up.window(kept, HOST)

    async def without_end() -> None:
        while counted.reads < 10 * past.QUERIES_PER_MINUTE:
            await looked_up.window(uuid4(), HOST)

    begin = time.monotonic()
    with pytest.raises(LimitedError):
        await without_end()
    come_back = (time.monotonic() - begin) * past.QUERIES_PER_MINUTE / 60
    assert past.QUERIES_PER_MINUTE <= counted.reads <= past.QUERIES_PER_MINUTE + come_back + 1
    assert await looked_up.window(uuid4(), "203.0.113.10") is None
    fresh = uuid4()
    await looked_up.window(fresh, "203.0.113.11")
    assert await looked_up.window(fresh, HOST) is None


async def test_memory_is_bounded(looked_up: PastWindows) -> None:
    """Of many answers the latest are kept."""
    for number in range(past.MOST_KEPT * 2):
        await looked_up.window(uuid4(), f"198.51.100.{number % 256}")
    assert len(looked_up._kept) == past.MOST_KEPT


async def test_few_questions_wait(looked_up: PastWindows, counted: Counted) -> None:
    """Many clients with a question each do not fill a queue: beyond that they are told to come back."""
    counted.gate.clear()
    asked = [
        asyncio.ensure_future(looked_up.window(uuid4(), f"198.51.100.{number}")) for number in range(past.MOST_WAITING)
    ]
    await wait_until(lambda: counted.reads == 1)
    with pytest.raises(BusyError):
        await looked_up.window(uuid4(), HOST)
    counted.gate.set()
    assert await asyncio.gather(*asked) == [None] * past.MOST_WAITING
    assert counted.most == 1


async def test_a_database_that_is_away_is_left_alone(looked_up: PastWindows, counted: Counted) -> None:
    """Nobody waits for it again within seconds, whoever asks for whatever."""
    await counted.close()
    for _ in range(3):
        with pytest.raises(StoreError):
            await looked_up.period(Month(2026, 3), HOST)
        with pytest.raises(StoreError):
            await looked_up.window(uuid4(), HOST)
    assert counted.reads == 1
