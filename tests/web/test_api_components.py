"""The API's components, on real services and a real PostgreSQL."""

from typing import Any

import pytest

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import API, Caller, is_problem, token_of
from tests.web.panel import ClientMaker, application


@pytest.fixture
async def call(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Caller:
    client = await aiohttp_client(application(services, observations))
    return Caller(client, await token_of(services, TokenScope.WRITE))


async def test_a_new_component(call: Caller) -> None:
    """POST answers 201 and says where it is; GET there answers the same; the group comes into being."""
    sent = {"slug": "api", "name": "API", "description": "For programs", "group": "Core"}
    reply = await call("POST", "/components", sent)
    assert (reply.status, reply.headers["Location"]) == (201, f"{API}/components/api")
    component = reply.document
    assert {name: component[name] for name in sent} == sent
    assert (component["status"], component["shown_status"]) == ("operational", "operational")
    assert (await call("GET", "/components/api")).document == component
    await call("POST", "/components", {"slug": "db", "name": "Database"})
    listed = (await call("GET", "/components")).document["components"]
    # In the order of the page: those without a group first.
    assert [(each["slug"], each["group"], each["position"]) for each in listed] == [("db", None, 1), ("api", "Core", 0)]


async def test_its_status_is_set(call: Caller, services: Services) -> None:
    """What customers see follows at once."""
    await call("POST", "/components", {"slug": "api", "name": "API"})
    changed = (await call("PATCH", "/components/api", {"status": "major_outage"})).document
    assert (changed["status"], changed["row_version"]) == ("major_outage", 2)
    assert services.state.moment.component_statuses == {"api": "major_outage"}


async def test_a_window_shows_through(call: Caller) -> None:
    """`status` is the component's own, `shown_status` the worst of it and those of active windows."""
    await call("POST", "/components", {"slug": "api", "name": "API"})
    effect = {"slug": "api", "status": "partial_outage"}
    window = (await call("POST", "/windows", {"title": "Upgrade", "components": [effect]})).document
    component = (await call("GET", "/components/api")).document
    assert (component["status"], component["shown_status"]) == ("operational", "partial_outage")
    await call("POST", f"/windows/{window['id']}/end")
    component = (await call("GET", "/components/api")).document
    assert (component["status"], component["shown_status"]) == ("operational", "operational")


async def test_a_slug_is_taken_once(call: Caller) -> None:
    """The second gets 409, and the first stays."""
    await call("POST", "/components", {"slug": "api", "name": "API"})
    assert is_problem(await call("POST", "/components", {"slug": "api", "name": "Other"}), 409)
    assert (await call("GET", "/components/api")).document["name"] == "API"


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, {"slug", "name"}),
        ({"slug": "Not A Slug", "name": "x"}, {"slug"}),
        ({"slug": "api", "name": "x", "status": "fine", "colour": "red"}, {"status", "colour"}),
        ({"slug": "api", "name": "a\0"}, {"name"}),
    ],
)
async def test_wrong_fields_are_named(call: Caller, sent: dict[str, Any], wrong: set[str]) -> None:
    """All of them, and nothing is added."""
    reply = await call("POST", "/components", sent)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == wrong
    assert (await call("GET", "/components")).document["components"] == []


async def test_a_component_that_is_none(call: Caller) -> None:
    """404, and wrong statuses are named."""
    assert is_problem(await call("GET", "/components/nowhere"), 404)
    assert is_problem(await call("GET", "/components/%00"), 404)
    assert is_problem(await call("PATCH", "/components/nowhere", {"status": "operational"}), 404)
    assert is_problem(await call("PATCH", "/components/nowhere", {"status": "fine"}), 422)
