"""Take the pictures of docs/images/ from a real demo: `python -m tests.browser.take_pictures docs/images`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.browser.chromium import chromium, visit
from tests.commands.cli import COMMAND
from tests.story.processes import Program
from tests.web.panel import PASSWORD

_ADDRESS = r"(http://127\.0\.0\.1:\d+)"


async def take_pictures(directory: Path) -> None:
    """Start the demo, do what an SRE does, and photograph what everybody sees."""
    with tempfile.TemporaryDirectory(prefix="gateway-pictures-") as home:
        settings = {"GATEWAY_SERVER__LISTEN": "127.0.0.1:0", "GATEWAY_SERVER__INTERNAL_LISTEN": ""}
        demo = Program("demo", [*COMMAND, "demo"], directory=Path(home), variables=settings)
        try:
            link = demo.err.wait_for(_ADDRESS + r"(/_maintenance/admin/sign-in/\S+)")
            async with chromium() as browser:
                await _photograph(browser, link[1], link[1] + link[2], directory)
        finally:
            demo.end()


async def _photograph(browser: Browser, url: str, link: str, directory: Path) -> None:
    async with visit(browser) as sre:
        page = sre.page
        await _start_work(page, link)
        for name, path, scheme, width, language in (
            ("gated", "/orders", "light", 1200, "en"),
            ("gated-dark", "/orders", "dark", 1200, "en"),
            ("gated-320", "/orders", "light", 320, "en"),
            ("gated-ar", "/orders", "light", 1200, "ar"),
            ("gated-ar-320", "/orders", "light", 320, "ar"),
            ("gated-de", "/orders", "light", 390, "de"),
            ("gated-ja", "/orders", "light", 390, "ja"),
            ("status", "/_maintenance/", "light", 1200, "en"),
            ("status-ar", "/_maintenance/", "light", 1200, "ar"),
        ):
            async with visit(browser, width=width, color_scheme=scheme, locale=language) as customer:
                await customer.page.goto(url + path)
                await customer.page.screenshot(path=directory / f"{name}.png", full_page=True)
        await page.goto(f"{url}/_maintenance/admin/")
        await page.screenshot(path=directory / "admin.png", full_page=True)


async def _start_work(page: Page, link: str) -> None:
    """Sign in by the first link, start a window and post on it."""
    await page.goto(link)
    await page.fill("#email", "ada@acme.example")
    await page.fill("#password", PASSWORD)
    await page.fill("#again", PASSWORD)
    await page.click("text=Create the administrator")
    await page.click("text=Schedule a window")
    await page.fill("#title", "Moving to PostgreSQL 18")
    await page.fill("#confirm", "Sample Shop")
    await page.fill("#estimated_duration", "45m")
    await page.fill(
        "#description",
        "The new version makes **searches faster**.\n\n"
        "Your data is safe. Orders placed before the start will be delivered as usual.",
    )
    await page.select_option("[name='component.database']", "under_maintenance")
    await page.select_option("[name='component.api']", "partial_outage")
    await page.click("text=Start or schedule")
    for status, text in (
        ("in_progress", "The upgrade has started. Everything is going to plan."),
        ("verifying", "The new database runs. We are checking every part before we let you back in."),
    ):
        await page.select_option("#status", status)
        await page.fill("#body", text)
        await page.click("#post button.main")


if __name__ == "__main__":
    asyncio.run(take_pictures(Path(sys.argv[1])))
