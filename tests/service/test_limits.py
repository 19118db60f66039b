"""Limits: what a flood is answered, what it costs, and how it is told."""

import asyncio
import os
import threading
from collections.abc import Callable
from functools import partial

import pytest

from gateway.domain.errors import BusyError, LimitedError, StoreError
from gateway.domain.observation import RequestsLimited
from gateway.service import secrets
from gateway.service.limits import QUIET, Limits
from gateway.service.secrets import hash_password, verify_password
from gateway.store.pool import Database
from tests.observed import Observations

Sql = Callable[[str], str]
HERE, THERE = "203.0.113.9", "198.51.100.7"
ENTRIES = "select action, actor, address, after->>'count' from audit order by id"


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def limits(database: Database, observations: Observations, time: Time) -> Limits:
    return Limits(sign_in_rate=3, api_rate=5, wrong_token_rate=4, database=database, observe=observations, clock=time)


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


def refused(attempt: Callable[[], None], times: int) -> int:
    """Try several times; return how many were refused."""
    count = 0
    for _ in range(times):
        try:
            attempt()
        except LimitedError:
            count += 1
    return count


class Tokens:
    """Looks tokens up as the database would, and counts how often it was asked."""

    def __init__(self, *good: str) -> None:
        self.good = set(good)
        self.asked = 0

    async def __call__(self, token: str) -> str | None:
        self.asked += 1
        return token if token in self.good else None


def test_signing_in_is_limited_by_address_and_by_email(limits: Limits, time: Time) -> None:
    """Who tries many e-mail addresses is stopped, and so is who tries one from many addresses; case does not help."""
    assert refused(lambda: limits.sign_in(HERE, "a@acme.example"), 3) == 0
    assert refused(lambda: limits.sign_in(HERE, "b@acme.example"), 1) == 1
    assert refused(lambda: limits.sign_in(THERE, "A@acme.example"), 1) == 1
    assert refused(lambda: limits.sign_in(THERE, "b@acme.example"), 1) == 0
    with pytest.raises(LimitedError) as caught:
        limits.sign_in(HERE)
    assert caught.value.retry_after == 20
    time.now += 20
    assert refused(lambda: limits.sign_in(HERE), 1) == 0


async def test_wrong_tokens_cost_no_queries_beyond_the_limit(limits: Limits) -> None:
    """A flood of made-up tokens asks the database as often as the limit says, not once for each."""
    tokens = Tokens()
    outcomes = [
        await asyncio.gather(limits.known(f"t{n}", HERE, partial(tokens, f"t{n}")), return_exceptions=True)
        for n in range(1000)
    ]
    assert tokens.asked == 4
    assert sum(isinstance(outcome, LimitedError) for (outcome,) in outcomes) == 996


async def test_a_good_token_is_not_held_up_by_its_neighbours(limits: Limits) -> None:
    """Behind the same address: one that was good before gets through, until it is revoked; other addresses anyway."""
    tokens = Tokens("good", "other")
    assert await limits.known("good", HERE, partial(tokens, "good")) == "good"
    for number in range(4):
        await limits.known(f"w{number}", HERE, partial(tokens, f"w{number}"))
    with pytest.raises(LimitedError):
        await limits.known("w", HERE, partial(tokens, "w"))
    for _ in range(20):
        assert await limits.known("good", HERE, partial(tokens, "good")) == "good"
    assert await limits.known("other", THERE, partial(tokens, "other")) == "other"
    tokens.good.clear()
    assert await limits.known("good", HERE, partial(tokens, "good")) is None
    with pytest.raises(LimitedError):
        await limits.known("good", HERE, partial(tokens, "good"))


async def test_good_tokens_use_up_nothing_of_an_address(limits: Limits) -> None:
    """Many programs behind one address, each with its own token."""
    names = [f"t{number}" for number in range(50)]
    tokens = Tokens(*names)
    for name in names:
        assert await limits.known(name, HERE, partial(tokens, name)) == name


def test_a_token_is_limited_by_itself(limits: Limits) -> None:
    assert refused(lambda: limits.api("token deploy", HERE), 6) == 1
    assert refused(lambda: limits.api("token monitor", HERE), 5) == 0


async def test_a_burst_is_one_line_and_one_entry(
    limits: Limits, time: Time, observations: Observations, sql: Sql
) -> None:
    """10,000 refusals: told when they begin and then all together; one entry, once it is over, with how many."""
    refused(lambda: limits.sign_in(HERE), 10_003)
    limits.tell()
    limits.tell()
    told = observations.of(RequestsLimited)
    assert [(seen.what, seen.who, seen.count) for seen in told] == [("sign_in", HERE, 1), ("sign_in", HERE, 9_999)]
    await limits.write()
    assert sql(ENTRIES) == ""
    time.now += QUIET + 1
    await limits.write()
    await limits.write()
    assert sql(ENTRIES) == f"sign_in.limited|{HERE}|{HERE}|10000"
    refused(lambda: limits.sign_in(HERE), 4)
    assert len(observations.of(RequestsLimited)) == 3


async def test_bursts_from_everywhere_are_told_together(
    limits: Limits, time: Time, observations: Observations, sql: Sql
) -> None:
    """So many addresses that their lines and entries would be a flood of their own: the rest counts as "others"."""
    for number in range(5000):
        refused(lambda number=number: limits.sign_in(f"10.0.{number // 250}.{number % 250}"), 4)
    limits.tell()
    assert len(observations.of(RequestsLimited)) < 50
    assert sum(seen.count for seen in observations.of(RequestsLimited)) == 5000
    time.now += QUIET + 1
    await limits.write()
    entries = [line.split("|") for line in sql(ENTRIES).splitlines()]
    assert len(entries) < 50
    assert sum(int(entry[3]) for entry in entries) == 5000
    assert entries[-1][1] == "others"


async def test_without_the_database_a_burst_is_written_later(
    limits: Limits, time: Time, database: Database, sql: Sql
) -> None:
    refused(lambda: limits.sign_in(HERE), 5)
    time.now += QUIET + 1
    await database.close()
    with pytest.raises(StoreError):
        await limits.write()
    await database.open()
    await limits.write()
    assert sql(ENTRIES) == f"sign_in.limited|{HERE}|{HERE}|2"


async def test_what_is_not_over_is_written_at_the_end(limits: Limits, sql: Sql) -> None:
    refused(lambda: limits.api("token deploy", HERE), 7)
    await limits.finish()
    assert sql(ENTRIES) == f"api.limited|token deploy|{HERE}|2"


async def test_few_hashings_wait_and_one_runs() -> None:
    """A flood of passwords is refused at once beyond a short queue; those in it are answered rightly."""
    good = await hash_password("correct horse battery")
    outcomes = await asyncio.gather(
        *(verify_password(good, "correct horse battery") for _ in range(200)), return_exceptions=True
    )
    assert sum(isinstance(outcome, BusyError) for outcome in outcomes) > 180
    assert {outcome for outcome in outcomes if not isinstance(outcome, BusyError)} == {True}
    assert await verify_password(good, "wrong") is False


async def test_hashing_stands_back_behind_traffic() -> None:
    """Its thread is nicer than the one that serves, so that a core which both want goes to the requests."""
    serving = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    hashing = await secrets._hashing(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == serving
    assert hashing == min(serving + 10, 19)
