"""Shows a rendered page in Chromium as if it came from a gateway."""

from playwright.async_api import Page, Route

from gateway.resources import templates_directory

_SITE = "http://shop.test"


async def show(page: Page, name: str, html: bytes) -> None:
    """Open a page of `public_pages`: its style sheets and scripts are there, and nothing else is."""
    assets = templates_directory() / "assets"

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix(_SITE).partition("?")[0]
        if path == "/":
            status = 503 if name.startswith("gated") else 200
            await route.fulfill(status=status, body=html, content_type="text/html; charset=utf-8")
        elif (asset := assets / path.rpartition("/")[2]).is_file():
            await route.fulfill(path=asset)
        else:
            await route.abort()

    await page.unroute_all()
    await page.route("**/*", answer)
    await page.goto(f"{_SITE}/")


async def unfold(page: Page) -> None:
    """Open whatever is folded."""
    await page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
