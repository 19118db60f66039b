"""Operators in the panel: invited by a link that is shown once, given roles, disabled and enabled again."""

from uuid import UUID

import pytest

from gateway.domain.access import Role, command_line
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.test_escaping import PAYLOADS
from tests.web.caller import NO_WINDOW
from tests.web.panel import PASSWORD, PREFIX, Answer, Browser, Client, ClientMaker, application, browser_on, signed_in

WHO = command_line("test")
ADA = "ada@acme.example"
ROOT = "administrator@acme.example"


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


@pytest.fixture
async def panel(client: Client, services: Services) -> Browser:
    """The administrator's browser."""
    return await signed_in(Browser(client), services, Role.ADMINISTRATOR)


@pytest.fixture
async def other(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    """A browser of somebody else."""
    return await browser_on(aiohttp_client, services, observations)


async def ada(services: Services, role: Role = Role.OPERATOR) -> UUID:
    await services.operators.add(ADA, role, WHO, password=PASSWORD)
    return (await services.operators.get(ADA)).id


def link_in(answer: Answer) -> str:
    """Return the path of the link that a page shows to be copied."""
    [field] = [field for field in answer.page.of("input") if field.get("id") == "url"]
    assert "readonly" in field
    return field["value"].partition(PREFIX)[2]


async def test_a_colleague_is_invited_by_a_link_that_is_shown_once(
    panel: Browser, other: Browser, services: Services
) -> None:
    """It stands in a field to be copied, says how long it is good, and no later screen has it."""
    answer = await panel.post("/admin/operators/new", {"email": f" {ADA} ", "role": "reporter"})
    assert answer.status == 201
    assert f"The sign-in link for {ADA} is made. Copy it now: it is not shown again." in answer.page.text
    assert "chooses the password. Good once, for 3 days." in answer.page.text
    assert answer.headers["Cache-Control"] == "no-store"
    link = link_in(answer)
    assert (await other.post(link, {"password": PASSWORD, "again": PASSWORD})).status == 303
    assert ADA in (await other.get("/admin/")).page.text
    later = await panel.get("/admin/operators")
    assert link not in later.body
    assert f"{ADA} Reporter Active" in later.page.text
    assert (await services.operators.get(ADA)).role is Role.REPORTER


async def test_everybody_is_listed_with_what_they_are(panel: Browser, services: Services) -> None:
    """By e-mail address: role, state, and when they were seen last; and who is looking."""
    await services.operators.add("bo@acme.example", Role.VIEWER, WHO)
    await services.operators.disable((await ada(services)), WHO)
    text = (await panel.get("/admin/operators")).page.text
    assert "ada@acme.example Operator Disabled never" in text
    assert "administrator@acme.example (you) Administrator Active" in text
    assert "bo@acme.example Viewer Invited never" in text
    assert text.index(f"{ADA} Op") < text.index(f"{ROOT} (you)") < text.index("bo@")


async def test_a_wrong_invitation_comes_back_marked(panel: Browser, services: Services) -> None:
    """The field says what would be right; nobody is added."""
    for typed, field, said in [
        ({"email": "ada"}, "email", "'ada' is not an e-mail address"),
        ({"email": ""}, "email", "is not an e-mail address"),
        ({"email": "a\0@b.example"}, "email", "is not an e-mail address"),
        ({"role": "king"}, "role", "must be one of viewer, reporter, operator, administrator"),
    ]:
        answer = await panel.post("/admin/operators/new", {"email": ADA, "role": "viewer"} | typed)
        assert answer.status == 422
        controls = [*answer.page.of("input"), *answer.page.of("select")]
        assert [control["name"] for control in controls if control.get("aria-invalid") == "true"] == [field]
        assert said in answer.page.text
    assert len(await services.operators.list()) == 1


async def test_an_address_that_is_taken_is_kept_in_the_form(panel: Browser, services: Services) -> None:
    await ada(services)
    answer = await panel.post("/admin/operators/new", {"email": ADA.upper(), "role": "viewer"})
    assert answer.status == 409
    assert "Not invited: email is taken by another operator" in answer.page.text
    assert f'value="{ADA.upper()}"' in answer.body


async def test_a_role_is_changed(panel: Browser, services: Services) -> None:
    """The form is filled with the role of now; the audit has who changed it."""
    who = await ada(services)
    page = (await panel.get(f"/admin/operators/{who}")).page
    form = page.sent(f"{PREFIX}/admin/operators/{who}/role")
    assert form["role"] == "operator"
    answer = await panel.follow(await panel.post(f"/admin/operators/{who}/role", form | {"role": "viewer"}))
    assert "The role is changed. It counts from the next click on." in answer.page.text
    assert (await services.operators.get(who)).role is Role.VIEWER
    entry = (await services.audit.latest(1))[0]
    assert (entry.actor, entry.action, entry.subject_id) == (ROOT, "operator.role_set", ADA)


async def test_the_second_of_two_sees_both_roles(panel: Browser, services: Services) -> None:
    """Not saved; both stand there, and saving again replaces what is saved."""
    who = await ada(services)
    path = f"/admin/operators/{who}/role"
    typed = (await panel.get(f"/admin/operators/{who}")).page.sent(PREFIX + path) | {"role": "reporter"}
    await services.operators.set_role(who, Role.VIEWER, WHO)
    answer = await panel.post(path, typed)
    assert answer.status == 409
    assert "Not saved: ada@acme.example was changed by somebody else in the meantime." in answer.page.text
    assert "Role saved now: viewer typed: reporter" in answer.page.text
    assert (await services.operators.get(who)).role is Role.VIEWER
    again = answer.page.sent(PREFIX + path)
    assert again["role"] == "reporter"
    assert (await panel.post(path, again)).status == 303
    assert (await services.operators.get(who)).role is Role.REPORTER


async def test_a_wrong_role_changes_nothing(panel: Browser, services: Services) -> None:
    """One that is none, and a form without its version."""
    who = await ada(services)
    for form in ({"role": "king", "row_version": "1"}, {"role": "viewer"}, {"role": "viewer", "row_version": "x"}):
        assert (await panel.post(f"/admin/operators/{who}/role", form)).status == 422
    assert (await services.operators.get(who)).role is Role.OPERATOR


async def test_a_new_link_replaces_password_and_sessions(panel: Browser, other: Browser, services: Services) -> None:
    """Shown once; the old password is good no more."""
    who = await ada(services)
    await other.post("/admin/sign-in", {"email": ADA, "password": PASSWORD})
    assert (await other.get("/admin/")).status == 200
    answer = await panel.post(f"/admin/operators/{who}/link")
    assert answer.status == 201
    link = link_in(answer)
    assert (await other.get("/admin/")).status == 303
    assert (await other.post("/admin/sign-in", {"email": ADA, "password": PASSWORD})).status == 422
    assert (await other.post(link, {"password": "another password", "again": "another password"})).status == 303
    assert link not in (await panel.get(f"/admin/operators/{who}")).body


async def test_somebody_is_signed_out_everywhere(panel: Browser, other: Browser, services: Services) -> None:
    """Where somebody is signed in stands there; the password stays good; the audit says who did it."""
    who = await ada(services)
    assert "Sign out everywhere" not in (await panel.get(f"/admin/operators/{who}")).page.text
    await other.post("/admin/sign-in", {"email": ADA, "password": PASSWORD})
    assert "from 127.0.0.1, by password, since" in (await panel.get(f"/admin/operators/{who}")).page.text
    done = await panel.follow(await panel.post(f"/admin/operators/{who}/sign-out"))
    assert "Signed out everywhere." in done.page.text
    assert (await other.get("/admin/")).status == 303
    entry = (await services.audit.latest(1))[0]
    assert (entry.actor, entry.action, entry.subject_id) == (ROOT, "operator.sessions_revoked", ADA)
    assert (await other.post("/admin/sign-in", {"email": ADA, "password": PASSWORD})).status == 303


async def test_who_is_disabled_is_out_at_once_and_can_be_let_in_again(
    panel: Browser, other: Browser, services: Services
) -> None:
    """With the same password; while disabled there is no new link."""
    who = await ada(services)
    await other.post("/admin/sign-in", {"email": ADA, "password": PASSWORD})
    gone = await panel.follow(await panel.post(f"/admin/operators/{who}/disable"))
    assert "Disabled: signed out everywhere" in gone.page.text
    assert (await other.get("/admin/")).location == f"{PREFIX}/admin/sign-in"
    assert (await other.post("/admin/sign-in", {"email": ADA, "password": PASSWORD})).status == 422
    assert "/link" not in gone.body.split('id="main"')[1]
    for path, said in (("link", "is disabled, so it can't sign in"), ("disable", "is disabled already")):
        answer = await panel.post(f"/admin/operators/{who}/{path}")
        assert answer.status == 409
        assert f"Not done: {ADA} {said}." in answer.page.text
    back = await panel.follow(await panel.post(f"/admin/operators/{who}/enable"))
    assert "Enabled again" in back.page.text
    assert (await other.post("/admin/sign-in", {"email": ADA, "password": PASSWORD})).status == 303
    assert (await panel.post(f"/admin/operators/{who}/enable")).status == 409


async def test_the_last_administrator_stays_and_is_told_the_remedy(panel: Browser, services: Services) -> None:
    """Neither another role nor disabled; once there is another, one may step down, and lands where one may be."""
    who = (await services.operators.get(ROOT)).id
    form = (await panel.get(f"/admin/operators/{who}")).page.sent(f"{PREFIX}/admin/operators/{who}/role")
    down = form | {"role": "viewer"}
    for path, fields in (("role", down), ("disable", {})):
        answer = await panel.post(f"/admin/operators/{who}/{path}", fields)
        assert answer.status == 409
        assert "is the last administrator: give somebody else that role first" in answer.page.text
    await ada(services, Role.ADMINISTRATOR)
    answer = await panel.post(f"/admin/operators/{who}/role", down)
    assert answer.location == f"{PREFIX}/admin/?notice=role-set"
    assert (await panel.follow(answer)).status == 200
    assert (await panel.get("/admin/operators")).status == 403


async def test_an_operator_leads_to_what_the_audit_has(panel: Browser, services: Services) -> None:
    """What was done to the operator, and what the operator did."""
    who = await ada(services)
    await services.operators.sign_in(ADA, PASSWORD, address="", user_agent="")
    links = {link["href"] for link in (await panel.get(f"/admin/operators/{who}")).page.of("a")}
    done, did = (
        next(link for link in links if start in link).removeprefix(PREFIX)
        for start in ("/audit?subject=operator&subject_id=", "/audit?actor=")
    )
    text = (await panel.get(done)).page.text
    assert f"Only what was done to {ADA}." in text
    assert f"operator added: {ADA}" in text
    text = (await panel.get(did)).page.text
    assert "operator signed in" in text
    assert "operator added" not in text


async def test_an_unknown_operator_is_not_found(panel: Browser) -> None:
    """By no id, and by nothing but an id."""
    for who in ("x", NO_WINDOW, ADA):
        assert (await panel.get(f"/admin/operators/{who}")).status == 404
        for verb in ("role", "link", "sign-out", "disable", "enable"):
            form = {"role": "viewer", "row_version": "1"}
            assert (await panel.post(f"/admin/operators/{who}/{verb}", form)).status == 404


async def test_nothing_typed_becomes_markup(panel: Browser) -> None:
    """Neither in the form that comes back, nor, where it passes for an address, in the list and its own screen."""
    for payload in PAYLOADS:
        for email in (payload, f"{''.join(payload.split()).replace('@', '')[:60]}@acme.example"):
            answer = await panel.post("/admin/operators/new", {"email": email, "role": payload})
            assert answer.page.of("script") == []
            answer = await panel.post("/admin/operators/new", {"email": email, "role": "viewer"})
            assert answer.page.of("script") == []
