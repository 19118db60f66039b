"""What the panel's navigation offers: to each role what it may open."""

import pytest

from gateway.domain.access import ROLE_PERMISSIONS, Actor, Role
from gateway.web.admin.navigation import navigation
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in

_FOR_ADMINISTRATORS = {"/operators", "/tokens"}


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


@pytest.mark.parametrize("role", Role)
async def test_the_navigation_offers_what_a_role_may_open(browser: Browser, services: Services, role: Role) -> None:
    """Each link that is there answers, and those of administrators are there for nobody else."""
    await signed_in(browser, services, role)
    links = {link["href"] for link in (await browser.get("/admin/")).page.of("a")}
    groups = navigation(Actor(name="", permissions=ROLE_PERMISSIONS[role]))
    offered = {link.path for group in groups for link in group.links}
    assert {f"{PREFIX}/admin{path}" for path in offered} <= links
    for path in _FOR_ADMINISTRATORS:
        assert (f"{PREFIX}/admin{path}" in links) is (role is Role.ADMINISTRATOR)
    for path in offered:
        screen = await browser.get(f"/admin{path}")
        assert screen.status == 200
        assert [link["href"] for link in screen.page.of("a") if link.get("aria-current")] == [f"{PREFIX}/admin{path}"]


async def test_without_a_session_nothing_is_offered(browser: Browser) -> None:
    assert (await browser.get("/admin/sign-in")).page.of("nav") == []
