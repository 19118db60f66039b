"""Operators: signing in, one-time links, and what ends a session."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.domain.access import ROLE_PERMISSIONS, Actor, Role, command_line
from gateway.domain.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, StaleError
from gateway.domain.observation import SignInFailed
from gateway.service.operators import Operators, actor_of
from gateway.service.sessions import Sessions
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations

Psql = Callable[[str, str], str]
ROOT = command_line("root")
ANN = "ann@example.com"
PASSWORD = "correct horse battery"
WHERE = {"address": "203.0.113.9", "user_agent": "Mozilla/5.0"}


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database, lifetime=timedelta(hours=12), idle=timedelta(hours=2))


@pytest.fixture
def operators(database: Database, sessions: Sessions, observations: Observations) -> Operators:
    return Operators(database, sessions=sessions, product="Acme Shop", observe=observations)


async def actions(services: Services) -> list[tuple[str, str, str]]:
    """Return actor, action and subject of every audit entry, in order."""
    return [(entry.actor, entry.action, entry.subject_id) for entry in reversed(await services.audit.latest())]


async def test_the_first_link_makes_the_first_administrator_and_signs_in(
    operators: Operators, sessions: Sessions
) -> None:
    link = await operators.first_link()
    assert link is not None
    assert (await operators.open_link(link)).email is None
    session = await operators.use_link(link, email=ANN, password=PASSWORD, **WHERE)
    operator = await sessions.operator(session)
    assert operator is not None
    assert (operator.email, operator.role) == (ANN, Role.ADMINISTRATOR)
    assert actor_of(operator, "::1") == Actor(name=ANN, address="::1", permissions=ROLE_PERMISSIONS[Role.ADMINISTRATOR])
    assert await operators.first_link() is None


async def test_a_link_is_used_once(operators: Operators) -> None:
    """Also where two use it at the same moment."""
    link = await operators.first_link()
    assert link is not None
    used = await asyncio.gather(
        *(operators.use_link(link, email=f"{name}@example.com", password=PASSWORD, **WHERE) for name in "abc"),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in used) == ["NotFoundError", "NotFoundError", "str"]
    assert len(await operators.list()) == 1
    with pytest.raises(NotFoundError):
        await operators.open_link(link)


async def test_each_gateway_prints_a_first_link_and_the_first_use_ends_all(operators: Operators) -> None:
    one, other = await operators.first_link(), await operators.first_link()
    assert one is not None
    assert other is not None
    await operators.use_link(one, email=ANN, password=PASSWORD, **WHERE)
    with pytest.raises(NotFoundError, match="ask for a new one"):
        await operators.use_link(other, email="eve@example.com", password=PASSWORD, **WHERE)
    assert len(await operators.list()) == 1


async def test_once_there_is_an_operator_the_first_link_is_dead(operators: Operators) -> None:
    """Whoever finds it in an old log does not become administrator."""
    link = await operators.first_link()
    assert link is not None
    await operators.add(ANN, Role.VIEWER, ROOT, password=PASSWORD)
    with pytest.raises(NotFoundError):
        await operators.use_link(link, email="eve@example.com", password=PASSWORD, **WHERE)
    assert len(await operators.list()) == 1


async def test_a_link_expires(operators: Operators, database_url: str, psql: Psql) -> None:
    link = await operators.first_link()
    assert link is not None
    psql(database_url, "update sign_in_links set expires_at = clock_timestamp()")
    with pytest.raises(NotFoundError):
        await operators.use_link(link, email=ANN, password=PASSWORD, **WHERE)


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("", PASSWORD, "email"),
        (None, PASSWORD, "email"),
        ("ann", PASSWORD, "email"),
        ("a b@example.com", PASSWORD, "email"),
        ("a@" + "b" * 260, PASSWORD, "email"),
        (ANN, "short", "password"),
        (ANN, "x" * 1025, "password"),
        (ANN, "passwordpassword", "password"),
        ("lovelace@example.com", "countess lovelace", "password"),
        (ANN, "acme shop forever", "password"),
    ],
)
async def test_a_wrong_value_leaves_the_link_good(
    operators: Operators, email: str | None, password: str, field: str
) -> None:
    link = await operators.first_link()
    assert link is not None
    with pytest.raises(InvalidError) as error:
        await operators.use_link(link, email=email, password=password, **WHERE)
    assert list(error.value.fields) == [field]
    await operators.use_link(link, email=ANN, password=PASSWORD, **WHERE)


async def test_a_new_operator_chooses_a_password_by_link(operators: Operators, sessions: Sessions) -> None:
    """The address comes from the link, not from the form."""
    link = await operators.add(ANN, Role.OPERATOR, ROOT)
    assert link is not None
    assert (await operators.open_link(link)).email == ANN
    session = await operators.use_link(link, email="eve@example.com", password=PASSWORD, **WHERE)
    operator = await sessions.operator(session)
    assert operator is not None
    assert (operator.email, operator.role) == (ANN, Role.OPERATOR)
    assert await operators.sign_in(ANN, PASSWORD, **WHERE)


async def test_signing_in_and_out(operators: Operators, sessions: Sessions) -> None:
    """The case of the address does not matter; each sign-in has a session of its own."""
    assert await operators.add(ANN, Role.VIEWER, ROOT, password=PASSWORD) is None
    first = await operators.sign_in(ANN, PASSWORD, **WHERE)
    second = await operators.sign_in("Ann@Example.COM", PASSWORD, **WHERE)
    assert first != second
    await sessions.end(first, "")
    assert await sessions.operator(first) is None
    assert await sessions.operator(second) is not None
    assert await sessions.operator("") is None
    await sessions.end(first, "")


async def test_a_session_ends_by_time(operators: Operators, sessions: Sessions, database_url: str, psql: Psql) -> None:
    """It lasts as long as the setting says."""
    await operators.add(ANN, Role.VIEWER, ROOT, password=PASSWORD)
    session = await operators.sign_in(ANN, PASSWORD, **WHERE)
    assert (
        psql(database_url, "select expires_at - created_at > '11:59' and expires_at < now() + '12:01' from sessions")
        == "t"
    )
    psql(database_url, "update sessions set expires_at = clock_timestamp()")
    assert await sessions.operator(session) is None
    await operators.sign_in(ANN, PASSWORD, **WHERE)
    assert psql(database_url, "select count(*) from sessions") == "1"


async def test_whoever_can_not_sign_in_is_not_told_why(operators: Operators, observations: Observations) -> None:
    """Unknown, without password yet, wrong password, disabled: one message; each is observed."""
    await operators.add(ANN, Role.VIEWER, ROOT, password=PASSWORD)
    await operators.add("new@example.com", Role.VIEWER, ROOT)
    await operators.add("gone@example.com", Role.VIEWER, ROOT, password=PASSWORD)
    await operators.disable("gone@example.com", ROOT)
    messages = set()
    attempts = [
        (ANN, PASSWORD + "x"),
        (ANN, ""),
        ("nobody@example.com", PASSWORD),
        ("new@example.com", PASSWORD),
        ("new@example.com", ""),
        ("gone@example.com", PASSWORD),
        ("' or 1=1 --", PASSWORD),
        ("x" * 10_000, PASSWORD),
        (ANN, "\udcff"),
        ("a\udcff", PASSWORD),
        ("a\0b", PASSWORD),
    ]
    for email, password in attempts:
        with pytest.raises(ForbiddenError) as error:
            await operators.sign_in(email, password, **WHERE)
        messages.add(str(error.value))
    assert len(messages) == 1
    assert [(seen.email, seen.address) for seen in observations.of(SignInFailed)] == [
        (email[:254].replace("\udcff", "?").replace("\0", "\ufffd"), "203.0.113.9") for email, _ in attempts
    ]


@pytest.mark.parametrize("user_agent", ["", "x" * 5000, "\udcff\udcfe", "a\0b"])
async def test_no_browser_is_turned_away_for_its_name(
    operators: Operators, sessions: Sessions, user_agent: str
) -> None:
    """Bytes that are no UTF-8 arrive as lone surrogates."""
    await operators.add(ANN, Role.VIEWER, ROOT, password=PASSWORD)
    session = await operators.sign_in(ANN, PASSWORD, address="::1", user_agent=user_agent)
    assert await sessions.operator(session) is not None


async def test_disabling_ends_everything_at_once(operators: Operators, sessions: Sessions) -> None:
    await operators.add(ANN, Role.OPERATOR, ROOT, password=PASSWORD)
    session = await operators.sign_in(ANN, PASSWORD, **WHERE)
    link = await operators.reset_password(ANN, ROOT)
    assert link is not None
    await operators.disable(ANN, ROOT)
    assert await sessions.operator(session) is None
    with pytest.raises(NotFoundError):
        await operators.open_link(link)
    with pytest.raises(ConflictError, match="disabled already"):
        await operators.disable(ANN, ROOT)
    assert [operator.disabled for operator in await operators.list()] == [True]


async def test_a_new_password_ends_all_sessions_and_the_old_password(operators: Operators, sessions: Sessions) -> None:
    await operators.add(ANN, Role.VIEWER, ROOT, password=PASSWORD)
    session = await operators.sign_in(ANN, PASSWORD, **WHERE)
    assert await operators.reset_password(ANN, ROOT, password="another password") is None
    assert await sessions.operator(session) is None
    with pytest.raises(ForbiddenError):
        await operators.sign_in(ANN, PASSWORD, **WHERE)
    session = await operators.sign_in(ANN, "another password", **WHERE)
    link = await operators.reset_password(ANN, ROOT)
    assert link is not None
    assert await sessions.operator(session) is None
    with pytest.raises(ForbiddenError):
        await operators.sign_in(ANN, "another password", **WHERE)
    await operators.use_link(link, email=None, password=PASSWORD, **WHERE)
    await operators.sign_in(ANN, PASSWORD, **WHERE)


async def test_a_password_is_changed_by_who_knows_it(
    operators: Operators, sessions: Sessions, observations: Observations
) -> None:
    """All sessions end, and a fresh one begins; a wrong old one changes nothing, and is observed."""
    await operators.add(ANN, Role.VIEWER, ROOT, password=PASSWORD)
    here, there = await operators.sign_in(ANN, PASSWORD, **WHERE), await operators.sign_in(ANN, PASSWORD, **WHERE)
    ann = await sessions.operator(here)
    assert ann is not None
    with pytest.raises(ForbiddenError, match="not the password until now"):
        await operators.change_password(ann, "wrong", "another password", **WHERE, replaces=here)
    for new, said in (("short", "12 to"), (PASSWORD, "the one until now"), ("passwordpassword", "stolen")):
        with pytest.raises(InvalidError, match=said):
            await operators.change_password(ann, PASSWORD, new, **WHERE, replaces=here)
    assert [await sessions.operator(token) is not None for token in (here, there)] == [True, True]
    assert [seen.email for seen in observations.of(SignInFailed)] == [ANN]
    fresh = await operators.change_password(ann, PASSWORD, "another password", **WHERE, replaces=here)
    assert [await sessions.operator(token) is not None for token in (here, there, fresh)] == [False, False, True]
    with pytest.raises(ForbiddenError):
        await operators.sign_in(ANN, PASSWORD, **WHERE)
    assert await operators.sign_in(ANN, "another password", **WHERE)


async def test_a_role_counts_from_the_next_request_on(operators: Operators, sessions: Sessions) -> None:
    await operators.add(ANN, Role.OPERATOR, ROOT, password=PASSWORD)
    session = await operators.sign_in(ANN, PASSWORD, **WHERE)
    await operators.set_role(ANN, Role.VIEWER, ROOT)
    operator = await sessions.operator(session)
    assert operator is not None
    assert operator.role is Role.VIEWER


async def test_who_does_not_exist_is_not_found(operators: Operators) -> None:
    for act in (
        operators.set_role(ANN, Role.VIEWER, ROOT),
        operators.disable(ANN, ROOT),
        operators.enable(ANN, ROOT),
        operators.reset_password(ANN, ROOT),
    ):
        with pytest.raises(NotFoundError, match=ANN):
            await act


async def test_an_address_belongs_to_one_operator(operators: Operators) -> None:
    await operators.add(ANN, Role.VIEWER, ROOT)
    with pytest.raises(ConflictError, match="email is taken"):
        await operators.add(ANN.upper(), Role.VIEWER, ROOT)
    with pytest.raises(InvalidError):
        await operators.add("nobody", Role.VIEWER, ROOT)


async def test_secrets_are_not_stored(operators: Operators, database_url: str, psql: Psql) -> None:
    """What a backup shows is of no use: hashes only."""
    link = await operators.add(ANN, Role.VIEWER, ROOT)
    assert link is not None
    other = await operators.reset_password(ANN, ROOT)
    session = await operators.use_link(other or "", email=None, password=PASSWORD, **WHERE)
    everything = psql(
        database_url,
        "select (select json_agg(o) from operators o), (select json_agg(s) from sessions s), "
        "(select json_agg(l) from sign_in_links l), (select json_agg(a) from audit a)",
    )
    assert "argon2id" in everything
    for secret in (link, other, session, PASSWORD):
        assert secret
        assert secret not in everything
        assert secret.encode().hex() not in everything


async def test_every_write_leaves_its_audit_entry(services: Services) -> None:
    operators = services.operators
    link = await operators.first_link()
    assert link is not None
    session = await operators.use_link(link, email=ANN, password=PASSWORD, **WHERE)
    bob = "bob@example.com"
    await operators.add(bob, Role.VIEWER, ROOT)
    await operators.set_role(bob, Role.OPERATOR, ROOT)
    await operators.reset_password(bob, ROOT, password=PASSWORD)
    await operators.reset_password(bob, ROOT)
    await operators.disable(bob, ROOT)
    await operators.enable(bob, ROOT)
    with pytest.raises(ForbiddenError):
        await operators.sign_in(ANN, "wrong", **WHERE)
    await operators.sign_in(ANN, PASSWORD, **WHERE)
    await services.sessions.end(session, "203.0.113.9")
    entries = await actions(services)
    assert entries == [
        (ANN, "operator.added", ANN),
        (ANN, "operator.signed_in", ANN),
        (ROOT.name, "operator.added", bob),
        (ROOT.name, "operator.role_set", bob),
        (ROOT.name, "operator.password_set", bob),
        (ROOT.name, "operator.password_reset", bob),
        (ROOT.name, "operator.disabled", bob),
        (ROOT.name, "operator.enabled", bob),
        (ANN, "operator.sign_in_failed", ""),
        (ANN, "operator.signed_in", ANN),
        (ANN, "operator.signed_out", ANN),
    ]


async def test_the_last_administrator_stays(operators: Operators) -> None:
    """Neither demoted nor disabled, as long as no other one is there who is not disabled."""
    bob = "bob@example.com"
    await operators.add(ANN, Role.ADMINISTRATOR, ROOT, password=PASSWORD)
    await operators.add("cyd@example.com", Role.OPERATOR, ROOT)
    for act in (operators.set_role(ANN, Role.OPERATOR, ROOT), operators.disable(ANN, ROOT)):
        with pytest.raises(ConflictError, match="last administrator: give somebody else that role first"):
            await act
    assert (await operators.set_role(ANN, Role.ADMINISTRATOR, ROOT)).role is Role.ADMINISTRATOR
    await operators.add(bob, Role.ADMINISTRATOR, ROOT)
    assert (await operators.set_role(ANN, Role.VIEWER, ROOT)).role is Role.VIEWER
    assert (await operators.disable(ANN, ROOT)).disabled
    with pytest.raises(ConflictError, match="last administrator"):
        await operators.disable(bob, ROOT)
    await operators.set_role("cyd@example.com", Role.ADMINISTRATOR, ROOT)
    await operators.disable(bob, ROOT)
    # One that is disabled does not count, and may change.
    assert (await operators.set_role(bob, Role.VIEWER, ROOT)).disabled


async def test_two_administrators_who_disable_each_other_at_once(operators: Operators) -> None:
    """One stays, whoever is faster."""
    emails = ["a@example.com", "b@example.com", "c@example.com"]
    for email in emails:
        await operators.add(email, Role.ADMINISTRATOR, ROOT)
    done = await asyncio.gather(*(operators.disable(email, ROOT) for email in emails), return_exceptions=True)
    assert sum(isinstance(outcome, ConflictError) for outcome in done) == 1
    assert sum(not operator.disabled for operator in await operators.list()) == 1


async def test_the_second_of_two_changes_is_told(operators: Operators) -> None:
    """With the version that it read; being seen is no change."""
    await operators.add(ANN, Role.VIEWER, ROOT, password=PASSWORD)
    seen = await operators.get(ANN)
    await operators.sign_in(ANN, PASSWORD, **WHERE)
    changed = await operators.set_role(seen.id, Role.OPERATOR, ROOT, row_version=seen.row_version)
    assert (changed.row_version, changed.last_seen_at is not None) == (seen.row_version + 1, True)
    for act in (
        operators.set_role(ANN, Role.VIEWER, ROOT, row_version=seen.row_version),
        operators.disable(ANN, ROOT, row_version=seen.row_version),
    ):
        with pytest.raises(StaleError, match="changed by somebody else"):
            await act
    assert await operators.get(str(seen.id).upper()) == changed


async def test_who_is_disabled_gets_no_link(operators: Operators) -> None:
    """It would lead nowhere."""
    await operators.add(ANN, Role.VIEWER, ROOT)
    await operators.disable(ANN, ROOT)
    with pytest.raises(ConflictError, match="disabled, so it can't sign in"):
        await operators.reset_password(ANN, ROOT)


async def test_who_is_enabled_again_is_as_before(operators: Operators) -> None:
    """Role and password count again; with the version that it read, and only who is disabled."""
    await operators.add(ANN, Role.REPORTER, ROOT, password=PASSWORD)
    with pytest.raises(ConflictError, match="is not disabled"):
        await operators.enable(ANN, ROOT)
    seen = await operators.disable(ANN, ROOT)
    with pytest.raises(ForbiddenError):
        await operators.sign_in(ANN, PASSWORD, **WHERE)
    with pytest.raises(StaleError):
        await operators.enable(ANN, ROOT, row_version=seen.row_version - 1)
    enabled = await operators.enable(ANN, ROOT, row_version=seen.row_version)
    assert (enabled.disabled, enabled.role) == (False, Role.REPORTER)
    assert await operators.sign_in(ANN, PASSWORD, **WHERE)
