"""What other sites, thieves and forgers send: refused, wherever it goes, and nothing has changed after it."""

import hashlib
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest

from gateway.domain.access import Role, TokenScope, command_line
from gateway.service.limits import Limits
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import Caller, is_problem, token_of
from tests.web.panel import PREFIX, Browser, ClientMaker, application
from tests.web.test_every_route import cells, session_of

WHO = command_line("test")
WINDOW = {"kind": "maintenance", "title": "Forged", "estimated_duration": "30m", "confirm": "Acme Shop"}


@pytest.fixture
def unlimited(services: Services, database: Database, observations: Observations) -> Services:
    """The use cases without limits on how often somebody may try."""
    limits = Limits(sign_in_rate=0, api_rate=0, wrong_token_rate=0, database=database, observe=observations)
    return replace(services, limits=limits)


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, unlimited: Services, observations: Observations) -> Browser:
    return Browser(await aiohttp_client(application(unlimited, observations)))


ELSEWHERE = [
    {},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://{host}.evil.example"},
    {"Origin": "http://evil.example/{host}"},
    {"Origin": "http://user@{host}"},
    {"Origin": "{host}"},
    {"Origin": "http://localhost"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://{host}"},
    {"Referer": "http://{host}/_maintenance/admin/"},
    {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    {"Origin": "https://evil.example", "X-HTTP-Method-Override": "GET"},
]


# Of each kind one, for every route.
PLAINLY_ELSEWHERE = [*ELSEWHERE[:3], {"Sec-Fetch-Site": "cross-site"}]


async def test_other_sites_can_post_nothing(browser: Browser, unlimited: Services) -> None:
    """To no route that takes a POST, and with the best of sessions: 403, and the session is as good as before."""
    session = await session_of(browser, unlimited, Role.ADMINISTRATOR)
    host = f"{browser.client.host}:{browser.client.port}"
    posts = [path for name, method, path in cells(browser.client.app) if method == "POST" and name[:4] != "api."]
    assert len(posts) > 30
    tried = [(path, fields) for path in posts for fields in PLAINLY_ELSEWHERE]
    tried += [(f"{PREFIX}/admin/windows/new", fields) for fields in ELSEWHERE]
    for path, fields in tried:
        told = session | {name: value.replace("{host}", host) for name, value in fields.items()}
        async with browser.client.post(path, data=WINDOW, headers=told, allow_redirects=False) as answer:
            assert answer.status == 403, (path, fields)
            assert "Set-Cookie" not in answer.headers
            assert "comes from another site" in await answer.text()
    assert (await browser.get("/admin/", **session)).status == 200
    assert await unlimited.windows.list() == []


async def test_our_own_pages_can(browser: Browser, unlimited: Services) -> None:
    """The same POST with the Origin of our own page is taken: the refusals above are for where it comes from."""
    session = await session_of(browser, unlimited, Role.ADMINISTRATOR)
    origin = {"Origin": f"http://{browser.client.host}:{browser.client.port}"}
    path = f"{PREFIX}/admin/windows/new"
    async with browser.client.post(path, data=WINDOW, headers=session | origin, allow_redirects=False) as answer:
        assert answer.status == 303
    assert [window.title for window in await unlimited.windows.list()] == ["Forged"]


def forged(cookie: str) -> list[str]:
    """Return cookies that are nearly one, or nothing like it."""
    name, _, token = cookie.partition("=")
    half = len(token) // 2
    values = [
        "",
        "x",
        token[:-1],
        token + "A",
        token.swapcase(),
        token[:half] + ("B" if token[half] == "A" else "A") + token[half + 1 :],
        token[::-1],
        f" {token[1:]}",
        hashlib.sha256(token.encode()).hexdigest(),  # what whoever reads the database has
        "' or 1=1 --",
        "%00",
        "*",
        "../../" + token[6:],
        "A" * len(token),
        "A" * 4000,
        "\u00e9\u4e00",
        '"' + token[1:-1] + '"',
    ]
    return [f"{name}={value}" for value in values] + [
        f"x{name}={token}",
        f"{name.swapcase()}={token}",
        f"__Host-x={token}",
        f"session={token}",
    ]


async def test_a_forged_cookie_opens_nothing(browser: Browser, unlimited: Services) -> None:
    """It leads to the sign-in form, as no cookie does; the true one still opens the panel."""
    session = await session_of(browser, unlimited, Role.ADMINISTRATOR)
    tried = forged(session["Cookie"])
    assert len(tried) == len(set(tried))
    for cookie in tried:
        answer = await browser.get("/admin/", Cookie=cookie)
        assert (answer.status, answer.location) == (303, f"{PREFIX}/admin/sign-in"), cookie
    assert (await browser.get("/admin/", **session)).status == 200


@pytest.mark.parametrize("how", ["sign out", "disable", "new password"])
async def test_a_stolen_cookie_ends_with_the_session(browser: Browser, unlimited: Services, how: str) -> None:
    """What the thief has kept is good for nothing after it."""
    stolen = await session_of(browser, unlimited, Role.OPERATOR)
    assert (await browser.get("/admin/", **stolen)).status == 200
    if how == "sign out":
        assert (await browser.post("/admin/sign-out", **stolen)).status == 303
    elif how == "disable":
        await unlimited.operators.disable("operator@acme.example", WHO)
    else:
        await unlimited.operators.reset_password("operator@acme.example", WHO, password="another horse battery")
    assert (await browser.get("/admin/", **stolen)).status == 303
    assert (await browser.post("/admin/windows/new", WINDOW, **stolen)).status == 401
    assert await unlimited.windows.list() == []


async def test_a_lower_role_counts_from_the_next_request(browser: Browser, unlimited: Services) -> None:
    """A session carries no rights: they are looked up each time."""
    session = await session_of(browser, unlimited, Role.OPERATOR)
    assert (await browser.get("/admin/windows/new", **session)).status == 200
    await unlimited.operators.set_role("operator@acme.example", Role.VIEWER, WHO)
    assert (await browser.get("/admin/windows/new", **session)).status == 403
    assert (await browser.post("/admin/windows/new", WINDOW, **session)).status == 403


async def test_a_token_counts_in_its_field_alone(browser: Browser, unlimited: Services) -> None:
    """Not in the address, where logs would keep it, not in a cookie, a form or another field."""
    token = await token_of(unlimited, TokenScope.ADMIN)
    call = Caller(browser.client, None)
    for name in ("token", "access_token", "api_key", "authorization", "bearer"):
        assert is_problem(await call("GET", f"/windows?{name}={token}"), 401)
        assert is_problem(await call("GET", f"/windows?{name}=Bearer%20{token}"), 401)
        assert is_problem(await call("GET", "/windows", headers={"Cookie": f"{name}={token}"}), 401)
        assert is_problem(await call("GET", "/windows", headers={f"X-{name.replace('_', '-')}": token}), 401)
        form = f"{name}={token}".encode()
        made = await call("POST", "/windows", raw=form, content_type="application/x-www-form-urlencoded")
        assert is_problem(made, 401)
    for authorization in (f"Basic {token}", token, f"Token {token}", f"Bearer {token}x", f"Bearer {token}, {token}"):
        assert is_problem(await call("GET", "/windows", authorization=authorization), 401)
    assert (await call("GET", "/windows", authorization=f"Bearer {token}")).status == 200


INJECTED = [
    "\r\nSet-Cookie: evil=1",
    "\nSet-Cookie: evil=1",
    "\rSet-Cookie: evil=1",
    "\r\n\r\n<script>",
    "\u560d\u560a",
    "\x00",
]


async def test_no_value_becomes_a_field(browser: Browser, unlimited: Services) -> None:
    """Every parameter that ends in a header: redirects, file names, cookies, links to a next page, what is echoed."""
    session = await session_of(browser, unlimited, Role.OPERATOR)
    token = await token_of(unlimited, TokenScope.ADMIN)
    call = Caller(browser.client, token)
    for number, evil in enumerate(INJECTED):
        text = quote(evil)
        addresses = [
            *(f"/?lang=de{text}", f"/history?month=2026-11{text}", f"/bypass/x?to=/{text}", f"/bypass/{text}?to=/"),
            *(f"/assets/{text}", f"/problems/{text}", f"/feed.atom?lang={text}", f"/badge.svg?component={text}"),
            *(f"/admin/?notice={text}", f"/admin/audit?actor={text}", f"/admin/history.csv?month={text}"),
            *(f"/admin/history.json?from={text}&to={text}", f"/admin/windows/{text}", f"/admin/sign-in/{text}"),
            *(
                f"/api/v1/audit.csv?actor={text}",
                f"/api/v1/audit.jsonl?action={text}",
                f"/api/v1/audit?limit=1&actor={text}",
            ),
            *(f"/api/v1/windows?limit=1&after={text}", f"/api/v1/history.csv?from={text}"),
        ]
        answers = [await browser.get(path, **session, Authorization=f"Bearer {token}") for path in addresses]
        forms: dict[str, dict[str, str]] = {
            "/language": {"lang": f"de{evil}"},
            f"/bypass/leave?to=/{text}": {},
            "/admin/sign-in": {"email": f"a@acme.example{evil}", "password": evil},
            "/admin/components/nothing/status": {"status": evil, "back": f"/{evil}"},
            f"/admin/windows/{text}/end": {"back": f"/{evil}"},
            "/admin/bypass/new": {"name": f"Anna{evil}", "lasts": "2h"},
            "/admin/windows/new": WINDOW | {"title": f"Upgrade{evil}"},
        }
        answers += [await browser.post(path, fields, **session) for path, fields in forms.items()]
        made = await call("POST", "/windows", {"title": f"Upgrade{evil}"}, headers={"Idempotency-Key": str(number)})
        for headers in [answer.headers for answer in answers] + [made.headers]:
            assert "evil" not in " ".join(headers.getall("Set-Cookie", []))
            for value in headers.values():
                assert not {"\r", "\n", "\x00"} & {*value}
        assert all(answer.status < 500 for answer in answers)


OTHER_PLACES = ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"]
OTHER_PLACES += ["/\t/evil.example", "https:evil.example", "///evil.example", "@evil.example"]
NAMES = ("next", "back", "to", "url", "return", "redirect", "window", "at", "notice", "lang", "month", "from")


@pytest.mark.parametrize("turn", range(3))
async def test_nobody_is_sent_to_another_site(browser: Browser, unlimited: Services, turn: int) -> None:
    """By no parameter, of a query or a form, and no Referer: every redirect is a path below the prefix.

    Parameters that are there for it have tests of their own: `to` in test_bypass.py, `back` and Referer beside theirs.
    """
    session = await session_of(browser, unlimited, Role.ADMINISTRATOR)
    values = {name: OTHER_PLACES[(number + turn) % len(OTHER_PLACES)] for number, name in enumerate(NAMES)}
    told = session | {"Referer": OTHER_PLACES[turn], "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    redirects = 0
    for name, method, path in cells(browser.client.app):
        if name.startswith("api.") or method not in ("GET", "POST"):
            continue
        data = values if method == "POST" else None
        target = f"{path}?{urlencode(values)}"
        async with browser.client.request(method, target, data=data, headers=told, allow_redirects=False) as answer:
            location = answer.headers.get("Location", f"{PREFIX}/")
            redirects += "Location" in answer.headers
            assert location.startswith(f"{PREFIX}/"), (path, location)
            assert not location.startswith(f"{PREFIX}//"), (path, location)
            assert "evil" not in answer.headers.get("Refresh", "")
    assert redirects > 2
