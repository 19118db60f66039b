"""What customers meet in Chromium while a window is active."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser

from gateway.domain.access import command_line
from gateway.domain.reopening import place
from gateway.domain.window import Window
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.web.keys import Services
from tests.browser.chromium import visit
from tests.browser.conftest import Scene
from tests.render.test_escaping import PAYLOADS

WHO = command_line("test")


async def upgrade(services: Services, **values: Any) -> Window:
    """Start a window with a component and a post."""
    await services.components.add(ComponentDraft(slug="database", name="Database"), WHO)
    draft = {
        "title": "Database upgrade",
        "description": "Faster searches are **coming**; see [the plan](https://example.com/plan).",
        "estimated_duration": "45m",
        "components": [{"slug": "database", "status": "under_maintenance"}],
    }
    window = await services.windows.create(WindowDraft.model_validate(draft | values), WHO)
    posted = UpdateDraft.model_validate({"status": "in_progress", "body": "The upgrade has started."})
    return await services.windows.post(window.id, posted, WHO)


async def upgrade_of_long_name(services: Services) -> None:
    """Start a second window whose texts have no place to break."""
    draft = WindowDraft(
        title="Donaudampfschifffahrt" * 8, description=f"`{'x' * 300}`\n\n|{'y' * 200}|z|\n|-|-|\n|1|2|"
    )
    await services.windows.create(draft, WHO)


async def test_gated_in_mid_click_and_back_at_the_same_address(browser: Browser, scene: Scene) -> None:
    """A customer browses, clicks, reads the page at the very address that was asked for, and is let back in there.

    Without JavaScript; what the script adds: test_live.py.
    """
    async with visit(browser, java_script_enabled=False) as customer:
        await customer.page.goto(f"{scene.url}/?from=mail")
        assert "Sample Shop" in await customer.text()
        window = await upgrade(scene.services)
        await scene.gated()
        await customer.page.click("text=Orders")
        assert customer.page.url == f"{scene.url}/orders"
        assert "Acme Shop is down for maintenance" in await customer.text()
        assert await customer.page.get_attribute("meta[http-equiv=refresh]", "content") == "30"
        await scene.services.windows.end(window.id, WHO)
        # Nobody touches anything: the page looks again by itself.
        await customer.page.get_by_text("Your orders").wait_for(timeout=60_000)
        assert customer.page.url == f"{scene.url}/orders"
        assert customer.wrongs == []


async def test_a_browser_comes_back_at_its_time_while_a_window_reopens(browser: Browser, scene: Scene) -> None:
    """It says that all comes back, and when at the latest; and without anybody's doing the orders are there."""
    window = await upgrade(scene.services, reopen_over="8s")
    await scene.gated()
    await scene.services.windows.end(window.id, WHO)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    late = next(value for number in range(1000) if 0.7 < place(window, (value := f"{number:016x}").encode()) < 0.9)
    await context.add_cookies([{"name": "gateway_place", "value": late, "url": scene.url}])
    response = await page.goto(f"{scene.url}/orders")
    assert response is not None
    assert response.status == 503
    assert "Acme Shop is coming back" in await page.inner_text("body")
    assert "your turn comes by" in await page.inner_text("body")
    await page.wait_for_selector("text=Your orders")
    assert page.url == f"{scene.url}/orders"
    await context.close()


@pytest.mark.parametrize("width", [320, 768, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_is_complete_without_javascript(browser: Browser, scene: Scene, width: int, scheme: str) -> None:
    """On a narrow phone and a wide screen, light and dark: readable, nothing cut off, nothing loaded, no complaint."""
    await upgrade(scene.services)
    await upgrade_of_long_name(scene.services)
    await scene.gated()
    async with visit(browser, width=width, color_scheme=scheme, java_script_enabled=False) as customer:
        response = await customer.page.goto(f"{scene.url}/orders")
        assert response is not None
        assert response.status == 503
        text = await customer.text()
        for said in (
            "Acme Shop is down for maintenance",
            "Maintenance Window",
            "Faster searches are coming",
            "The upgrade has started.",
            "Expected end",
            "Database Under maintenance",
            "help@acme.example",
        ):
            assert said in text
        assert customer.requests == [f"{scene.url}/orders"]
        assert customer.wrongs == []
        assert await customer.overflow() <= 0


async def test_style_and_colour_scheme_take_effect(browser: Browser, scene: Scene) -> None:
    """The policy allows the page's own style sheet: light paper by day, dark by night."""
    await upgrade(scene.services)
    await scene.gated()
    grounds = []
    for scheme in ("light", "dark"):
        async with visit(browser, color_scheme=scheme) as customer:
            await customer.page.goto(scene.url)
            grounds.append(await customer.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(245, 246, 244)", "rgb(17, 21, 26)"]


async def test_the_status_page_is_there_all_the_time(browser: Browser, scene: Scene) -> None:
    """From the page that stands in for the application one link leads to everything else, and to the window."""
    await upgrade(scene.services)
    later = {"title": "Network maintenance", "starts_at": scene.services.state.now() + timedelta(days=2)}
    coming = await scene.services.windows.create(WindowDraft.model_validate(later), WHO)
    await scene.gated()
    async with visit(browser, java_script_enabled=False) as customer:
        await customer.page.goto(scene.url)
        await customer.page.click("text=Status page")
        assert customer.page.url == f"{scene.url}/_maintenance/"
        await customer.page.click("text=Network maintenance")
        assert customer.page.url == f"{scene.url}/_maintenance/windows/{coming.id}"
        assert "Scheduled" in await customer.text()
        assert customer.wrongs == []


async def test_nothing_that_was_typed_runs(browser: Browser, scene: Scene) -> None:
    """Every payload through every field, in a real browser: no script runs, nothing is asked of another host."""
    services = scene.services
    for number, payload in enumerate(PAYLOADS):
        line = payload.replace("\n", " ").replace("\t", " ")
        part = ComponentDraft(slug=f"part-{number}", name=line, description=payload, group=line)
        await services.components.add(part, WHO)
        window = await services.windows.create(WindowDraft(title=line, description=payload), WHO)
        post = UpdateDraft.model_validate({"status": "monitoring", "body": payload})
        window = await services.windows.post(window.id, post, WHO)
        if number % 2:
            await services.windows.end(window.id, WHO)
    await scene.gated()
    async with visit(browser) as customer:
        addresses = ["/", "/_maintenance/", "/_maintenance/history", f"/_maintenance/windows/{window.id}"]
        for address in addresses:
            await customer.page.goto(scene.url + address)
            await customer.page.hover("h1")
        assert customer.dialogs == []
        assert customer.wrongs == []
        assert [url for url in customer.requests if not url.startswith(scene.url)] == []
        pages = [url for url in customer.requests if "/assets/page.js" not in url and "/_maintenance/events" not in url]
        assert len(pages) == len(addresses)
