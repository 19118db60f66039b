"""Bypass links in the panel: made, shown once, revoked; and what the settings let through."""

from ipaddress import ip_network

import pytest

from gateway.domain.access import Role, command_line
from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.test_escaping import PAYLOADS
from tests.web.caller import NO_WINDOW
from tests.web.panel import PREFIX, SETTINGS, Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


@pytest.fixture
async def panel(browser: Browser, services: Services) -> Browser:
    return await signed_in(browser, services, Role.OPERATOR)


async def test_a_link_is_shown_once_and_works(panel: Browser) -> None:
    """Its address stands in a field to be copied; no later screen has it, and no address bar."""
    answer = await panel.post("/admin/bypass/new", {"name": "Anna, smoke tests", "expires_in": "2h"})
    assert answer.status == 201
    [field] = [field for field in answer.page.of("input") if field.get("id") == "url"]
    assert "readonly" in field
    url = field["value"]
    assert url.startswith(f"{panel.client.make_url(PREFIX)}/bypass/gwb_")
    assert (await panel.get("/bypass/" + url.rpartition("/")[2])).status == 302
    later = await panel.get("/admin/bypass")
    assert "gwb_" not in later.body
    assert "Anna, smoke tests by operator@acme.example" in later.page.text
    assert "from 127.0.0.1" in later.page.text
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_link_is_revoked(panel: Browser, services: Services) -> None:
    """At once, and it is shown among those that are over."""
    link, token = await services.bypass_links.create(BypassLinkDraft(name="Bert"), WHO)
    answer = await panel.follow(await panel.post(f"/admin/bypass/{link.id}/revoke"))
    assert "The link is revoked" in answer.page.text
    assert services.state.moment.bypass([token.encode()]) is None
    assert "Revoked" in answer.page.text
    assert f"/bypass/{link.id}/revoke" not in answer.body


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"name": ""}, "name", "Please fill this in."),
        ({"name": "x" * 101}, "name", "must have at most 100 characters"),
        ({"expires_in": "31d"}, "expires_in", "must lie between one minute and 30 days: when it has expired"),
        ({"expires_in": "soon"}, "expires_in", "is not a duration: write for example"),
        ({"expires_in": ""}, "expires_in", "is not a duration: write for example"),
    ],
)
async def test_a_wrong_link_comes_back_marked(
    panel: Browser, services: Services, typed: dict[str, str], field: str, said: str
) -> None:
    sent = {"name": "Anna", "expires_in": "2h"} | typed
    answer = await panel.post("/admin/bypass/new", sent)
    assert answer.status == 422
    [marked] = [control for control in answer.page.of("input") if control.get("aria-invalid") == "true"]
    assert (marked["name"], marked["value"]) == (field, sent[field])
    assert said in answer.page.text
    assert await services.bypass_links.page(limit=10) == []


@pytest.mark.parametrize("link", ["x", NO_WINDOW])
async def test_an_unknown_link_is_not_found(panel: Browser, link: str) -> None:
    answer = await panel.post(f"/admin/bypass/{link}/revoke")
    assert answer.status == 404
    assert "there is no bypass link" in answer.page.text


async def test_what_the_settings_let_through_is_shown(
    aiohttp_client: ClientMaker, services: Services, observations: Observations, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {"bypass_networks": (ip_network("10.0.0.0/8"), ip_network("fd00::/8")), "never_gate": ("/hooks",)}
    settings = SETTINGS.model_copy(update={"maintenance": SETTINGS.maintenance.model_copy(update=more)})
    monkeypatch.setattr("tests.web.panel.SETTINGS", settings)
    browser = await browser_on(aiohttp_client, services, observations)
    text = (await (await signed_in(browser, services, Role.VIEWER)).get("/admin/bypass")).page.text
    assert "Networks that pass every gate 10.0.0.0/8, fd00::/8" in text
    assert "Paths that are never gated /hooks" in text


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_a_name_is_text(panel: Browser, payload: str) -> None:
    answer = await panel.post("/admin/bypass/new", {"name": payload[:100], "expires_in": "2h"})
    assert answer.status == 201
    assert answer.page.of("script") == []
    assert " ".join(payload[:100].split()) in answer.page.text


async def test_a_viewer_sees_and_does_nothing(browser: Browser, services: Services) -> None:
    link, _ = await services.bypass_links.create(BypassLinkDraft(name="Anna"), WHO)
    viewer = await signed_in(browser, services, Role.VIEWER)
    answer = await viewer.get("/admin/bypass")
    assert "Anna" in answer.page.text
    assert "<button" not in answer.body.split('id="main"')[1]
    for path in ("new", f"{link.id}/revoke"):
        assert (await viewer.post(f"/admin/bypass/{path}", {"name": "x", "expires_in": "2h"})).status == 403
