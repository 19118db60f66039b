"""My account in the panel: where I am signed in, signed out there, another password."""

from uuid import uuid4

import pytest

from gateway.domain.access import Role
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PASSWORD, PREFIX, Browser, ClientMaker, browser_on, signed_in

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
ME = "viewer@acme.example"
NEW = "another battery staple"


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await signed_in(await browser_on(aiohttp_client, services, observations), services, Role.VIEWER)


@pytest.fixture
async def phone(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    phone = await browser_on(aiohttp_client, services, observations)
    answer = await phone.post("/admin/sign-in", {"email": ME, "password": PASSWORD}, **{"User-Agent": SAFARI})
    assert answer.status == 303
    return phone


async def actions(services: Services) -> list[tuple[str, str, str]]:
    """Return who did what to whom, the latest first."""
    return [(entry.actor, entry.action, entry.subject_id) for entry in await services.audit.latest()]


async def test_i_see_who_i_am_and_where_i_am_signed_in(browser: Browser, phone: Browser) -> None:
    """Browsers in words, this one marked; the address of the panel's head leads there."""
    assert f'href="{PREFIX}/admin/account"' in (await browser.get("/admin/")).body
    text = (await browser.get("/admin/account")).page.text
    assert f"E-mail address {ME}" in text
    assert "Role viewer" in text
    assert "Mobile Safari on iOS from 127.0.0.1, by password" in text
    assert "(this one) from 127.0.0.1, by one-time link" in text
    assert "Mobile Safari on iOS (this one)" in (await phone.get("/admin/account")).page.text


async def test_no_secret_is_on_the_page(browser: Browser, services: Services) -> None:
    """Neither the token nor its hash."""
    (cookie,) = browser.client.session.cookie_jar
    body = (await browser.get("/admin/account")).body
    assert cookie.value not in body
    for entry in await services.audit.latest():
        assert cookie.value not in str(entry)


async def test_i_sign_out_one_other_browser(browser: Browser, phone: Browser, services: Services) -> None:
    """That one is asked to sign in; the audit tells."""
    page = (await browser.get("/admin/account")).page
    (action,) = [form["action"] for form in page.of("form") if form["action"].endswith("/revoke")]
    done = await browser.follow(await browser.post(action.removeprefix(PREFIX)))
    assert "That browser is signed out." in done.page.text
    assert "Mobile Safari" not in done.page.text
    assert (await phone.get("/admin/")).location == f"{PREFIX}/admin/sign-in"
    assert (await browser.get("/admin/")).status == 200
    assert (await actions(services))[0] == (ME, "operator.sessions_revoked", ME)
    again = await browser.post(action.removeprefix(PREFIX))
    assert (again.status, "not signed in there any more" in again.page.text) == (404, True)


@pytest.mark.parametrize("which", [str(uuid4()), "x", "%27"])
async def test_what_is_no_session_of_mine_is_not_found(browser: Browser, which: str) -> None:
    assert (await browser.post(f"/admin/account/sessions/{which}/revoke")).status == 404


async def test_i_sign_out_everywhere_else(browser: Browser, phone: Browser, services: Services) -> None:
    """Once there is nowhere else, there is no button for it."""
    done = await browser.follow(await browser.post("/admin/account/sign-out-elsewhere"))
    assert "You are signed out everywhere else." in done.page.text
    assert "Sign out everywhere else" not in done.page.text
    assert (await phone.get("/admin/")).status == 303
    assert (await actions(services))[0] == (ME, "operator.sessions_revoked", ME)


async def test_i_change_my_password(browser: Browser, phone: Browser, services: Services) -> None:
    """Other browsers are signed out, this one gets a fresh session, the old password is over."""
    (old,) = browser.client.session.cookie_jar
    answer = await browser.post("/admin/account/password", {"old": PASSWORD, "password": NEW, "again": NEW})
    assert "The password is changed" in (await browser.follow(answer)).page.text
    assert (await phone.get("/admin/")).status == 303
    (fresh,) = browser.client.session.cookie_jar
    assert fresh.value != old.value
    browser.client.session.cookie_jar.clear()
    assert (await browser.get("/admin/", Cookie=f"{old.key}={old.value}")).status == 303
    assert (await browser.post("/admin/sign-in", {"email": ME, "password": PASSWORD})).status == 422
    assert (await browser.post("/admin/sign-in", {"email": ME, "password": NEW})).status == 303
    assert (ME, "operator.password_set", ME) in await actions(services)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"old": "wrong", "password": NEW, "again": NEW}, "that is not the password until now"),
        ({"old": PASSWORD, "password": NEW, "again": NEW + "x"}, "the two passwords differ"),
        ({"old": PASSWORD, "password": "short", "again": "short"}, "must have 12"),
        ({}, "that is not the password until now"),
    ],
)
async def test_a_wrong_field_changes_nothing(
    browser: Browser, phone: Browser, typed: dict[str, str], said: str
) -> None:
    """What is wrong stands beside its field; nothing of what was typed comes back."""
    answer = await browser.post("/admin/account/password", typed)
    assert (answer.status, said in answer.page.text) == (422, True)
    assert all(value not in answer.body for value in typed.values() if value != "wrong")
    assert (await phone.get("/admin/")).status == 200


async def test_guessing_the_password_is_limited_as_signing_in_is(browser: Browser, services: Services) -> None:
    """Who has found an open panel tries no list; the audit tells of each try."""
    typed = {"old": "a guess", "password": NEW, "again": NEW}
    statuses = [(await browser.post("/admin/account/password", typed)).status for _ in range(12)]
    assert statuses[-1] == 429
    assert set(statuses) == {422, 429}
    failed = [entry for entry in await actions(services) if entry[1] == "operator.password_change_failed"]
    assert failed == [(ME, "operator.password_change_failed", ME)] * statuses.count(422)


@pytest.mark.parametrize(
    "path", ["/account/password", "/account/sign-out-elsewhere", f"/account/sessions/{uuid4()}/revoke"]
)
async def test_other_sites_change_nothing(browser: Browser, phone: Browser, path: str) -> None:
    typed = {"old": PASSWORD, "password": NEW, "again": NEW}
    assert (await browser.post(f"/admin{path}", typed, site="cross-site")).status == 403
    assert (await phone.get("/admin/")).status == 200
