"""Colleagues in Chromium: invited, in, and out again; and the gateways while one looks at them."""

from playwright.async_api import Browser

from gateway.domain.access import Role
from tests.browser.chromium import visit
from tests.browser.conftest import Scene
from tests.browser.test_sre import sign_in
from tests.web.fleet import reported
from tests.web.panel import PASSWORD

ADA = "ada@acme.example"


async def test_a_colleague_is_invited_and_disabled_without_javascript(browser: Browser, scene: Scene) -> None:
    """The link opens in another browser, where a password is chosen; disabling ends what is open there at once."""
    async with (
        visit(browser, java_script_enabled=False) as boss,
        visit(browser, java_script_enabled=False) as colleague,
    ):
        await sign_in(boss, scene, Role.ADMINISTRATOR)
        await boss.page.click("nav >> text=Operators")
        await boss.page.fill("#email", ADA)
        await boss.page.select_option("#role", "operator")
        await boss.page.click("main >> text=Make a sign-in link")
        assert "Copy it now: it is not shown again." in await boss.text()
        link = await boss.page.input_value("#url")

        page = colleague.page
        await page.goto(link)
        assert await page.input_value("#email") == ADA
        await page.fill("#password", PASSWORD)
        await page.fill("#again", PASSWORD)
        await page.click("text=Set the password and sign in")
        assert page.url == f"{scene.panel}/"
        assert await page.locator("nav >> text=Operators").count() == 0
        refused = await page.goto(f"{scene.panel}/operators")
        assert refused is not None
        assert refused.status == 403
        await page.goto(f"{scene.panel}/windows/new")
        await page.fill("#title", "Half a window")

        await boss.page.click(f"table >> text={ADA}")
        await boss.page.click(f"text=Disable {ADA}")
        await boss.page.click("text=Disable the operator")
        assert "Disabled: signed out everywhere" in await boss.text()
        await page.click("text=Start or schedule")
        assert "Your session has ended, so nothing was saved." in await colleague.text()
        assert await scene.services.windows.list() == []
        await page.goto(f"{scene.panel}/")
        assert page.url == f"{scene.panel}/sign-in"
        assert boss.wrongs + colleague.wrongs == []


async def test_the_gateways_are_followed(browser: Browser, scene: Scene) -> None:
    """One that comes and falls silent shows by itself; forgetting it leads back to the list."""
    async with visit(browser) as sre:
        await sign_in(sre, scene)
        page = sre.page
        await page.click("nav >> text=Gateways")
        assert "It works by the newest state." in await sre.text()
        await reported(scene.services, "web-2", silent=47)
        await page.wait_for_selector("text=1 of 2 can't be heard")
        await page.click("text=Forget >> visible=true")
        assert "The gateway is forgotten." in await sre.text()
        assert "It works by the newest state." in await sre.text()
        assert sre.wrongs == []
