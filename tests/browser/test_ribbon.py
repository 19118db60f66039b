"""The ribbon in Chromium: it shows to those who bypass a gate, on pages that include the script, and nowhere else."""

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web
from playwright.async_api import Browser

from gateway.domain.access import command_line
from gateway.domain.window import Gate
from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.browser.chromium import Visit, visit
from tests.browser.conftest import SERVERS, Scene
from tests.observed import wait_until
from tests.story.customers import fetch
from tests.story.processes import Gateway

WHO = command_line("test")
HOSTILE = "<img src=x onerror=alert(1)>\"' \u2028"
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_PAGE = "<!doctype html><html lang=de><title>Shop</title><style>div{display:none!important}</style><h1>The shop</h1>%s"


def strict_shop() -> web.Application:
    """A shop whose pages allow nothing but its own scripts, and hide every div of theirs."""

    async def page(request: web.Request) -> web.Response:
        script = "" if request.path == "/plain" else '<script src="/_maintenance/embed.js" async></script>'
        policy = {"Content-Security-Policy": POLICY + "; style-src 'unsafe-inline'"}
        return web.Response(text=_PAGE % script, content_type="text/html", headers=policy)

    app = web.Application()
    app.add_routes([web.get("/{path:.*}", page), web.post("/{path:.*}", page)])
    return app


@pytest.fixture
async def scene(aiohttp_server: SERVERS, gateway: Callable[..., Gateway], services: Services) -> Scene:
    shop = await aiohttp_server(strict_shop())
    return Scene(gateway=gateway(f"http://127.0.0.1:{shop.port}"), services=services)


async def bypassing(tester: Visit, scene: Scene, name: str = "QA team") -> None:
    """Follow a new link, once the gateway knows it: it was made beside it."""
    _, token = await scene.services.bypass_links.create(BypassLinkDraft(name=name), WHO)

    async def is_known() -> bool:
        answer = await tester.page.goto(f"{scene.url}/_maintenance/bypass/{token}")
        return answer is not None and answer.ok

    await wait_until(is_known)


async def ribbon(tester: Visit) -> str:
    """Return what the ribbon says; wait for it."""
    await tester.page.wait_for_selector("gateway-ribbon [role=status]")
    return " ".join((await tester.page.inner_text("gateway-ribbon [role=status]")).split())


async def refuses(running: Gateway, path: str = "/", method: str = "GET") -> None:
    """Wait until the gateway refuses customers; one that comes from here counts as such."""

    async def is_refused() -> bool:
        customer = {"Cookie": "gateway_bypass=left"}
        return (await asyncio.to_thread(fetch, running.port, path, method=method, headers=customer)).status == 503

    await wait_until(is_refused)


async def answered(tester: Visit, path: str) -> None:
    """Open a page, and wait until its script was told what to show."""
    async with tester.page.expect_response("**/bypass.json*") as told:
        await tester.page.goto(path)
    await (await told.value).finished()
    await tester.page.evaluate("() => new Promise((done) => setTimeout(done))")


async def test_a_tester_reads_it_and_leaves(browser: Browser, scene: Scene) -> None:
    """Under the strictest policy that lets the script run at all; after leaving, the maintenance page."""
    await scene.services.windows.create(WindowDraft(title="Upgrade"), WHO)
    await refuses(scene.gateway)
    async with visit(browser) as tester:
        await bypassing(tester, scene)
        said = await ribbon(tester)
        assert said.startswith("You are behind the gate by the pass “QA team”. Customers get the maintenance page.")
        assert await tester.page.inner_text("h1") == "The shop"
        assert await tester.page.evaluate("document.querySelector('h1').nextElementSibling.tagName") == "SCRIPT"
        async with tester.page.expect_navigation():
            await tester.page.click("gateway-ribbon >> text=Leave")
        assert "is down for maintenance" in await tester.text()
        assert tester.wrongs == []
        assert {cookie["name"] for cookie in await tester.page.context.cookies()} == set()


async def test_it_shows_nowhere_else(browser: Browser, scene: Scene) -> None:
    """Not on a page without the script, not without a window, not where the window is about other pages."""
    async with visit(browser) as tester:
        await bypassing(tester, scene)
        await answered(tester, f"{scene.url}/")
        assert await tester.page.locator("gateway-ribbon").count() == 0
        scope = {"paths": ["/checkout"]}
        await scene.services.windows.create(WindowDraft.model_validate({"title": "x", "scope": scope}), WHO)
        await refuses(scene.gateway, "/checkout")
        await answered(tester, f"{scene.url}/help")
        assert await tester.page.locator("gateway-ribbon").count() == 0
        await tester.page.goto(f"{scene.url}/checkout")
        assert "QA team" in await ribbon(tester)
        await tester.page.goto(f"{scene.url}/plain")
        assert await tester.page.locator("gateway-ribbon").count() == 0
        assert tester.wrongs == []


async def test_a_hostile_name_is_text(browser: Browser, scene: Scene) -> None:
    """Whatever a pass is called: nothing runs, nothing is loaded, no rule of the page's policy is broken."""
    await scene.services.windows.create(WindowDraft(title=HOSTILE, gate=Gate.READ_ONLY), WHO)
    await refuses(scene.gateway, method="POST")
    async with visit(browser, width=320) as tester:
        await bypassing(tester, scene, HOSTILE)
        await tester.page.goto(f"{scene.url}/x")
        said = await ribbon(tester)
        assert "<img src=x onerror=alert(1)>" in said
        assert "Customers can\u2019t save anything." in said
        assert (tester.dialogs, tester.wrongs) == ([], [])
        assert await tester.overflow() <= 0
        await tester.page.click("gateway-ribbon >> text=Hide")
        assert await tester.page.locator("gateway-ribbon").count() == 0


async def test_from_a_bypass_network_one_can_look_as_a_customer(
    browser: Browser, aiohttp_server: SERVERS, gateway: Callable[..., Gateway], services: Services
) -> None:
    """The ribbon says why, and the way out is a cookie for ten minutes."""
    shop = await aiohttp_server(strict_shop())
    running = gateway(f"http://127.0.0.1:{shop.port}", MAINTENANCE__BYPASS_NETWORKS='["127.0.0.0/8"]')
    await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    await refuses(running)
    async with visit(browser) as sre:
        await sre.page.goto(f"{running.url}/")
        assert "because of your network" in await ribbon(sre)
        async with sre.page.expect_navigation():
            await sre.page.click("gateway-ribbon >> text=See it as a customer")
        assert "is down for maintenance" in await sre.text()
        [cookie] = await sre.page.context.cookies()
        assert (cookie["name"], cookie["value"]) == ("gateway_bypass", "left")
        assert sre.wrongs == []
