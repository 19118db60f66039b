"""Customers' pages that stay true while they are open, in Chromium: nobody has to reload."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from gateway.domain.access import command_line
from gateway.domain.reopening import place
from gateway.domain.window import Window
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.web.keys import Services
from tests.browser.chromium import visit
from tests.browser.conftest import SERVERS, Scene
from tests.browser.test_customers import upgrade
from tests.story.processes import Gateway

WHO = command_line("test")
SECOND = 1000
"""Milliseconds in which a change is on the page."""


async def post(services: Services, window: Window, status: str, body: str) -> None:
    await services.windows.post(window.id, UpdateDraft.model_validate({"status": status, "body": body}), WHO)


async def mark(page: Page) -> None:
    """Mark the document, to see later that it is the same one."""
    await page.evaluate("document.documentElement.dataset.here = 'still'")


async def is_marked(page: Page) -> bool:
    return await page.evaluate("document.documentElement.dataset.here") == "still"


async def test_an_update_arrives_within_a_second_without_a_reload(browser: Browser, scene: Scene) -> None:
    """On the gated page, at the address that was asked for: announced politely, and then the customer is back there."""
    window = await upgrade(scene.services)
    await scene.gated()
    async with visit(browser) as customer:
        page = customer.page
        async with page.expect_request("**/_maintenance/events"):
            await page.goto(f"{scene.url}/orders?from=mail")
        await mark(page)
        await page.focus("footer a >> nth=-1")
        await post(scene.services, window, "verifying", "We are checking **every** part.")
        await expect(page.locator("main")).to_contain_text("We are checking every part.", timeout=SECOND)
        await expect(page.locator("[data-news]")).to_have_text("Verifying: We are checking every part.")
        assert await page.locator("[data-news]").get_attribute("role") == "status"
        await scene.services.windows.extend(window.id, timedelta(hours=2), WHO)
        await expect(page.locator("main")).to_contain_text("about 2 hours 45 minutes in all", timeout=SECOND)
        assert await is_marked(page)
        assert await page.evaluate("document.activeElement.textContent") == "Status page"
        await scene.services.windows.end(window.id, WHO)
        await page.wait_for_selector("text=Your orders")
        assert page.url == f"{scene.url}/orders?from=mail"
        assert customer.wrongs == []


async def test_times_are_the_reader_s_with_utc_beside(browser: Browser, scene: Scene) -> None:
    """In the reader's zone and way of writing; how long ago, how far away and how far along; nothing moves for it."""
    starts = datetime.now(UTC) - timedelta(minutes=12, seconds=3)
    window = await upgrade(scene.services)
    async with scene.services.windows._database.transaction() as session:
        await session.connection.execute("update windows set starts_at = $1 where id = $2", starts, window.id)
    await scene.gated()
    async with visit(browser, timezone_id="Asia/Tokyo", locale="en-GB") as customer:
        page = customer.page
        await page.add_init_script(
            "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((it) => shift += it.value))"
            ".observe({ type: 'layout-shift', buffered: true });"
        )
        await page.goto(scene.url)
        since = page.locator(".hero dd >> nth=0")
        await expect(since).to_contain_text(f"{starts + timedelta(hours=9):%H:%M} GMT+9")
        await expect(since.locator(".utc")).to_contain_text(f"{starts:%H:%M} UTC")
        await expect(since).to_contain_text("12 minutes ago")
        await expect(page.locator(".hero dd >> nth=1")).to_contain_text("in 33 minutes")
        await expect(page.locator(".hero .along")).to_contain_text("26% of the planned time")
        await expect(page.locator("footer")).to_contain_text("Times are in your time zone, Asia/Tokyo")
        assert await page.evaluate("shift") < 0.05
        for width in (320, 1200):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await customer.overflow() <= 0


async def test_tabs_of_one_browser_share_a_connection(browser: Browser, scene: Scene) -> None:
    """Whatever they show; when the tab that has it is closed, another one takes over, and nothing is missed."""
    window = await upgrade(scene.services)
    await scene.gated()
    async with visit(browser) as first:
        context = first.page.context
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url) if "/events" in request.url else None)
        async with first.page.expect_request("**/_maintenance/events"):
            await first.page.goto(scene.url)
        tabs = [first.page, await context.new_page(), await context.new_page()]
        await tabs[1].goto(f"{scene.url}/orders")
        await tabs[2].goto(f"{scene.url}/_maintenance/")
        await post(scene.services, window, "in_progress", "The first half is done.")
        for tab in tabs:
            await expect(tab.locator("main")).to_contain_text("The first half is done.", timeout=SECOND)
        assert len(asked) == 1
        async with context.expect_event("request", lambda request: "/events" in request.url):
            await first.page.close()
        await post(scene.services, window, "in_progress", "The second half is done.")
        for tab in tabs[1:]:
            await expect(tab.locator("main")).to_contain_text("The second half is done.", timeout=SECOND)
        assert len(asked) == 2


async def test_without_locks_each_tab_that_is_seen_has_its_own(browser: Browser, scene: Scene) -> None:
    """Browsers have them over https alone: by http, news come all the same."""
    window = await upgrade(scene.services)
    await scene.gated()
    async with visit(browser) as first:
        context = first.page.context
        await context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined });")
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url) if "/events" in request.url else None)
        tabs = [first.page, await context.new_page()]
        for tab in tabs:
            async with tab.expect_request("**/_maintenance/events"):
                await tab.goto(scene.url)
        await post(scene.services, window, "in_progress", "The first half is done.")
        for tab in tabs:
            await expect(tab.locator("main")).to_contain_text("The first half is done.", timeout=SECOND)
        assert len(asked) == 2


async def test_while_a_window_reopens_each_is_brought_back_at_its_time(browser: Browser, scene: Scene) -> None:
    """The page says that all comes back, in the same document; then it is this customer's turn."""
    window = await upgrade(scene.services, reopen_over="8s")
    await scene.gated()
    late = next(value for number in range(1000) if 0.7 < place(window, (value := f"{number:016x}").encode()) < 0.9)
    async with visit(browser) as customer:
        page = customer.page
        await page.context.add_cookies([{"name": "gateway_place", "value": late, "url": scene.url}])
        async with page.expect_request("**/_maintenance/events"):
            await page.goto(f"{scene.url}/orders")
        await mark(page)
        await scene.services.windows.end(window.id, WHO)
        await expect(page.locator("h1")).to_have_text("Acme Shop is coming back", timeout=SECOND)
        assert await is_marked(page)
        await page.wait_for_selector("text=Your orders")
        assert page.url == f"{scene.url}/orders"
        assert customer.wrongs == []


@pytest.fixture
async def office(aiohttp_server: SERVERS, gateway: Callable[..., Gateway], services: Services) -> Scene:
    """An application with a form at `/letter`, that says what was sent to it."""
    form = (
        "<!doctype html><title>Letter</title><form method=post action=/letter><textarea name=text></textarea><button>"
    )

    async def blank(_: web.Request) -> web.Response:
        return web.Response(text=f"{form}Send</button></form>", content_type="text/html")

    async def take(request: web.Request) -> web.Response:
        return web.Response(text=f"Taken: {(await request.post())['text']}", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/letter", blank), web.post("/letter", take)])
    server = await aiohttp_server(app)
    return Scene(gateway=gateway(f"http://127.0.0.1:{server.port}"), services=services)


@pytest.mark.parametrize("gate", ["closed", "read_only"])
async def test_a_form_that_was_refused_is_not_lost(browser: Browser, office: Scene, gate: str) -> None:
    """Not processed, and said so; nothing is sent again by itself; at the end "Try again" leads to what was typed."""
    async with visit(browser) as customer:
        page = customer.page
        await page.goto(f"{office.url}/letter")
        await page.fill("textarea", "Dear all, I have typed this for an hour.")
        window = await upgrade(office.services, gate=gate)
        await office.services.windows.create(
            WindowDraft.model_validate({"title": "Another one", "scope": {"paths": ["/else"]}}), WHO
        )
        await office.gated("/else")
        async with page.expect_request("**/events?for=%2Fletter&method=POST"):
            await page.click("text=Send")
        await mark(page)
        assert "What you just sent was not processed." in await customer.text()
        assert await page.locator("text=Try again").is_hidden()
        await post(office.services, window, "verifying", "We are checking every part.")
        await expect(page.locator("main")).to_contain_text("We are checking every part.", timeout=SECOND)
        await office.services.windows.end(window.id, WHO)
        await expect(page.locator("[data-news]")).to_have_text("It is over: you can send it again.")
        assert await is_marked(page)
        text = await customer.text()
        assert "What you just sent was not processed. It is over: you can send it again." in text
        assert "Please keep it" not in text
        await page.click("text=Try again")
        assert await page.input_value("textarea") == "Dear all, I have typed this for an hour."
        await page.click("text=Send")
        assert "Taken: Dear all, I have typed this for an hour." in await customer.text()
        assert customer.wrongs == []


async def test_it_is_not_over_any_more_when_another_window_begins(browser: Browser, office: Scene) -> None:
    """That it can be sent again is taken back, and said again when that one ends; not so for one elsewhere."""
    async with visit(browser) as customer:
        page = customer.page
        await page.goto(f"{office.url}/letter")
        window = await upgrade(office.services)
        await office.gated()
        async with page.expect_request("**/events?for=%2Fletter&method=POST"):
            await page.click("text=Send")
        again = page.locator("text=Try again")
        elsewhere = await office.services.windows.create(
            WindowDraft.model_validate({"title": "Moving files", "scope": {"paths": ["/else"]}}), WHO
        )
        await office.services.windows.end(window.id, WHO)
        await expect(again).to_be_visible()
        async with page.expect_request("**/events?for=%2Fletter&method=POST"):
            await post(office.services, elsewhere, "in_progress", "Half of them are there.")
        await expect(page.locator("main")).to_contain_text("Half of them are there.")
        await expect(again).to_be_visible()
        other = await office.services.windows.create(WindowDraft(title="Power cut"), WHO)
        await expect(again).to_be_hidden()
        await office.services.windows.end(other.id, WHO)
        await expect(again).to_be_visible()


async def test_the_pages_of_the_status_are_live(browser: Browser, scene: Scene) -> None:
    """The status page, a window's page and the history: the same document all along; what is unfolded stays so."""
    window = await upgrade(scene.services)
    async with visit(browser) as customer:
        status = customer.page
        context = status.context
        one, history = await context.new_page(), await context.new_page()
        await status.goto(f"{scene.url}/_maintenance/")
        await one.goto(f"{scene.url}/_maintenance/windows/{window.id}")
        await history.goto(f"{scene.url}/_maintenance/history")
        for page in (status, one, history):
            await mark(page)
        await post(scene.services, window, "verifying", "We are checking every part.")
        for page in (status, one):
            await expect(page.locator("main")).to_contain_text("We are checking every part.", timeout=SECOND)
        await scene.services.windows.end(window.id, WHO)
        await expect(status.locator("h1")).to_have_text("All systems operational", timeout=SECOND)
        await expect(status.locator("[data-news]")).to_contain_text("All systems operational")
        assert await status.title() == "All systems operational · Status of Acme Shop"
        await expect(one.locator("main")).to_contain_text("lasted", timeout=SECOND)
        await expect(history.locator("main")).to_contain_text("Database upgrade", timeout=SECOND)
        for page in (status, one, history):
            assert await is_marked(page)


async def test_where_events_do_not_get_through_it_asks(browser: Browser, scene: Scene) -> None:
    """About every 30 seconds; and where nothing gets through it says that what is read may be old, until one does."""
    window = await upgrade(scene.services)
    await scene.gated()
    async with visit(browser) as customer:
        page = customer.page
        await page.clock.install()
        await page.route("**/events", lambda route: route.abort())
        await page.goto(scene.url)
        await mark(page)
        await post(scene.services, window, "verifying", "We are checking every part.")
        assert "We are checking" not in await customer.text()
        await page.clock.fast_forward(40_000)
        await page.clock.fast_forward(1000)
        await expect(page.locator("main")).to_contain_text("We are checking every part.")
        warning = page.locator("[data-lost]")
        await expect(warning).to_be_hidden()
        await page.route(scene.url + "/", lambda route: route.abort())
        await page.clock.fast_forward(40_000)
        await page.clock.fast_forward(1000)
        await expect(warning).to_be_visible()
        await page.unroute(scene.url + "/")
        await page.clock.fast_forward(40_000)
        await page.clock.fast_forward(1000)
        await expect(warning).to_be_hidden()
        assert await is_marked(page)
