"""The API's windows, on real services and a real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.access import TokenScope
from gateway.web.application import LARGEST_BODY
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import API, NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import ClientMaker, application

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
AT = TOMORROW.isoformat().replace("+00:00", "Z")


@pytest.fixture
async def call(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Caller:
    client = await aiohttp_client(application(services, observations))
    return Caller(client, await token_of(services, TokenScope.WRITE))


async def made(call: Caller, **fields: Any) -> dict[str, Any]:
    """Make a window, and return it as the API does."""
    reply = await call("POST", "/windows", {"title": "Upgrade", **fields})
    assert reply.status == 201, reply
    document: dict[str, Any] = reply.document
    return document


@pytest.mark.parametrize(("sent", "answered"), [("24h", "P1D"), ("PT24H", "P1D"), ("P1D", "P1D"), ("90m", "PT1H30M")])
async def test_lengths_are_answered_in_one_form(call: Caller, sent: str, answered: str) -> None:
    """Whatever they were sent as."""
    window = await made(call, estimated_duration=sent, reminders=[sent])
    assert (window["estimated_duration"], window["reminders"]) == (answered, [answered])


async def test_a_scope_that_is_sent_replaces_the_whole_scope(call: Caller) -> None:
    """And so do the lists of components and reminders."""
    scope = {"hosts": ["shop.example.com"], "paths": ["/shop"], "excluded_paths": ["/shop/help"]}
    window = await made(call, scope=scope, reminders=["P1D", "PT1H"])
    change = {"scope": {"paths": ["/cart"]}, "reminders": ["PT2H"]}
    changed = (await call("PATCH", f"/windows/{window['id']}", change)).document
    assert changed["scope"] == {"hosts": [], "paths": ["/cart"], "excluded_paths": []}
    assert changed["reminders"] == ["PT2H"]


async def test_a_new_window_is_as_it_was_sent(call: Caller) -> None:
    """POST answers 201 with the whole window, and says where it is; GET there answers the same."""
    await call("POST", "/components", {"slug": "database", "name": "Database"})
    sent = {
        "kind": "maintenance",
        "title": "Database upgrade",
        "description": "**Faster** afterwards",
        "translations": {"de": {"title": "Datenbank-Upgrade", "description": "Danach **schneller**"}},
        "starts_at": AT,
        "estimated_duration": "PT45M",
        "ends": "on_time",
        "gate": "read_only",
        "scope": {"hosts": ["shop.example.com"], "paths": ["/checkout"], "excluded_paths": ["/checkout/help"]},
        "components": [{"slug": "database", "status": "under_maintenance"}],
        "reminders": ["P1D", "PT1H"],
        "recurrence": None,
        "reopen_over": "PT5M",
    }
    reply = await call("POST", "/windows", sent)
    assert reply.status == 201
    window = reply.document
    assert {name: window[name] for name in sent} == sent
    assert {name: window[name] for name in window.keys() - sent.keys()} == {
        "id": window["id"],
        "state": "scheduled",
        "fixed": False,
        "ended_at": None,
        "cancelled_at": None,
        "scheduled_until": (TOMORROW + timedelta(minutes=45)).isoformat().replace("+00:00", "Z"),
        "row_version": 1,
        "created_at": window["created_at"],
        "updated_at": window["updated_at"],
        "updates": [],
    }
    assert window["created_at"].endswith("Z")
    assert window["created_at"] <= window["updated_at"]
    assert reply.headers["Location"] == f"{API}/windows/{window['id']}"
    assert (await call("GET", f"/windows/{window['id']}")).document == window


async def test_a_title_alone_starts_now(call: Caller, services: Services) -> None:
    """Kind, gate and estimate have defaults; this gateway gates when the answer is there."""
    window = await made(call)
    assert (window["state"], window["kind"], window["gate"]) == ("active", "maintenance", "closed")
    assert (window["ends"], window["estimated_duration"]) == ("when_fixed", "PT30M")
    assert services.state.moment.gates


async def test_an_offset_is_understood(call: Caller) -> None:
    """Instants come in with any offset and go out in UTC."""
    window = await made(call, starts_at="2100-06-01T00:30:00.250+02:00")
    assert window["starts_at"] == "2100-05-31T22:30:00.250000Z"


async def test_the_life_of_a_window(call: Caller, services: Services) -> None:
    """Scheduled, started, extended, posted to, ended: each verb answers the window as it is then."""
    path = f"/windows/{(await made(call, starts_at=AT))['id']}"
    started = (await call("POST", f"{path}/start")).document
    assert (started["state"], services.state.moment.gates) == ("active", True)
    extended = (await call("POST", f"{path}/extend", {"by": "PT15M"})).document
    assert (extended["estimated_duration"], extended["row_version"]) == ("PT45M", 3)
    posted = await call("POST", f"{path}/updates", {"status": "in_progress", "body": "Copying *rows*"})
    assert posted.status == 201
    [update] = posted.document["updates"]
    assert (update["status"], update["body"]) == ("in_progress", "Copying *rows*")
    ended = (await call("POST", f"{path}/end")).document
    assert (ended["state"], ended["fixed"], services.state.moment.gates) == ("ended", True, False)
    assert ended["ended_at"].endswith("Z")
    again = await call("POST", f"{path}/end")
    assert is_problem(again, 409)
    assert "ended" in again.document["detail"]


async def test_a_window_ends_unfixed(call: Caller) -> None:
    """`fixed: false` ends it without the claim that all is well."""
    window = await made(call)
    ended = (await call("POST", f"/windows/{window['id']}/end", {"fixed": False})).document
    assert (ended["state"], ended["fixed"]) == ("ended", False)


async def test_a_wrongly_ended_window_is_reopened(call: Caller, services: Services) -> None:
    """In force again, with the estimate that it had or another one; a window in force is refused by name."""
    window = await made(call)
    path = f"/windows/{window['id']}"
    await call("POST", f"{path}/end")
    assert not services.state.moment.gates
    reopened = (await call("POST", f"{path}/reopen")).document
    assert services.state.moment.gates
    assert (reopened["state"], reopened["fixed"], reopened["ended_at"]) == ("active", False, None)
    assert reopened["scheduled_until"] == window["scheduled_until"]
    again = await call("POST", f"{path}/reopen")
    assert is_problem(again, 409)
    assert "is active, so it can't be reopened" in again.document["detail"]
    await call("POST", f"{path}/end")
    longer = (await call("POST", f"{path}/reopen", {"remaining": "PT2H"})).document
    assert longer["scheduled_until"] > window["scheduled_until"]


async def test_a_window_whose_time_is_up_needs_some_to_be_reopened(call: Caller) -> None:
    """The answer names the field."""
    window = await made(call, ends="on_time", starts_at="2026-01-01T00:00:00Z")
    old = await call("POST", f"/windows/{window['id']}/reopen", {"remaining": "PT1H"})
    assert is_problem(old, 409)
    assert "for more than a day" in old.document["detail"]
    just = await made(
        call, ends="on_time", starts_at=(TOMORROW - timedelta(days=1, hours=1)).isoformat(), estimated_duration="PT10M"
    )
    reply = await call("POST", f"/windows/{just['id']}/reopen")
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {"remaining"}


async def test_a_reopening_that_comes_too_late_is_refused(call: Caller) -> None:
    """With `If-Match`: the window has changed since it was read."""
    window = await made(call)
    path = f"/windows/{window['id']}"
    tag = (await call("GET", path)).headers["ETag"]
    await call("POST", f"{path}/end")
    assert (await call("POST", f"{path}/reopen", headers={"If-Match": tag})).status == 412


async def test_a_window_is_cancelled(call: Caller) -> None:
    """Only one that has not started."""
    scheduled, active = await made(call, starts_at=AT), await made(call)
    cancelled = (await call("POST", f"/windows/{scheduled['id']}/cancel")).document
    assert (cancelled["state"], bool(cancelled["cancelled_at"])) == ("cancelled", True)
    assert is_problem(await call("POST", f"/windows/{active['id']}/cancel"), 409)


async def test_a_change_leaves_the_rest(call: Caller) -> None:
    """PATCH changes what is sent, and nothing else."""
    window = await made(call, starts_at=AT, description="Before")
    changed = (await call("PATCH", f"/windows/{window['id']}", {"title": "Upgrade of the database"})).document
    assert changed == window | {
        "title": "Upgrade of the database",
        "row_version": 2,
        "updated_at": changed["updated_at"],
    }


async def test_fixed_ends_the_window(call: Caller) -> None:
    """The seed's "Issue Fixed" toggle."""
    window = await made(call)
    changed = (await call("PATCH", f"/windows/{window['id']}", {"fixed": True})).document
    assert (changed["state"], changed["fixed"]) == ("ended", True)


async def test_the_second_writer_is_refused(call: Caller) -> None:
    """With the `row_version` that was read, a change made since is not overwritten."""
    window = await made(call)
    path, read = f"/windows/{window['id']}", {"row_version": window["row_version"]}
    assert (await call("PATCH", path, {"title": "First", **read})).status == 200
    assert is_problem(await call("PATCH", path, {"title": "Second", **read}), 409)
    assert (await call("GET", path)).document["title"] == "First"


async def test_the_list_is_filtered(call: Caller) -> None:
    """`state` is repeatable, `limit` counts."""
    scheduled, active = await made(call, starts_at=AT), await made(call)
    ended = await made(call)
    await call("POST", f"/windows/{ended['id']}/end")

    async def ids(query: str) -> list[str]:
        return [window["id"] for window in (await call("GET", f"/windows{query}")).document["windows"]]

    assert await ids("") == [scheduled["id"], ended["id"], active["id"]]
    assert await ids("?state=active") == [active["id"]]
    assert await ids("?state=ended") == [ended["id"]]
    assert await ids("?state=active&state=scheduled") == [active["id"], scheduled["id"]]
    assert await ids("?state=cancelled") == []
    assert await ids("?limit=1") == [scheduled["id"]]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("?state=open", "state.0"),
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
        ("?limit=x", "limit"),
        ("?sate=ended", "sate"),
    ],
)
async def test_wrong_queries_are_named(call: Caller, query: str, wrong: str) -> None:
    """A parameter that is unknown is no filter that is silently dropped."""
    reply = await call("GET", f"/windows{query}")
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {wrong}


async def test_every_wrong_field_is_named(call: Caller) -> None:
    """One answer tells all that is to be mended."""
    sent = {
        "title": 5,
        "kind": "party",
        "starts_at": "2100-01-01T00:00:00",
        "estimated_duration": "soon",
        "scope": {"hosts": ["http://x"], "path": "/"},
        "components": [{"slug": "A b"}, {"slug": "db", "status": "fine"}],
        "recurrence": "FREQ=DAILY",
        "colour": "red",
    }
    reply = await call("POST", "/windows", sent)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {
        "title",
        "kind",
        "starts_at",
        "estimated_duration",
        "scope.hosts.0",
        "scope.path",
        "components.0.slug",
        "components.1.status",
        "recurrence",
        "colour",
    }


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"title": ""}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"starts_at": 1_900_000_000}, "starts_at"),
        ({"starts_at": "1900000000"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-12:00"}, "starts_at"),
        ({"estimated_duration": 30}, "estimated_duration"),
        ({"estimated_duration": "PT0S"}, "estimated_duration"),
        ({"estimated_duration": "P9999D"}, "estimated_duration"),
        ({"reopen_over": "P2D"}, "reopen_over"),
        ({"components": [{"slug": "nowhere"}]}, "components.0.slug"),
        ({"scope": {"paths": ["/a?b"]}}, "scope.paths.0"),
        ({"scope": []}, "scope"),
        ({"scope": {"excluded_paths": ["/a;b"]}}, "scope.excluded_paths.0"),
        ({"scope": {"paths": ["/a"], "excluded_paths": ["/b"]}}, "scope.excluded_paths"),
    ],
)
async def test_values_that_no_window_has(call: Caller, fields: dict[str, Any], wrong: str) -> None:
    """Each is refused by its name, whether the drafts or the database notices, and no window is made."""
    reply = await call("POST", "/windows", {"title": "Upgrade", **fields})
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {wrong}
    assert (await call("GET", "/windows")).document["windows"] == []


@pytest.mark.parametrize(
    ("verb", "body", "wrong"),
    [
        ("extend", {}, "by"),
        ("extend", {"by": 900}, "by"),
        ("extend", {"by": "-PT5M"}, "by"),
        ("extend", {"by": "PT5M", "why": "slow"}, "why"),
        ("end", {"fixed": "no"}, "fixed"),
        ("cancel", {"why": "rain"}, "why"),
        ("reopen", {"why": "rain"}, "why"),
        ("reopen", {"remaining": "PT0S"}, "remaining"),
        ("reopen", {"remaining": 30}, "remaining"),
        ("reopen", {"remaining": "P9999D"}, "remaining"),
        ("updates", {"status": "in_progress"}, "body"),
        ("updates", {"status": "done", "body": "x"}, "status"),
    ],
)
async def test_wrong_bodies_of_verbs(call: Caller, verb: str, body: dict[str, Any], wrong: str) -> None:
    """They are checked like all the rest, and the window stays as it was."""
    window = await made(call, starts_at=AT)
    reply = await call("POST", f"/windows/{window['id']}/{verb}", body)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {wrong}
    assert (await call("GET", f"/windows/{window['id']}")).document == window


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        (b'{"title": "x"}', "text/plain", 415),
        (b'{"title": "x"}', None, 415),
        (b"title=x", "application/x-www-form-urlencoded", 415),
        (b'{"title": ', "application/json", 400),
        (b'{"title": "\xff"}', "application/json", 400),
        (b'{"title": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'["title"]', "application/json", 400),
        (b'"title"', "application/json", 400),
        (b'{"title": "' + b"x" * LARGEST_BODY + b'"}', "application/json", 413),
        (b"", None, 422),
        (b'{"title": "x"}', "application/json; charset=utf-8", 201),
    ],
)
async def test_bodies_that_are_no_json_objects(call: Caller, raw: bytes, content_type: str | None, status: int) -> None:
    """Each is refused with the status that says why; the same in JSON is taken."""
    reply = await call("POST", "/windows", raw=raw, content_type=content_type)
    assert reply.status == status
    assert status == 201 or is_problem(reply, status)


@pytest.mark.parametrize("which", [NO_WINDOW, "1", "not-an-id", "%00", "..%2f..", "%F0%9F%9A%A7"])
@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "x"}),
        ("POST", "/start", None),
        ("POST", "/extend", {"by": "PT5M"}),
        ("POST", "/end", None),
        ("POST", "/cancel", None),
        ("POST", "/reopen", None),
        ("POST", "/updates", {"status": "resolved", "body": "x"}),
    ],
)
async def test_a_window_that_is_none(call: Caller, method: str, rest: str, body: object, which: str) -> None:
    """Unknown and malformed ids alike: 404."""
    assert is_problem(await call(method, f"/windows/{which}{rest}", body), 404)
