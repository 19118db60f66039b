"""Languages in Chromium: by what the browser asks for, by the reader's choice; from right to left on a telephone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.async_api import Browser

from gateway.commands.sample import sample_application
from gateway.domain.access import command_line
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.web.keys import Services
from tests.browser.chromium import visit
from tests.browser.conftest import SERVERS, Scene
from tests.story.processes import Gateway

WHO = command_line("test")
ARABIC = {"title": "ترقية قاعدة البيانات", "description": "طلباتكم محفوظة."}

# How much space there is on the left and on the right of the first such element's text.
_SPACE_BESIDE = """(selector) => {
  const range = document.createRange();
  range.selectNodeContents(document.querySelector(selector));
  const box = range.getBoundingClientRect();
  return [box.left, innerWidth - box.right];
}"""


async def upgrade(scene: Scene) -> str:
    """Start a window whose texts are also in German and Arabic; return its id."""
    await scene.services.components.add(ComponentDraft(slug="checkout", name="Checkout"), WHO)
    draft = {
        "title": "Database upgrade",
        "description": "Your orders are safe.",
        "estimated_duration": timedelta(minutes=90),
        "components": [{"slug": "checkout", "status": "under_maintenance"}],
        "translations": {"de": {"title": "Umzug der Datenbank"}, "ar": ARABIC},
    }
    window = await scene.services.windows.create(WindowDraft.model_validate(draft), WHO)
    await scene.gated()
    return str(window.id)


@pytest.mark.parametrize("width", [320, 1200])
async def test_arabic_is_read_from_right_to_left(browser: Browser, scene: Scene, width: int) -> None:
    """The whole page, at any width, with the window's own texts; news appear, and the way back leads on."""
    window = await upgrade(scene)
    async with visit(browser, width=width, locale="ar", timezone_id="Asia/Riyadh") as seen:
        await seen.page.goto(f"{scene.url}/cart")
        assert await seen.page.evaluate("[document.dir, document.documentElement.lang]") == ["rtl", "ar"]
        text = await seen.text()
        assert "متوقفة للصيانة" in text
        assert all(said in text for said in ARABIC.values())
        assert "Database upgrade" not in text
        assert await seen.overflow() == 0
        left, right = await seen.page.evaluate(_SPACE_BESIDE, "footer a")
        assert right < left
        await seen.page.wait_for_function("!document.querySelector('.along').hidden")
        post = {"status": "verifying", "body": "Nearly.", "translations": {"ar": "اقتربنا."}}
        await scene.services.windows.post(window, UpdateDraft.model_validate(post), WHO)
        await seen.page.get_by_text("اقتربنا.", exact=True).wait_for()
        await seen.page.goto(f"{scene.url}/_maintenance/")
        assert await seen.overflow() == 0
        assert await seen.page.get_attribute("html", "dir") == "rtl"
        assert seen.wrongs == []


@pytest.mark.parametrize("scripted", [True, False])
async def test_the_reader_chooses_another_language_and_stays_where_they_are(
    browser: Browser, scene: Scene, *, scripted: bool
) -> None:
    """On the page that stands in for the application, too; the choice holds on every page, for this reader alone."""
    await upgrade(scene)
    async with visit(browser, locale="fr-FR", java_script_enabled=scripted) as seen:
        await seen.page.goto(f"{scene.url}/cart?item=7")
        assert "Database upgrade" in await seen.text()
        await seen.page.get_by_role("button", name="Deutsch").click()
        await seen.page.get_by_role("heading", name="Umzug der Datenbank").wait_for()
        assert seen.page.url == f"{scene.url}/cart?item=7"
        assert await seen.page.get_attribute("html", "lang") == "de"
        await seen.page.goto(f"{scene.url}/_maintenance/history")
        assert await seen.page.get_attribute("html", "lang") == "de"
    async with visit(browser, locale="fr-FR") as other:
        await other.page.goto(f"{scene.url}/cart")
        assert await other.page.get_attribute("html", "lang") == "fr"


async def test_times_stand_in_the_form_of_the_language(browser: Browser, scene: Scene) -> None:
    """The reader's own time first, and that of the product beside it."""
    await upgrade(scene)
    async with visit(browser, locale="de-DE", timezone_id="Asia/Tokyo") as seen:
        await seen.page.goto(scene.url)
        await seen.page.locator(".utc").first.wait_for()
        shown = await seen.page.locator(".facts time").first.inner_text()
        assert "MEZ" not in shown
        assert "UTC" in shown
        assert "Asia/Tokyo" in await seen.page.inner_text("[data-zone]")
        assert "1 Stunde 30 Minuten" in await seen.text()


async def test_the_products_own_time_stands_beside_that_of_readers_elsewhere(
    browser: Browser, aiohttp_server: SERVERS, gateway: Callable[..., Gateway], services: Services
) -> None:
    """Who lives by the same clock reads one time; without JavaScript it is the product's."""
    shop = await aiohttp_server(sample_application())
    own = gateway(f"http://127.0.0.1:{shop.port}", PAGE__TIME_ZONE="Europe/Berlin")
    scene = Scene(gateway=own, services=services)
    await upgrade(scene)
    there = "CE"  # CET or CEST
    for zone, scripted, beside in (("Europe/Paris", True, 0), ("Asia/Tokyo", True, 1), ("Asia/Tokyo", False, 0)):
        async with visit(browser, locale="en-GB", timezone_id=zone, java_script_enabled=scripted) as seen:
            await seen.page.goto(scene.url)
            first = seen.page.locator(".facts time").first
            if beside:
                await first.locator(".utc").wait_for()
            assert await first.locator(".utc").count() == beside
            assert there in await first.inner_text()
            assert ("GMT+9" in await first.inner_text()) is bool(beside)
