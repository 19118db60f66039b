"""Every page there is, in Chromium: taken from the router, so that a new one is looked at without anybody's doing."""

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, CDPSession, Page

from gateway.domain.access import Role, TokenScope, command_line
from gateway.domain.window import Window
from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.tokens import TokenDraft
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.web.keys import Services
from tests.browser.chromium import visit
from tests.browser.conftest import Scene
from tests.browser.test_sre import sign_in
from tests.observed import Observations
from tests.web.fleet import reported
from tests.web.panel import PREFIX, application

WHO = command_line("test")
SIZES = ({"width": 320, "height": 700}, {"width": 390, "height": 844}, {"width": 1280, "height": 800})
LONG = "Averylongtitlewithoutanyspaces" * 5

_NO_PAGES = {
    "admin.window.fence": "a piece of a page, for its script",
    "admin.gateways.live": "a piece of a page, for its script",
    "admin.audit.csv": "a file",
    "admin.audit.jsonl": "a file",
    "admin.history.csv": "a file",
    "admin.history.json": "a file",
    "bypass.visit": "leads to the application",
    "probe.live": "for load balancers",
    "probe.ready": "for load balancers",
    "status.asset": "a style sheet or a script",
    "status.banner": "for a script",
    "status.embed": "a script",
    "status.feed.atom": "for feed readers",
    "status.feed.rss": "for feed readers",
    "status.calendar.ics": "for calendars",
    "status.badge.svg": "an image",
    "status.refused": "for the script of a page; 204 where nothing gates",
}
_WINDOW = "windows/{window_id}"
_PARAMETER = re.compile(r"[^/]+/\{\w+\}")
_CONTROLS = {"button", "checkbox", "combobox", "Date", "DateTime", "link", "listbox", "radio", "searchbox", "textbox"}
_STRUCTURE = """() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    for (const folded of all("details")) folded.open = true;
    const ids = all("[id]").map((it) => it.id);
    const references = ["for", "list", "aria-labelledby", "aria-describedby"].flatMap(
        (name) => all(`[${name}]`).flatMap((it) => it.getAttribute(name).split(" ")));
    const anchors = all("a[href^='#']").map((it) => it.getAttribute("href").slice(1));
    return {
        "no title": document.title.trim() ? [] : [location.pathname],
        "not one h1": all("h1").length === 1 ? [] : [all("h1").length],
        "ids that are there twice": ids.filter((id, place) => ids.indexOf(id) !== place),
        "ids that are not there": [...references, ...anchors].filter((id) => !ids.includes(id)),
    };
}"""
_FORMS = """() => [...document.forms].map(
    (form) => [form.method, form.action, ...[...form.elements].map((it) => it.name || it.textContent)].join(" "))"""


async def made(services: Services) -> dict[str, list[str]]:
    """Make what pages are about; return the values of each parameter, by the end of the path that it is in."""
    for slug in ("checkout", "database"):
        await services.components.add(ComponentDraft(slug=slug, name=slug.capitalize(), group="Core"), WHO)
    effects = [{"slug": "database", "status": "under_maintenance"}]
    tomorrow = services.state.now() + timedelta(days=1)

    async def window(**values: Any) -> Window:
        draft = {"title": LONG, "description": "x" * 300, "components": effects}
        return await services.windows.create(WindowDraft.model_validate(draft | values), WHO)

    weekly = {"rule": "FREQ=WEEKLY", "time_zone": "Europe/Berlin"}
    over, coming, active = await window(), await window(starts_at=tomorrow, recurrence=weekly), await window()
    posted = UpdateDraft.model_validate({"status": "verifying", "body": "We are checking every part."})
    for each in (over, active):
        await services.windows.post(each.id, posted, WHO)
    await services.windows.end(over.id, WHO)
    await services.bypass_links.create(BypassLinkDraft(name="Anna, smoke tests"), WHO)
    revoked, _ = await services.bypass_links.create(BypassLinkDraft(name="Load tests"), WHO)
    await services.bypass_links.revoke(revoked.id, WHO)
    groups = await services.component_groups.list()
    await services.operators.add("ada@acme.example", Role.REPORTER, WHO)
    await services.operators.add(f"{LONG[:60]}@acme.example", Role.VIEWER, WHO)
    await services.operators.disable(f"{LONG[:60]}@acme.example", WHO)
    tokens = [
        await services.tokens.issue(TokenDraft(name=name, scope=TokenScope.READ), WHO) for name in ("ci", LONG[:100])
    ]
    await services.tokens.revoke(tokens[1][0].id, WHO)
    # Heard of an hour ahead: it is not silent yet when the last page is looked at, and could be forgotten there.
    await reported(services, "web-2 (pid 71)", active, left=2, silent=-3600)
    await reported(services, LONG, silent=47)
    assert coming.recurrence is not None
    return {
        _WINDOW: [str(each.id) for each in (over, coming, active)],
        "series/{id}": [str(coming.recurrence.series)],
        "templates/{slug}": ["deploy"],
        "new/{kind}": ["window", "update"],
        "components/{slug}": ["database"],
        "groups/{group_id}": [str(groups[0].id)],
        "operators/{operator_id}": [str(each.id) for each in await services.operators.list()],
        "tokens/{token_id}": [str(token.id) for token, _ in tokens],
        "sign-in/{token}": [str(await services.operators.add("new@acme.example", Role.VIEWER, WHO))],
        "problems/{problem}": ["maintenance"],
    }


def addresses(app: web.Application, values: dict[str, list[str]]) -> Iterator[str]:
    """Return the address of every page, once for each value of its parameter."""
    for route in app.router.routes():
        if route.method != "GET" or route.name in _NO_PAGES or route.resource is None:
            continue
        path = route.resource.canonical
        if path.startswith(f"{PREFIX}/api/"):
            continue
        # What is over has no form: a test of the panel says what is answered.
        known = values | ({_WINDOW: values[_WINDOW][1:]} if route.name == "admin.window.edit" else {})
        parameters = _PARAMETER.findall(path)
        for chosen in product(*(known[each] for each in parameters)):
            address = path
            for parameter, value in zip(parameters, chosen, strict=True):
                address = address.replace(parameter, f"{parameter.partition('/')[0]}/{value}")
            yield address


async def wrongs_of_structure(page: Page, devtools: CDPSession) -> list[str]:
    """Unfold everything, and return what is wrong with the page whatever its size."""
    found = await page.evaluate(_STRUCTURE)
    wrongs = [f"{what}: {which}" for what, which in found.items() if which]
    tree = (await devtools.send("Accessibility.getFullAXTree"))["nodes"]
    controls = [node for node in tree if not node["ignored"] and node["role"]["value"] in _CONTROLS]
    return wrongs + [f"a {node['role']['value']} without a name" for node in controls if not node["name"]["value"]]


async def test_every_page_is_sound_at_every_size_and_without_javascript(
    browser: Browser, scene: Scene, services: Services, observations: Observations
) -> None:
    """No complaint of the browser, one title and one h1, a name for every control, nothing wider than the screen."""
    pages = [*addresses(application(services, observations), await made(services))]
    await scene.gated()
    wrongs = []
    async with visit(browser) as sre, visit(browser, java_script_enabled=False) as plain:
        await sign_in(sre, scene, Role.ADMINISTRATOR)
        await plain.page.context.add_cookies(await sre.page.context.cookies())  # type: ignore[arg-type]
        devtools = await sre.page.context.new_cdp_session(sre.page)
        for path in pages:
            response = await sre.page.goto(scene.url + path)
            assert response is not None
            found = [f"answers {response.status}"] if response.status != 200 else []
            found += await wrongs_of_structure(sre.page, devtools)
            for size in SIZES:
                await sre.page.set_viewport_size(size)  # type: ignore[arg-type]
                if wider := await sre.overflow():
                    found.append(f"{wider} px wider than {size['width']}")
            forms = await sre.page.evaluate(_FORMS)
            response = await plain.page.goto(scene.url + path, wait_until="domcontentloaded")
            assert response is not None
            if response.status != 200 or await plain.page.evaluate(_FORMS) != forms:
                found.append(f"answers {response.status} without JavaScript, or has other forms")
            wrongs += [f"{path}: {wrong}" for wrong in [*found, *sre.complaints, *plain.complaints]]
            sre.complaints.clear()
            plain.complaints.clear()
    assert not wrongs, "\n".join(wrongs)
