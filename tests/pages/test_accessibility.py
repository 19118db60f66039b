"""axe-core, in Chromium, on every page that is shown to everybody, and on screens of the panel."""

from itertools import product

import pytest
from playwright.async_api import Browser

from tests.browser.chromium import visit
from tests.pages.panel import panel_screens
from tests.pages.public import public_pages
from tests.pages.showing import show, unfold
from tests.pages.tools import IS_WHOLE, MODULES

_AXE = MODULES / "axe-core" / "axe.min.js"
# Behind a decoration axe cannot tell the ground of a text; and what it cannot tell is found, too.
_UNDECORATED = "::before, ::after { content: none !important }"
# In `make pages` each with each.
_SIGHTS = [*product(("light", "dark"), (320, 1280))] if IS_WHOLE else [("light", 1280), ("dark", 320)]
_RUN = """async () => {
    const found = await axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        rules: {"target-size": {enabled: true}},  // is left out unless it is named
        resultTypes: ["violations", "incomplete"],
    });
    return [...found.violations, ...found.incomplete].flatMap(
        (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html}: ${node.failureSummary}`));
}"""


@pytest.mark.timeout(180)
async def test_axe_finds_nothing(browser: Browser) -> None:
    """On no page in any state, light or dark, on a phone or a wide screen: WCAG 2.2 AA, and what is good practice."""
    wrongs = []
    # Far from UTC, so that times are shown in both.
    async with visit(browser, timezone_id="Asia/Tokyo") as reader:
        for name, html in (*public_pages(), *panel_screens()):
            await show(reader.page, name, html)
            await unfold(reader.page)
            await reader.page.add_style_tag(content=_UNDECORATED)
            await reader.page.add_script_tag(path=_AXE)
            for scheme, width in _SIGHTS:
                await reader.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                await reader.page.set_viewport_size({"width": width, "height": 800})
                found = await reader.page.evaluate(_RUN)
                wrongs += [f"{name}, {scheme}, {width} px: {wrong}" for wrong in found]
    assert not wrongs, "\n".join(wrongs)
