"""Hostile texts in Chromium: typed into every field, by API and by hand, read on every page; nothing of them runs."""

import asyncio
import json

from playwright.async_api import Browser

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.browser.chromium import Visit, visit
from tests.browser.conftest import Scene
from tests.browser.test_sre import sign_in
from tests.render.test_escaping import PAYLOADS
from tests.story.customers import fetch
from tests.web.caller import token_of

# All of them in one Markdown text, each a block of its own, and what a template makes of them as a value.
EVERYTHING = "\n\n".join(PAYLOADS)
# In plain texts, which are short.
LINES = [" ".join(payload.split()) for payload in PAYLOADS]


def call(scene: Scene, token: str, method: str, path: str, body: object) -> dict[str, object]:
    """Call the API as a program does."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = json.dumps(body).encode()
    reply = fetch(scene.gateway.port, f"/_maintenance/api/v1{path}", method=method, body=data, headers=headers)
    assert reply.status < 300, (path, reply.status, reply.text)
    found: dict[str, object] = json.loads(reply.body)
    return found


async def planted(scene: Scene, services: Services) -> str:
    """Write every payload into every text, by the API; return the id of a window that is in force."""
    token = await token_of(services, TokenScope.WRITE)

    def plant() -> str:
        window = last = ""
        for number, line in enumerate(LINES[::3]):
            call(scene, token, "POST", "/components", {"slug": f"c{number}", "name": line[:100], "description": line})
            name, text = (
                line[:100],
                {"title": line[:200].replace("{{", "{ {"), "description": EVERYTHING.replace("{{", "{ {")},
            )
            call(scene, token, "POST", "/templates", {"slug": f"t{number}", "name": name, "window": text})
            call(scene, token, "POST", "/bypass-links", {"name": name})
            made = {"title": line[:200], "description": EVERYTHING, "gate": "none" if number else "closed"}
            found = call(scene, token, "POST", "/windows", made | {"components": [{"slug": f"c{number}"}]})
            window = window or str(found["id"])
            last = str(found["id"])
            update = {"status": "identified", "body": EVERYTHING}
            call(scene, token, "POST", f"/windows/{found['id']}/updates", update)
            filled = {"template": "identified", "variables": {"cause": line}}
            call(scene, token, "POST", f"/windows/{found['id']}/updates", filled)
        call(scene, token, "POST", f"/windows/{last}/end", {})  # for the history
        return window

    return await asyncio.to_thread(plant)


async def untouched(visit: Visit, path: str) -> None:
    """Open a page, point at all of it, and see that nothing ran, was loaded from elsewhere, or broke a policy."""
    page = visit.page
    visit.requests.clear()
    await page.goto(path)
    await page.wait_for_load_state("networkidle")
    await page.evaluate(
        """() => { for (const name of ["mouseover", "focus", "click", "error", "load"])
            for (const it of document.querySelectorAll("main *")) if (!it.closest("a, button, summary, form"))
                it.dispatchEvent(new Event(name, { bubbles: true })); }"""
    )
    site = "/".join(path.split("/")[:3])
    assert [url for url in visit.requests if not url.startswith((site, "data:"))] == [], path
    assert (visit.dialogs, visit.wrongs) == ([], []), path
    assert page.url == path
    for selector in ("img", "iframe", "svg[onload]", "base", "[onerror]", "[onclick]", "[onmouseover]", "main style"):
        assert await page.locator(selector).count() == 0, (path, selector)
    schemes = await page.eval_on_selector_all("a[href]", "all => [...new Set(all.map(a => a.protocol))]")
    assert set(schemes) <= {"http:", "https:", "mailto:"}, path


async def test_nothing_that_is_typed_runs(browser: Browser, scene: Scene) -> None:
    """Status page, gated page, window, history, JSON and text; and every screen of the panel."""
    window = await planted(scene, scene.services)
    await scene.gated()
    public = f"{scene.url}/_maintenance"
    async with visit(browser) as customer:
        for path in (f"{scene.url}/", f"{public}/", f"{public}/windows/{window}", f"{public}/history"):
            await untouched(customer, path)
    for accept, kind in (("application/json", "application/json"), ("text/plain", "text/plain")):
        answer = await asyncio.to_thread(fetch, scene.gateway.port, "/_maintenance/", headers={"Accept": accept})
        assert (answer.header("Content-Type") or "").startswith(kind)
        assert answer.header("X-Content-Type-Options") == "nosniff"
    async with visit(browser) as sre:
        await sign_in(sre, scene)
        for path in (
            "/",
            "/windows",
            f"/windows/{window}",
            f"/windows/{window}/edit",
            "/components",
            "/templates",
            "/templates/t0",
            "/templates/t0/use",
            "/bypass",
            "/audit",
        ):
            await untouched(sre, scene.panel + path)


async def test_nothing_that_is_previewed_runs(browser: Browser, scene: Scene) -> None:
    """By hand, before it is saved: the previews of a window, an update and a template."""
    async with visit(browser) as sre:
        await sign_in(sre, scene)
        page = sre.page
        await page.goto(f"{scene.panel}/windows/new")
        await page.fill("#title", LINES[2])
        await page.fill("#description", EVERYTHING)
        await page.click("main form >> text=Preview")
        assert "alert(1)" in await page.inner_text(".preview")
        assert await page.input_value("#description") == EVERYTHING
        await page.click("text=Start or schedule")
        await page.fill("#body", EVERYTHING)
        await page.click("#post >> text=Preview")
        assert "alert(1)" in await page.inner_text(".preview")
        await page.click("#post >> text=Post >> nth=-1")
        await page.goto(f"{scene.panel}/templates/unexpected-outage/use")
        await page.fill("[name='var.what']", LINES[2])
        await page.click("main form >> text=Preview")
        assert LINES[2] in " ".join((await page.inner_text(".preview .text")).split())
        assert (sre.dialogs, sre.wrongs) == ([], [])
        assert await page.locator(".preview img, .preview svg, .preview script, .preview iframe").count() == 0
