"""Sessions: how long they last, what replaces and revokes them, and what is told of them."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.errors import NotFoundError
from gateway.service.operators import Operators, actor_of
from gateway.service.sessions import Sessions
from gateway.store.operators import Operator
from gateway.store.pool import Database
from tests.observed import Observations

Sql = Callable[[str], str]
ROOT = command_line("root")
ANN, BOB = "ann@example.com", "bob@example.com"
PASSWORD = "correct horse battery"
HERE = {"address": "203.0.113.9", "user_agent": "Mozilla/5.0"}
THERE = {"address": "198.51.100.7", "user_agent": "curl/8"}
AUDIT = "select actor, address, action, subject_id, after from audit order by id desc limit 1"


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database, lifetime=timedelta(hours=12), idle=timedelta(hours=2))


@pytest.fixture
async def operators(database: Database, sessions: Sessions, observations: Observations) -> Operators:
    operators = Operators(database, sessions=sessions, product="Acme Shop", observe=observations)
    for email in (ANN, BOB):
        await operators.add(email, Role.OPERATOR, ROOT, password=PASSWORD)
    return operators


async def owner(sessions: Sessions, token: str) -> Operator:
    operator = await sessions.operator(token)
    assert operator is not None
    return operator


async def test_a_session_that_is_not_used_ends(operators: Operators, sessions: Sessions, sql: Sql) -> None:
    """Two hours after the last use; a use within them begins them anew."""
    token = await operators.sign_in(ANN, PASSWORD, **HERE)
    sql("update sessions set last_used_at = now() - interval '119 minutes'")
    assert await sessions.operator(token) is not None
    assert sql("select last_used_at > now() - interval '1 minute' from sessions") == "t"
    sql("update sessions set last_used_at = now() - interval '121 minutes'")
    assert await sessions.operator(token) is None
    assert sql("select last_used_at < now() - interval '1 minute' from sessions") == "t"


async def test_use_does_not_lengthen_the_lifetime(operators: Operators, sessions: Sessions, sql: Sql) -> None:
    token = await operators.sign_in(ANN, PASSWORD, **HERE)
    sql("update sessions set expires_at = now() - interval '1 s', last_used_at = now() - interval '5 minutes'")
    assert await sessions.operator(token) is None
    assert sql("select last_used_at < now() - interval '1 minute' from sessions") == "t"


async def test_a_use_is_written_once_a_minute_at_most(operators: Operators, sessions: Sessions, sql: Sql) -> None:
    """Reading stays cheap: the row stays the same one, as its place on the disk tells."""
    token = await operators.sign_in(ANN, PASSWORD, **HERE)
    sql("update sessions set last_used_at = now() - interval '50 s'")
    place = sql("select ctid from sessions")
    for _ in range(3):
        await sessions.operator(token)
    assert sql("select ctid from sessions") == place
    sql("update sessions set last_used_at = now() - interval '61 s'")
    place = sql("select ctid from sessions")
    await sessions.operator(token)
    written = sql("select ctid from sessions")
    assert written != place
    await sessions.operator(token)
    assert sql("select ctid from sessions") == written


async def test_what_has_ended_is_swept_at_the_next_sign_in(operators: Operators, sql: Sql) -> None:
    await operators.sign_in(ANN, PASSWORD, **HERE)
    sql("update sessions set last_used_at = now() - interval '3 hours'")
    await operators.sign_in(BOB, PASSWORD, **HERE)
    assert sql("select count(*) from sessions") == "1"


async def test_signing_in_again_ends_the_session_of_the_browser(
    operators: Operators, sessions: Sessions, sql: Sql
) -> None:
    """With a fresh token, whoever signs in; what the browser holds may be made up, or another one's."""
    first = await operators.sign_in(ANN, PASSWORD, **HERE)
    second = await operators.sign_in(BOB, PASSWORD, **HERE, replaces=first)
    assert await sessions.operator(first) is None
    assert (await owner(sessions, second)).email == BOB
    third = await operators.sign_in(BOB, PASSWORD, **HERE, replaces="made up")
    assert len({first, second, third}) == 3
    assert await sessions.operator(second) is not None
    ended = "select actor, subject_id from audit where action = 'operator.signed_out'"
    assert sql(ended) == f"{ANN}|{ANN}"


async def test_a_link_ends_the_session_of_the_browser_too(operators: Operators, sessions: Sessions) -> None:
    first = await operators.sign_in(ANN, PASSWORD, **HERE)
    link = await operators.reset_password(BOB, ROOT)
    await operators.use_link(link or "", email=None, password=PASSWORD, **HERE, replaces=first)
    assert await sessions.operator(first) is None


async def test_somebody_sees_where_they_are_signed_in(operators: Operators, sessions: Sessions, sql: Sql) -> None:
    """Their own sessions alone, the latest first, this one marked, without those that have ended."""
    link = await operators.reset_password(ANN, ROOT)
    here = await operators.use_link(link or "", email=None, password=PASSWORD, **HERE)
    await operators.sign_in(ANN, PASSWORD, **THERE)
    await operators.sign_in(BOB, PASSWORD, **THERE)
    ann = await owner(sessions, here)
    found = await sessions.list(ann.id, here)
    assert [(each.method, each.address, each.user_agent, each.is_this) for each in found] == [
        ("password", "198.51.100.7", "curl/8", False),
        ("link", "203.0.113.9", "Mozilla/5.0", True),
    ]
    sql("update sessions set last_used_at = now() - interval '3 hours' where method = 'password'")
    assert [each.method for each in await sessions.list(ann.id, here)] == ["link"]
    sql("update sessions set expires_at = now()")
    assert await sessions.list(ann.id, here) == []


async def test_one_session_is_revoked(operators: Operators, sessions: Sessions, sql: Sql) -> None:
    """By its id, and nobody's but one's own."""
    here, there = await operators.sign_in(ANN, PASSWORD, **HERE), await operators.sign_in(ANN, PASSWORD, **THERE)
    bobs = await operators.sign_in(BOB, PASSWORD, **THERE)
    ann, bob = await owner(sessions, here), await owner(sessions, bobs)
    (other,) = [each for each in await sessions.list(ann.id, here) if not each.is_this]
    for who, which in ((bob, other.id), (ann, uuid4())):
        with pytest.raises(NotFoundError, match="not signed in there any more"):
            await sessions.revoke(who, which, actor_of(who, "::1"))
    await sessions.revoke(ann, other.id, actor_of(ann, "203.0.113.9"))
    assert [await sessions.operator(token) is not None for token in (here, there, bobs)] == [True, False, True]
    assert sql(AUDIT) == f'{ANN}|203.0.113.9|operator.sessions_revoked|{ANN}|{{"sessions": 1}}'
    with pytest.raises(NotFoundError):
        await sessions.revoke(ann, other.id, actor_of(ann, "203.0.113.9"))


async def test_all_other_sessions_are_revoked(operators: Operators, sessions: Sessions, sql: Sql) -> None:
    """Of this operator alone; where there is none, nothing is written."""
    here = await operators.sign_in(ANN, PASSWORD, **HERE)
    others = [await operators.sign_in(ANN, PASSWORD, **THERE) for _ in range(2)]
    bobs = await operators.sign_in(BOB, PASSWORD, **THERE)
    ann = await owner(sessions, here)
    assert await sessions.revoke_others(ann, here, actor_of(ann, "203.0.113.9")) == 2
    assert [await sessions.operator(token) is not None for token in (here, *others, bobs)] == [True, False, False, True]
    assert sql(AUDIT) == f'{ANN}|203.0.113.9|operator.sessions_revoked|{ANN}|{{"sessions": 2}}'
    before = sql("select count(*) from audit")
    assert await sessions.revoke_others(ann, here, actor_of(ann, "203.0.113.9")) == 0
    assert sql("select count(*) from audit") == before


async def test_an_administrator_ends_all_sessions_of_somebody(
    operators: Operators, sessions: Sessions, sql: Sql
) -> None:
    tokens = [await operators.sign_in(ANN, PASSWORD, **where) for where in (HERE, THERE)]
    bobs = await operators.sign_in(BOB, PASSWORD, **THERE)
    assert await sessions.revoke_all(ANN.upper(), ROOT) == 2
    assert [await sessions.operator(token) is not None for token in (*tokens, bobs)] == [False, False, True]
    assert sql(AUDIT) == f'{ROOT.name}||operator.sessions_revoked|{ANN}|{{"sessions": 2}}'
    with pytest.raises(NotFoundError, match="no operator"):
        await sessions.revoke_all("nobody@example.com", ROOT)


async def test_the_audit_says_how_somebody_signed_in(operators: Operators, sql: Sql) -> None:
    await operators.sign_in(ANN, PASSWORD, **HERE)
    assert sql(AUDIT) == f'{ANN}|203.0.113.9|operator.signed_in|{ANN}|{{"method": "password"}}'
