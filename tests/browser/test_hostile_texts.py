"""Hostile texts in Chromium: typed into every field, by API and by hand, read on every page; nothing of them runs."""

import asyncio
import json
from dataclasses import replace
from urllib.parse import quote
from xml.etree import ElementTree as ET

from playwright.async_api import Browser

from gateway.domain.access import Role, TokenScope, command_line
from gateway.domain.window import Gate
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.browser.chromium import Visit, visit
from tests.browser.conftest import Scene
from tests.browser.test_sre import sign_in
from tests.render.test_escaping import PAYLOADS
from tests.story.customers import fetch
from tests.web.caller import token_of

WHO = command_line("test")

# All of them in one Markdown text, each a block of its own, and what a template makes of them as a value.
EVERYTHING = "\n\n".join(PAYLOADS)
# In plain texts, which are short: one after the other, as many as a text holds.
LINES = [" ".join(payload.split()) for payload in PAYLOADS]


def packed(most: int) -> list[str]:
    """Return all payloads in as few texts of at most so many characters as there can be."""
    texts = [""]
    for line in LINES:
        if len(texts[-1]) + len(line) >= most:
            texts.append("")
        texts[-1] += f" {line}" if texts[-1] else line
    return texts


TITLES, NAMES = packed(200), packed(100)


def call(scene: Scene, token: str, method: str, path: str, body: object) -> dict[str, object]:
    """Call the API as a program does."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = json.dumps(body).encode()
    reply = fetch(scene.gateway.port, f"/_maintenance/api/v1{path}", method=method, body=data, headers=headers)
    assert reply.status < 300, (path, reply.status, reply.text)
    found: dict[str, object] = json.loads(reply.body)
    return found


# Elements and attributes that no page of ours has.
_FOREIGN = """() => [...document.querySelectorAll("*")].filter((it) =>
    ["img", "iframe", "object", "embed", "base", "math", "video", "audio", "template", "animate"]
        .includes(it.localName)
    || (it.localName === "script" && !new URL(it.src).pathname.startsWith("/_maintenance/"))
    || (it.localName === "style" && it.closest("main"))
    || [...it.attributes].some((each) => each.name.startsWith("on") || each.name === "srcdoc"
        || (each.name === "formaction" && !each.value.startsWith("/_maintenance/admin/")))
).map((it) => it.outerHTML.slice(0, 200))"""


async def planted(scene: Scene, services: Services) -> str:
    """Write every payload into every text, by the API; return the id of a window that is in force."""
    token = await token_of(services, TokenScope.WRITE)

    def plant() -> str:
        window = last = ""
        plain = EVERYTHING.replace("{{", "{ {")  # what a template would take for a variable
        for number, name in enumerate(NAMES):
            title = TITLES[number % len(TITLES)]
            component = {"slug": f"c{number}", "name": name, "description": EVERYTHING[:2000], "group": name}
            call(scene, token, "POST", "/components", component)
            call(scene, token, "POST", "/bypass-links", {"name": name})
            if number >= len(TITLES):
                continue
            texts = {"title": title.replace("{{", "{ {"), "description": plain}
            call(scene, token, "POST", "/templates", {"slug": f"t{number}", "name": name, "window": texts})
            made = {"title": title, "description": EVERYTHING, "gate": "none" if number else "closed"}
            made |= {"translations": {"de": {"title": title, "description": EVERYTHING}}}
            found = call(scene, token, "POST", "/windows", made | {"components": [{"slug": f"c{number}"}]})
            window = window or str(found["id"])
            last = str(found["id"])
            update = {"status": "identified", "body": EVERYTHING, "translations": {"de": EVERYTHING}}
            call(scene, token, "POST", f"/windows/{found['id']}/updates", update)
            filled = {"template": "identified", "variables": {"cause": "".join(filter(str.isprintable, title))}}
            call(scene, token, "POST", f"/windows/{found['id']}/updates", filled)
        call(scene, token, "POST", f"/windows/{last}/end", {})  # for the history
        return window

    return await asyncio.to_thread(plant)


async def untouched(visit: Visit, path: str) -> None:
    """Open a page, and see that it is harmless."""
    visit.requests.clear()
    await visit.page.goto(path)
    await harmless(visit, path)
    assert visit.page.url == path


async def harmless(visit: Visit, path: str) -> None:
    """Point at all of the page, and see that nothing ran, was loaded from elsewhere, or broke a policy."""
    page = visit.page
    await page.evaluate(
        """() => { for (const name of ["mouseover", "focus", "click", "error", "load"])
            for (const it of document.querySelectorAll("main *")) if (!it.closest("a, button, summary, form"))
                it.dispatchEvent(new Event(name, { bubbles: true })); }"""
    )
    site = "/".join(path.split("/")[:3])
    assert [url for url in visit.requests if not url.startswith((site, "data:"))] == [], path
    # Of a date field that gets back what is no date, browsers say so.
    wrongs = [said for said in visit.wrongs if not said.startswith("The specified value")]
    assert (visit.dialogs, wrongs) == ([], []), path
    assert await page.evaluate(_FOREIGN) == [], path
    schemes = await page.eval_on_selector_all("a[href]", "all => [...new Set(all.map(a => a.protocol))]")
    assert set(schemes) <= {"http:", "https:", "mailto:"}, path


PUBLIC = ("/", "/history")
DOCUMENTS = [
    ("/", "application/json", "application/json"),
    ("/", "text/plain", "text/plain"),
    ("/api/v2/summary.json", "*/*", "application/json"),
    ("/api/v2/incidents.json", "*/*", "application/json"),
    ("/banner.json", "*/*", "application/json"),
    ("/feed.atom", "*/*", "application/atom+xml"),
    ("/feed.rss?lang=de", "*/*", "application/rss+xml"),
    ("/calendar.ics", "*/*", "text/calendar"),
    ("/badge.svg", "*/*", "image/svg+xml"),
]
SCREENS = [
    *("/", "/windows", "/series", "/components", "/components/c0", "/templates", "/templates/t0", "/templates/t0/use"),
    *("/bypass", "/audit", "/audit?actor=%3Cscript", "/history"),
]
REFLECTED = (
    "notice",
    "lang",
    "month",
    "actor",
    "action",
    "subject",
    "subject_id",
    "since",
    "until",
    "before",
    "from",
    "to",
)
# The forms with text fields, by number; and a form with its text fields filled, whatever they want.
_FIELDS = """(form) => [...form.elements].filter((it) => it.name && (it.localName === "textarea"
    || (it.localName === "input" && !["hidden", "checkbox", "radio", "submit"].includes(it.type))))"""
_FORMS = f"""() => [...document.forms].flatMap((form, number) =>
    form.method === "post" && ({_FIELDS})(form).length ? [number] : [])"""
_SEND = f"""([number, text]) => {{
    const form = document.forms[number], fields = ({_FIELDS})(form);
    for (const it of fields) {{
        if (it.localName === "input") it.type = "text";
        it.value = text;
    }}
    HTMLFormElement.prototype.submit.call(form);
    return fields.length;
}}"""


async def test_nothing_that_is_typed_runs(browser: Browser, scene: Scene) -> None:
    """Status page, gated page, window, history, banner, feeds, JSON and text; and every screen of the panel."""
    actor = replace(WHO, name=TITLES[0], address=TITLES[1])
    await scene.services.operators.add("<svg/onload=alert(1)>@evil.example", Role.VIEWER, actor)
    await scene.services.tokens.create(NAMES[0], TokenScope.READ, actor)
    window = await planted(scene, scene.services)
    await scene.gated()
    public = f"{scene.url}/_maintenance"
    async with visit(browser) as customer:
        pages = [f"{scene.url}/", *(f"{public}{path}{tag}" for path in PUBLIC for tag in ("", "?lang=de"))]
        for path in (*pages, f"{public}/windows/{window}", f"{public}/windows/{window}?lang=de"):
            await untouched(customer, path)
    for path, accept, kind in DOCUMENTS:
        answer = await asyncio.to_thread(fetch, scene.gateway.port, f"/_maintenance{path}", headers={"Accept": accept})
        assert answer.status == 200, path
        assert (answer.header("Content-Type") or "").startswith(kind), path
        assert answer.header("X-Content-Type-Options") == "nosniff"
        if kind.endswith("xml"):
            marked = {element.tag.rpartition("}")[2] for element in ET.fromstring(answer.body).iter()}  # noqa: S314
            assert not marked & {"script", "img", "iframe", "object", "animate"}, path
    async with visit(browser) as sre:
        await sign_in(sre, scene)
        for screen in (
            *SCREENS,
            f"/windows/{window}",
            f"/windows/{window}/edit",
            f"/audit?subject=window&subject_id={window}",
        ):
            await untouched(sre, scene.panel + screen)


async def test_nothing_that_is_previewed_runs(browser: Browser, scene: Scene) -> None:
    """By hand, before it is saved: the previews of a window, an update and a template."""
    async with visit(browser) as sre:
        await sign_in(sre, scene)
        page = sre.page
        await page.goto(f"{scene.panel}/windows/new")
        await page.fill("#title", LINES[2])
        await page.fill("#confirm", "Acme Shop")
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


async def reflected(sre: Visit, scene: Scene) -> None:
    """What an address says: filters, paths, languages, months, ids; on the screens, and where nothing is."""
    for text in (quote(each, safe="") for each in packed(1500)):
        query = "&".join(f"{name}={text}" for name in REFLECTED)
        for path in ("/admin/audit", "/admin/history", "/admin/windows", "/admin/", "/history", "/"):
            await visited(sre, f"{scene.url}/_maintenance{path}?{query}")
    for text in (quote(each, safe="") for each in packed(1500)):
        for path in (
            "/",
            "/admin/",
            "/admin/windows/",
            "/admin/templates/",
            "/admin/sign-in/",
            "/windows/",
            "/problems/",
        ):
            await visited(sre, f"{scene.url}/_maintenance{path}{text}")


async def visited(visit: Visit, address: str) -> None:
    """Open an address that the browser may write in its own way, and see that the page is harmless."""
    visit.requests.clear()
    await visit.page.goto(address)
    await harmless(visit, address)


async def test_nothing_that_is_sent_back_runs(browser: Browser, scene: Scene) -> None:
    """By an address; and by every text field of every form of the panel, as the screens have them: filled and sent."""
    await scene.services.components.add(ComponentDraft(slug="api", name="API", group="Core"), WHO)
    window = await scene.services.windows.create(WindowDraft(title="Upgrade", gate=Gate.NONE), WHO)
    groups = await scene.services.component_groups.list()
    sent = 0
    async with visit(browser) as sre:
        page = sre.page
        await sign_in(sre, scene)
        await reflected(sre, scene)
        screens = ["/", "/windows/new", f"/windows/{window.id}", f"/windows/{window.id}/edit", "/components"]
        screens += ["/components/api", f"/groups/{groups[0].id}", "/templates/new/window", "/templates/new/update"]
        screens += ["/templates/identified", "/templates/unexpected-outage/use", "/bypass"]
        for screen in screens:
            await page.goto(scene.panel + screen)
            for number in await page.evaluate(_FORMS):
                await page.goto(scene.panel + screen)
                sre.requests.clear()
                async with page.expect_navigation():
                    sent += await page.evaluate(_SEND, [number, EVERYTHING])
                await harmless(sre, scene.panel + screen)
    assert sent > 60
