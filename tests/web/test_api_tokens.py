"""Tokens over the API: made once, listed without their secrets, revoked at every gateway at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.access import TokenScope, command_line
from gateway.service.limits import Limits
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import Client, ClientMaker, application

WHO = command_line("test")


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


@pytest.fixture
async def call(client: Client, services: Services) -> Caller:
    return Caller(client, await token_of(services, TokenScope.ADMIN))


async def test_a_token_is_told_once_and_works(call: Caller, client: Client) -> None:
    """POST answers 201 with it; no later answer has it. It is good for a year."""
    reply = await call("POST", "/tokens", {"name": "deploy", "scope": "write"})
    assert reply.status == 201
    made = reply.document
    secret = made.pop("token")
    assert (made["name"], made["scope"], made["state"]) == ("deploy", "write", "live")
    assert (made["created_by"], made["last_used_at"], made["last_used_from"]) == ("token admin token", None, "")
    lifetime = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert timedelta(days=364) < lifetime <= timedelta(days=365)
    used = Caller(client, secret)
    assert (await used("POST", "/windows", {"title": "x"})).status == 201
    shown = await call("GET", reply.headers["Location"].partition("/api/v1")[2])
    assert shown.document == made | {
        "last_used_at": shown.document["last_used_at"],
        "last_used_from": "127.0.0.1",
    }
    assert secret not in str((await call("GET", "/tokens")).document)


async def test_a_token_is_asked_for_once_but_never_told_twice(call: Caller) -> None:
    """With the same Idempotency-Key it is made once, and the second call is told that."""
    for status in (201, 409):
        reply = await call("POST", "/tokens", {"name": "x", "scope": "read"}, headers={"Idempotency-Key": "k"})
        assert reply.status == status


async def test_a_revoked_token_is_none_at_every_gateway_at_once(
    call: Caller, client: Client, aiohttp_client: ClientMaker, services: Services, observations: Observations
) -> None:
    """Also at one that has just taken it: nothing of it is kept there. It is told so, and revoking may be repeated."""
    limits = services.limits
    own = Limits(sign_in_rate=10, api_rate=600, wrong_token_rate=60, database=limits._database, observe=observations)
    elsewhere = await aiohttp_client(application(replace(services, limits=own), observations))
    made = (await call("POST", "/tokens", {"name": "deploy", "scope": "read"})).document
    gateways = [Caller(gateway, made["token"]) for gateway in (client, elsewhere)]
    for gateway in gateways:
        assert (await gateway("GET", "/windows")).status == 200
    first, second = [await call("DELETE", f"/tokens/{made['id']}") for _ in range(2)]
    assert (first.status, first.document["state"]) == (200, "revoked")
    assert second.document == first.document
    for gateway in gateways:
        reply = await gateway("GET", "/windows")
        assert is_problem(reply, 401)
        assert reply.document["detail"].startswith('the token "deploy" was revoked; make one with')


async def test_an_expired_token_is_told_so(
    call: Caller, client: Client, psql: Callable[[str, str], str], database_url: str
) -> None:
    """401 says that it has expired, which an unknown one never did."""
    made = (await call("POST", "/tokens", {"name": "deploy", "scope": "read", "expires_in": "PT1M"})).document
    used = Caller(client, made["token"])
    told = (await used("GET", "/windows")).headers["Gateway-Token-Expires"]
    assert told == made["expires_at"].partition(".")[0].removesuffix("Z") + "Z"
    psql(
        database_url,
        "update tokens set created_at = '2020-01-01Z', expires_at = '2021-01-01Z' where name = 'deploy'",
    )
    reply = await used("GET", "/windows")
    assert is_problem(reply, 401)
    assert 'the token "deploy" has expired' in reply.document["detail"]
    assert (await call("GET", f"/tokens/{made['id']}")).document["state"] == "expired"


@pytest.mark.parametrize(("days", "is_told"), [(13, True), (15, False), (None, False)])
async def test_who_uses_a_token_near_its_end_is_told(
    client: Client, services: Services, days: int | None, *, is_told: bool
) -> None:
    """Each answer says when, from two weeks before: the log of a pipeline shows it in time."""
    lifetime = None if days is None else timedelta(days=days)
    used = Caller(client, await services.tokens.create("deploy", TokenScope.READ, WHO, expires_in=lifetime))
    for method, path in (("GET", "/windows"), ("GET", f"/windows/{NO_WINDOW}"), ("GET", "/audit.csv")):
        assert ("Gateway-Token-Expires" in (await used(method, path)).headers) is is_told


async def test_tokens_are_read_page_by_page(call: Caller, services: Services) -> None:
    """By name, each once."""
    for name in ("c", "a", "b"):
        await services.tokens.create(name, TokenScope.READ, WHO)
    first = (await call("GET", "/tokens?limit=3")).document
    second = (await call("GET", f"/tokens?limit=3&cursor={first['next_cursor']}")).document
    assert [token["name"] for token in first["tokens"] + second["tokens"]] == ["a", "admin token", "b", "c"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "wrong", "says"),
    [
        ({}, {"name", "scope"}, "is missing: it is needed"),
        ({"name": "", "scope": "read"}, {"name"}, "must not be empty"),
        ({"name": "x" * 101, "scope": "read"}, {"name"}, "at most 100"),
        ({"name": "a\0b", "scope": "read"}, {"name"}, "NUL"),
        ({"name": "x", "scope": "root"}, {"scope"}, "must be one of read, report, write, admin"),
        ({"name": "x", "scope": "read", "expires_in": "soon"}, {"expires_in"}, "is not a duration"),
        ({"name": "x", "scope": "read", "expires_in": 90}, {"expires_in"}, "is not a duration"),
        ({"name": "x", "scope": "read", "expires_in": "PT59S"}, {"expires_in"}, "between one minute and ten years"),
        ({"name": "x", "scope": "read", "expires_in": "P3661D"}, {"expires_in"}, "ten years"),
        ({"name": "x", "scope": "read", "token": "mine"}, {"token"}, "there is no such field"),
    ],
)
async def test_a_wrong_token_is_refused(call: Caller, body: Any, wrong: set[str], says: str) -> None:
    """422 names each field."""
    reply = await call("POST", "/tokens", body)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == wrong
    assert says in " ".join(reply.document["errors"].values())


async def test_what_else_is_refused(call: Caller) -> None:
    """A name that is taken (409), what there is not (404)."""
    assert (await call("POST", "/tokens", {"name": "x", "scope": "read"})).status == 201
    taken = await call("POST", "/tokens", {"name": "x", "scope": "read"})
    assert is_problem(taken, 409)
    assert "taken by another token" in taken.document["detail"]
    for method in ("GET", "DELETE"):
        for which in (NO_WINDOW, "x"):
            assert is_problem(await call(method, f"/tokens/{which}"), 404)
    assert is_problem(await call("GET", "/tokens?limit=0"), 422)
    assert is_problem(await call("GET", "/tokens?cursor=x"), 422)


async def test_a_token_made_with_a_token_ends_with_it(client: Client, services: Services) -> None:
    """The answer says when."""
    short = await services.tokens.create("short", TokenScope.ADMIN, WHO, expires_in=timedelta(days=1))
    reply = await Caller(client, short)("POST", "/tokens", {"name": "y", "scope": "read", "expires_in": None})
    assert reply.status == 201
    assert datetime.fromisoformat(reply.document["expires_at"]) == (await services.tokens.get("short")).expires_at
