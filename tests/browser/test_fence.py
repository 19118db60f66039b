"""The fence in the panel, in Chromium: it stays true by itself, and is whole without JavaScript."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from playwright.async_api import Browser, expect

from gateway.commands.sample import sample_application
from gateway.domain.access import command_line
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.browser.chromium import visit
from tests.browser.conftest import SERVERS, Scene
from tests.browser.test_sre import sign_in
from tests.observed import wait_until
from tests.story.customers import fetch
from tests.story.processes import Gateway

WHO = command_line("test")
HELD = 5


class Shop:
    """The sample shop, whose page `/slow` answers when the test says so."""

    def __init__(self) -> None:
        self.finish = asyncio.Event()
        self.waiting = 0
        self.application = sample_application()
        self.application.router.add_get("/slow", self._slow)

    async def _slow(self, _: web.Request) -> web.Response:
        self.waiting += 1
        await self.finish.wait()
        return web.Response(text="done")


async def test_it_goes_live_from_5_left_to_safe_to_begin(
    browser: Browser, aiohttp_server: SERVERS, gateway: Callable[[str], Gateway], services: Services
) -> None:
    """Without a reload, on the window's screen and on the dashboard; and says so when the gateway has gone."""
    shop = Shop()
    server = await aiohttp_server(shop.application)
    running = gateway(f"http://127.0.0.1:{server.port}")
    scene = Scene(gateway=running, services=services)
    slow = [asyncio.create_task(asyncio.to_thread(fetch, running.port, "/slow")) for _ in range(HELD)]
    await wait_until(lambda: shop.waiting == HELD)
    window = await scene.services.windows.create(WindowDraft(title="Moving to PostgreSQL 18"), WHO)
    await scene.gated()
    async with visit(browser) as one, visit(browser) as board:
        await sign_in(one, scene)
        await board.page.context.add_cookies(await one.page.context.cookies())  # type: ignore[arg-type]
        await one.page.goto(f"{scene.panel}/windows/{window.id}")
        await board.page.goto(f"{scene.panel}/")
        for sre in (one, board):
            fence = sre.page.locator("[data-fence]")
            await expect(fence).to_contain_text("Not yet safe to begin")
            await expect(fence).to_contain_text("1 of 1 gateway gates, 5 requests left in the application")
            await sre.page.evaluate("document.body.dataset.here = 'still'")
        shop.finish.set()
        for sre in (one, board):
            fence = sre.page.locator("[data-fence]")
            await expect(fence).to_contain_text("Safe to begin")
            await expect(fence).to_contain_text("0 requests left in the application: safe to begin")
            assert await sre.page.evaluate("document.body.dataset.here") == "still"
            assert sre.wrongs == []
        assert [answer.status for answer in await asyncio.gather(*slow)] == [200] * HELD
        running.stop()
        await expect(one.page.get_by_text("it is not known whether it is safe to begin")).to_be_visible()
        await expect(one.page.get_by_text("0 requests left in the application: safe to begin")).to_be_hidden()


async def test_a_silent_gateway_is_named_and_forgotten_without_javascript(browser: Browser, scene: Scene) -> None:
    """How it stands at the load, in words; the button is there for who is silent alone."""
    async with scene.services.fences._database.transaction() as session:
        await session.connection.execute(
            "insert into replicas (id, name, pid, process_started, heartbeat_at) "
            "values (gen_random_uuid(), 'web-2 (pid 71)', 71, 1, clock_timestamp() - interval '74 s')"
        )
    window = await scene.services.windows.create(WindowDraft(title="Power cut"), WHO)
    await scene.gated()
    async with visit(browser, java_script_enabled=False, width=320) as sre:
        await sign_in(sre, scene)
        await sre.page.goto(f"{scene.panel}/windows/{window.id}")
        assert "1 of 2 gateways gate, 0 requests left in the application; web-2 (pid 71) has not" in await sre.text()
        assert await sre.overflow() <= 0
        assert await sre.page.locator("text=Forget").count() == 1
        await sre.page.click("text=Forget")
        assert "The gateway is forgotten." in await sre.text()
        assert "1 of 1 gateway gates, 0 requests left in the application: safe to begin" in await sre.text()
        assert sre.wrongs == []
