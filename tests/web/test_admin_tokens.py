"""Tokens in the panel: made, shown once with how to use them, revoked after a question."""

from datetime import timedelta

import pytest

from gateway.domain.access import Role, TokenScope, command_line
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.test_escaping import PAYLOADS
from tests.web.caller import NO_WINDOW, Caller
from tests.web.panel import PREFIX, Browser, Client, ClientMaker, application, signed_in

WHO = command_line("test")
NEW = {"name": "deploy", "scope": "report", "expires_in": "90d"}


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


@pytest.fixture
async def panel(client: Client, services: Services) -> Browser:
    return await signed_in(Browser(client), services, Role.ADMINISTRATOR)


async def test_a_token_is_shown_once_with_how_to_use_it(panel: Browser, client: Client, services: Services) -> None:
    """It has the scope and the end that were asked for; no later screen has it."""
    answer = await panel.post("/admin/tokens/new", NEW)
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    [field] = [field for field in answer.page.of("input") if field.get("id") == "secret"]
    assert "readonly" in field
    secret = field["value"]
    site = str(client.make_url(PREFIX))
    assert f"export GATEWAY_URL={site}" in answer.page.text
    assert f'curl -H "Authorization: Bearer $GATEWAY_TOKEN" {site}/api/v1/windows' in answer.page.text
    call = Caller(client, secret)
    assert (await call("GET", "/windows")).status == 200
    assert (await call("POST", "/windows", {"title": "x"})).status == 403
    (token,) = await services.tokens.list()
    assert (token.name, token.scope, token.created_by) == ("deploy", TokenScope.REPORT, "administrator@acme.example")
    assert token.expires_at is not None
    assert timedelta(days=89) < token.expires_at - token.created_at < timedelta(days=91)
    later = await panel.get("/admin/tokens")
    assert secret not in later.body
    assert "deploy by administrator@acme.example" in later.page.text
    assert "from 127.0.0.1" in later.page.text


async def test_a_token_may_never_expire(panel: Browser, services: Services) -> None:
    """Where that is said in so many words."""
    assert (await panel.post("/admin/tokens/new", NEW | {"expires_in": " Never "})).status == 201
    assert (await services.tokens.get("deploy")).expires_at is None
    assert "What it did report never not yet" in (await panel.get("/admin/tokens")).page.text


async def test_a_wrong_token_comes_back_marked(panel: Browser, services: Services) -> None:
    """The field says what would be right; nothing is made."""
    for typed, field, said in [
        ({"name": ""}, "name", "Please fill this in."),
        ({"name": "x" * 101}, "name", "must have at most 100 characters"),
        ({"scope": "all"}, "scope", "must be one of read, report, write, admin"),
        ({"expires_in": "11y"}, "expires_in", "is not a duration: write for example"),
        ({"expires_in": "3661d"}, "expires_in", "is longer than ten years"),
        ({"expires_in": "59s"}, "expires_in", "must lie between one minute and ten years, or never"),
        ({"expires_in": ""}, "expires_in", "is not a duration: write for example"),
    ]:
        answer = await panel.post("/admin/tokens/new", NEW | typed)
        assert answer.status == 422
        controls = [*answer.page.of("input"), *answer.page.of("select")]
        assert [control["name"] for control in controls if control.get("aria-invalid") == "true"] == [field]
        assert said in answer.page.text
    assert await services.tokens.list() == []


async def test_a_name_is_taken_for_good(panel: Browser, services: Services) -> None:
    """Also that of a revoked token; what was typed stays."""
    await services.tokens.create("deploy", TokenScope.READ, WHO)
    await services.tokens.revoke("deploy", WHO)
    answer = await panel.post("/admin/tokens/new", NEW)
    assert answer.status == 409
    assert "Not made: name is taken by another token, perhaps a revoked one" in answer.page.text
    assert 'value="deploy"' in answer.body


async def test_a_token_is_revoked_after_a_question(panel: Browser, client: Client, services: Services) -> None:
    """The list leads to the question, which changes nothing; its button does, and the audit says who."""
    secret = await services.tokens.create("deploy", TokenScope.READ, WHO)
    page = (await panel.get("/admin/tokens")).page
    (ask,) = [link["href"] for link in page.of("a") if link["href"].endswith("/revoke")]
    question = (await panel.get(ask.removeprefix(PREFIX))).page
    assert "Revoke “deploy”?" in question.text
    assert (await Caller(client, secret)("GET", "/windows")).status == 200
    (form,) = [form for form in question.of("form") if form["action"].endswith("/revoke")]
    assert form["method"] == "post"
    done = await panel.follow(await panel.post(form["action"].removeprefix(PREFIX)))
    assert "The token is revoked" in done.page.text
    assert (await Caller(client, secret)("GET", "/windows")).status == 401
    assert [link for link in done.page.of("a") if link["href"].endswith("/revoke")] == []
    assert "Tokens that are over" in done.page.text
    entry = (await services.audit.latest(1))[0]
    assert (entry.actor, entry.action, entry.subject_id) == ("administrator@acme.example", "token.revoked", "deploy")
    again = (await panel.get(ask.removeprefix(PREFIX))).page
    assert "It was revoked" in again.text
    assert [form["action"] for form in again.of("form")] == [f"{PREFIX}/admin/sign-out"]


async def test_one_that_ends_soon_stands_out(panel: Browser) -> None:
    await panel.post("/admin/tokens/new", NEW | {"expires_in": "13d"})
    assert "Expires soon" in (await panel.get("/admin/tokens")).page.text


async def test_a_token_leads_to_what_the_audit_has(panel: Browser, client: Client) -> None:
    """What was done to it, and what it did."""
    answer = await panel.post("/admin/tokens/new", NEW | {"name": "ci & cd", "scope": "write"})
    [secret] = [field["value"] for field in answer.page.of("input") if field.get("id") == "secret"]
    await Caller(client, secret)("POST", "/windows", {"title": "Upgrade"})
    links = [link["href"].removeprefix(PREFIX) for link in answer.page.of("a")]
    done, did = (next(link for link in links if start in link) for start in ("subject=token", "actor=token"))
    assert "token created: ci & cd" in (await panel.get(done)).page.text
    text = (await panel.get(did)).page.text
    assert "window started: Upgrade" in text
    assert "token created" not in text


async def test_an_unknown_token_is_not_found(panel: Browser) -> None:
    for which in ("x", NO_WINDOW):
        assert (await panel.get(f"/admin/tokens/{which}/revoke")).status == 404
        assert (await panel.post(f"/admin/tokens/{which}/revoke")).status == 404


async def test_a_name_is_text(panel: Browser) -> None:
    for payload in PAYLOADS:
        answer = await panel.post("/admin/tokens/new", NEW | {"name": payload[:100]})
        assert answer.page.of("script") == []
        assert " ".join(payload[:100].split()) in answer.page.text
