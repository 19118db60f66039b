"""Limits: what a flood is answered, what it costs, and how it is told."""

import asyncio
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from gateway.domain.access import Actor, Role, command_line
from gateway.domain.errors import BusyError, ForbiddenError, LimitedError, StoreError
from gateway.domain.observation import RequestsLimited
from gateway.service import secrets
from gateway.service.limits import QUIET, Limits
from gateway.service.operators import Operators
from gateway.service.secrets import hash_password, verify_password
from gateway.service.sessions import Sessions
from gateway.store.pool import Database
from tests.observed import Observations

Sql = Callable[[str], str]
HERE, THERE = "203.0.113.9", "198.51.100.7"
ANN, PASSWORD = "ann@acme.example", "correct horse battery"
ENTRIES = "select action, actor, address, after->>'count' from audit order by id"
SUBJECTS = "select actor, subject_id from audit order by id"


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

    async def actor(self, token: str) -> Actor | None:
        return Actor(name=f"token {token}") if await self(token) else None


async def away() -> str | None:
    """Look something up while the database is away."""
    raise StoreError


async def calls(limits: Limits, tokens: Tokens, token: str, times: int) -> int:
    """Call the API several times with a token; return how many calls were refused."""
    count = 0
    for _ in range(times):
        try:
            await limits.api(token, HERE, partial(tokens.actor, token))
        except LimitedError:
            count += 1
    return count


def test_signing_in_is_limited_by_address(limits: Limits, time: Time) -> None:
    """Who tries many e-mail addresses is stopped; and who tries one locks its owner out at no other address."""
    assert refused(lambda: limits.sign_in(HERE, "a@acme.example"), 3) == 0
    assert refused(lambda: limits.sign_in(HERE, "b@acme.example"), 1) == 1
    assert refused(lambda: limits.sign_in(THERE, "a@acme.example"), 1) == 0
    with pytest.raises(LimitedError) as caught:
        limits.sign_in(HERE)
    assert caught.value.retry_after == 20
    time.now += 20
    assert refused(lambda: limits.sign_in(HERE), 1) == 0


async def test_signing_in_is_limited_by_email_from_everywhere(limits: Limits, sql: Sql) -> None:
    """Ten times the rate, from however many addresses; case does not help. The audit blames nobody by its owner."""
    for number in range(30):
        limits.sign_in(f"10.0.0.{number}", "a@acme.example")
    assert refused(lambda: limits.sign_in(THERE, "A@acme.example"), 1) == 1
    assert refused(lambda: limits.sign_in(THERE, "b@acme.example"), 1) == 0
    await limits.finish()
    assert sql(SUBJECTS) == "anonymous|a@acme.example"
    assert sql(ENTRIES) == f"sign_in.limited|anonymous|{THERE}|1"


@pytest.fixture
async def ann(database: Database, observations: Observations) -> Operators:
    """Ann, who has signed in from HERE and from an IPv6 network."""
    sessions = Sessions(database, lifetime=timedelta(hours=12), idle=timedelta(hours=2))
    operators = Operators(database, sessions=sessions, product="Acme Shop", observe=observations)
    await operators.add(ANN, Role.VIEWER, command_line("test"), password=PASSWORD)
    for address in (HERE, "2001:db8:1:2::1"):
        await operators.sign_in(ANN, PASSWORD, address=address, user_agent="")
    return operators


def attack(limits: Limits, email: str) -> None:
    """Try an e-mail address from so many networks that it is tried no more."""
    assert sum(refused(partial(limits.sign_in, f"10.1.0.{number}", email), 1) for number in range(40)) == 10


@pytest.mark.usefixtures("ann")
async def test_an_attack_from_everywhere_locks_nobody_out_at_home(limits: Limits) -> None:
    """Where its owner has signed in before, the address is tried on, at one network's rate; elsewhere it is not."""
    await limits.read_familiar()
    attack(limits, ANN)
    assert refused(lambda: limits.sign_in(HERE, ANN.upper()), 3) == 0
    assert refused(lambda: limits.sign_in(HERE, ANN), 3) == 3
    assert refused(lambda: limits.sign_in("2001:db8:1:2:ffff::9", ANN), 1) == 0
    assert refused(lambda: limits.sign_in("2001:db8:1:3::1", ANN), 1) == 1
    assert refused(lambda: limits.sign_in(THERE, ANN), 1) == 1


@pytest.mark.usefixtures("ann")
async def test_a_familiar_network_is_familiar_for_its_owner_alone(limits: Limits) -> None:
    await limits.read_familiar()
    attack(limits, "bob@acme.example")
    assert refused(lambda: limits.sign_in(HERE, "bob@acme.example"), 1) == 1


async def test_a_new_password_makes_networks_strange_again(limits: Limits, ann: Operators) -> None:
    """A thief who had the old one has signed in from somewhere, too. Who is disabled has no network."""
    await ann.reset_password(ANN, command_line("test"), password="another password")
    await ann.sign_in(ANN, "another password", address=THERE, user_agent="")
    await limits.read_familiar()
    attack(limits, ANN)
    assert refused(lambda: limits.sign_in(HERE, ANN), 1) == 1
    assert refused(lambda: limits.sign_in(THERE, ANN), 1) == 0
    await ann.disable(ANN, command_line("test"))
    await limits.read_familiar()
    assert refused(lambda: limits.sign_in(THERE, ANN), 1) == 1


async def test_a_network_is_forgotten_in_the_end(ann: Operators, sql: Sql) -> None:
    """After 90 days; a sign-in from it begins them anew."""
    sql("update sign_in_networks set last_used_at = now() - interval '89 days'")
    await ann.sign_in(ANN, PASSWORD, address=HERE, user_agent="")
    sql("update sign_in_networks set last_used_at = last_used_at - interval '2 days'")
    await ann.sign_in(ANN, PASSWORD, address=THERE, user_agent="")
    assert sql("select network from sign_in_networks order by network").split() == [THERE, HERE]


@pytest.mark.usefixtures("ann")
async def test_without_the_database_networks_stay_familiar(limits: Limits, database: Database) -> None:
    await limits.read_familiar()
    await database.close()
    with pytest.raises(StoreError):
        await limits.read_familiar()
    attack(limits, ANN)
    assert refused(lambda: limits.sign_in(HERE, ANN), 1) == 0


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


async def test_an_outage_locks_nobody_out(limits: Limits) -> None:
    """What could not be looked up was not wrong: whoever asked meanwhile, from one address, gets in afterwards."""
    tokens = Tokens("good")
    for number in range(20):
        with pytest.raises(StoreError):
            await limits.known(f"t{number % 3}", HERE, away)
    assert await limits.known("good", HERE, partial(tokens, "good")) == "good"


async def test_a_flood_in_an_outage_waits_for_few_answers(limits: Limits) -> None:
    """A database that takes its time to fail is asked by an address only as often at once as the limit says."""
    gone, asked = asyncio.Event(), 0

    async def slow() -> str | None:
        nonlocal asked
        asked += 1
        await gone.wait()
        raise StoreError

    flood = [asyncio.ensure_future(limits.known(f"t{number}", HERE, slow)) for number in range(50)]
    await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
    gone.set()
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    assert asked == 4
    assert sum(isinstance(outcome, LimitedError) for outcome in outcomes) == 46


async def test_a_token_is_limited_by_itself(limits: Limits) -> None:
    """And what is over its rate costs no query; other tokens behind the same address are not held up."""
    tokens = Tokens("deploy", "monitor")
    assert await calls(limits, tokens, "deploy", 100) == 95
    assert tokens.asked == 5
    assert await calls(limits, tokens, "monitor", 5) == 0


async def test_a_token_that_was_revoked_is_a_wrong_one(limits: Limits, time: Time) -> None:
    """It gets no name in the audit any more, and the limit of its address."""
    tokens = Tokens("deploy")
    assert await calls(limits, tokens, "deploy", 1) == 0
    tokens.good.clear()
    assert await limits.api("deploy", HERE, partial(tokens.actor, "deploy")) is None
    time.now += 60
    assert await calls(limits, tokens, "deploy", 10) == 6


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
    await calls(limits, Tokens("deploy"), "deploy", 7)
    await limits.finish()
    assert sql(ENTRIES) == f"api.limited|token deploy|{HERE}|2"


async def test_the_end_may_come_while_a_burst_is_written(limits: Limits, time: Time, sql: Sql) -> None:
    """One entry each, and no error."""
    for address in (HERE, THERE):
        refused(lambda address=address: limits.sign_in(address), 5)
    time.now += QUIET + 1
    await asyncio.gather(limits.write(), limits.finish(), limits.write())
    assert sql(ENTRIES).splitlines() == [f"sign_in.limited|{address}|{address}|2" for address in (HERE, THERE)]


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


async def test_a_token_that_is_over_counts_as_a_wrong_one(limits: Limits) -> None:
    """Revoked or expired, it is told so, and a flood of it costs no more queries than one of made-up ones."""
    tokens = Tokens("deploy")
    assert await limits.api("deploy", HERE, partial(as_actor, tokens)) is not None

    async def refuse() -> Actor | None:
        tokens.asked += 1
        raise ForbiddenError("revoked")

    answers: list[type[Exception]] = []
    for _ in range(20):
        try:
            await limits.api("deploy", HERE, refuse)
        except (LimitedError, ForbiddenError) as error:
            answers.append(type(error))
    assert answers[0] is ForbiddenError
    assert answers[-1] is LimitedError
    assert tokens.asked < 8


async def as_actor(tokens: Tokens) -> Actor | None:
    """Look a good token up."""
    return Actor(name=f"token {await tokens('deploy')}")
