"""The second factor in the panel: set up, asked for at sign-in, guessed at, lost."""

import hashlib
import hmac
import re
import time
from base64 import b32decode
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from gateway.domain.access import Role, SecondFactorRule, command_line
from gateway.service.second_factors import MOST_ATTEMPTS, MOST_WRONG
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PASSWORD, PREFIX, SETTINGS, Answer, Browser, ClientMaker, application, browser_on, signed_in

ME = "viewer@acme.example"
HERE = "/admin/account/second-factor"
SIGNED_IN = f"{PREFIX}/admin/"
ASKED = f"{PREFIX}/admin/second-factor"
WAY_IN = f"{PREFIX}/admin/sign-in"
Sql = Callable[[str], str]


def code_of(secret: str, *, steps: int = 0) -> str:
    """Return the code of an app, by RFC 6238 and RFC 4226, so many steps of 30 s from now."""
    counter = (int(time.time()) // 30 + steps).to_bytes(8, "big")
    mac = hmac.new(b32decode(secret.replace(" ", "")), counter, hashlib.sha1).digest()
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def wrong_code(secret: str) -> str:
    """Return six digits that are no code of these minutes."""
    right = {code_of(secret, steps=steps) for steps in range(-3, 4)}
    return next(code for code in map("{:06}".format, range(10)) if code not in right)


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await signed_in(await browser_on(aiohttp_client, services, observations), services, Role.VIEWER)


@pytest.fixture
async def stranger(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


async def begun(browser: Browser) -> str:
    """Begin to set an app up; return the secret, as the page shows it."""
    page = await browser.follow(await browser.post(f"{HERE}/begin"))
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page.body)
    assert found, page.body
    return found[1]


async def set_up(browser: Browser) -> tuple[str, list[str]]:
    """Set an app up by the code of the step before; return its secret and the recovery codes."""
    secret = await begun(browser)
    answer = await browser.post(f"{HERE}/confirm", {"code": code_of(secret, steps=-1)})
    codes = re.findall(r"<li><code>([a-z2-7-]+)</code>", answer.body)
    assert (answer.status, len(set(codes))) == (200, 10)
    return secret, codes


async def password(browser: Browser, email: str = ME) -> Answer:
    return await browser.post("/admin/sign-in", {"email": email, "password": PASSWORD})


async def code(browser: Browser, typed: str) -> Answer:
    return await browser.post("/admin/second-factor", {"code": typed})


async def actions(services: Services) -> list[str]:
    return [entry.action for entry in await services.audit.latest()]


async def test_who_has_one_is_asked_for_a_code(browser: Browser, stranger: Browser, services: Services) -> None:
    """After the password comes the code, then the session; by then its waiting is over."""
    secret, _ = await set_up(browser)
    asked = await password(stranger)
    assert asked.location == ASKED
    assert ME in (await stranger.follow(asked)).page.text
    done = await code(stranger, f" {code_of(secret)[:3]} {code_of(secret)[3:]} ")
    assert done.location == SIGNED_IN
    assert (await stranger.get("/admin/")).status == 200
    assert (await stranger.get("/admin/second-factor")).location.startswith(WAY_IN)
    assert (await actions(services))[:2] == ["operator.signed_in", "operator.second_factor_added"]


async def test_the_cookie_of_the_password_is_no_session(browser: Browser, stranger: Browser) -> None:
    """It is for the page of the code alone, and as the session's cookie it opens nothing."""
    await set_up(browser)
    cookie = (await password(stranger)).headers["Set-Cookie"]
    pair, *attributes = cookie.split("; ")
    assert pair.startswith("gateway_pending=")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=300", f"Path={ASKED}", "SameSite=Lax"]
    assert (await stranger.get("/admin/")).location == WAY_IN
    token = pair.partition("=")[2]
    assert (await stranger.get("/admin/", Cookie=f"gateway_session={token}")).location == WAY_IN
    typed = {"email": ME, "password": PASSWORD}
    over_https = await stranger.post("/admin/sign-in", typed, **{"X-Forwarded-Proto": "https"})
    assert "Secure" in over_https.headers["Set-Cookie"].split("; ")


async def test_a_code_is_good_once(browser: Browser, stranger: Browser) -> None:
    """Whoever has looked over the shoulder is too late: neither that code, nor one from before it."""
    secret, _ = await set_up(browser)
    await password(stranger)
    used = code_of(secret)
    assert (await code(stranger, used)).status == 303
    await password(stranger)
    for typed in (used, code_of(secret, steps=-1)):
        answer = await code(stranger, typed)
        assert (answer.status, "used already" in answer.page.text) == (422, True)


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (1, 303), (2, 422)])
async def test_clocks_may_be_one_step_apart(
    browser: Browser, stranger: Browser, sql: Sql, steps: int, status: int
) -> None:
    """One back is what every test here sets up with."""
    secret, _ = await set_up(browser)
    sql("update authenticators set last_step = 0")
    await password(stranger)
    assert (await code(stranger, code_of(secret, steps=steps))).status == status


async def test_a_recovery_code_is_good_once(browser: Browser, stranger: Browser, services: Services) -> None:
    """However it is typed; the page tells how many are left, the audit that it was used, not which."""
    _, codes = await set_up(browser)
    await password(stranger)
    assert (await code(stranger, codes[3].upper().replace("-", " "))).location == SIGNED_IN
    assert "Recovery codes left: 9" in (await stranger.get(HERE)).page.text
    assert "operator.recovery_code_used" in await actions(services)
    await password(stranger)
    assert (await code(stranger, codes[3])).status == 422
    assert (await code(stranger, codes[4])).status == 303


async def test_after_five_wrong_codes_one_begins_again(
    browser: Browser, stranger: Browser, services: Services, observations: Observations
) -> None:
    """The right one comes too late then; each try is in the audit and the log."""
    _, codes = await set_up(browser)
    await password(stranger)
    for _ in range(MOST_ATTEMPTS):
        answer = await code(stranger, "not-a-recovery-code")
        assert (answer.status, "not-a-recovery-code" in answer.body) == (422, False)
    over = await code(stranger, codes[0])
    assert over.location.startswith(WAY_IN)
    assert "Sign in from the start" in (await stranger.follow(over)).page.text
    assert (await actions(services)).count("operator.second_factor_failed") == MOST_ATTEMPTS
    assert f"email='{ME}'" in str(observations)


async def test_guessing_codes_of_the_app_is_stopped(browser: Browser, stranger: Browser, sql: Sql) -> None:
    """For an hour, from wherever; recovery codes still open, so nobody is locked out for good."""
    secret, codes = await set_up(browser)
    assert MOST_WRONG == 10
    sql("update authenticators set wrong_codes = 9, wrong_since = now() - interval '59 minutes'")
    await password(stranger)
    assert "is not right" in (await code(stranger, wrong_code(secret))).page.text
    refused = await code(stranger, code_of(secret))
    assert (refused.status, "use a recovery code" in refused.page.text) == (422, True)
    assert (await code(stranger, codes[0])).status == 303
    await password(stranger)
    sql("update authenticators set wrong_since = now() - interval '61 minutes'")
    assert (await code(stranger, code_of(secret))).status == 303


async def test_codes_are_limited_by_address_as_passwords_are(browser: Browser, stranger: Browser) -> None:
    await set_up(browser)
    statuses = [(await code(stranger, "000000")).status for _ in range(12)]
    assert statuses[-1] == 429


async def test_a_sign_in_waits_for_five_minutes(browser: Browser, stranger: Browser, sql: Sql) -> None:
    secret, _ = await set_up(browser)
    await password(stranger)
    assert sql("select round(extract(epoch from expires_at - now()) / 60) from pending_sign_ins") == "5"
    sql("update pending_sign_ins set expires_at = now()")
    assert (await code(stranger, code_of(secret))).location.startswith(WAY_IN)
    assert (await stranger.get("/admin/second-factor")).location.startswith(WAY_IN)


@pytest.mark.parametrize("what", ["disabled", "password", "reset"])
async def test_what_is_taken_away_meanwhile_counts(
    browser: Browser, stranger: Browser, services: Services, what: str
) -> None:
    """Who is disabled, has a new password, or no second factor any more, does not get in by a sign-in from before."""
    _, codes = await set_up(browser)
    await password(stranger)
    who = command_line("test")
    if what == "disabled":
        await services.operators.disable(ME, who)
    elif what == "password":
        await services.operators.reset_password(ME, who, password="another battery staple")
    else:
        await services.second_factors.reset(ME, who)
    assert (await code(stranger, codes[0])).location.startswith(WAY_IN)


async def test_a_link_chooses_a_password_and_no_more(browser: Browser, stranger: Browser, services: Services) -> None:
    """Whoever reads somebody's mail still has no phone of theirs."""
    secret, _ = await set_up(browser)
    link = await services.operators.reset_password(ME, command_line("test"))
    answer = await stranger.post(f"/admin/sign-in/{link}", {"password": PASSWORD, "again": PASSWORD})
    assert answer.location == ASKED
    assert (await stranger.get("/admin/")).location == WAY_IN
    assert (await code(stranger, code_of(secret))).location == SIGNED_IN


async def test_a_code_of_somebody_else_is_wrong(browser: Browser, stranger: Browser, services: Services) -> None:
    """Neither of the app nor for recovery."""
    _, mine = await set_up(browser)
    await services.operators.add("eve@acme.example", Role.VIEWER, command_line("test"), password=PASSWORD)
    await password(stranger, "eve@acme.example")
    hers, her_codes = await set_up(stranger)
    await password(stranger)
    for typed in (code_of(hers), her_codes[0]):
        assert (await code(stranger, typed)).status == 422
    assert (await code(stranger, mine[0])).status == 303


async def test_setting_up_ends_with_a_right_code(browser: Browser, stranger: Browser) -> None:
    """Until then nobody is asked for one; the page shows the secret as an image and as text, and nowhere else."""
    assert "Set up an authenticator app" in (await browser.get(HERE)).page.text
    secret = await begun(browser)
    page = await browser.get(HERE)
    assert 'src="data:image/svg+xml' in page.body
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    wrong = await browser.post(f"{HERE}/confirm", {"code": wrong_code(secret)})
    assert (wrong.status, secret in wrong.body) == (422, True)
    assert (await password(stranger)).location == SIGNED_IN
    assert (await browser.post(f"{HERE}/confirm", {"code": code_of(secret)})).status == 200
    assert secret not in (await browser.get(HERE)).body
    assert (await password(stranger)).location == ASKED
    again = await browser.post(f"{HERE}/begin")
    assert (again.status, "remove it first" in again.page.text) == (409, True)
    assert (await browser.post(f"{HERE}/confirm", {"code": code_of(secret, steps=1)})).status == 409


async def test_neither_secret_nor_codes_are_kept_in_plain(browser: Browser, sql: Sql) -> None:
    """Not in their tables, not in the audit; recovery codes are shown once."""
    secret, codes = await set_up(browser)
    kept = sql(
        "select (select json_agg(a) from authenticators a), (select json_agg(c) from recovery_codes c), "
        "(select json_agg(a) from audit a)"
    )
    plain = b32decode(secret.replace(" ", ""))
    for each in (secret, secret.replace(" ", ""), plain.hex(), codes[0], codes[0].encode().hex()):
        assert each not in kept
    assert codes[0] not in (await browser.get(HERE)).body
    # The key is in no row of theirs: without it nothing opens, and nothing fails.
    sql("update authenticator_key set secret = sha256('another')")
    await password(browser)
    assert (await code(browser, code_of(secret))).status == 422
    assert (await code(browser, codes[0])).location == SIGNED_IN


async def test_new_recovery_codes_take_the_place_of_the_old(browser: Browser, stranger: Browser) -> None:
    """They are made for a code alone: an open panel is not enough."""
    secret, old = await set_up(browser)
    refused = await browser.post(f"{HERE}/recovery-codes", {"code": ""})
    assert (refused.status, "is not right" in refused.page.text) == (422, True)
    made = await browser.post(f"{HERE}/recovery-codes", {"code": code_of(secret)})
    new = re.findall(r"<li><code>([a-z2-7-]+)</code>", made.body)
    assert (len(new), set(new) & set(old)) == (10, set())
    await password(stranger)
    assert (await code(stranger, old[0])).status == 422
    assert (await code(stranger, new[0])).status == 303


async def test_removing_it_takes_a_code(browser: Browser, stranger: Browser, services: Services) -> None:
    secret, codes = await set_up(browser)
    assert (await browser.post(f"{HERE}/remove", {"code": wrong_code(secret)})).status == 422
    assert (await password(stranger)).location == ASKED
    done = await browser.follow(await browser.post(f"{HERE}/remove", {"code": codes[0]}))
    assert "The second factor is removed" in done.page.text
    assert (await password(stranger)).location == SIGNED_IN
    assert "operator.second_factor_removed" in await actions(services)


@pytest.mark.parametrize("path", ["begin", "confirm", "recovery-codes", "remove"])
async def test_other_sites_change_nothing(browser: Browser, path: str) -> None:
    assert (await browser.post(f"{HERE}/{path}", {"code": "x"}, site="cross-site")).status == 403


async def test_other_sites_send_no_code(browser: Browser, stranger: Browser) -> None:
    _, codes = await set_up(browser)
    await password(stranger)
    assert (await stranger.post("/admin/second-factor", {"code": codes[0]}, site="cross-site")).status == 403
    assert (await code(stranger, codes[0])).status == 303


async def test_an_administrator_resets_it(browser: Browser, stranger: Browser, services: Services) -> None:
    """For somebody who has lost the phone: audited; the password alone signs in."""
    await set_up(browser)
    assert (await services.operators.get(ME)).has_second_factor
    assert not (await services.second_factors.reset(ME, command_line("root"))).has_second_factor
    (latest, *_) = await services.audit.latest()
    assert (latest.actor, latest.action, latest.subject_id) == (
        "command line (root)",
        "operator.second_factor_reset",
        ME,
    )
    assert (await password(stranger)).location == SIGNED_IN


Ruled = Callable[[SecondFactorRule], Awaitable[Browser]]


@pytest.fixture
def ruled(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Ruled:
    """Open a browser where the settings say who must have a second factor."""

    async def opened(rule: SecondFactorRule) -> Browser:
        admin = SETTINGS.admin.model_copy(update={"require_second_factor": rule})
        settings = SETTINGS.model_copy(update={"admin": admin})
        return Browser(await aiohttp_client(application(services, observations, settings)))

    return opened


@pytest.mark.parametrize(
    ("rule", "role"),
    [(SecondFactorRule.EVERYBODY, Role.VIEWER), (SecondFactorRule.ADMINISTRATORS, Role.ADMINISTRATOR)],
)
async def test_who_must_have_one_sets_it_up_first(
    ruled: Ruled, services: Services, rule: SecondFactorRule, role: Role
) -> None:
    """Until then every page leads there and nothing can be done; then everything is as ever."""
    browser = await signed_in(await ruled(rule), services, role)
    for path in ("/admin/", "/admin/account", "/admin/windows"):
        assert (await browser.get(path)).location == f"{PREFIX}{HERE}"
    refused = await browser.post("/admin/account/sign-out-elsewhere")
    assert (refused.status, "Set up a second factor first" in refused.page.text) == (403, True)
    assert "Here you must have a second factor" in (await browser.get(HERE)).page.text
    await set_up(browser)
    assert (await browser.get("/admin/")).status == 200


async def test_others_need_none_where_administrators_must(ruled: Ruled, services: Services) -> None:
    browser = await signed_in(await ruled(SecondFactorRule.ADMINISTRATORS), services, Role.OPERATOR)
    assert (await browser.get("/admin/")).status == 200
