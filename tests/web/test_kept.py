"""Status pages are made once for a moment, and asked for by their tags."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest

from gateway.config.settings import Page, Settings
from gateway.domain.access import command_line
from gateway.render.branding import read_branding
from gateway.render.pages import content_security_policy
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.store.pool import Database
from gateway.web.application import build_application
from gateway.web.keys import Services
from gateway.web.status import kept as module
from gateway.web.status.kept import Kept
from tests.observed import Observations
from tests.render.samples import BRANDING, busy
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on

WHO = command_line("test")


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


async def window_path(services: Services) -> str:
    window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    return f"/windows/{window.id}"


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
async def test_who_has_a_page_is_told_so(browser: Browser, services: Services, accept: str) -> None:
    """304 with the tag as long as nothing has changed, and the policy of its style; after a change the new page."""
    for path in ("/", "/history", await window_path(services)):
        first = await browser.get(path, Accept=accept)
        assert (first.status, first.headers["Cache-Control"]) == (200, "no-cache")
        assert first.headers["Vary"] == "Accept, Accept-Language, Cookie, Accept-Encoding"
        again = await browser.get(path, Accept=accept, If_None_Match=first.headers["ETag"])
        assert (again.status, again.body, again.headers["ETag"]) == (304, "", first.headers["ETag"])
        if "html" in first.headers["Content-Type"]:
            policies = {answer.headers["Content-Security-Policy"] for answer in (first, again)}
            assert policies == {content_security_policy(BRANDING)}
    post = UpdateDraft.model_validate({"status": "verifying", "body": "Nearly."})
    (window,) = services.state.moment.active
    await services.windows.post(window.id, post, WHO)
    changed = await browser.get(path, Accept=accept, If_None_Match=first.headers["ETag"])
    assert changed.status == 200
    assert "Nearly." in changed.body


async def test_each_form_has_its_own_tag(browser: Browser) -> None:
    """Whoever has the page in HTML is sent the JSON, not 304."""
    tags = {
        (await browser.get("/", Accept=accept)).headers["ETag"] for accept in ("text/html", "application/json", "*/*")
    }
    assert len(tags) == 3
    for tag in tags:
        assert (await browser.get("/", Accept="application/json", If_None_Match=tag)).headers["ETag"] in tags
    html = (await browser.get("/")).headers["ETag"]
    assert (await browser.get("/", Accept="application/json", If_None_Match=html)).status == 200


_READ = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("gzip", "gzip"), ("br;q=0.4, gzip;q=0.5", "gzip"), ("gzip, br", "br"), ("gzip;q=0", None), ("", None)],
)
async def test_pages_are_compressed_for_those_who_can_read_that(browser: Browser, asked: str, sent: str | None) -> None:
    """With the same tag: it is the same page."""
    plain = await browser.get("/")
    async with browser.client.get(
        f"{PREFIX}/", headers={"Accept": "text/html", "Accept-Encoding": asked}, auto_decompress=False
    ) as answer:
        body = await answer.read()
        assert answer.headers.get("Content-Encoding") == sent
        assert answer.headers["ETag"] == plain.headers["ETag"]
        assert int(answer.headers["Content-Length"]) == len(body)
    assert _READ[sent](body).decode() == plain.body


async def test_a_page_is_made_once(aiohttp_client: ClientMaker, services: Services, tmp_path: Path) -> None:
    """For a moment, however many ask; and again when the bars are known anew, which is no change of the state."""
    observations, status = Observations(), tmp_path / "status"
    status.mkdir()
    # A template that fails later tells of each time a page is made.
    (status / "status.html").write_text(
        "{% if page.groups | length and page.branding.product == 'Our product' %}"
        "{% if page.groups[0].parts[0].name == 'Once' %}{{ nothing }}{% endif %}{% endif %}"
    )
    settings = Settings(page=Page(templates=str(tmp_path)))
    branding = read_branding(settings, observations)
    app = build_application(settings, services, observations, branding, ready=lambda: True)
    browser = Browser(await aiohttp_client(app))
    await services.components.add(ComponentDraft(slug="once", name="Once"), WHO)
    for _ in range(5):
        assert (await browser.get("/")).status == 200
    assert len(observations) == 1
    await services.uptimes.read()
    assert "90 days ago" in (await browser.get("/")).page.text
    await browser.get("/")
    assert len(observations) == 2


async def test_without_the_database_nothing_else_is_kept(browser: Browser, database: Database) -> None:
    """The history of that time is another page with another tag; what was read before is still true, and shown."""
    month = f"/history?month={datetime.now(UTC):%Y-%m}"
    read = await browser.get(month)
    await database.close()
    assert (await browser.get(month, If_None_Match=read.headers["ETag"])).status == 304
    other = await browser.get("/history?month=2019-11", If_None_Match=read.headers["ETag"])
    assert other.status == 200
    assert "can't be read at the moment" in other.body


@pytest.mark.parametrize("path", ["/windows/00000000-0000-0000-0000-000000000000", "/history?month=x", "/nowhere"])
async def test_what_is_not_there_is_kept_nowhere(browser: Browser, path: str) -> None:
    """It may be there in a moment."""
    answer = await browser.get(path)
    assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")


def test_another_moment_starts_anew() -> None:
    """So nothing is told beyond its truth; the same holds for another source."""
    kept, first, second = Kept(), busy(), busy()
    made = iter(range(9))

    def make() -> bytes:
        return str(next(made)).encode()

    source = object()
    assert kept.body(first, "a", "text/plain", make).content == b"0"
    assert kept.body(first, "a", "text/plain", make).content == b"0"
    assert kept.body(first, "a", "text/plain", make, source=source).content == b"1"
    assert kept.body(first, "a", "text/plain", make, source=source).content == b"1"
    assert kept.body(second, "a", "text/plain", make, source=source).content == b"2"
    assert len(kept) == 1


def test_the_memory_is_bounded() -> None:
    """Whatever names callers make up, what is asked for often stays."""
    kept, seen = Kept(), busy()
    often = kept.body(seen, "often", "text/plain", lambda: b"x")
    for number in range(module.MOST_KEPT * 2):
        kept.body(seen, number, "text/plain", lambda: b"")
        assert kept.body(seen, "often", "text/plain", lambda: b"y") is often
    assert len(kept) == module.MOST_KEPT
