"""Who may open the screens of people, tokens, gateways and the audit: each role, each route; and what is offered."""

import pytest

from gateway.domain.access import ROLE_PERMISSIONS, Actor, Role
from gateway.web.admin.navigation import navigation
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in

# What each route takes at least, by method and path.
LEAST = [
    ("GET", "/operators", Role.ADMINISTRATOR),
    ("POST", "/operators/new", Role.ADMINISTRATOR),
    ("GET", f"/operators/{NO_WINDOW}", Role.ADMINISTRATOR),
    ("POST", f"/operators/{NO_WINDOW}/role", Role.ADMINISTRATOR),
    ("POST", f"/operators/{NO_WINDOW}/link", Role.ADMINISTRATOR),
    ("POST", f"/operators/{NO_WINDOW}/sign-out", Role.ADMINISTRATOR),
    ("POST", f"/operators/{NO_WINDOW}/disable", Role.ADMINISTRATOR),
    ("POST", f"/operators/{NO_WINDOW}/enable", Role.ADMINISTRATOR),
    ("GET", "/tokens", Role.ADMINISTRATOR),
    ("POST", "/tokens/new", Role.ADMINISTRATOR),
    ("GET", f"/tokens/{NO_WINDOW}/revoke", Role.ADMINISTRATOR),
    ("POST", f"/tokens/{NO_WINDOW}/revoke", Role.ADMINISTRATOR),
    ("GET", "/gateways", Role.VIEWER),
    ("GET", "/gateways/live", Role.VIEWER),
    ("POST", f"/replicas/{NO_WINDOW}/forget", Role.OPERATOR),
    ("GET", "/audit", Role.VIEWER),
    ("GET", "/audit.csv", Role.VIEWER),
    ("GET", "/audit.jsonl", Role.VIEWER),
]
_FOR_ADMINISTRATORS = {"/operators", "/tokens"}


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


@pytest.mark.parametrize("role", [None, *Role])
async def test_each_route_answers_those_it_is_for(browser: Browser, services: Services, role: Role | None) -> None:
    """Below its least role 403, signed in nowhere the sign-in form or 401; at or above it, the work itself."""
    if role is not None:
        await signed_in(browser, services, role)
    for method, path, least in LEAST:
        answer = await (browser.get if method == "GET" else browser.post)(f"/admin{path}")
        if role is None:
            expected = (303, f"{PREFIX}/admin/sign-in") if method == "GET" else (401, None)
            assert (answer.status, answer.headers.get("Location")) == expected, path
        else:
            enough = ROLE_PERMISSIONS[role] >= ROLE_PERMISSIONS[least]
            assert (answer.status != 403) is enough, (method, path, answer.status)
    assert len(await services.operators.list()) == (0 if role is None else 1)
    assert await services.tokens.list() == []


@pytest.mark.parametrize("role", Role)
async def test_the_navigation_offers_what_a_role_may_open(browser: Browser, services: Services, role: Role) -> None:
    """Each link that is there answers, and those of administrators are there for nobody else."""
    await signed_in(browser, services, role)
    page = (await browser.get("/admin/")).page
    groups = navigation(Actor(name="", permissions=ROLE_PERMISSIONS[role]))
    offered = {link.path for group in groups for link in group.links}
    assert offered & _FOR_ADMINISTRATORS == (_FOR_ADMINISTRATORS if role is Role.ADMINISTRATOR else set())
    assert {f"{PREFIX}/admin{path}" for path in offered} <= {link["href"] for link in page.of("a")}
    for path in offered:
        screen = await browser.get(f"/admin{path}")
        assert screen.status == 200
        assert [link["href"] for link in screen.page.of("a") if link.get("aria-current")] == [f"{PREFIX}/admin{path}"]


async def test_without_a_session_nothing_is_offered(browser: Browser) -> None:
    assert (await browser.get("/admin/sign-in")).page.of("nav") == []


async def test_a_form_of_another_site_does_nothing(browser: Browser, services: Services) -> None:
    """Not even with the administrator's cookie."""
    await signed_in(browser, services, Role.ADMINISTRATOR)
    for method, path, _ in LEAST:
        if method == "POST":
            answer = await browser.post(
                f"/admin{path}", {"email": "eve@evil.example", "role": "viewer"}, site="cross-site"
            )
            assert answer.status == 403
    assert len(await services.operators.list()) == 1
