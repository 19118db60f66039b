"""Bypass links over HTTP: made and revoked by the API, and what following one does (rule 27)."""

from datetime import timedelta
from http.cookies import SimpleCookie
from ipaddress import ip_network
from typing import Any

import pytest

from gateway.domain.access import TokenScope, command_line
from gateway.domain.observation import BypassUsed
from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import PREFIX, SETTINGS, Browser, Client, ClientMaker, application

WHO = command_line("test")


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


@pytest.fixture
async def call(client: Client, services: Services) -> Caller:
    return Caller(client, await token_of(services, TokenScope.WRITE))


@pytest.fixture
def browser(client: Client) -> Browser:
    return Browser(client)


async def issued(services: Services, lifetime: timedelta = timedelta(hours=8)) -> str:
    _, token = await services.bypass_links.create(BypassLinkDraft(name="Anna", expires_in=lifetime), WHO)
    return token


async def test_a_new_link_is_told_once(call: Caller, client: Client) -> None:
    """POST answers 201 with its address; no later answer has it."""
    reply = await call("POST", "/bypass-links", {"name": "Anna, smoke tests", "expires_in": "PT2H"})
    assert reply.status == 201
    made = reply.document
    url = made.pop("url")
    assert url.startswith(f"{client.make_url(PREFIX)}/bypass/gwb_")
    assert made["id"].replace("-", "") in url
    assert (made["name"], made["state"], made["created_by"]) == ("Anna, smoke tests", "live", "token write token")
    assert (made["first_used_at"], made["revoked_at"]) == (None, None)
    assert (await call("POST", "/bypass-links", {"name": "Bert"})).status == 201
    listed = (await call("GET", "/bypass-links")).document
    assert [link["name"] for link in listed["bypass_links"]] == ["Bert", "Anna, smoke tests"]
    assert listed["bypass_links"][1] == made
    assert "gwb_" not in str(listed)


async def test_the_address_is_one_for_the_caller_s_own_way_here(call: Caller, services: Services) -> None:
    """By https where the caller came by https: the edge says so."""
    headers = {"Authorization": f"Bearer {call.token}", "Host": "shop.example", "X-Forwarded-Proto": "https"}
    path = f"{PREFIX}/api/v1/bypass-links"
    async with call.client.post(path, json={"name": "Anna"}, headers=headers) as response:
        url: str = (await response.json())["url"]
    assert url.startswith(f"https://shop.example{PREFIX}/bypass/gwb_")
    assert services.state.moment.bypass([url.rpartition("/")[2].encode()]) is not None


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, {"name"}),
        ({"name": "", "expires_in": "P31D"}, {"name", "expires_in"}),
        ({"name": "Anna", "expires_in": "soon", "id": NO_WINDOW}, {"expires_in", "id"}),
    ],
)
async def test_wrong_fields_are_named(call: Caller, sent: dict[str, Any], wrong: set[str]) -> None:
    """All of them, and no link is made."""
    reply = await call("POST", "/bypass-links", sent)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == wrong
    assert (await call("GET", "/bypass-links")).document["bypass_links"] == []


async def test_a_link_is_revoked_for_good(call: Caller, browser: Browser) -> None:
    """DELETE may be repeated; a link that is none is 404."""
    made = (await call("POST", "/bypass-links", {"name": "Anna"})).document
    path = made["url"].partition(PREFIX)[2]
    assert (await browser.get(path)).status == 302
    revoked = await call("DELETE", f"/bypass-links/{made['id']}")
    assert (revoked.status, revoked.document["state"]) == (200, "revoked")
    assert (await call("DELETE", f"/bypass-links/{made['id']}")).document == revoked.document
    assert (await browser.get(path)).status == 403
    assert is_problem(await call("DELETE", f"/bypass-links/{NO_WINDOW}"), 404)
    assert is_problem(await call("DELETE", "/bypass-links/gwb_x"), 404)


async def test_no_answer_has_the_key(call: Caller, services: Services, browser: Browser) -> None:
    """Neither the API nor a page tells what tokens are signed with."""
    await issued(services)
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert len(snapshot.bypass_key) == 64
    for path in ("/", "/history", "/live", "/ready"):
        for accept in ("text/html", "application/json", "*/*"):
            assert snapshot.bypass_key not in (await browser.get(path, Accept=accept)).body
    for path in ("/windows", "/components", "/bypass-links"):
        assert snapshot.bypass_key not in str((await call("GET", path)).document)


async def test_a_visit_leaves_a_cookie_and_leads_to_the_application(
    browser: Browser, services: Services, observations: Observations
) -> None:
    """For the whole site, as long as the link is good, out of the reach of scripts; who came is told."""
    token = await issued(services)
    answer = await browser.get(f"/bypass/{token}")
    assert (answer.status, answer.location) == (302, "/")
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["gateway_bypass"]
    assert cookie.value == token
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["secure"]) == ("/", True, "Lax", "")
    assert 8 * 3600 - 10 < int(cookie["max-age"]) <= 8 * 3600
    assert observations.of(BypassUsed)[0].name == "Anna"
    assert observations.of(BypassUsed)[0].address == "127.0.0.1"


async def test_a_cookie_of_https_stays_there(browser: Browser, services: Services) -> None:
    answer = await browser.get(f"/bypass/{await issued(services)}", X_Forwarded_Proto="https")
    assert SimpleCookie(answer.headers["Set-Cookie"])["gateway_bypass"]["secure"] is True


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("/checkout", "/checkout"),
        ("/a/b?x=1%262", "/a/b?x=1&2"),
        ("/caf%C3%A9%23top", "/caf%C3%A9#top"),
        ("/a%252Fb", "/a%2Fb"),
        ("", None),
        ("checkout", None),
        ("//evil.example/", None),
        ("/%2Fevil.example/", None),
        ("/%5Cevil.example/", None),
        ("%5C%5Cevil.example/", None),
        ("/%09/evil.example/", None),
        ("/a%0D%0ASet-Cookie:x=1", None),
        ("https://evil.example/", None),
        ("javascript:alert(1)", None),
        ("/a%5C..%5Cb", None),
    ],
)
async def test_a_link_leads_to_a_path_of_this_site_and_nowhere_else(
    browser: Browser, services: Services, to: str, location: str | None
) -> None:
    answer = await browser.get(f"/bypass/{await issued(services)}?to={to}")
    if location is not None:
        assert (answer.status, answer.location) == (302, location)
    else:
        assert answer.status == 422
        assert not {"Location", "Set-Cookie"} & answer.headers.keys()
        assert "must be a path of this site" in answer.page.text


async def test_a_link_that_is_not_good_says_what_to_do(
    browser: Browser, services: Services, observations: Observations
) -> None:
    """One page for all of them, and no cookie: forged, cut short, or no token at all."""
    token = await issued(services)
    for wrong in ("gwb_x", token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), token.replace(".", "..", 1)):
        answer = await browser.get(f"/bypass/{wrong}")
        assert answer.status == 403
        assert "ask whoever gave it to you for a new one" in answer.page.text
        assert "Set-Cookie" not in answer.headers
    assert not observations.of(BypassUsed)


async def test_whoever_leaves_is_a_customer(browser: Browser) -> None:
    """A form is sent on to where it was, a script is told 204; the cookie goes, and nothing else is asked."""
    form = await browser.post("/bypass/leave?to=/checkout", Accept="text/html,*/*")
    assert (form.status, form.location) == (303, "/checkout")
    script = await browser.post("/bypass/leave", Accept="*/*")
    assert script.status == 204
    for answer in (form, script):
        cookie = SimpleCookie(answer.headers["Set-Cookie"])["gateway_bypass"]
        assert (cookie.value, cookie["max-age"], cookie["path"], cookie["httponly"]) == ("", "0", "/", True)


async def test_from_a_bypass_network_one_leaves_for_ten_minutes(
    aiohttp_client: ClientMaker, services: Services, observations: Observations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cookie says so, which is worth less than none; after that the network counts again."""
    networks = SETTINGS.model_copy(
        update={
            "maintenance": SETTINGS.maintenance.model_copy(update={"bypass_networks": (ip_network("127.0.0.0/8"),)})
        }
    )
    monkeypatch.setattr("tests.web.panel.SETTINGS", networks)
    browser = Browser(await aiohttp_client(application(services, observations)))
    answer = await browser.post("/bypass/leave", Accept="*/*")
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["gateway_bypass"]
    assert (cookie.value, cookie["max-age"], cookie["path"], cookie["samesite"]) == ("left", "600", "/", "Lax")


@pytest.mark.parametrize("to", ["//evil.example", "/\\evil.example", "https://evil.example", "checkout", "/a%0Ab"])
async def test_leaving_leads_to_a_path_of_this_site(browser: Browser, to: str) -> None:
    answer = await browser.post(f"/bypass/leave?to={to}", Accept="text/html")
    assert answer.status == 422
    assert "must be a path of this site" in answer.body
    assert "Set-Cookie" not in answer.headers


async def test_nobody_is_made_to_leave_by_another_site(browser: Browser) -> None:
    """Nor by a link that a browser follows by itself."""
    assert (await browser.post("/bypass/leave", site="cross-site")).status == 403
    answer = await browser.get("/bypass/leave")
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


async def test_the_script_for_the_application_s_pages_is_small_and_public(browser: Browser) -> None:
    """Under 5 KB, without dependencies; its address stays, so a new version is known within minutes."""
    answer = await browser.get("/embed.js")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert len(answer.body.encode()) < 5_000
    again = await browser.get("/embed.js", If_None_Match=answer.headers["ETag"])
    assert (again.status, again.body) == (304, "")


async def test_the_first_use_tells_from_where(services: Services, call: Caller, browser: Browser) -> None:
    """Who uses a link since when: the address of the first visit stays, whoever comes later."""
    token = await issued(services)
    [unused] = (await call("GET", "/bypass-links")).document["bypass_links"]
    assert (unused["first_used_at"], unused["first_used_from"]) == (None, "")
    await browser.get(f"/bypass/{token}")
    await services.bypass_links.visit(token, "203.0.113.9")
    [link] = (await call("GET", "/bypass-links")).document["bypass_links"]
    assert link["first_used_from"] == "127.0.0.1"
