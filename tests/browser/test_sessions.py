"""Two browsers of one SRE in Chromium: both are seen, and one signs the other out."""

from playwright.async_api import Browser

from tests.browser.chromium import visit
from tests.browser.conftest import Scene
from tests.browser.test_sre import sign_in
from tests.web.panel import PASSWORD

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"


async def test_signing_out_everywhere_else(browser: Browser, scene: Scene) -> None:
    """Without JavaScript, on a narrow screen too; who is signed out is asked to sign in, and can."""
    async with (
        visit(browser, java_script_enabled=False) as desk,
        visit(browser, width=320, user_agent=PHONE) as phone,
    ):
        await sign_in(desk, scene)
        page = phone.page
        await page.goto(f"{scene.panel}/")
        await page.fill("#email", "sre@acme.example")
        await page.fill("#password", PASSWORD)
        await page.click("main button")
        await page.click("text=sre@acme.example")
        assert "Mobile Safari on iOS (this one)" in await phone.text()
        assert await phone.overflow() == 0

        await desk.page.click("text=sre@acme.example")
        said = await desk.text()
        assert "Linux (this one)" in said
        assert "Mobile Safari on iOS from 127.0.0.1, by password" in said
        await desk.page.click("text=Sign out everywhere else")
        assert "You are signed out everywhere else." in await desk.text()
        assert "Mobile Safari" not in await desk.text()

        await page.reload()
        assert page.url == f"{scene.panel}/sign-in"
        await desk.page.reload()
        assert "My account" in await desk.text()
        await page.fill("#email", "sre@acme.example")
        await page.fill("#password", PASSWORD)
        await page.click("main button")
        assert "Sign out" in await phone.text()
        assert desk.wrongs + phone.wrongs == []
