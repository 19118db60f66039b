"""Fences and replicas over the API."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.access import TokenScope, command_line
from gateway.domain.window import Gate
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, Caller, is_problem, token_of
from tests.web.fleet import reported
from tests.web.panel import ClientMaker, application

WHO = command_line("test")


@pytest.fixture
async def call(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Caller:
    client = await aiohttp_client(application(services, observations))
    return Caller(client, await token_of(services, TokenScope.WRITE))


async def test_the_fence_of_a_window(call: Caller, services: Services) -> None:
    """Every number for programs, the line for people, and each replica by its state."""
    window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    one = await reported(services, "web-1", window, left=5, given_up=2)
    await reported(services, "web-2 (pid 71)", window, silent=14)
    await reported(services, "web-3")
    reply = await call("GET", f"/windows/{window.id}/fence")
    document = reply.document
    replicas = document.pop("replicas")
    assert document.pop("summary").startswith(
        "1 of 3 gateways gate, 5 requests left in the application; web-2 (pid 71) has not been heard of for 14 s; "
        "web-3 does not gate yet (2 requests were given up on"
    )
    assert document == {
        "window": str(window.id),
        "title": "Upgrade",
        "holds": False,
        "is_vain": False,
        "gating": 1,
        "known": 3,
        "left": 5,
        "given_up": 2,
    }
    assert [(each["name"], each["state"], each["left"]) for each in replicas] == [
        ("web-1", "draining", 5),
        ("web-2 (pid 71)", "unknown", 0),
        ("web-3", "behind", 0),
    ]
    assert replicas[0]["id"] == str(one)
    assert replicas[0]["given_up"] == 2
    assert replicas[0]["applied_version"] == services.state.version
    heard = datetime.fromisoformat(replicas[0]["heartbeat_at"])
    assert abs(datetime.now(UTC) - heard) < timedelta(seconds=30)
    assert is_problem(await call("GET", f"/windows/{NO_WINDOW}/fence"), 404)
    assert is_problem(await call("GET", "/windows/nowhere/fence"), 404)


async def test_all_fences_are_of_windows_in_force_that_gate(call: Caller, services: Services) -> None:
    """One that is over, scheduled, or does not gate has none that could hold; asked for by its id, it says why."""
    shut = await services.windows.create(WindowDraft(title="Shut"), WHO)
    free = await services.windows.create(WindowDraft(title="Free", gate=Gate.NONE), WHO)
    over = await services.windows.create(WindowDraft(title="Over"), WHO)
    await services.windows.end(over.id, WHO)
    await reported(services, "web-1", shut)
    (only,) = (await call("GET", "/fences")).document["fences"]
    assert (only["window"], only["holds"]) == (str(shut.id), True)
    assert only == (await call("GET", f"/windows/{shut.id}/fence")).document
    for window, said in ((free, "does not gate"), (over, "is over")):
        told = (await call("GET", f"/windows/{window.id}/fence")).document
        assert (told["holds"], told["is_vain"], said in told["summary"]) == (False, True, True)


async def test_replicas_are_listed_and_the_silent_ones_forgotten(call: Caller, services: Services) -> None:
    """On somebody's word, which the audit keeps; one that is alive is not forgotten."""
    alive = await reported(services, "web-1")
    silent = await reported(services, "web-2", silent=11)
    listed = (await call("GET", "/replicas")).document["replicas"]
    assert [(each["id"], each["name"], each["silent"]) for each in listed] == [
        (str(alive), "web-1", False),
        (str(silent), "web-2", True),
    ]
    refused = await call("DELETE", f"/replicas/{alive}")
    assert is_problem(refused, 409)
    assert "web-1 is alive" in refused.document["detail"]
    assert (await call("DELETE", f"/replicas/{silent}")).document == {"id": str(silent)}
    assert is_problem(await call("DELETE", f"/replicas/{silent}"), 404)
    assert [each["name"] for each in (await call("GET", "/replicas")).document["replicas"]] == ["web-1"]
    (entry,) = [entry for entry in await services.audit.latest() if entry.subject == "replica"]
    assert (entry.action, entry.actor, entry.subject_id) == ("replica.forgotten", "token write token", str(silent))
    assert entry.before == {"name": "web-2"}
