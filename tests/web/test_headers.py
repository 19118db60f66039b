"""The fields that guard the panel: on each of its answers, whatever comes of the request."""

import pytest

from gateway.config.settings import Server
from gateway.domain.access import Role, TokenScope, command_line
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import token_of
from tests.web.panel import PREFIX, SETTINGS, Answer, Browser, ClientMaker, application, browser_on, signed_in
from tests.web.test_every_route import cells

WHO = command_line("test")


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


def policy(answer: Answer) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


def assert_guarded(answer: Answer, path: str) -> None:
    """Nothing runs but files of ours, nobody frames it, nothing keeps it, no other site reads it."""
    said = policy(answer)
    assert said["default-src"] == "'none'", path  # objects, frames, workers, fonts and all that is not named
    assert said.keys() <= {
        *("default-src", "style-src", "script-src", "connect-src", "img-src"),
        *("form-action", "base-uri", "frame-ancestors"),
    }, path
    assert (said["base-uri"], said["frame-ancestors"], said["form-action"]) == ("'none'", "'none'", "'self'"), path
    for name in ("script-src", "connect-src"):
        assert said.get(name, "'self'") == "'self'", path
    assert said["img-src"] == "'self' data:"
    assert "unsafe" not in answer.headers["Content-Security-Policy"], path
    assert answer.headers["Cache-Control"] == "no-store", path
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", path
    for feature in ("camera", "microphone", "geolocation", "payment", "usb", "display-capture"):
        assert f"{feature}=()" in answer.headers["Permissions-Policy"]
    assert not {"Strict-Transport-Security", "Access-Control-Allow-Origin"} & answer.headers.keys()


async def test_each_answer_of_the_panel_is_guarded(browser: Browser, services: Services) -> None:
    """Screens with and without what they are about, refusals, redirects and what is not there; signed in or not."""
    window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    await services.components.add(ComponentDraft(slug="api", name="API"), WHO)
    screens = [f"/admin/windows/{window.id}", f"/admin/windows/{window.id}/edit", "/admin/components/api"]
    screens += ["/admin/templates/identified", "/admin/templates/unexpected-outage/use", "/admin/nothing", "/admin"]
    found = {path.removeprefix(PREFIX) for name, method, path in cells(browser.client.app) if name[:6] == "admin."}
    for paths, role in ((screens, None), ([*screens, *found], Role.OPERATOR)):
        if role is not None:
            await signed_in(browser, services, role)
        for path in paths:
            assert_guarded(await browser.get(path), path)
    for answer in (
        await browser.post("/admin/windows/new", {"title": ""}),
        await browser.post("/admin/windows/new", {}, site="cross-site"),
        await browser.post("/admin/windows/new/preview", {"title": "x", "description": "y"}),
        await browser.post("/admin/sign-out"),
    ):
        assert_guarded(answer, str(answer.status))


async def test_the_api_is_guarded_alike(browser: Browser, services: Services) -> None:
    """It is for programs: no page of another site reads it, no cache keeps it."""
    token = await token_of(services, TokenScope.ADMIN)
    for path in ("/windows", "/audit.csv", "/operators", "/nothing"):
        assert_guarded(await browser.get(f"/api/v1{path}", Authorization=f"Bearer {token}"), path)


async def test_what_is_for_other_sites_can_be_read_there(browser: Browser) -> None:
    """The badge and the banner are shown on them; their other fields are as everywhere."""
    for path in ("/badge.svg", "/banner.json", "/embed.js"):
        answer = await browser.get(path)
        assert answer.status == 200
        assert "Cross-Origin-Resource-Policy" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_https_is_insisted_on_where_it_is_wanted(
    aiohttp_client: ClientMaker, services: Services, observations: Observations
) -> None:
    """With `server.hsts`, on answers that went by https, and on no other (RFC 6797, section 7.2)."""
    strict = SETTINGS.model_copy(update={"server": Server(hsts="365d")})
    browser = Browser(await aiohttp_client(application(services, observations, strict)))
    for path in ("/", "/admin/sign-in", "/admin/nothing"):
        answer = await browser.get(path, X_Forwarded_Proto="https")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "Strict-Transport-Security" not in (await browser.get(path)).headers
