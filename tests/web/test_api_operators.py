"""Operators over the API: invited by a link that is told once, given roles, disabled."""

from typing import Any

import pytest

from gateway.domain.access import Role, TokenScope, command_line
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import PASSWORD, PREFIX, Browser, Client, ClientMaker, application

WHO = command_line("test")
ADA = {"email": "ada@acme.example", "role": "operator"}


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


@pytest.fixture
async def call(client: Client, services: Services) -> Caller:
    await services.operators.add("root@acme.example", Role.ADMINISTRATOR, WHO)
    return Caller(client, await token_of(services, TokenScope.ADMIN))


async def test_an_operator_is_invited_by_a_link_that_is_told_once(call: Caller, client: Client) -> None:
    """It chooses a password and signs in, once; no later answer has it."""
    reply = await call("POST", "/operators", ADA)
    assert reply.status == 201
    made = reply.document
    link = made.pop("sign_in_link")
    assert link.startswith(f"{client.make_url(PREFIX)}/admin/sign-in/")
    assert (made["email"], made["role"], made["disabled"], made["has_password"]) == (*ADA.values(), False, False)
    path = link.partition(PREFIX)[2]
    browser = Browser(client)
    assert (await browser.post(path, {"password": PASSWORD, "again": PASSWORD})).status == 303
    assert (await browser.get("/admin/windows/new")).status == 200
    assert (await browser.get(path)).status == 404
    shown = await call("GET", reply.headers["Location"].partition("/api/v1")[2])
    assert shown.document["has_password"]
    assert shown.document["last_seen_at"] is not None
    everything = (await call("GET", "/operators")).document
    assert [each["email"] for each in everything["operators"]] == ["ada@acme.example", "root@acme.example"]
    assert link.rpartition("/")[2] not in str(everything)


async def test_disabling_ends_sessions_at_once(call: Caller, client: Client, services: Services) -> None:
    """The next request of the operator's browser is no longer signed in."""
    link = await services.operators.add("ada@acme.example", Role.OPERATOR, WHO)
    browser = Browser(client)
    await browser.post(f"/admin/sign-in/{link}", {"password": PASSWORD, "again": PASSWORD})
    assert (await browser.get("/admin/")).status == 200
    who = await services.operators.get("ada@acme.example")
    reply = await call("POST", f"/operators/{who.id}/disable")
    assert (reply.status, reply.document["disabled"]) == (200, True)
    assert (await browser.get("/admin/")).status == 303
    again = await call("POST", f"/operators/{who.id}/disable")
    assert is_problem(again, 409)
    assert "is disabled already" in again.document["detail"]
    linked = await call("POST", f"/operators/{who.id}/sign-in-link")
    assert is_problem(linked, 409)
    assert "is disabled, so it can't sign in" in linked.document["detail"]
    enabled = await call("POST", f"/operators/{who.id}/enable")
    assert (enabled.status, enabled.document["disabled"]) == (200, False)
    assert (await browser.get("/admin/")).status == 303
    assert is_problem(await call("POST", f"/operators/{who.id}/enable"), 409)


async def test_a_role_counts_from_the_next_request(call: Caller, client: Client, services: Services) -> None:
    link = await services.operators.add("ada@acme.example", Role.OPERATOR, WHO)
    browser = Browser(client)
    await browser.post(f"/admin/sign-in/{link}", {"password": PASSWORD, "again": PASSWORD})
    assert (await browser.get("/admin/windows/new")).status == 200
    who = await services.operators.get("ada@acme.example")
    reply = await call("PATCH", f"/operators/{who.id}", {"role": "viewer"})
    assert (reply.status, reply.document["role"]) == (200, "viewer")
    assert (await browser.get("/admin/windows/new")).status == 403


async def test_a_lost_link_is_made_anew(call: Caller, client: Client) -> None:
    """The old link, the password and the sessions are good no more."""
    made = (await call("POST", "/operators", ADA)).document
    reply = await call("POST", f"/operators/{made['id']}/sign-in-link")
    assert (reply.status, reply.document["has_password"]) == (201, False)
    browser = Browser(client)
    assert (await browser.get(made["sign_in_link"].partition(PREFIX)[2])).status == 404
    assert (await browser.get(reply.document["sign_in_link"].partition(PREFIX)[2])).status == 200


async def test_the_last_administrator_stays(call: Caller, services: Services) -> None:
    """409 says what to do first."""
    root = await services.operators.get("root@acme.example")
    for reply in (
        await call("PATCH", f"/operators/{root.id}", {"role": "viewer"}),
        await call("POST", f"/operators/{root.id}/disable"),
    ):
        assert is_problem(reply, 409)
        assert "is the last administrator: give somebody else that role first" in reply.document["detail"]
    assert (await services.operators.get(root.id)) == root


async def test_the_second_of_two_changes_gets_both_texts(call: Caller) -> None:
    """409 with `row_version`, 412 with If-Match; `current` and `sent` are there to compare."""
    made = (await call("POST", "/operators", ADA)).document
    path, old = f"/operators/{made['id']}", made["row_version"]
    tag = (await call("GET", path)).headers["ETag"]
    assert (await call("PATCH", path, {"role": "viewer", "row_version": old})).status == 200
    for reply, status in (
        (await call("PATCH", path, {"role": "reporter", "row_version": old}), 409),
        (await call("PATCH", path, {"role": "reporter"}, headers={"If-Match": tag}), 412),
        (await call("POST", f"{path}/disable", headers={"If-Match": tag}), 412),
    ):
        assert is_problem(reply, status)
        assert reply.document["current"]["role"] == "viewer"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"email", "role"}),
        ({"email": "ada", "role": "viewer"}, {"email"}),
        ({"email": "a b@c", "role": "viewer"}, {"email"}),
        ({"email": "a\0b@c", "role": "viewer"}, {"email"}),
        ({"email": "a\x85b@c", "role": "viewer"}, {"email"}),
        ({"email": f"{'x' * 250}@c.de", "role": "viewer"}, {"email"}),
        ({"email": "a@b.example", "role": "king"}, {"role"}),
        ({"email": "a@b.example", "role": "viewer", "password": "correct horse"}, {"password"}),
    ],
)
async def test_a_wrong_operator_is_refused(call: Caller, body: Any, wrong: set[str]) -> None:
    """422 names each field; passwords are not taken: the operator chooses one."""
    reply = await call("POST", "/operators", body)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == wrong
    assert "email" not in body or wrong != {"email"} or "is not an e-mail address" in reply.document["detail"]


async def test_what_else_is_refused(call: Caller) -> None:
    """An address that is taken (409), who is not there (404), a role that is none (422)."""
    made = (await call("POST", "/operators", ADA)).document
    taken = await call("POST", "/operators", ADA | {"email": "ADA@acme.example"})
    assert is_problem(taken, 409)
    assert "email is taken by another operator" in taken.document["detail"]
    for method, path in [
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/disable"),
        ("POST", "/enable"),
        ("POST", "/sign-in-link"),
    ]:
        for which in (NO_WINDOW, "ada@acme.example"):
            body = {"role": "viewer"} if method == "PATCH" else None
            assert is_problem(await call(method, f"/operators/{which}{path}", body), 404)
    for body in ({}, {"role": None}, {"role": "king"}, {"role": "viewer", "x": 1}):
        assert is_problem(await call("PATCH", f"/operators/{made['id']}", body), 422)
    assert is_problem(await call("GET", "/operators?limit=1001"), 422)
    assert is_problem(await call("GET", "/operators?cursor=x"), 422)


async def test_all_sessions_of_an_operator_are_ended(call: Caller, client: Client, services: Services) -> None:
    """The operator may sign in again; how many ended is told."""
    link = await services.operators.add("ada@acme.example", Role.OPERATOR, WHO)
    browser = Browser(client)
    await browser.post(f"/admin/sign-in/{link}", {"password": PASSWORD, "again": PASSWORD})
    who = await services.operators.get("ada@acme.example")
    for ended in (1, 0):
        reply = await call("POST", f"/operators/{who.id}/sign-out")
        assert (reply.status, reply.document) == (200, {"ended": ended})
    assert (await browser.get("/admin/")).status == 303
    typed = {"email": "ada@acme.example", "password": PASSWORD}
    assert (await browser.post("/admin/sign-in", typed)).status == 303
    assert is_problem(await call("POST", f"/operators/{NO_WINDOW}/sign-out"), 404)


async def test_a_second_factor_that_was_lost_is_reset(call: Caller, services: Services, database: Database) -> None:
    """The operator says whether there is one; where there is none, that is a conflict."""
    await services.operators.add("ada@acme.example", Role.OPERATOR, WHO, password=PASSWORD)
    who = await services.operators.get("ada@acme.example")
    await services.second_factors.begin(who)
    async with database.transaction() as session:
        await session.run("accept_code", operator_id=who.id, step=1)
    assert (await call("GET", f"/operators/{who.id}")).document["has_second_factor"] is True
    reply = await call("POST", f"/operators/{who.id}/reset-second-factor")
    assert (reply.status, reply.document["has_second_factor"]) == (200, False)
    assert is_problem(await call("POST", f"/operators/{who.id}/reset-second-factor"), 409)
    assert is_problem(await call("POST", f"/operators/{NO_WINDOW}/reset-second-factor"), 404)
