"""Read-your-writes: whatever is written through a gateway, this gateway has it when it answers.

Its listener is frozen here, so that only the writer itself can have fetched it.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.access import ROUTE_PERMISSIONS, Role, TokenScope
from gateway.service import following
from gateway.service.clock import Clock
from gateway.service.state import State
from gateway.store.pool import Database
from gateway.store.snapshot import load_snapshot
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import Caller, token_of
from tests.web.panel import PREFIX, Browser, Client, ClientMaker, application, signed_in

CONFIRMED = {"confirm": "Acme Shop"}
# What no gateway goes by: it is asked of the database, each time.
NO_STATE = {
    *("api.tokens.create", "api.tokens.revoke", "api.replicas.forget"),
    *("api.operators.add", "api.operators.edit", "api.operators.disable", "api.operators.enable", "api.operators.link"),
    "api.operators.sign_out",
    *("api.operators.reset_second_factor", "admin.second_factor"),
    *(f"admin.account.second_factor.{act}" for act in ("begin", "confirm", "codes", "remove")),
    *("api.templates.add", "api.templates.edit", "api.templates.remove"),
    *("admin.template.new", "admin.template.edit", "admin.template.remove"),
    *("admin.operator.new", "admin.operator.role", "admin.operator.link"),
    *(
        "admin.operator.sign_out",
        "admin.operator.disable",
        "admin.operator.enable",
        "admin.token.new",
        "admin.token.revoke",
    ),
    *("admin.sign_in", "admin.link", "admin.sign_out", "admin.replica.forget"),
    *("admin.account.revoke", "admin.account.sign_out_elsewhere", "admin.account.password"),
}
# What is posted and changes nothing.
NO_WRITE = {
    *("api.preview", "api.series.preview", "api.templates.render"),
    *("admin.window.preview", "admin.window.new.preview", "admin.window.edit.preview", "admin.window.update"),
    "admin.series.edit.preview",
}
LATER = "2100-01-01T22:00:00Z"


@pytest.fixture
async def state(
    database: Database, tmp_path: Path, observations: Observations, monkeypatch: pytest.MonkeyPatch
) -> State:
    """The state as it was once; nobody listens, and the writer does not wait long for somebody who does."""
    monkeypatch.setattr(following, "_PATIENCE", 0.01)
    frozen = State(clock=Clock(), observe=observations, file=tmp_path / "snapshot.json", close_unknown=False)
    async with database.session() as session:
        before = time.monotonic()
        frozen.loaded(await load_snapshot(session), before, time.monotonic())
    return frozen


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


class Walk:
    """Does one write after the other, and looks at what the gateway shows right after each."""

    def __init__(self, client: Client, sql: Callable[[str], str]) -> None:
        self.client = client
        self.done: set[str] = set()
        self._sql = sql
        self._numbers = itertools.count(1)

    def title(self) -> str:
        """Return a title that no other window has."""
        return f"Window {next(self._numbers)}"

    async def status(self) -> Any:
        """Return what everybody may read."""
        async with self.client.get(f"{PREFIX}/", headers={"Accept": "application/json"}) as response:
            return await response.json()

    async def shown(self, name: str, before: int, what: Callable[[Any], bool]) -> None:
        """Check what the write `name` has led to; `before` is the version before it."""
        document = await self.status()
        version = int(self._sql("select version from state_version"))
        assert before < version, f"{name} has changed nothing"
        assert document["version"] == version, f"{name} was answered before this gateway had it"
        assert what(document), (name, document)
        self.done.add(name)


def window(title: str, where: str = "active", **fields: Any) -> Callable[[Any], bool]:
    """Return the check that a window with the title is among those `where`, with these fields."""

    def check(document: Any) -> bool:
        found = [each for each in document["windows"][where] if each["title"] == title]
        return len(found) == 1 and all(found[0][name] == value for name, value in fields.items())

    return check


def gone(title: str) -> Callable[[Any], bool]:
    """Return the check that a window with the title is neither in force nor to come."""
    return lambda document: all(
        each["title"] != title for each in document["windows"]["active"] + document["windows"]["upcoming"]
    )


def component(slug: str, status: str) -> Callable[[Any], bool]:
    """Return the check that a component has a status."""
    return lambda document: {each["slug"]: each["status"] for each in document["components"]}.get(slug) == status


def order(*slugs: str) -> Callable[[Any], bool]:
    """Return the check that components are shown in this order."""
    return lambda document: [each["slug"] for each in document["components"]] == [*slugs]


def anything(_: Any) -> bool:
    """Check nothing but that the version of the write is in force."""
    return True


def writes(app: Any, prefix: str) -> Iterator[str]:
    """Return the names of all routes that may write."""
    for route in app.router.routes():
        if route.name.startswith(prefix) and route.method not in ("GET", "HEAD"):
            yield route.name


async def test_the_api(  # noqa: PLR0915  one walk
    client: Client, services: Services, psql: Callable[[str, str], str], database_url: str
) -> None:
    """Every operation that writes: the public page has it right after the answer, and so has the verdict."""
    call = Caller(client, await token_of(services, TokenScope.ADMIN))
    walk = Walk(client, partial(psql, database_url))

    async def write(name: str, method: str, path: str, body: Any, what: Callable[[Any], bool]) -> Any:
        before = (await walk.status())["version"]
        reply = await call(method, path, body)
        assert reply.status < 300, (name, reply)
        await walk.shown(name, before, what)
        return reply.document

    async def made(**fields: Any) -> tuple[str, str]:
        title = walk.title()
        where = "upcoming" if "starts_at" in fields else "active"
        document = await write(
            "api.windows.create", "POST", "/windows", {"title": title} | fields, window(title, where)
        )
        return title, f"/windows/{document['id']}"

    new = {"slug": "api", "name": "API"}
    await write("api.components.add", "POST", "/components", new, component("api", "operational"))
    broken = {"status": "major_outage"}
    await write("api.components.edit", "PATCH", "/components/api", broken, component("api", "major_outage"))
    other = {"slug": "web", "name": "Web"}
    await write("api.components.add", "POST", "/components", other, order("api", "web"))
    await write("api.components.move", "POST", "/components/web/move", {"before": "api"}, order("web", "api"))
    await write("api.components.order", "POST", "/component-order", {"slugs": ["api", "web"]}, order("api", "web"))
    groups = [
        (await write("api.groups.add", "POST", "/groups", {"name": name}, anything))["id"] for name in ("Core", "Edge")
    ]
    await write("api.components.edit", "PATCH", "/components/api", {"group": "Edge"}, order("web", "api"))
    await write("api.components.edit", "PATCH", "/components/web", {"group": "Core"}, order("web", "api"))
    await write("api.groups.move", "POST", f"/groups/{groups[1]}/move", {"before": groups[0]}, order("api", "web"))
    await write("api.groups.order", "POST", "/group-order", {"ids": groups}, order("web", "api"))
    await write("api.groups.edit", "PATCH", f"/groups/{groups[0]}", {"name": "Heart"}, anything)
    await write("api.groups.remove", "DELETE", f"/groups/{groups[0]}", None, order("web", "api"))
    await write("api.components.remove", "DELETE", "/components/web", None, order("api"))

    title, path = await made()
    assert services.state.moment.gates
    edited = {"description": "Another text."}
    await write("api.windows.edit", "PATCH", path, edited, window(title, **edited))
    longer = window(title, estimated_duration="PT45M")
    await write("api.windows.edit", "PATCH", path, {"estimated_duration": "PT45M"}, longer)
    await write(
        "api.windows.extend", "POST", f"{path}/extend", {"by": "PT15M"}, window(title, estimated_duration="PT1H")
    )
    posted = {"status": "identified", "body": "We know."}
    await write("api.windows.post", "POST", f"{path}/updates", posted, lambda d: "We know." in str(d["windows"]))
    await write("api.windows.end", "POST", f"{path}/end", None, gone(title))
    assert not services.state.moment.gates
    await write("api.windows.reopen", "POST", f"{path}/reopen", None, window(title))
    assert services.state.moment.gates
    await write("api.windows.end", "POST", f"{path}/end", None, gone(title))

    title, path = await made(starts_at=LATER)
    await write("api.windows.start", "POST", f"{path}/start", None, window(title))
    await write("api.windows.edit", "PATCH", path, {"fixed": True}, gone(title))
    title, path = await made(starts_at=LATER)
    await write("api.windows.cancel", "POST", f"{path}/cancel", None, gone(title))

    weekly = {"rule": "FREQ=WEEKLY;COUNT=2", "time_zone": "UTC"}
    title = walk.title()
    sent = {"title": title, "starts_at": LATER, "recurrence": weekly}
    document = await write("api.windows.create", "POST", "/windows", sent, anything)
    assert title in {each.title for each in services.state.moment.snapshot.windows}  # type: ignore[union-attr]
    series = f"/series/{document['recurrence']['series']}"
    await write("api.series.edit", "PATCH", series, {"window": {"title": "Renamed"}}, anything)
    assert "Renamed" in {each.title for each in services.state.moment.snapshot.windows}  # type: ignore[union-attr]
    await write("api.series.end", "POST", f"{series}/end", None, gone("Renamed"))

    link = await write("api.bypass_links.create", "POST", "/bypass-links", {"name": "Anna"}, anything)
    token = link["url"].rpartition("/")[2].encode()
    assert services.state.moment.bypass([token]) is not None
    await write("api.bypass_links.revoke", "DELETE", f"/bypass-links/{link['id']}", None, anything)
    assert services.state.moment.bypass([token]) is None

    left = {*writes(client.app, "api.")} - walk.done - NO_STATE - NO_WRITE
    assert not left, f"write through {sorted(left)} here, too, or say in NO_STATE that no gateway goes by it"


async def test_the_panel(  # noqa: PLR0915  one walk
    client: Client, services: Services, psql: Callable[[str, str], str], database_url: str
) -> None:
    """Every form: the page that the browser is sent to shows it already."""
    browser = await signed_in(Browser(client), services, Role.ADMINISTRATOR)
    walk = Walk(client, partial(psql, database_url))

    async def write(name: str, path: str, fields: dict[str, str], what: Callable[[Any], bool]) -> str:
        before = (await walk.status())["version"]
        answer = await browser.post(path, fields)
        assert answer.status in (201, 303), (name, answer.body)
        await walk.shown(name, before, what)
        return str(answer.headers.get("Location", ""))

    async def form(path: str) -> dict[str, str]:
        """Return what a form is filled with, as far as inputs go."""
        page = (await browser.get(path)).page
        return {
            each["name"]: each.get("value", "")
            for each in page.of("input")
            if each.get("type") != "checkbox" and each.get("name")
        }

    async def made(**fields: str) -> tuple[str, str]:
        title = walk.title()
        where = "upcoming" if "starts_at" in fields else "active"
        typed = {"kind": "maintenance", "title": title, "estimated_duration": "30m"} | CONFIRMED | fields
        location = await write("admin.window.new", "/admin/windows/new", typed, window(title, where))
        return title, location.removeprefix(PREFIX).partition("?")[0]

    new = {"slug": "api", "name": "API", "status": "operational"}
    await write("admin.component.new", "/admin/components/new", new, component("api", "operational"))
    broken = {"status": "major_outage"}
    await write("admin.component.status", "/admin/components/api/status", broken, component("api", "major_outage"))
    other = {"slug": "web", "name": "Web", "status": "operational"}
    await write("admin.component.new", "/admin/components/new", other, order("api", "web"))
    await write("admin.component.move", "/admin/components/web/move", {"before": "api"}, order("web", "api"))
    edited = await form("/admin/components/web") | {"name": "Site", "group": "", "visibility": "hidden"}
    await write("admin.component.edit", "/admin/components/web/edit", edited, order("api"))
    version = {"row_version": (await form("/admin/components/web"))["row_version"]}
    await write("admin.component.remove", "/admin/components/web/remove", version, order("api"))
    for name in ("Core", "Edge"):
        await write("admin.group.new", "/admin/groups/new", {"group_name": name}, anything)
    core, edge = [f"/admin/groups/{group.id}" for group in await services.component_groups.list()]
    await write("admin.group.move", f"{edge}/move", {"before": core.rpartition("/")[2]}, anything)
    await write("admin.group.edit", f"{core}/edit", await form(core) | {"name": "Heart"}, anything)
    version = {"row_version": (await form(core))["row_version"]}
    await write("admin.group.remove", f"{core}/remove", version, anything)
    await write("admin.bypass.new", "/admin/bypass/new", {"name": "Anna", "expires_in": "8h"}, anything)
    (link,) = await services.bypass_links.page(limit=2)
    await write("admin.bypass.revoke", f"/admin/bypass/{link.id}/revoke", {}, anything)

    title, path = await made()
    await write("admin.window.extend", f"{path}/extend", {"by": "15m"}, window(title, estimated_duration="PT45M"))
    posted = {"status": "identified", "body": "We know."}
    await write("admin.window.post", f"{path}/updates", posted, lambda d: "We know." in str(d["windows"]))
    typed = await form(f"{path}/edit") | {"kind": "downtime", "gate": "closed", "ends": "when_fixed"}
    await write("admin.window.edit", f"{path}/edit", typed, window(title, kind="downtime"))
    await write("admin.window.end", f"{path}/end", {}, gone(title))
    await write("admin.window.reopen", f"{path}/reopen", CONFIRMED, window(title))
    await write("admin.window.end", f"{path}/end", {}, gone(title))
    title, path = await made()
    await write("admin.window.fixed", f"{path}/fixed", {}, gone(title))
    title, path = await made(starts_at="2100-01-01T22:00")
    await write("admin.window.start", f"{path}/start", CONFIRMED, window(title))
    title, path = await made(starts_at="2100-01-01T22:00")
    await write("admin.window.cancel", f"{path}/cancel", {}, gone(title))

    title = walk.title()
    typed = {"kind": "maintenance", "title": title, "estimated_duration": "1h", "starts_at": "2099-03-01T02:00"}
    weekly = typed | CONFIRMED | {"repeats": "weekly", "time_zone": "UTC"}
    location = await write("admin.window.new", "/admin/windows/new", weekly, window(title, "upcoming"))
    path = location.removeprefix(PREFIX).partition("?")[0]
    first = next(each for each in await services.windows.list() if each.title == title and each.recurrence)
    await write("admin.series.skip", f"{path}/skip", {"window": str(first.id)}, anything)
    typed = await form(f"{path}/edit") | {"title": f"{title}, renamed", "kind": "maintenance", "ends": "when_fixed"}
    await write("admin.series.edit", f"{path}/edit", typed, window(f"{title}, renamed", "upcoming"))
    await write("admin.series.end", f"{path}/end", {}, gone(f"{title}, renamed"))
    use = await form("/admin/templates/database-upgrade/use")
    await write("admin.template.use", "/admin/templates/database-upgrade/use", use | CONFIRMED, anything)

    left = {*writes(client.app, "admin.")} - walk.done - NO_STATE - NO_WRITE
    assert not left, f"write through {sorted(left)} here, too, or say in NO_STATE that no gateway goes by it"


async def test_an_answer_that_is_given_again_is_followed_as_well(
    client: Client, services: Services, database: Database
) -> None:
    """The call was done at another gateway, its answer lost; this one, asked again, gates when it answers."""
    call = Caller(client, await token_of(services, TokenScope.WRITE))
    key = {"Idempotency-Key": "deploy-77"}
    first = await call("POST", "/windows", {"title": "x"}, headers=key)
    async with database.transaction() as session:
        await session.connection.execute("update windows set title = 'y'")
        version = await session.run("state_version")
    assert services.state.version < version
    again = await call("POST", "/windows", {"title": "x"}, headers=key)
    assert again.document == first.document
    assert services.state.version >= version


def test_what_no_gateway_goes_by_is_a_route() -> None:
    """The list of exceptions has nothing that is no more."""
    assert ROUTE_PERMISSIONS.keys() >= NO_STATE | NO_WRITE
