"""Signing in and out, one-time links, and who gets in where."""

import pytest
from yarl import URL

from gateway.domain.access import Role, command_line
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PASSWORD, PREFIX, Browser, ClientMaker, browser_on, signed_in

GET_SCREENS = ["/admin/", "/admin/windows", "/admin/windows/new", "/admin/components", "/admin/audit"]


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


def fields(password: str, *, email: str = "ada@acme.example", again: str | None = None) -> dict[str, str]:
    return {"email": email, "password": password, "again": password if again is None else again}


async def test_the_first_link_makes_the_administrator(browser: Browser, services: Services) -> None:
    """The link of the first start: looking at it uses nothing up; with e-mail and password one is administrator."""
    link = f"/admin/sign-in/{await services.operators.first_link()}"
    for _ in range(3):
        answer = await browser.get(link)
        assert answer.status == 200
        assert "makes you the administrator" in answer.page.text
    done = await browser.post(link, fields(PASSWORD))
    dashboard = await browser.follow(done)
    assert "ada@acme.example" in dashboard.page.text
    (operator,) = await services.operators.list()
    assert (operator.email, operator.role) == ("ada@acme.example", Role.ADMINISTRATOR)


async def test_a_used_link_is_gone(browser: Browser, services: Services) -> None:
    """A link works once: afterwards it says so, to GET and POST alike."""
    link = f"/admin/sign-in/{await services.operators.first_link()}"
    await browser.post(link, fields(PASSWORD))
    for answer in (await browser.get(link), await browser.post(link, fields(PASSWORD, email="eve@acme.example"))):
        assert answer.status == 404
        assert "was used already" in answer.page.text
    assert len(await services.operators.list()) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (fields("short"), "must have 12"),
        (fields(PASSWORD, again="something else"), "the two passwords differ"),
        (fields(PASSWORD, email="nobody"), "is not an e-mail address"),
    ],
)
async def test_a_wrong_field_costs_no_link(
    browser: Browser, services: Services, typed: dict[str, str], said: str
) -> None:
    """What is wrong stands beside its field, the e-mail address is kept, passwords are not, the link still works."""
    link = f"/admin/sign-in/{await services.operators.first_link()}"
    answer = await browser.post(link, typed)
    assert answer.status == 422
    assert said in answer.page.text
    assert f'value="{typed["email"]}"' in answer.body
    assert typed["password"] not in answer.body
    assert (await browser.post(link, fields(PASSWORD))).status == 303


async def test_a_colleague_chooses_a_password_by_link(browser: Browser, services: Services) -> None:
    """A link for somebody who is known sets the password; another e-mail address in the form changes nothing."""
    token = await services.operators.add("bo@acme.example", Role.VIEWER, command_line("test"))
    assert 'value="bo@acme.example"' in (await browser.get(f"/admin/sign-in/{token}")).body
    answer = await browser.post(f"/admin/sign-in/{token}", fields(PASSWORD, email="eve@acme.example"))
    assert "bo@acme.example" in (await browser.follow(answer)).page.text
    assert [operator.email for operator in await services.operators.list()] == ["bo@acme.example"]


async def test_a_wrong_password_says_no_more_than_that(browser: Browser, services: Services) -> None:
    """Unknown address and wrong password read alike; the address stays in the form, the password does not."""
    await services.operators.add("ada@acme.example", Role.VIEWER, command_line("test"), password=PASSWORD)
    known = await browser.post("/admin/sign-in", {"email": "ada@acme.example", "password": "not that one"})
    unknown = await browser.post("/admin/sign-in", {"email": "eve@acme.example", "password": "not that one"})
    assert (known.status, unknown.status) == (422, 422)
    assert known.body.replace("ada@", "eve@") == unknown.body
    assert 'value="ada@acme.example"' in known.body
    assert "not that one" not in known.body


async def test_signing_out_ends_the_session(browser: Browser, services: Services) -> None:
    """After signing out the same cookie opens nothing, also where a thief has kept it."""
    await signed_in(browser, services, Role.VIEWER)
    stolen = {"Cookie": "; ".join(f"{c.key}={c.value}" for c in browser.client.session.cookie_jar)}
    assert (await browser.get("/admin/")).status == 200
    out = await browser.post("/admin/sign-out")
    assert "You are signed out." in (await browser.follow(out)).page.text
    assert (await browser.get("/admin/")).location == f"{PREFIX}/admin/sign-in"
    assert (await browser.get("/admin/", **stolen)).status == 303


@pytest.mark.parametrize("path", GET_SCREENS)
async def test_nobody_gets_in_without_signing_in(browser: Browser, path: str) -> None:
    """Every screen leads to the sign-in form."""
    answer = await browser.get(path)
    assert (answer.status, answer.location) == (303, f"{PREFIX}/admin/sign-in")


async def test_the_session_cookie_is_for_http_only(browser: Browser, services: Services) -> None:
    """No script can read it, no other site can send it along."""
    await services.operators.add("ada@acme.example", Role.VIEWER, command_line("test"), password=PASSWORD)
    answer = await browser.post("/admin/sign-in", {"email": "ada@acme.example", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_other_sites_can_not_post(browser: Browser, services: Services) -> None:
    """A form on another site changes nothing, even with the cookie."""
    await signed_in(browser, services, Role.OPERATOR)
    typed = {"kind": "maintenance", "title": "Forged", "estimated_duration": "30m", "confirm": "Acme Shop"}
    for site in ("cross-site", "same-site", "none"):
        answer = await browser.post("/admin/windows/new", typed, site=site)
        assert answer.status == 403
    assert await services.windows.list() == []


@pytest.mark.parametrize("path", GET_SCREENS)
async def test_screens_are_sound_and_guarded(browser: Browser, services: Services, path: str) -> None:
    """Each screen nests well, names its fields, loads only our style sheets, runs no script, is never cached."""
    await signed_in(browser, services, Role.OPERATOR)
    answer = await browser.get(path)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]
    page = answer.page
    assert all(address.startswith(f"{PREFIX}/assets/") for address in page.loads())
    assert page.of("script") == []
    assert page.headings().count(1) == 1
    labelled = {label["for"] for label in page.of("label")}
    for tag in ("input", "select", "textarea"):
        for control in page.of(tag):
            assert control.get("type") == "hidden" or control.get("id") in labelled or control.get("aria-label")


async def test_a_viewer_sees_no_button_that_would_be_refused(browser: Browser, services: Services) -> None:
    """Who may only look is offered nothing else, and is refused when asking all the same."""
    await signed_in(browser, services, Role.VIEWER)
    page = (await browser.get("/admin/")).page
    assert [form["action"] for form in page.of("form")] == [f"{PREFIX}/admin/sign-out"]
    assert (await browser.get("/admin/windows/new")).status == 403
    assert (await browser.post("/admin/windows/new", {"title": "x"})).status == 403


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=y", b"--z\r\n"),
        ("application/x-www-form-urlencoded; charset=bogus", b"a=b"),
        ("application/x-www-form-urlencoded", b"email=\xff"),
    ],
)
@pytest.mark.parametrize("path", ["/admin/sign-in", "/admin/windows/new"])
async def test_a_body_that_is_no_form_is_refused(browser: Browser, path: str, content_type: str, body: bytes) -> None:
    """Anybody may send one: it is answered as a mistake, not told as a failure of the gateway."""
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": content_type}
    async with browser.client.post(PREFIX + path, data=body, headers=headers, allow_redirects=False) as answer:
        assert answer.status in (400, 401)
        assert "Traceback" not in await answer.text()


@pytest.mark.parametrize("path", ["/%61dmin/sign-in", "/admin/sign%2Din", "/%61pi/v1/windows"])
async def test_our_paths_have_one_spelling(browser: Browser, path: str) -> None:
    """A rule of a proxy in front that looks at the raw path can't be slipped past (traffic.md, rule 2)."""
    url = URL(f"{PREFIX}{path}", encoded=True)
    async with browser.client.get(url, allow_redirects=False) as answer:
        assert answer.status == 404


async def test_the_bare_panel_leads_in(browser: Browser) -> None:
    """`/_maintenance/admin` is what people type."""
    assert (await browser.get("/admin")).location == f"{PREFIX}/admin/"


HTTPS = {"X_Forwarded_Proto": "https"}


async def test_over_https_the_cookie_is_of_this_host_alone(browser: Browser, services: Services) -> None:
    """Its name has the prefix with which browsers see to that: Secure, for all paths, of no domain."""
    await services.operators.add("ada@acme.example", Role.VIEWER, command_line("test"), password=PASSWORD)
    typed = {"email": "ada@acme.example", "password": PASSWORD}
    answer = await browser.post("/admin/sign-in", typed, **{"X-Forwarded-Proto": "https"})
    pair, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert pair.startswith("__Host-gateway_session=")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Lax", "Secure"]
    assert (await browser.get("/admin/", Cookie=pair, **HTTPS)).status == 200


async def test_a_session_counts_as_that_cookie_alone(browser: Browser, services: Services) -> None:
    """Not under another name, in the address, a field, as a bearer token; nor, over https, under the name of http."""
    await services.operators.add("ada@acme.example", Role.VIEWER, command_line("test"), password=PASSWORD)
    token = await services.operators.sign_in("ada@acme.example", PASSWORD, address="", user_agent="")
    assert (await browser.get("/admin/", Cookie=f"gateway_session={token}")).status == 200
    for path, headers in (
        ("/admin/", {"Cookie": f"__Secure-gateway_session={token}"}),
        ("/admin/", {"Cookie": f"__Host-gateway_session={token}"}),
        ("/admin/", {"Cookie": f"gateway_session={token}"} | HTTPS),
        ("/admin/", {"Cookie": f"Gateway_Session={token}"}),
        ("/admin/", {"Authorization": f"Bearer {token}"}),
        ("/admin/", {"X_Session": token}),
        (f"/admin/?gateway_session={token}", {}),
    ):
        assert (await browser.get(path, **headers)).location == f"{PREFIX}/admin/sign-in"


async def test_a_browser_has_one_session(browser: Browser, services: Services) -> None:
    """Who signs in again gets a fresh token, and the old one is over."""
    await services.operators.add("ada@acme.example", Role.VIEWER, command_line("test"), password=PASSWORD)
    typed = {"email": "ada@acme.example", "password": PASSWORD}
    first = (await browser.post("/admin/sign-in", typed)).headers["Set-Cookie"].partition(";")[0]
    second = (await browser.post("/admin/sign-in", typed)).headers["Set-Cookie"].partition(";")[0]
    assert first != second
    browser.client.session.cookie_jar.clear()
    assert (await browser.get("/admin/", Cookie=first)).status == 303
    assert (await browser.get("/admin/", Cookie=second)).status == 200
