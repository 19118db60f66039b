"""The keyboard alone, in Chromium, on every page that is shown to everybody."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.browser.chromium import visit
from tests.pages.public import public_pages
from tests.pages.showing import show, unfold
from tests.pages.tools import IS_WHOLE

_PHONE, _SCREEN = 320, 1280
# Where the focus is: its place among all that can be worked with, in reading order (-1: none of them).
_FOCUS = """() => {
    const all = [...document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")];
    const controls = all.filter((it) => it.checkVisibility({visibilityProperty: true}) && !it.disabled);
    const it = document.activeElement;
    const style = getComputedStyle(it);
    const box = it.getClientRects()[0];
    const on_top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return {
        place: controls.indexOf(it),
        count: controls.length,
        name: `<${it.localName}> ${it.innerText || it.name}`,
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        covered: !it.contains(on_top),
        top: box.top + scrollY,
    };
}"""

_IS_SHOWN = """it => {
    const box = it.getBoundingClientRect();
    return it.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}"""


async def focus(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(_FOCUS)
    return found


async def walk(page: Page) -> list[str]:
    """Press Tab from the first control to the last, and Shift+Tab back; return what is wrong on the way."""
    wrongs: list[str] = []
    count, top = (await focus(page))["count"], 0.0
    for place in range(count):
        await page.keyboard.press("Tab")
        here = await focus(page)
        if here["place"] != place:
            return [*wrongs, f"Tab {place + 1} leads to {here['name']}"]
        if not here["outlined"] or here["covered"]:
            wrongs.append(f"the focus on {here['name']} does not show")
        # On a wide screen the second column begins at the top again.
        if here["top"] < top and await page.evaluate("innerWidth") == _PHONE:
            wrongs.append(f"{here['name']} stands above what comes before it")
        top = here["top"]
    for _ in range(count - 1):
        await page.keyboard.press("Shift+Tab")
    if (await focus(page))["place"] != 0:
        wrongs.append("Shift+Tab does not lead back")
    return wrongs


@pytest.mark.parametrize("width", [_PHONE, _SCREEN] if IS_WHOLE else [_PHONE])
async def test_tab_reaches_every_control_in_reading_order(browser: Browser, width: int) -> None:
    """There and back without a trap; where the focus is shows, and nothing lies above it."""
    wrongs = []
    async with visit(browser, width=width) as reader:
        for name, html in public_pages():
            await show(reader.page, name, html)
            await unfold(reader.page)
            wrongs += [f"{name}: {wrong}" for wrong in await walk(reader.page)]
    assert not wrongs, "\n".join(wrongs)


async def test_a_link_leads_past_the_head(browser: Browser) -> None:
    """It is the first, out of sight until it has the focus, and the next Tab is in what the page is about."""
    wrongs = []
    async with visit(browser) as reader:
        page = reader.page
        for name, html in public_pages():
            await show(page, name, html)
            skip = page.locator(".skip")
            shown = [await skip.evaluate(_IS_SHOWN)]
            await page.keyboard.press("Tab")
            shown.append(await skip.evaluate(_IS_SHOWN))
            if shown != [False, True] or not await skip.evaluate("it => it === document.activeElement"):
                wrongs.append(f"{name}: is not shown first, or all the time")
            await page.keyboard.press("Enter")
            await page.keyboard.press("Tab")
            # A page about nothing that one can work with: its foot comes next.
            if not await page.evaluate("document.activeElement.closest('main, footer') !== null"):
                wrongs.append(f"{name}: leads to {(await focus(page))['name']}")
    assert not wrongs, "\n".join(wrongs)


async def test_what_is_folded_is_opened_by_enter(browser: Browser) -> None:
    """Groups that are collapsed, and the days with problems."""
    html = dict(public_pages())["status: quiet"]
    async with visit(browser) as reader:
        await show(reader.page, "status: quiet", html)
        folded = await reader.page.locator("summary").all()
        assert len(folded) == 2
        for summary in folded:
            await summary.focus()
            await reader.page.keyboard.press("Enter")
            assert await summary.evaluate("it => it.parentElement.open")
