"""A second factor in Chromium: set up by the secret on the page, signed in with, and without the phone."""

from playwright.async_api import Browser

from tests.browser.chromium import Visit, visit
from tests.browser.conftest import Scene
from tests.browser.test_sre import sign_in
from tests.web.panel import PASSWORD
from tests.web.test_admin_second_factor import code_of


async def asked_for_a_code(sre: Visit, scene: Scene) -> None:
    """Sign out, and in again as far as the password leads."""
    page = sre.page
    await page.click("text=Sign out")
    await page.fill("#email", "sre@acme.example")
    await page.fill("#password", PASSWORD)
    await page.click("main button")
    assert page.url == f"{scene.panel}/second-factor"


async def test_a_second_factor_from_set_up_to_a_lost_phone(browser: Browser, scene: Scene) -> None:
    """Without JavaScript, on a narrow screen: nothing is wider than it."""
    async with visit(browser, width=320, java_script_enabled=False) as sre:
        await sign_in(sre, scene)
        page = sre.page
        await page.click("text=sre@acme.example")
        await page.click("text=Set up second factor")
        await page.click("text=Set up an authenticator app")
        image = await page.locator(".qr").bounding_box()
        assert image is not None
        assert image["width"] > 150
        assert await sre.overflow() == 0
        secret = await page.inner_text(".secret")
        await page.fill("#code-confirm", code_of(secret, steps=-1))
        await page.click("text=Turn the second factor on")
        codes = await page.locator(".codes code").all_inner_texts()
        assert len(codes) == 10
        assert await sre.overflow() == 0
        await page.click("text=I have kept them")
        assert "Recovery codes left: 10" in await sre.text()
        assert await sre.overflow() == 0

        await asked_for_a_code(sre, scene)
        await page.goto(f"{scene.panel}/windows")
        assert page.url == f"{scene.panel}/sign-in"
        await page.goto(f"{scene.panel}/second-factor")
        await page.fill("#code", code_of(secret))
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{scene.panel}/")

        await asked_for_a_code(sre, scene)
        assert await sre.overflow() == 0
        await page.fill("#code", codes[0])
        await page.click("main button")
        await page.wait_for_url(f"{scene.panel}/")
        assert sre.wrongs == []
