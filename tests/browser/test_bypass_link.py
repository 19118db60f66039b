"""A bypass link in Chromium: from the panel to a tester's browser, and away again."""

from playwright.async_api import Browser

from tests.browser.chromium import visit
from tests.browser.conftest import Scene
from tests.browser.test_ribbon import ribbon
from tests.browser.test_sre import sign_in


async def test_a_link_lets_a_tester_in_until_it_is_revoked(browser: Browser, scene: Scene) -> None:
    """The customer reads the maintenance page all the time; the tester sees the application and the ribbon on it."""
    async with visit(browser) as sre, visit(browser) as customer, visit(browser) as tester:
        await sign_in(sre, scene)
        await sre.page.fill("#title", "Database upgrade")
        await sre.page.fill("#confirm", "Acme Shop")
        await sre.page.click("text=Start now")
        await sre.page.click("nav >> text=Bypass")
        await sre.page.fill("#name", "Anna")
        await sre.page.click("main >> button:text-is('Make a link')")
        link = await sre.page.input_value("#url")
        assert "Copy it now: it is not shown again." in await sre.text()

        await customer.page.goto(f"{scene.url}/orders")
        assert "Acme Shop is down for maintenance" in await customer.text()

        await tester.page.goto(f"{link}?to=/orders")
        assert tester.page.url == f"{scene.url}/orders"
        assert "Your orders" in await tester.text()
        assert "You are behind the gate by the pass \u201cAnna\u201d." in await ribbon(tester)

        await sre.page.click("nav >> text=Bypass")
        assert link not in await sre.page.content()
        assert "from 127.0.0.1" in await sre.page.inner_text("main table >> nth=0")
        await sre.page.click("main button:has-text('Revoke')")
        assert "The link is revoked: whoever holds it is a customer again." in await sre.text()

        await tester.page.reload()
        assert "Acme Shop is down for maintenance" in await tester.text()
        assert await tester.page.locator("gateway-ribbon").count() == 0
        await tester.page.goto(link)
        assert "has expired, was revoked, or is not complete" in await tester.text()
        assert sre.wrongs + customer.wrongs + tester.wrongs == []
