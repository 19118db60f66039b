"""While the database is away: the panel and the API say since when nothing is known, and what goes on without it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.access import Role, TokenScope, command_line
from gateway.domain.window import Ends
from gateway.service.clock import Clock
from gateway.service.drafts.windows import WindowDraft
from gateway.service.operators import Operators
from gateway.service.sessions import Sessions
from gateway.service.state import State
from gateway.service.tokens import Tokens
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.samples import EN
from tests.web.caller import Caller, is_problem, token_of
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.OPERATOR)


async def test_without_the_database_screens_say_so(panel: Browser, services: Services, database: Database) -> None:
    """503, in the panel's look: since when nothing is known, why, what to do; it looks again by itself. No trace."""
    await database.close()
    for path in ("/admin/", "/admin/windows", "/admin/windows/new", "/admin/components", "/admin/audit"):
        heard = [services.state.confirmed_at]
        answer = await panel.get(path)
        heard.append(services.state.confirmed_at)  # what was asked for before the end may still come in
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) == int(answer.headers["Refresh"]) == 5
        text = answer.page.text
        assert any(f"State unknown since {EN.instant(at, UTC)}" in text for at in heard if at)
        assert "The database can't be reached" in text
        assert "last heard less than a minute ago" in text
        assert "gateway check" in text
        assert "Traceback" not in answer.body
        assert answer.page.headings().count(1) == 1
        assert answer.page.of("script") == []
        assert all(address.startswith(f"{PREFIX}/assets/") for address in answer.page.loads())
    for path in ("/", "/ready", "/live"):
        assert (await panel.get(path)).status == 200


async def test_without_the_database_the_panel_says_what_customers_see(
    panel: Browser, services: Services, database: Database
) -> None:
    """Windows in force by name, with their end where they have one by themselves; and those that will start."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    drafts = [
        WindowDraft(title="On time", estimated_duration=hour, ends=Ends.ON_TIME),
        WindowDraft(title="Until fixed", estimated_duration=2 * hour),
        WindowDraft(title="Tomorrow", starts_at=now + 24 * hour, estimated_duration=hour),
    ]
    for draft in drafts:
        await services.windows.create(draft, WHO)
    await database.close()
    text = (await panel.get("/admin/")).page.text
    assert "Acme Shop is down for maintenance" in text
    on_time, until_fixed, tomorrow = (text.index(draft.title) for draft in drafts)
    assert "Ends by itself" in text[on_time:until_fixed]
    assert "does not end by itself" not in text[on_time:until_fixed]
    assert "does not end by itself" in text[until_fixed:tomorrow]
    assert f"Starts {EN.instant(now + 24 * hour, UTC)}" in text[tomorrow:]
    assert "Scheduled windows start, and those that end on time end, without the database." in text


async def test_a_state_that_was_never_known_is_called_that(
    aiohttp_client: ClientMaker, services: Services, observations: Observations, database: Database, tmp_path: Path
) -> None:
    """No database and no file: no instant is made up, and what the setting does to traffic is said."""
    await database.close()
    for close_unknown, said in ((True, "every request is held back"), (False, "every request goes through")):
        nothing = State(clock=Clock(), observe=observations, file=tmp_path / "none", close_unknown=close_unknown)
        browser = await browser_on(aiohttp_client, replace(services, state=nothing), observations)
        answer = await browser.get("/admin/", Cookie="gateway_session=x")
        assert answer.status == 503
        assert "The state was never known" in answer.page.text
        assert said in answer.page.text
        assert "State unknown since" not in answer.page.text
        reply = await Caller(browser.client, "gwt_x")("GET", "/windows")
        assert is_problem(reply, 503)
        assert reply.document["state_unknown_since"] is None


async def test_the_api_says_since_when_nothing_is_known(
    aiohttp_client: ClientMaker, services: Services, observations: Observations, database: Database
) -> None:
    """`state_unknown_since` is the instant at which the database was last heard (RFC 3339)."""
    browser = await browser_on(aiohttp_client, services, observations)
    call = Caller(browser.client, await token_of(services, TokenScope.WRITE))
    await database.close()
    for method in ("GET", "POST"):
        reply = await call(method, "/windows", {"title": "x"} if method == "POST" else None)
        assert is_problem(reply, 503)
        assert int(reply.headers["Retry-After"]) == 5
        since = datetime.fromisoformat(reply.document["state_unknown_since"])
        assert timedelta(0) <= datetime.now(UTC) - since < timedelta(minutes=1)


async def test_strangers_are_not_told_where_the_database_is(
    aiohttp_client: ClientMaker, services: Services, observations: Observations, free_port: Callable[[], int]
) -> None:
    """While it is away a session or token proves nothing: a constant line, no host, port or error of the system."""
    port = free_port()
    nowhere = Database(f"postgresql://gateway:secret@127.0.0.1:{port},127.0.0.2:{port}/gateway")
    await nowhere.open()
    sessions = Sessions(nowhere, lifetime=timedelta(hours=1), idle=timedelta(hours=1))
    away = replace(
        services,
        tokens=Tokens(nowhere),
        operators=Operators(nowhere, sessions=sessions, product="Acme Shop", observe=observations),
        sessions=sessions,
    )
    browser = await browser_on(aiohttp_client, away, observations)
    screens = [
        await browser.get("/admin/", Cookie="gateway_session=made-up"),
        await browser.get("/admin/sign-in/made-up"),
        await browser.post("/admin/sign-in", {"email": "a@b.example", "password": "correct horse battery"}),
        await browser.post("/admin/windows/new", {"title": "Made up"}, Cookie="gateway_session=made-up"),
        await browser.post("/admin/sign-out", Cookie="gateway_session=made-up"),
    ]
    reply = await Caller(browser.client, "gwt_made-up")("GET", "/windows")
    assert is_problem(reply, 503)
    assert reply.document["detail"] == "the database can't be reached"
    for screen in screens:
        assert screen.status == 503
        assert "The database can't be reached." in screen.page.text
    for text in (json.dumps(reply.document), *(screen.body for screen in screens)):
        assert "127.0.0" not in text
        assert f":{port}" not in text
        assert "refused" not in text
    await nowhere.close()


async def test_whom_the_database_knew_is_told_what_it_refused(
    aiohttp_client: ClientMaker, services: Services, observations: Observations, database: Database
) -> None:
    """The session was looked up, then a query failed: an operator can do something about the reason."""
    panel = await signed_in(await browser_on(aiohttp_client, services, observations), services, Role.OPERATOR)
    async with database.transaction() as session:
        await session.connection.execute("alter table audit rename to audit_kept")
    answer = await panel.get("/admin/audit")
    assert answer.status == 503
    assert "gateway migrate" in answer.page.text


async def test_a_sign_in_without_the_database_says_so_and_does_not_look_again(
    panel: Browser, database: Database
) -> None:
    """A form is not sent again by itself."""
    await database.close()
    answer = await panel.post("/admin/sign-in", {"email": "a@b.example", "password": "correct horse battery"})
    assert answer.status == 503
    assert "Refresh" not in answer.headers
    assert "State unknown since" in answer.page.text
    assert "send it again once it is back" in answer.page.text
