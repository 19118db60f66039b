"""Limits as callers and browsers meet them: 429, and when to try again."""

from dataclasses import replace

import pytest

from gateway.domain.access import Role, TokenScope, command_line
from gateway.domain.observation import SignInFailed
from gateway.service.limits import Limits
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import Caller, is_problem, token_of
from tests.web.panel import PASSWORD, SETTINGS, Browser, ClientMaker, browser_on, signed_in

RATE = SETTINGS.admin.sign_in_rate


@pytest.fixture
def services(services: Services, database: Database, observations: Observations) -> Services:
    """Here no time passes for limits: it does not matter how fast the machine is."""
    still = Limits(
        sign_in_rate=RATE,
        api_rate=SETTINGS.limits.api_rate,
        wrong_token_rate=SETTINGS.limits.wrong_token_rate,
        database=database,
        observe=observations,
        clock=lambda: 0.0,
    )
    return replace(services, limits=still)


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


async def test_guessing_passwords_is_stopped_before_the_password_is_looked_at(
    browser: Browser, services: Services, observations: Observations
) -> None:
    """Over the limit the right password does not get in, either; nothing is hashed, told or audited for each try."""
    await services.operators.add("ada@acme.example", Role.VIEWER, command_line("test"), password=PASSWORD)
    wrong = {"email": "ada@acme.example", "password": "not that one"}
    for _ in range(RATE):
        assert (await browser.post("/admin/sign-in", wrong)).status == 422
    for fields in (wrong, wrong | {"password": PASSWORD}):
        answer = await browser.post("/admin/sign-in", fields)
        assert answer.status == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 60 / RATE
        assert "Too many attempts" in answer.page.text
        assert "Set-Cookie" not in answer.headers
    assert len(observations.of(SignInFailed)) == RATE
    failed = [entry for entry in await services.audit.latest(100) if entry.action == "operator.sign_in_failed"]
    assert len(failed) == RATE


@pytest.mark.parametrize("path", ["/admin/sign-in/guess", "/bypass/guess"])
async def test_guessing_links_is_stopped(browser: Browser, path: str) -> None:
    """One-time links and bypass links share the limit of signing in."""
    statuses = [(await browser.get(path)).status for _ in range(RATE + 3)]
    assert statuses[RATE:] == [429] * 3
    assert 429 not in statuses[:RATE]


async def test_wrong_tokens_are_stopped_and_good_ones_are_not(
    aiohttp_client: ClientMaker, services: Services, observations: Observations
) -> None:
    """429 as a problem with Retry-After, for wrong tokens and for none; a token that was good before gets through."""
    browser = await browser_on(aiohttp_client, services, observations)
    good = Caller(browser.client, await token_of(services, TokenScope.READ))
    assert (await good("GET", "/windows")).status == 200
    for token in ("gwt_wrong", None):
        bad = Caller(browser.client, token)
        replies = [await bad("GET", "/windows") for _ in range(SETTINGS.limits.wrong_token_rate + 2)]
        assert is_problem(replies[-1], 429)
        assert int(replies[-1].headers["Retry-After"]) >= 1
    assert (await good("GET", "/windows")).status == 200
    # Screens ask by the session: made-up ones are the same flood.
    answer = await browser.get("/admin/", Cookie="gateway_session=wrong")
    assert answer.status == 429
    assert (await browser.get("/")).status == 200


async def test_signing_out_with_made_up_sessions_is_the_same_flood(
    aiohttp_client: ClientMaker, browser: Browser, services: Services, observations: Observations
) -> None:
    """Everybody may sign out, so it must cost no more than a screen; who is signed in gets out nonetheless."""
    panel = await signed_in(await browser_on(aiohttp_client, services, observations), services, Role.VIEWER)
    assert (await panel.get("/admin/")).status == 200
    (cookie,) = panel.client.session.cookie_jar
    statuses = [
        (await browser.post("/admin/sign-out", Cookie=f"gateway_session=made-up-{number}")).status
        for number in range(SETTINGS.limits.wrong_token_rate + 1)
    ]
    assert statuses == [303] * SETTINGS.limits.wrong_token_rate + [429]
    assert (await panel.post("/admin/sign-out")).status == 303
    assert (await panel.get("/admin/")).status == 303
    assert await services.sessions.operator(cookie.value) is None


async def test_an_outage_locks_no_operator_out(browser: Browser, services: Services, database: Database) -> None:
    """Screens and the fence ask again and again meanwhile; afterwards a gateway that was just started knows them."""
    panel = await signed_in(browser, services, Role.VIEWER)
    await database.close()
    for _ in range(SETTINGS.limits.wrong_token_rate + 3):
        assert (await panel.get("/admin/")).status == 503
    await database.open()
    assert (await panel.get("/admin/")).status == 200


async def test_a_busy_token_is_told_to_wait(
    aiohttp_client: ClientMaker, services: Services, observations: Observations
) -> None:
    browser = await browser_on(aiohttp_client, services, observations)
    call = Caller(browser.client, await token_of(services, TokenScope.READ))
    statuses = [(await call("GET", "/windows")).status for _ in range(SETTINGS.limits.api_rate + 1)]
    assert statuses == [200] * SETTINGS.limits.api_rate + [429]
