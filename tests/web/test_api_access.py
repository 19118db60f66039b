"""The API: who may do what, and how refusals look."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.access import SCOPE_PERMISSIONS, TokenScope, command_line
from gateway.service.drafts.windows import WindowDraft
from gateway.web.api import OPERATIONS
from gateway.web.keys import Services
from tests.observed import Observations
from tests.postgres import Postgres
from tests.web.caller import API, NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import PASSWORD, Client, ClientMaker, application


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


READ, REPORT, WRITE, ADMIN = TokenScope.READ, TokenScope.REPORT, TokenScope.WRITE, TokenScope.ADMIN
# What each route takes at least.
LEAST = [
    ("GET", "/windows", READ),
    ("POST", "/windows", WRITE),
    ("GET", f"/windows/{NO_WINDOW}", READ),
    ("PATCH", f"/windows/{NO_WINDOW}", WRITE),
    ("POST", f"/windows/{NO_WINDOW}/start", WRITE),
    ("POST", f"/windows/{NO_WINDOW}/extend", WRITE),
    ("POST", f"/windows/{NO_WINDOW}/end", WRITE),
    ("POST", f"/windows/{NO_WINDOW}/cancel", WRITE),
    ("POST", f"/windows/{NO_WINDOW}/reopen", WRITE),
    ("POST", f"/windows/{NO_WINDOW}/updates", REPORT),
    ("GET", "/series", READ),
    ("GET", f"/series/{NO_WINDOW}", READ),
    ("PATCH", f"/series/{NO_WINDOW}", WRITE),
    ("POST", f"/series/{NO_WINDOW}/end", WRITE),
    ("POST", "/series/preview", READ),
    ("POST", "/preview", READ),
    ("GET", f"/windows/{NO_WINDOW}/fence", READ),
    ("GET", f"/windows/{NO_WINDOW}/statistics", READ),
    ("GET", "/history", READ),
    ("GET", "/history.csv", READ),
    ("GET", "/history.json", READ),
    ("GET", "/fences", READ),
    ("GET", "/replicas", READ),
    ("DELETE", f"/replicas/{NO_WINDOW}", WRITE),
    ("GET", "/components", READ),
    ("POST", "/components", WRITE),
    ("GET", "/components/api", READ),
    ("PATCH", "/components/api", REPORT),
    ("DELETE", "/components/api", WRITE),
    ("POST", "/components/api/move", WRITE),
    ("GET", "/components/api/history", READ),
    ("POST", "/component-order", WRITE),
    ("GET", "/groups", READ),
    ("POST", "/groups", WRITE),
    ("GET", f"/groups/{NO_WINDOW}", READ),
    ("PATCH", f"/groups/{NO_WINDOW}", WRITE),
    ("DELETE", f"/groups/{NO_WINDOW}", WRITE),
    ("POST", f"/groups/{NO_WINDOW}/move", WRITE),
    ("POST", "/group-order", WRITE),
    ("GET", "/templates", READ),
    ("POST", "/templates", WRITE),
    ("GET", "/templates/api", READ),
    ("PATCH", "/templates/api", WRITE),
    ("DELETE", "/templates/api", WRITE),
    ("POST", "/templates/api/render", READ),
    ("GET", "/bypass-links", READ),
    ("POST", "/bypass-links", WRITE),
    ("DELETE", f"/bypass-links/{NO_WINDOW}", WRITE),
    ("GET", "/tokens", ADMIN),
    ("POST", "/tokens", ADMIN),
    ("GET", f"/tokens/{NO_WINDOW}", ADMIN),
    ("DELETE", f"/tokens/{NO_WINDOW}", ADMIN),
    ("GET", "/operators", ADMIN),
    ("POST", "/operators", ADMIN),
    ("GET", f"/operators/{NO_WINDOW}", ADMIN),
    ("PATCH", f"/operators/{NO_WINDOW}", ADMIN),
    ("POST", f"/operators/{NO_WINDOW}/disable", ADMIN),
    ("POST", f"/operators/{NO_WINDOW}/enable", ADMIN),
    ("POST", f"/operators/{NO_WINDOW}/sign-in-link", ADMIN),
    ("POST", f"/operators/{NO_WINDOW}/sign-out", ADMIN),
    ("POST", f"/operators/{NO_WINDOW}/reset-second-factor", ADMIN),
    ("GET", "/audit", READ),
    ("GET", "/audit/1", READ),
    ("GET", "/audit.csv", READ),
    ("GET", "/audit.jsonl", READ),
]


async def test_each_route_takes_the_scope_that_it_says(client: Client, services: Services) -> None:
    """A token below the least scope is refused with 403, one at or above it gets past that to the work itself."""
    tokens = {scope: await token_of(services, scope) for scope in TokenScope}
    for method, path, least in LEAST:
        for scope, token in tokens.items():
            reply = await Caller(client, token)(method, path)
            enough = SCOPE_PERMISSIONS[scope] >= SCOPE_PERMISSIONS[least]
            assert (reply.status != 403) is enough, (method, path, scope, reply)
            assert enough or is_problem(reply, 403)
    assert await services.windows.list() == []
    assert await services.components.list() == []


@pytest.mark.parametrize("authorization", [None, "Bearer gwt_unknown", "Bearer", "Bearer  ", "Basic Z3d0OmE="])
@pytest.mark.parametrize(("method", "path", "_least"), LEAST)
async def test_without_a_good_token_401_says_how(
    client: Client, method: str, path: str, _least: TokenScope, authorization: str | None
) -> None:
    """401 carries the challenge (RFC 6750, section 3)."""
    reply = await Caller(client, None)(method, path, authorization=authorization)
    assert is_problem(reply, 401)
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_manual_has_every_route() -> None:
    """docs/api.md names each of them, with its method and the least scope that it takes."""
    manual = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")] for line in manual.splitlines()]
    documented = {row[1].strip("`"): row[-2].strip("`") for row in rows if len(row) > 4}  # method and path, scope
    least = {f"{method} {path}": str(scope) for method, path, scope in LEAST}
    assert documented["GET /openapi.json"] == "none"
    for operation in OPERATIONS:
        name = f"{operation.method} {operation.path}"
        called = name.replace("{id}", NO_WINDOW).replace("{slug}", "api").replace("{number}", "1")
        assert documented[name] == least[called]


async def test_a_revoked_token_is_none(client: Client, services: Services) -> None:
    """Revoking counts from the next call."""
    call = Caller(client, await token_of(services, READ))
    assert (await call("GET", "/windows")).status == 200
    await services.tokens.revoke("read token", command_line("test"))
    assert is_problem(await call("GET", "/windows"), 401)


async def test_a_session_cookie_is_no_token(client: Client, services: Services) -> None:
    """A page in a browser can't use the operator's session against the API."""
    await services.operators.add("a@acme.example", "administrator", command_line("t"), password=PASSWORD)  # type: ignore[arg-type]
    session = await services.operators.sign_in("a@acme.example", PASSWORD, address="", user_agent="")
    async with client.post(f"{API}/windows", json={"title": "x"}, cookies={"gateway_session": session}) as response:
        assert response.status == 401


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/windows", {"GET", "HEAD", "POST"}),
        ("PUT", f"/windows/{NO_WINDOW}", {"GET", "HEAD", "PATCH"}),
        ("GET", f"/windows/{NO_WINDOW}/end", {"POST"}),
        ("POST", "/components/api", {"DELETE", "GET", "HEAD", "PATCH"}),
    ],
)
async def test_a_method_that_is_none_here(client: Client, method: str, path: str, allowed: set[str]) -> None:
    """405 names those that are (RFC 9110, section 15.5.6)."""
    reply = await Caller(client, None)(method, path)
    assert is_problem(reply, 405)
    assert {name.strip() for name in reply.headers["Allow"].split(",")} == allowed


async def test_paths_that_are_none(client: Client) -> None:
    """404 is a problem, too."""
    assert is_problem(await Caller(client, None)("GET", "/wndows"), 404)


async def test_the_audit_names_the_token(client: Client, services: Services) -> None:
    """Who did it is the token's name, from the client's address."""
    call = Caller(client, await token_of(services, WRITE))
    made = await call("POST", "/windows", {"title": "Upgrade"})
    entry = (await services.audit.latest(1))[0]
    assert (entry.action, entry.subject_id) == ("window.started", made.document["id"])
    assert (entry.actor, entry.address) == ("token write token", "127.0.0.1")


class TestWithoutDatabase:
    """PostgreSQL is away: 503, to be tried again, and nothing is lost."""

    @pytest.fixture
    def database_url(self, own_postgres: Postgres) -> str:
        return own_postgres.url(own_postgres.create())

    async def test_503_until_it_is_back(self, client: Client, services: Services, own_postgres: Postgres) -> None:
        """The same call succeeds once it is back; what was there before is there."""
        draft = WindowDraft(title="Upgrade", estimated_duration=timedelta(hours=1))
        window = await services.windows.create(draft, command_line("test"))
        call = Caller(client, await token_of(services, WRITE))
        own_postgres.stop()
        for method, path in [("GET", "/windows"), ("POST", f"/windows/{window.id}/end"), ("GET", "/components")]:
            reply = await call(method, path)
            assert is_problem(reply, 503), reply
            assert int(reply.headers["Retry-After"]) > 0
        own_postgres.start()
        assert (await call("GET", f"/windows/{window.id}")).document["state"] == "active"
