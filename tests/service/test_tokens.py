"""Tokens: shown once, kept as a hash, revoked for good."""

from collections.abc import Callable

import pytest

from gateway.domain.access import SCOPE_PERMISSIONS, TokenScope, command_line
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.service.tokens import TOKEN_PREFIX, Tokens
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
    await tokens.revoke("deploy", ROOT)
    assert await tokens.actor(token, "") is None
    with pytest.raises(NotFoundError, match="deploy"):
        await tokens.revoke("deploy", ROOT)
    assert [found.revoked_at is None for found in await tokens.list()] == [False]


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
    """A busy client does not write a row for each call."""
    token = await tokens.create("deploy", TokenScope.READ, ROOT)
    assert (await tokens.list())[0].last_used_at is None
    await tokens.actor(token, "")
    first = (await tokens.list())[0].last_used_at
    assert first is not None
    await tokens.actor(token, "")
    assert (await tokens.list())[0].last_used_at == first
    psql(database_url, "update tokens set last_used_at = last_used_at - interval '61 s'")
    await tokens.actor(token, "")
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
    assert created.after == {"scope": "write"}
    assert (revoked.action, revoked.subject_id) == ("token.revoked", "deploy")
