"""Tokens: shown once, kept as a hash, revoked for good."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest

from gateway.domain.access import SCOPE_PERMISSIONS, Actor, TokenScope, command_line
from gateway.domain.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from gateway.service.drafts.tokens import TokenDraft
from gateway.service.tokens import TOKEN_PREFIX, TokenRefusedError, Tokens
from gateway.store.audit import latest
from gateway.store.pool import Database

ROOT = command_line("root")


@pytest.fixture
def tokens(database: Database) -> Tokens:
    return Tokens(database)


@pytest.mark.parametrize("scope", TokenScope)
async def test_a_token_acts_under_its_name_and_with_its_scope(tokens: Tokens, scope: TokenScope) -> None:
    token = await tokens.create("deploy", scope, ROOT)
    assert token.startswith(TOKEN_PREFIX)
    actor = await tokens.actor(token, "203.0.113.9")
    assert actor is not None
    assert (actor.name, actor.address) == ("token deploy", "203.0.113.9")
    assert actor.permissions == SCOPE_PERMISSIONS[scope]


async def test_what_is_no_token_is_nobody(tokens: Tokens) -> None:
    token = await tokens.create("deploy", TokenScope.READ, ROOT)
    for wrong in ("", "x", token[:-1], token + "x", token.upper(), token.removeprefix(TOKEN_PREFIX), "\udcff", "\0"):
        assert await tokens.actor(wrong, "") is None


async def test_a_revoked_token_is_nobody_for_good(tokens: Tokens) -> None:
    token = await tokens.create("deploy", TokenScope.READ, ROOT)
    revoked = await tokens.revoke("deploy", ROOT)
    with pytest.raises(TokenRefusedError, match='"deploy" was revoked'):
        await tokens.actor(token, "")
    assert revoked.revoked_at is not None
    assert await tokens.list() == [revoked]


async def test_revoking_may_be_repeated_and_goes_by_name_or_id(tokens: Tokens, database: Database) -> None:
    """The second time nothing changes, nor is anything recorded; what there never was is told."""
    await tokens.create("deploy", TokenScope.READ, ROOT)
    (known,) = await tokens.list()
    revoked = await tokens.revoke(known.id, ROOT)
    for which in ("deploy", str(known.id).upper(), known.id):
        assert await tokens.revoke(which, ROOT) == revoked
    async with database.session() as session:
        assert [entry.action for entry in await latest(session, most=9)] == ["token.revoked", "token.created"]
    for wrong in ("other", "", "\0", uuid4()):
        with pytest.raises(NotFoundError, match="gateway token list"):
            await tokens.revoke(wrong, ROOT)


async def test_an_expired_token_is_nobody(tokens: Tokens, database_url: str, psql: Callable[[str, str], str]) -> None:
    """By PostgreSQL's clock, from that instant on; its holder is told, and its last use stays what it was."""
    token = await tokens.create("deploy", TokenScope.READ, ROOT, expires_in=timedelta(hours=1))
    assert await tokens.actor(token, "")
    psql(database_url, "update tokens set created_at = now() - interval '2 h', expires_at = now()")
    before = await tokens.list()
    with pytest.raises(TokenRefusedError, match='"deploy" has expired'):
        await tokens.actor(token, "203.0.113.9")
    assert await tokens.list() == before


async def test_a_token_lives_for_a_year_unless_it_is_said_otherwise(tokens: Tokens) -> None:
    """Never to expire has to be asked for."""
    lifetimes = {"a": timedelta(days=365), "b": timedelta(minutes=1), "c": None}
    await tokens.create("a", TokenScope.READ, ROOT)
    await tokens.create("b", TokenScope.READ, ROOT, expires_in=timedelta(minutes=1))
    await tokens.create("c", TokenScope.READ, ROOT, expires_in=None)
    for known in await tokens.list():
        lifetime = known.expires_at and known.expires_at - known.created_at
        expected = lifetimes[known.name]
        assert lifetime is expected is None or abs(lifetime - expected) < timedelta(seconds=5)  # type: ignore[operator]
        assert known.created_by == ROOT.name


@pytest.mark.parametrize("wrong", [timedelta(), timedelta(seconds=59), timedelta(days=3661), timedelta(days=-1)])
async def test_a_lifetime_that_is_none_is_refused(tokens: Tokens, wrong: timedelta) -> None:
    with pytest.raises(InvalidError, match="expires_in: must lie between one minute and ten years"):
        await tokens.create("deploy", TokenScope.READ, ROOT, expires_in=wrong)


@pytest.mark.parametrize(("maker", "made"), [*product(TokenScope, TokenScope)])
async def test_a_token_gives_no_more_than_its_maker_has(tokens: Tokens, maker: TokenScope, made: TokenScope) -> None:
    """No wider scope."""
    actor = Actor(name="x", permissions=SCOPE_PERMISSIONS[maker])
    if [*TokenScope].index(made) <= [*TokenScope].index(maker):
        assert await tokens.create("deploy", made, actor)
    else:
        with pytest.raises(ForbiddenError, match=f"scope {made}"):
            await tokens.create("deploy", made, actor)
        assert await tokens.list() == []


@pytest.mark.parametrize(("days", "is_cut"), [(3, True), (None, True), (365, True), (1, False)])
async def test_nor_does_it_outlive_its_maker(tokens: Tokens, days: int | None, *, is_cut: bool) -> None:
    """Whatever is asked for, it ends with its maker at the latest."""
    parent = await tokens.create("parent", TokenScope.ADMIN, ROOT, expires_in=timedelta(days=2))
    actor = await tokens.actor(parent, "")
    assert actor is not None
    lifetime = None if days is None else timedelta(days=days)
    child, secret = await tokens.issue(TokenDraft(name="child", scope=TokenScope.ADMIN, expires_in=lifetime), actor)
    assert child.created_by == "token parent"
    assert (child.expires_at == actor.until) is is_cut
    # Nor does what the child makes.
    actor = await tokens.actor(secret, "")
    assert actor is not None
    grandchild, _ = await tokens.issue(TokenDraft(name="grandchild", scope=TokenScope.READ, expires_in=None), actor)
    assert grandchild.expires_at == child.expires_at


async def test_it_is_told_before_its_end(tokens: Tokens) -> None:
    """From two weeks before; not of one that is over, revoked or never ends."""
    await tokens.create("a", TokenScope.READ, ROOT, expires_in=timedelta(days=15))
    (known,) = await tokens.list()
    assert known.expires_at is not None
    end = known.expires_at
    near = [timedelta(days=14, seconds=1), timedelta(days=14), timedelta(seconds=1), timedelta(), timedelta(days=-1)]
    assert [known.expires_soon(end - before) for before in near] == [False, True, True, False, False]
    assert not replace(known, revoked_at=end).expires_soon(end - timedelta(days=1))
    assert not replace(known, expires_at=None).expires_soon(end)


async def test_pages_of_tokens(tokens: Tokens) -> None:
    """By name, each once, also when others come meanwhile."""
    for name in ("b", "d", "a", "c"):
        await tokens.create(name, TokenScope.READ, ROOT)
    assert [token.name for token in await tokens.list(limit=2)] == ["a", "b"]
    await tokens.create("aa", TokenScope.READ, ROOT)
    assert [token.name for token in await tokens.list(after="b", limit=2)] == ["c", "d"]


async def test_a_name_is_used_once(tokens: Tokens) -> None:
    await tokens.create("deploy", TokenScope.READ, ROOT)
    with pytest.raises(ConflictError, match="name is taken"):
        await tokens.create("deploy", TokenScope.ADMIN, ROOT)
    for name in ("", "x" * 101):
        with pytest.raises(InvalidError) as error:
            await tokens.create(name, TokenScope.READ, ROOT)
        assert list(error.value.fields) == ["name"]


async def test_its_last_use_is_noted_to_the_minute(
    tokens: Tokens, database_url: str, psql: Callable[[str, str], str]
) -> None:
    """With the address that it came from. A busy client does not write a row for each call."""
    token = await tokens.create("deploy", TokenScope.READ, ROOT)
    assert (await tokens.list())[0].last_used_at is None
    await tokens.actor(token, "203.0.113.9")
    first = (await tokens.list())[0].last_used_at
    assert first is not None
    await tokens.actor(token, "203.0.113.10")
    assert (await tokens.list())[0].last_used_at == first
    assert (await tokens.list())[0].last_used_from == "203.0.113.9"
    psql(database_url, "update tokens set last_used_at = last_used_at - interval '61 s'")
    await tokens.actor(token, "203.0.113.10")
    assert (await tokens.list())[0].last_used_from == "203.0.113.10"
    later = (await tokens.list())[0].last_used_at
    assert later is not None
    assert later > first


async def test_only_its_hash_is_stored(tokens: Tokens, database_url: str, psql: Callable[[str, str], str]) -> None:
    token = await tokens.create("deploy", TokenScope.READ, ROOT)
    stored = psql(database_url, "select json_agg(t), (select json_agg(a) from audit a) from tokens t")
    assert token not in stored
    assert token.removeprefix(TOKEN_PREFIX) not in stored


async def test_every_write_leaves_its_audit_entry(tokens: Tokens, database: Database) -> None:
    await tokens.create("deploy", TokenScope.WRITE, ROOT)
    await tokens.revoke("deploy", ROOT)
    async with database.session() as session:
        revoked, created = await latest(session, most=10)
    assert (created.actor, created.action, created.subject_id) == (ROOT.name, "token.created", "deploy")
    assert created.after is not None
    assert created.after["scope"] == "write"
    assert datetime.fromisoformat(created.after["expires_at"]) == (await tokens.list())[0].expires_at
    assert (revoked.action, revoked.subject_id) == ("token.revoked", "deploy")
