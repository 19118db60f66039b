"""The gateways in the panel: the facts of `gateway replica list` and the fence, kept true by the fence's script."""

import re

import pytest

from gateway.domain.access import Role, command_line
from gateway.service.drafts.windows import WindowDraft
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.fleet import reported
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


@pytest.fixture
async def panel(browser: Browser, services: Services) -> Browser:
    return await signed_in(browser, services, Role.OPERATOR)


async def older(database: Database, name: str) -> None:
    """Have a replica apply a state of ten minutes before."""
    async with database.transaction() as session:
        await session.connection.execute(
            "update replicas set applied_version = applied_version - 600000000 where name = $1", name
        )


async def test_each_gateway_says_where_it_stands(panel: Browser, services: Services, database: Database) -> None:
    """Since when, by which change and how old that is, what is left and given up; and who is silent."""
    first = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    await reported(services, "web-1", first, left=5, given_up=2)
    await reported(services, "<b>web-2</b>")
    await older(database, "<b>web-2</b>")
    await reported(services, "web-3", silent=47)
    answer = await panel.get("/admin/gateways")
    text = re.sub(r"\w{3} \d+ \w{3} \d{4}, \d\d:\d\d UTC", "T", answer.page.text)
    assert "web-1 since T Up to date T less than a minute ago 5 2 just now" in text
    assert re.search(r"<b>web-2</b> since T Behind T 1\d minutes ago 0 0 just now", text)
    assert re.search(r"web-3 since T Silent T less than a minute ago 0 0 4\d s ago Forget", text)
    assert "Silent 1 of 3 can't be heard: no fence holds until it reports again, or is forgotten." in text
    assert "<b>web-2" not in answer.body


async def test_the_whole_in_one_line(panel: Browser, services: Services, database: Database) -> None:
    """None, one, several, one behind."""

    async def said() -> str:
        return (await panel.get("/admin/gateways/live")).page.text

    assert "No gateway has reported: nobody knows whether there is one." in await said()
    await reported(services, "web-1")
    assert "Up to date It works by the newest state." in await said()
    await reported(services, "web-2")
    assert "Up to date All 2 work by the newest state." in await said()
    await older(database, "web-1")
    assert "Behind 1 of 2 still work by an older state." in await said()


async def test_the_script_keeps_it_true(panel: Browser, services: Services) -> None:
    """The page carries the fence's script with the policy that lets it run, and where the same piece is alone."""
    await reported(services, "web-1")
    answer = await panel.get("/admin/gateways")
    assert "script-src 'self'; connect-src 'self'" in answer.headers["Content-Security-Policy"]
    (script,) = answer.page.of("script")
    assert script["src"].startswith(f"{PREFIX}/assets/fence.js")
    (box,) = [found for _, found in answer.page.elements if "data-fence" in found]
    alone = await panel.get(box["data-fence"].removeprefix(PREFIX))
    assert "<html" not in alone.body
    assert alone.page.text in answer.page.text


async def test_a_silent_gateway_is_forgotten_from_here(panel: Browser, services: Services) -> None:
    """One that is alive offers it not; the way back leads here."""
    await reported(services, "web-1")
    silent = await reported(services, "web-2", silent=11)
    page = (await panel.get("/admin/gateways")).page
    (form,) = [form for form in page.of("form") if form["action"].endswith("/forget")]
    answer = await panel.post(form["action"].removeprefix(PREFIX), page.sent(f"/{silent}/forget"))
    assert answer.location == f"{PREFIX}/admin/gateways?notice=forgotten"
    assert "The gateway is forgotten." in (await panel.follow(answer)).page.text
    assert [report.name for report in (await services.fences.replicas()).reports] == ["web-1"]
    entries = await panel.get("/admin/audit?action=replica.")
    assert "replica forgotten" in entries.page.text


async def test_a_viewer_sees_it_and_forgets_nobody(browser: Browser, services: Services) -> None:
    viewer = await signed_in(browser, services, Role.VIEWER)
    await reported(services, "web-2", silent=11)
    answer = await viewer.get("/admin/gateways")
    assert "web-2" in answer.page.text
    assert [form["action"] for form in answer.page.of("form")] == [f"{PREFIX}/admin/sign-out"]
