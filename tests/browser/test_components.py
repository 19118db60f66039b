"""Components and groups in the panel, in Chromium: by keyboard, without JavaScript, on a narrow screen."""

from playwright.async_api import Browser

from gateway.domain.access import command_line
from gateway.domain.component import Visibility
from gateway.service.drafts.components import ComponentDraft
from tests.browser.chromium import visit
from tests.browser.conftest import Scene
from tests.browser.test_sre import sign_in

WHO = command_line("test")


async def test_components_are_put_in_order_by_keyboard(browser: Browser, scene: Scene) -> None:
    """A button each way; after a press the next Tab goes on at what was moved, not at the top of the page."""
    for slug in ("web", "api", "db"):
        await scene.services.components.add(ComponentDraft(slug=slug, name=slug.upper(), group="Core"), WHO)
    async with visit(browser, java_script_enabled=False) as sre:
        await sign_in(sre, scene)
        page = sre.page
        await page.goto(f"{scene.panel}/components")
        await page.focus("[aria-label='Move DB up']")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/components?notice=moved#c-db")
        assert "The order is saved." in await sre.text()
        names = await page.locator("li.component strong").all_inner_texts()
        assert names == ["WEB", "DB", "API"]
        await page.keyboard.press("Tab")
        assert await page.locator("#c-db a:focus").inner_text() == "DB"
        assert await page.locator("[aria-label='Move WEB up']").is_disabled()
        assert sre.wrongs == []


async def test_a_component_is_hidden_and_customers_do_not_see_it(browser: Browser, scene: Scene) -> None:
    """From the list to its page, a form, and a look at the status page; nothing is wider than a small telephone."""
    components = scene.services.components
    await components.add(ComponentDraft(slug="web", name="Website"), WHO)
    await components.add(
        ComponentDraft(
            slug="a-rather-long-short-name-that-nobody-would-type-by-hand",
            name="Warehouse synchronisation with partners",
            description="Runs at night, and customers are not meant to know of it at all",
            group="Everything that is behind the scenes",
        ),
        WHO,
    )
    async with visit(browser, width=320, java_script_enabled=False) as sre, visit(browser) as customer:
        await sign_in(sre, scene)
        page = sre.page
        await customer.page.goto(f"{scene.url}/_maintenance/")
        assert "Warehouse synchronisation" in await customer.text()
        await page.goto(f"{scene.panel}/components")
        assert await sre.overflow() <= 0
        await page.click("text=Warehouse synchronisation with partners")
        assert await sre.overflow() <= 0
        await page.select_option("#visibility", Visibility.HIDDEN)
        await page.click("text=Save")
        assert "Saved." in await sre.text()
        assert "Hidden from customers" in await sre.text()
        await customer.page.reload()
        assert "Warehouse synchronisation" not in await customer.text()
        await page.goto(f"{scene.panel}/components")
        await page.click("text=Everything that is behind the scenes")
        assert await sre.overflow() <= 0
        assert [*sre.wrongs, *customer.wrongs] == []
