"""The banner in Chromium: on pages of an application that include the script, also from another origin."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page

from gateway.domain.access import command_line
from gateway.domain.window import Gate, Kind
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.browser.chromium import visit
from tests.browser.conftest import SERVERS, Scene
from tests.story.processes import Gateway

WHO = command_line("test")
HOSTILE = '<img src=x onerror=alert(1)> & "quotes"'
_PAGE = "<!doctype html><title>Shop</title><h1>The shop</h1><script src='%s/_maintenance/embed.js' async></script>"


@pytest.fixture
async def scene(aiohttp_server: SERVERS, gateway: Callable[..., Gateway], services: Services) -> Scene:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE % "", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/{path:.*}", page)])
    shop = await aiohttp_server(app)
    return Scene(gateway=gateway(f"http://127.0.0.1:{shop.port}"), services=services)


async def opened(page: Page, address: str) -> list[str]:
    """Open a page of the application, and return what the banner says, line by line."""
    async with page.expect_response("**/banner.json") as told:
        await page.goto(address)
    await (await told.value).finished()
    await page.evaluate("() => new Promise((done) => setTimeout(done))")
    return [" ".join(line.split()) for line in await page.locator("gateway-banner p").all_inner_texts()]


async def window(scene: Scene, title: str, **values: object) -> None:
    await scene.services.windows.create(WindowDraft.model_validate({"title": title, **values}), WHO)


async def test_it_tells_of_what_is_and_of_what_comes_within_a_day(browser: Browser, scene: Scene) -> None:
    """In the reader's own time; titles are text; what is a week away can wait."""
    soon, later = (datetime.now(UTC) + timedelta(hours=hours) for hours in (5, 24 * 7))
    await window(scene, HOSTILE, kind=Kind.DEGRADATION, gate=Gate.NONE)
    await window(scene, "Database upgrade", starts_at=soon)
    await window(scene, "Moving house", starts_at=later)
    async with visit(browser, timezone_id="Asia/Tokyo", locale="en-GB") as seen:
        lines = await opened(seen.page, scene.url)
        local = soon.astimezone().strftime("%M")
        assert len(lines) == 2
        assert lines[0].startswith(f"Degradation: {HOSTILE}, expected until ")
        assert lines[1].startswith("Scheduled: Database upgrade, ")
        assert f":{local}" in lines[1]
        assert await seen.page.evaluate("document.body.firstElementChild.localName") == "gateway-banner"


async def test_what_was_dismissed_stays_away_until_it_is_news(browser: Browser, scene: Scene) -> None:
    """Remembered by the browser, over pages and visits; a window that begins is shown again."""
    await window(scene, "Database upgrade", starts_at=datetime.now(UTC) + timedelta(hours=5), gate=Gate.NONE)
    async with visit(browser) as seen:
        assert len(await opened(seen.page, scene.url)) == 1
        await seen.page.get_by_role("button", name="Dismiss").click()
        assert await seen.page.locator("gateway-banner").count() == 0
        assert await opened(seen.page, scene.url + "/elsewhere") == []
        [planned] = await scene.services.windows.list()
        await scene.services.windows.start(planned.id, WHO)
        [line] = await opened(seen.page, scene.url)
        assert line.startswith("Maintenance Window: Database upgrade")


async def test_a_site_of_another_origin_may_include_it(browser: Browser, scene: Scene, aiohttp_server: SERVERS) -> None:
    """It shows the banner there, and asks nothing about this browser."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE % scene.url, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page)])
    other = await aiohttp_server(app)
    await window(scene, "Slow mail", kind=Kind.DEGRADATION, gate=Gate.NONE)
    async with visit(browser) as seen:
        asked: list[str] = []
        seen.page.on("request", lambda request: asked.append(request.url))
        [line] = await opened(seen.page, f"http://localhost:{other.port}")
        assert line.startswith("Degradation: Slow mail")
        assert not [address for address in asked if "bypass.json" in address]
