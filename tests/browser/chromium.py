"""Debian's Chromium, driven by Playwright; and what a visit has asked for and complained about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

PROGRAM = Path("/usr/bin/chromium")
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run Chromium without a window, with a profile of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=_OPTIONS)
        try:
            yield browser
        finally:
            await browser.close()


class Visit:
    """A tab of its own, with everything that it asks for and complains about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._dismiss)

    async def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()

    @property
    def wrongs(self) -> list[str]:
        """Complaints, less the ones that a 503 or a 422 for the page itself makes."""
        return [
            said for said in self.complaints if not said.startswith("Failed to load resource: the server responded")
        ]

    async def text(self) -> str:
        """Return what is readable on the page, with single spaces."""
        return " ".join((await self.page.inner_text("body")).split())

    async def overflow(self) -> int:
        """Return by how many pixels the page is wider than the screen."""
        wider: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wider


@asynccontextmanager
async def visit(browser: Browser, *, width: int = 1200, **options: Any) -> AsyncIterator[Visit]:
    """Open a tab with cookies of its own; options are Playwright's (`color_scheme`, `java_script_enabled`)."""
    context = await browser.new_context(viewport={"width": width, "height": 800}, **options)
    context.set_default_timeout(15_000)
    try:
        yield Visit(await context.new_page())
    finally:
        await context.close()
