"""A window in several languages, made in Chromium and read back through the API."""

import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.browser.chromium import visit
from tests.browser.conftest import Scene
from tests.browser.test_sre import sign_in
from tests.web.caller import token_of


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_window_with_a_german_title(
    browser: Browser, scene: Scene, services: Services, *, javascript: bool
) -> None:
    """Its fields are unfolded by hand, with or without JavaScript; the form that comes back wrong has them open."""
    async with visit(browser, width=390, java_script_enabled=javascript) as sre:
        await sign_in(sre, scene)
        page = sre.page
        await page.goto(f"{scene.panel}/windows/new")
        await page.fill("#title", "Database upgrade")
        await page.fill("#confirm", "Acme Shop")
        german = page.get_by_label("Title (Deutsch)")
        assert not await german.is_visible()
        await page.click("text=In other languages")
        await page.click("summary:has-text('Deutsch')")
        await page.get_by_label("Description (Deutsch)").fill("Suchen werden **schneller**.")
        await page.click("text=Start or schedule")
        assert "Please fill this in." in await sre.text()
        assert not await page.get_by_label("Title (Français)").is_visible()
        await german.fill("Datenbank-Upgrade")
        await page.click("text=Start or schedule")
        assert "The window has started." in await sre.text()
        window = page.url.partition("?")[0].rpartition("/")[2]

        await page.click("text=In other languages")
        await page.click("summary:has-text('Deutsch')")
        await page.fill("#body", "Nearly there.")
        await page.get_by_label("Text (Deutsch)").fill("Fast fertig.")
        await page.click("main >> text=Post >> nth=-1")
        assert "The update is on the status page." in await sre.text()
        assert (await sre.overflow(), sre.wrongs) == (0, [])
    headers = {"Authorization": f"Bearer {await token_of(services, TokenScope.READ)}"}
    async with (
        ClientSession(headers=headers) as session,
        session.get(f"{scene.url}/_maintenance/api/v1/windows/{window}") as answer,
    ):
        found = await answer.json()
    german_text = {"title": "Datenbank-Upgrade", "description": "Suchen werden **schneller**."}
    assert (found["title"], found["translations"]) == ("Database upgrade", {"de": german_text})
    assert found["updates"][0]["translations"] == {"de": "Fast fertig."}
