"""The customers' pages under the prefix, by the routes of the built-in application."""

import json
from datetime import timedelta

import pytest

from gateway.domain.access import command_line
from gateway.render.assets import asset_url
from gateway.render.pages import content_security_policy
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.samples import BRANDING
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on

WHO = command_line("test")


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


async def upgrade(services: Services) -> str:
    """Start a window and post on it; return its id."""
    window = await services.windows.create(
        WindowDraft(title="Database upgrade", estimated_duration=timedelta(minutes=45)), WHO
    )
    await services.windows.post(window.id, UpdateDraft.model_validate({"status": "verifying", "body": "Nearly."}), WHO)
    return str(window.id)


async def test_the_status_page_answers_200_in_three_forms(browser: Browser, services: Services) -> None:
    """HTML for browsers, JSON for programs, text for terminals: always 200, also during maintenance."""
    await upgrade(services)
    html = await browser.get("/")
    told = await browser.get("/", Accept="application/json")
    text = await browser.get("/", Accept="*/*")
    assert [answer.status for answer in (html, told, text)] == [200, 200, 200]
    assert "Our" not in html.page.text
    assert "Acme Shop is down for maintenance" in html.page.text
    assert json.loads(told.body)["windows"]["active"][0]["title"] == "Database upgrade"
    assert told.headers["Content-Type"] == "application/json; charset=utf-8"
    assert text.body.startswith("Acme Shop is down for maintenance.")
    for answer in (html, told, text):
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Vary"] == "Accept, Accept-Language, Cookie, Accept-Encoding"


async def test_html_comes_with_the_policy_of_its_own_style(browser: Browser) -> None:
    """The page carries its style inside, so its policy names exactly that; one script of ours may load."""
    answer = await browser.get("/")
    assert answer.headers["Content-Security-Policy"] == content_security_policy(BRANDING)
    assert answer.page.loads() == [asset_url(PREFIX, "page.js")]


async def test_a_change_is_on_the_page_at_once(browser: Browser, services: Services) -> None:
    """Who writes reads it: after the write has been answered the page shows it, and when it ended, that."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    assert "All systems operational" in (await browser.get("/")).page.text
    window_id = await upgrade(services)
    assert "Nearly." in (await browser.get("/")).page.text
    window = await services.windows.end((await services.windows.list())[0].id, WHO)
    assert str(window.id) == window_id
    page = (await browser.get("/")).page
    assert "All systems operational" in page.text
    assert "Database upgrade Completed" in page.text


async def test_a_window_has_a_page(browser: Browser, services: Services) -> None:
    """A window is linked by its id, in HTML and in JSON."""
    window_id = await upgrade(services)
    page = (await browser.get(f"/windows/{window_id}")).page
    assert "Database upgrade" in page.text
    assert "Verifying" in page.text
    told = json.loads((await browser.get(f"/windows/{window_id}", Accept="application/json")).body)
    assert (told["id"], told["updates"][0]["body"]) == (window_id, "Nearly.")


@pytest.mark.parametrize(
    "path", ["/windows/00000000-0000-0000-0000-000000000000", "/windows/x", "/windows/%3Cscript%3E", "/nowhere"]
)
async def test_what_is_not_there_is_a_404_in_the_products_look(browser: Browser, path: str) -> None:
    """An unknown window or address: a page that leads to the status page, no trace, nothing reflected as markup."""
    answer = await browser.get(path)
    assert answer.status == 404
    assert f"{PREFIX}/" in [link["href"] for link in answer.page.of("a")]
    assert answer.page.of("script") == []


async def test_history_lists_what_is_over(browser: Browser, services: Services) -> None:
    """A window that has ended is history; before, nothing is."""
    assert "Nothing to report" in (await browser.get("/history")).page.text
    await upgrade(services)
    await services.windows.end((await services.windows.list())[0].id, WHO)
    assert "Database upgrade Completed" in (await browser.get("/history")).page.text


async def test_the_prefix_without_slash_leads_to_the_page(browser: Browser) -> None:
    """`/_maintenance` is what people type."""
    answer = await browser.get("")
    assert (answer.status, answer.location) == (308, f"{PREFIX}/")


@pytest.mark.parametrize("name", ["maintenance", "read-only"])
async def test_problem_types_are_explained(browser: Browser, name: str) -> None:
    """The type of a problem is an address; who opens it reads what it means."""
    answer = await browser.get(f"/problems/{name}")
    assert answer.status == 200
    assert "was not processed" in answer.page.text


async def test_an_unknown_problem_type_is_a_404(browser: Browser) -> None:
    """There are two types and no third."""
    assert (await browser.get("/problems/other")).status == 404


async def test_assets_may_be_kept_for_ever_at_their_own_address(browser: Browser) -> None:
    """The address that the panel links to carries the version: immutable. Without it the browser asks again."""
    sheet = next(
        link["href"] for link in (await browser.get("/admin/sign-in")).page.of("link") if "css" in link["href"]
    )
    kept = await browser.get(sheet.removeprefix(PREFIX))
    assert kept.status == 200
    assert kept.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in kept.headers["Cache-Control"]
    plain = await browser.get("/assets/base.css")
    assert plain.headers["Cache-Control"] == "no-cache"
    again = await browser.get("/assets/base.css", If_None_Match=plain.headers["ETag"])
    assert (again.status, again.body) == (304, "")
    stale = await browser.get("/assets/base.css?v=0000")
    assert "immutable" not in stale.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["nothing.css", "..%2Fbase.html", "%2e%2e%2fbase.html", "base.css%00"])
async def test_only_assets_are_served(browser: Browser, name: str) -> None:
    """Nothing outside the folder of the style sheets can be read."""
    assert (await browser.get(f"/assets/{name}")).status == 404


async def test_the_page_of_a_refused_write_can_ask_how_things_are(browser: Browser, services: Services) -> None:
    """With the words of a refused write, and without sending it again; nothing when no window gates any more."""
    await upgrade(services)
    answer = await browser.get("/refused")
    assert answer.status == 200
    assert "Nearly." in answer.page.text
    assert "What you just sent was not processed" in answer.page.text
    await services.windows.end((await services.windows.list())[0].id, WHO)
    answer = await browser.get("/refused")
    assert (answer.status, answer.body) == (204, "")


async def test_components_have_bars_of_their_last_days(browser: Browser, services: Services) -> None:
    """From the histories that are in memory: the page itself asks no database."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    assert "days ago" not in (await browser.get("/")).page.text
    await services.uptimes.read()
    text = (await browser.get("/")).page.text
    assert "90 days ago 100% up Today" in text
