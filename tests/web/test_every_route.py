"""Each route x role x method has its answer, asked of the real application: nothing is open by accident."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from aiohttp import web

from gateway.domain.access import ROUTE_PERMISSIONS, Role, TokenScope, command_line
from gateway.service.limits import Limits
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, token_of
from tests.web.cells import CELLS
from tests.web.panel import PASSWORD, PREFIX, Browser, ClientMaker, application, signed_in

WHO = command_line("test")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
RANKS = ("everybody", "viewer", "reporter", "operator", "administrator")
SCOPES = {"read": "viewer", "report": "reporter", "write": "operator", "admin": "administrator"}
# Served by the data plane, before the site is asked.
NO_ROUTES_OF_THE_SITE = {"status.events", "bypass.ribbon"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody with what proves who it is, for the panel and for the API: its rank there."""

    name: str
    fields: dict[str, str]
    in_panel: str = "everybody"
    in_api: str = "everybody"

    def asks(self, name: str) -> bool:
        """Tell whether it asks for a route: those for everybody do not look at who it is, nobody asks for them."""
        if self.name in ("nobody", "administrator", "token admin"):
            return True
        return name.startswith("api." if "Authorization" in self.fields else "admin.")


def place(resource: web.AbstractResource | None) -> str:
    """Return a path of a route that leads to nothing that is there."""
    assert resource is not None
    path = resource.canonical.replace("{kind}", "window").replace("{number}", "1")
    return re.sub(r"\{(\w*id)\}", NO_WINDOW, path).replace("{slug}", "nothing").replace("{", "").replace("}", "")


def cells(app: web.Application) -> Iterator[tuple[str, str, str]]:
    """Yield name, method and path of each route; those that end a session last."""
    found = [(str(route.name), route.method, place(route.resource)) for route in app.router.routes()]
    yield from sorted(found, key=lambda cell: cell[0] == "admin.sign_out")


@pytest.fixture
def unlimited(services: Services, database: Database, observations: Observations) -> Services:
    """The use cases without limits on how often somebody may try."""
    limits = Limits(sign_in_rate=0, api_rate=0, wrong_token_rate=0, database=database, observe=observations)
    return replace(services, limits=limits)


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, unlimited: Services, observations: Observations) -> Browser:
    return Browser(await aiohttp_client(application(unlimited, observations)))


async def session_of(browser: Browser, services: Services, role: Role) -> dict[str, str]:
    """Sign somebody in, and take the cookie out of the browser."""
    await signed_in(browser, services, role)
    return taken(browser)


def taken(browser: Browser) -> dict[str, str]:
    """Take the cookies out of the browser, as a field."""
    jar = browser.client.session.cookie_jar
    cookie = "; ".join(f"{morsel.key}={morsel.value}" for morsel in jar)
    jar.clear()
    return {"Cookie": cookie}


async def visitors(browser: Browser, services: Services) -> list[Visitor]:
    """Make one of each kind; who is disabled still has the cookie."""
    sessions = {role: await session_of(browser, services, role) for role in Role}
    found = [Visitor(name="nobody", fields={})]
    found += [Visitor(name=role, fields=fields, in_panel=role) for role, fields in sessions.items()]
    email = "gone@acme.example"
    await services.operators.add(email, Role.ADMINISTRATOR, WHO, password=PASSWORD)
    assert (await browser.post("/admin/sign-in", {"email": email, "password": PASSWORD})).status == 303
    found.append(Visitor(name="disabled administrator", fields=taken(browser)))
    await services.operators.disable(email, WHO)
    for scope in TokenScope:
        token = await token_of(services, scope)
        found.append(Visitor(name=f"token {scope}", fields={"Authorization": f"Bearer {token}"}, in_api=SCOPES[scope]))
    revoked = await services.tokens.create("revoked", TokenScope.ADMIN, WHO)
    await services.tokens.revoke("revoked", WHO)
    found.append(Visitor(name="revoked token", fields={"Authorization": f"Bearer {revoked}"}))
    return found


def outcome(status: int, location: str, text: str, method: str) -> str:
    """Say what an answer means: `in` (the work itself was reached), `sign in`, or `refused`."""
    if status == 401 or (status == 303 and location == f"{PREFIX}/admin/sign-in" and method in ("GET", "HEAD")):
        return "sign in"
    # A bypass link that is no good is refused with 403 as well, by the work itself. HEAD has no text to tell.
    return "refused" if status == 403 and (method == "HEAD" or "may not do that" in text) else "in"


def expected(name: str, visitor: Visitor) -> str:
    """Say what has to come of it, by the cells alone."""
    least = CELLS[name].least
    rank = visitor.in_api if name.startswith("api.") else visitor.in_panel
    if RANKS.index(rank) >= RANKS.index(least):
        return "in"
    return "sign in" if rank == "everybody" else "refused"


def test_each_route_has_a_cell_and_a_rule(unlimited: Services, observations: Observations) -> None:
    """In the router, in the table of the rules and here are the same routes, with the same methods."""
    offered: dict[str, set[str]] = {}
    for name, method, _ in cells(application(unlimited, observations)):
        offered.setdefault(name, set()).add(method)
    assert offered == {name: set(cell.methods) for name, cell in CELLS.items()}
    assert ROUTE_PERMISSIONS.keys() == CELLS.keys() | NO_ROUTES_OF_THE_SITE


async def test_each_cell_has_its_answer(browser: Browser, unlimited: Services) -> None:
    """Whoever may not is told so, whoever may gets to the work; the API takes no session, the panel no token."""
    wrong: list[str] = []
    for visitor in await visitors(browser, unlimited):
        for name, method, path in cells(browser.client.app):
            if not visitor.asks(name):
                continue
            fields = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"} | visitor.fields
            async with browser.client.request(method, path, headers=fields, allow_redirects=False) as answer:
                text = await answer.text(errors="replace")
                found = outcome(answer.status, answer.headers.get("Location", ""), text, method)
            if found != expected(name, visitor) or answer.status == 500:
                wrong.append(f"{visitor.name}: {method} {path} ({name}): {answer.status}, {found}")
    assert wrong == []
    assert await unlimited.windows.list() == []


def offers(app: web.Application, path: str) -> set[str]:
    """Return the methods that a path has, of all routes that it is good for: `windows/new` is one of `{window_id}`."""
    found = set()
    for route in app.router.routes():
        assert route.resource is not None
        info = route.resource.get_info()
        if info.get("path") == path or ("pattern" in info and info["pattern"].fullmatch(path)):
            found.add(route.method)
    return found


async def test_methods_that_are_not_offered_are_none(browser: Browser, unlimited: Services) -> None:
    """405 with what is offered, for nobody and for an administrator alike; nobody learns more by asking oddly."""
    app = browser.client.app
    administrator = await session_of(browser, unlimited, Role.ADMINISTRATOR)
    for path in {path for _, _, path in cells(app)}:
        offered = offers(app, path)
        for method in {*METHODS} - offered:
            for fields in ({}, administrator):
                headers = {"Sec-Fetch-Site": "same-origin"} | fields
                async with browser.client.request(method, path, headers=headers, allow_redirects=False) as answer:
                    assert answer.status == 405, (method, path, answer.status)
                    assert {name.strip() for name in answer.headers["Allow"].split(",")} == offered, (method, path)
