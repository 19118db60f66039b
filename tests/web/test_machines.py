"""What programs read of the status, by the routes of the built-in application."""

import gzip
import json

import feedparser
import pytest
from icalendar import Calendar

from gateway.domain.access import command_line
from gateway.render.statuspage import DOCUMENTS
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on

WHO = command_line("test")
TYPES = {
    **{f"/api/v2/{name}.json": "application/json" for name in DOCUMENTS},
    "/feed.atom": "application/atom+xml",
    "/feed.rss": "application/rss+xml",
    "/calendar.ics": "text/calendar",
    "/badge.svg": "image/svg+xml",
    "/banner.json": "application/json",
}


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


@pytest.mark.parametrize("path", TYPES)
async def test_programs_of_any_origin_read_them(browser: Browser, path: str) -> None:
    """200 with the type, open to scripts of other sites; caches ask each time."""
    answer = await browser.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, f"{TYPES[path]}; charset=utf-8")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Host" in answer.headers["Vary"]


@pytest.mark.parametrize("path", TYPES)
async def test_who_has_it_already_is_told_so(browser: Browser, services: Services, path: str) -> None:
    """304 as long as nothing has changed; after the change the new one at once."""
    first = await browser.get(path)
    again = await browser.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status, again.body, again.headers["ETag"]) == (304, "", first.headers["ETag"])
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    if path != "/api/v2/components.json":
        await services.windows.create(WindowDraft(title="Upgrade"), WHO)
        changed = await browser.get(path, If_None_Match=first.headers["ETag"])
        assert changed.status == 200
        assert changed.body != first.body


async def test_addresses_are_those_of_the_host_that_was_asked(browser: Browser, services: Services) -> None:
    """By whatever name the reader knows the gateway; one host's never end up at another's reader."""
    await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    for host in ("status.acme.example", "shop.acme.example:8443"):
        base = f"http://{host}{PREFIX}/"
        summary = json.loads((await browser.get("/api/v2/summary.json", Host=host)).body)
        assert summary["page"]["url"] == base
        assert summary["scheduled_maintenances"][0]["shortlink"].startswith(base + "windows/")
        assert feedparser.parse((await browser.get("/feed.atom", Host=host)).body).feed.link == base
        [event] = Calendar.from_ical((await browser.get("/calendar.ics", Host=host)).body).walk("VEVENT")
        assert event["url"].startswith(base)


async def test_they_are_compressed(browser: Browser) -> None:
    """Polled by many, they are small on the wire."""
    async with browser.client.get(
        f"{PREFIX}/api/v2/summary.json", headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    ) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(await answer.read()))["status"]["indicator"] == "none"


async def test_the_script_is_small(browser: Browser) -> None:
    """Under 5 KB, before compression even: applications include it in each page."""
    script = await browser.get("/embed.js")
    assert script.status == 200
    assert len(script.body.encode()) < 5000
