"""In which language the built-in pages are: by their address, by the reader's choice, by Accept-Language."""

import json

import feedparser
import pytest

from gateway.domain.access import command_line
from gateway.domain.languages import LANGUAGES, NAMES
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on

WHO = command_line("test")
WELL = {"en": "No known problems", "de": "Keine bekannten Probleme", "ar": "لا توجد مشكلات معروفة"}


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


@pytest.mark.parametrize(
    ("path", "fields", "tag"),
    [
        ("/", {}, "en"),
        ("/", {"Accept_Language": "de-AT,de;q=0.9,en;q=0.5"}, "de"),
        ("/", {"Accept_Language": "sv,tlh"}, "en"),
        ("/", {"Accept_Language": "de", "Cookie": "gateway_language=ar"}, "ar"),
        ("/", {"Accept_Language": "de", "Cookie": "gateway_language=xx"}, "de"),
        ("/?lang=de", {"Cookie": "gateway_language=ar"}, "de"),
        ("/?lang=xx", {"Accept_Language": "ar"}, "ar"),
    ],
)
async def test_a_page_is_in_the_language_that_is_asked_for(
    browser: Browser, path: str, fields: dict[str, str], tag: str
) -> None:
    """The address before the reader's choice, that before what the browser prefers; else the product's own."""
    answer = await browser.get(path, **fields)
    assert WELL[tag] in answer.page.text
    assert answer.headers["Content-Language"] == tag
    [html] = answer.page.of("html")
    assert (html["lang"], html.get("dir")) == (tag, "rtl" if tag == "ar" else None)
    assert answer.headers["Vary"] == "Accept, Accept-Language, Cookie, Accept-Encoding"


async def test_one_language_is_not_kept_for_another(browser: Browser) -> None:
    """Each has a tag of its own, which is no longer good after the reader has chosen another."""
    tags = set()
    for tag in LANGUAGES:
        first = await browser.get("/", Accept_Language=tag)
        tags.add(first.headers["ETag"])
        assert (await browser.get("/", Accept_Language=tag, If_None_Match=first.headers["ETag"])).status == 304
    assert len(tags) == len(LANGUAGES)


async def test_the_reader_chooses_and_is_back_where_the_choice_was_made(browser: Browser) -> None:
    """A form that works without JavaScript, with all languages by their own names; it is remembered for a year."""
    page = (await browser.get("/history")).page
    assert all(name in page.text for name in NAMES.values())
    [form] = [form for form in page.of("form") if form["action"] == f"{PREFIX}/language"]
    assert form["method"] == "post"
    host = f"{browser.client.host}:{browser.client.port}"
    answer = await browser.post(
        "/language", {"lang": "de"}, Referer=f"http://{host}{PREFIX}/history?month=2026-11&lang=fr"
    )
    assert (answer.status, answer.location) == (303, f"{PREFIX}/history?month=2026-11")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("gateway_language=de;")
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=31536000"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/shop",
        "//evil.example",
        "http://{host}//evil.example/",
        "javascript:alert(1)",
        "http://[",
        "http://{host}\\@evil.example/",
    ],
)
async def test_nobody_is_sent_elsewhere(browser: Browser, referer: str) -> None:
    """Only pages of this host are gone back to; else it is the status page."""
    host = f"{browser.client.host}:{browser.client.port}"
    answer = await browser.post("/language", {"lang": "de"}, Referer=referer.replace("{host}", host))
    assert (answer.status, answer.location) == (303, f"{PREFIX}/")


async def test_a_language_that_is_not_there_is_refused(browser: Browser) -> None:
    answer = await browser.post("/language", {"lang": "tlh"})
    assert answer.status == 422
    assert "must be one of en, de" in answer.page.text


async def test_programs_read_in_a_language_too(browser: Browser, services: Services) -> None:
    """Feeds and the banner say it in the language asked for; the words of the Statuspage documents are fixed."""
    await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    feed = feedparser.parse((await browser.get("/feed.atom?lang=de")).body)
    assert feed.feed.language == "de"
    assert feed.entries[0].title == "Wartungsarbeiten: Upgrade"
    banner = json.loads((await browser.get("/banner.json", Accept_Language="ar")).body)
    assert (banner["language"], banner["direction"]) == ("ar", "rtl")
    assert banner["dismiss"] == "إغلاق"
    summary = await browser.get("/api/v2/status.json", Accept_Language="ar")
    assert json.loads(summary.body)["status"]["description"] == "Service Under Maintenance"


async def test_the_status_page_names_its_feeds_in_its_language(browser: Browser) -> None:
    """For readers of feeds, which ask for no language by themselves, and for people, who see them in the foot."""
    page = (await browser.get("/?lang=de")).page
    found = {link["type"]: link["href"] for link in page.of("link") if link["rel"] == "alternate"}
    assert found == {
        "application/atom+xml": f"{PREFIX}/feed.atom?lang=de",
        "application/rss+xml": f"{PREFIX}/feed.rss?lang=de",
    }
    links = [link["href"] for link in page.of("a")]
    for address in (*found.values(), f"{PREFIX}/calendar.ics?lang=de"):
        assert address in links
        assert (await browser.get(address.removeprefix(PREFIX))).headers["Content-Language"] == "de"
