"""The API's components and groups, on real services and a real PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import API, NO_WINDOW, Caller, Reply, is_problem, token_of
from tests.web.panel import PREFIX, Client, ClientMaker, application


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


@pytest.fixture
async def call(client: Client, services: Services) -> Caller:
    return Caller(client, await token_of(services, TokenScope.WRITE))


async def add(call: Caller, *slugs: str, **fields: Any) -> None:
    for slug in slugs:
        reply = await call("POST", "/components", {"slug": slug, "name": slug.upper(), **fields})
        assert reply.status == 201, reply


async def order_of(call: Caller) -> list[str]:
    return [each["slug"] for each in (await call("GET", "/components")).document["components"]]


async def test_a_new_component(call: Caller) -> None:
    """POST answers 201 and says where it is; GET there answers the same; the group comes into being."""
    sent = {"slug": "api", "name": "API", "description": "For programs", "group": "Core", "visibility": "hidden"}
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


async def test_all_fields_are_changed(call: Caller) -> None:
    """Those that are sent; null takes it out of its group."""
    await add(call, "api", group="Core")
    sent = {"name": "The API", "description": "x", "visibility": "only_when_degraded", "group": "Edge"}
    changed = (await call("PATCH", "/components/api", sent)).document
    assert {name: changed[name] for name in sent} == sent
    assert (await call("PATCH", "/components/api", {"group": None})).document["group"] is None
    assert (await call("PATCH", "/components/api", {})).document["row_version"] == 3


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


async def test_whoever_may_report_sets_the_status_alone(client: Client, call: Caller, services: Services) -> None:
    """Other fields take the scope write, and the message says so; nothing is changed."""
    await add(call, "api")
    reporter = Caller(client, await token_of(services, TokenScope.REPORT))
    assert (await reporter("PATCH", "/components/api", {"status": "partial_outage"})).status == 200
    for sent in ({"name": "Mine"}, {"status": "operational", "visibility": "hidden"}, {"group": None}):
        reply = await reporter("PATCH", "/components/api", sent)
        assert is_problem(reply, 403)
        assert "may set the status alone: other fields take the scope write" in reply.document["detail"]
    component = (await call("GET", "/components/api")).document
    assert (component["name"], component["status"], component["visibility"]) == ("API", "partial_outage", "shown")


@pytest.mark.parametrize("path", ["/components/api", "/groups/{group}"])
@pytest.mark.parametrize("by_tag", [True, False])
async def test_the_second_writer_gets_both_texts(call: Caller, path: str, *, by_tag: bool) -> None:
    """What is saved, and what was sent: 412 for an ETag, 409 for a row version."""
    await add(call, "api", group="Core")
    [group] = (await call("GET", "/groups")).document["groups"]
    path = path.format(group=group["id"])
    tag = (await call("GET", path)).headers["ETag"]
    assert (await call("PATCH", path, {"name": "First"}, headers={"If-Match": tag})).status == 200
    for method, sent in (("PATCH", {"name": "Second"}), *([("DELETE", None)] if by_tag else [])):
        body = sent if by_tag else {"name": "Second", "row_version": 1}
        reply = await call(method, path, body, headers={"If-Match": tag} if by_tag else {})
        assert is_problem(reply, 412 if by_tag else 409)
        assert (reply.document["current"]["name"], reply.document["sent"]) == ("First", body or {})
    assert (await call("GET", path)).document["name"] == "First"


async def test_a_removed_component(call: Caller) -> None:
    """It is gone from the list, listed among the removed ones, keeps its history, and comes back when it is added."""
    await add(call, "api", "db")
    removed = await call("DELETE", "/components/api")
    assert (removed.status, removed.document["slug"]) == (200, "api")
    assert removed.document["removed_at"] is not None
    assert await order_of(call) == ["db"]
    [listed] = (await call("GET", "/components?removed=true")).document["components"]
    assert listed == removed.document
    for reply in (
        await call("GET", "/components/api"),
        await call("PATCH", "/components/api", {"status": "operational"}),
        await call("DELETE", "/components/api"),
    ):
        assert is_problem(reply, 404)
        assert "adding it again brings it back" in reply.document["detail"]
    assert len((await call("GET", "/components/api/history")).document["intervals"]) == 1
    await add(call, "api")
    assert await order_of(call) == ["db", "api"]


async def test_a_component_that_a_window_names_stays(call: Caller) -> None:
    """409 names the window."""
    await add(call, "api")
    await call("POST", "/windows", {"title": "Upgrade", "components": [{"slug": "api"}]})
    reply = await call("DELETE", "/components/api")
    assert is_problem(reply, 409)
    assert "(Upgrade)" in reply.document["detail"]
    assert await order_of(call) == ["api"]


async def test_components_are_selected_and_paged(call: Caller) -> None:
    """By group, own status and visibility; page by page in the order of the page."""
    await add(call, "a", "b", group="Core")
    await add(call, "c", status="major_outage")
    await add(call, "d", "e", group="Edge", visibility="hidden")

    async def slugs(query: str) -> list[str]:
        return [each["slug"] for each in (await call("GET", f"/components?{query}")).document["components"]]

    assert await slugs("group=Core") == ["a", "b"]
    assert await slugs("group=None") == []
    assert await slugs("status=major_outage") == ["c"]
    assert await slugs("visibility=hidden") == ["d", "e"]
    assert await slugs("visibility=hidden&status=major_outage") == []
    seen, path = [], "/components?limit=2"
    while path:
        reply = await call("GET", path)
        seen += [each["slug"] for each in reply.document["components"]]
        cursor = reply.document["next_cursor"]
        path = f"/components?limit=2&cursor={cursor}" if cursor else ""
    assert seen == await order_of(call) == ["c", "a", "b", "d", "e"]


async def test_components_are_put_in_order(call: Caller) -> None:
    """Some of them, or one beside another one."""
    await add(call, "a", "b", "c", "d")
    reply = await call("POST", "/component-order", {"slugs": ["d", "a"]})
    assert (reply.status, reply.document) == (200, {"slugs": ["d", "b", "c", "a"]})
    assert (await call("POST", "/components/a/move", {"before": "b"})).document["slug"] == "a"
    assert (await call("POST", "/components/d/move", {"after": "c"})).status == 200
    assert await order_of(call) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("path", "sent", "status", "says"),
    [
        ("/component-order", {}, 422, "slugs"),
        ("/component-order", {"slugs": []}, 422, "slugs"),
        ("/component-order", {"slugs": ["a", "a"]}, 422, 'slugs.1: names "a" for the second time'),
        ("/component-order", {"slugs": ["a", "x"]}, 422, 'slugs.1: there is no component "x"'),
        ("/components/a/move", {}, 422, "before: name one other component, either here or as `after`"),
        ("/components/a/move", {"before": None}, 422, "before: must not be null: leave it out"),
        ("/components/a/move", {"before": "b", "after": "b"}, 422, "before: name one other component"),
        ("/components/a/move", {"before": "B!"}, 422, "before"),
        ("/components/a/move", {"before": "a"}, 409, "before: is the component itself: name another one"),
        ("/components/a/move", {"after": "x"}, 404, 'after: there is no component "x"'),
        ("/components/a/move", {"after": "b"}, 409, '"b" is in the group "Edge": change the group of "a" first'),
        ("/components/x/move", {"after": "b"}, 404, 'there is no component "x"'),
        ("/group-order", {"ids": []}, 422, "ids"),
        ("/group-order", {"ids": ["x"]}, 422, "ids.0"),
        ("/group-order", {"ids": [NO_WINDOW]}, 422, f'ids.0: there is no group "{NO_WINDOW}"'),
        (f"/groups/{NO_WINDOW}/move", {"after": NO_WINDOW}, 404, f"there is no group {NO_WINDOW}"),
        (f"/groups/{NO_WINDOW}/move", {"after": "x"}, 422, "after"),
        ("/groups/{group}/move", {"after": "{group}"}, 409, "after: is the group itself: name another one"),
        ("/groups/{group}/move", {"after": NO_WINDOW}, 404, f'after: there is no group "{NO_WINDOW}"'),
        ("/groups/{group}/move", {}, 422, "before: name one other group, either here or as `after`"),
    ],
)
async def test_an_order_that_can_not_be(call: Caller, path: str, sent: dict[str, Any], status: int, says: str) -> None:
    """Nothing moves."""
    await add(call, "a")
    await add(call, "b", group="Edge")
    [group] = (await call("GET", "/groups")).document["groups"]
    sent = {name: value.format(group=group["id"]) if isinstance(value, str) else value for name, value in sent.items()}
    reply = await call("POST", path.format(group=group["id"]), sent)
    assert is_problem(reply, status)
    assert says in reply.document["detail"]
    assert await order_of(call) == ["a", "b"]


async def test_orders_of_components_and_groups_are_refused_alike(call: Caller) -> None:
    """Each wrong entry is named, whether it is unknown or named again."""
    await add(call, "a", group="Edge")
    [group] = (await call("GET", "/groups")).document["groups"]
    for path, field, what, known, unknown in (
        ("/component-order", "slugs", "component", "a", ("x", "y")),
        ("/group-order", "ids", "group", group["id"], (NO_WINDOW, NO_WINDOW.replace("8", "9"))),
    ):
        reply = await call("POST", path, {field: [unknown[0], known, known, unknown[1]]})
        assert is_problem(reply, 422)
        assert reply.document["errors"] == {
            f"{field}.0": f'there is no {what} "{unknown[0]}"; `gateway {what} list` shows them',
            f"{field}.2": f'names "{known}" for the second time: name it once',
            f"{field}.3": f'there is no {what} "{unknown[1]}"; `gateway {what} list` shows them',
        }
        for sent, said in (
            ({}, {field: "is missing: it is needed"}),
            ({field: []}, {field: "must not be empty"}),
            ({field: known}, {field: "must be a list: [...]"}),
        ):
            assert (await call("POST", path, sent)).document["errors"] == said


async def test_what_customers_saw(call: Caller, psql: Callable[[str, str], str], database_url: str) -> None:
    """Intervals with what was the cause, the sums, and the share without an outage."""
    sql = partial(psql, database_url)
    await add(call, "api")
    sql("alter table component_statuses disable trigger user")
    sql("update component_statuses set since = now() - interval '4 hours'")
    effect = [{"slug": "api", "status": "major_outage"}]
    window = (await call("POST", "/windows", {"title": "Power cut", "components": effect})).document
    sql("update windows set starts_at = now() - interval '3 hours', ended_at = now() - interval '2 hours'")
    await call("PATCH", "/components/api", {"status": "degraded_performance"})
    reply = await call("GET", "/components/api/history")
    history = reply.document
    assert [each["status"] for each in history["intervals"]] == [
        "operational", "major_outage", "operational", "degraded_performance"
    ]  # fmt: skip
    assert history["intervals"][1]["windows"] == [{"id": window["id"], "title": "Power cut"}]
    assert history["intervals"][3]["changed_by"] == "token write token"
    assert history["intervals"][0]["until"] == history["intervals"][1]["since"]
    assert history["seconds"]["major_outage"] == pytest.approx(3600, abs=60)
    assert history["seconds"]["operational"] == pytest.approx(3 * 3600, abs=60)
    assert history["share_up"] == pytest.approx(3 / 4, abs=0.01)
    since, until = (datetime.fromisoformat(history[name]) for name in ("since", "until"))
    assert until - since == timedelta(days=90)
    now = datetime.now(UTC)
    past, later = (f"{now - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}" for minutes in (150, 60))
    part = (await call("GET", f"/components/api/history?since={past}&until={later}")).document
    assert [each["status"] for each in part["intervals"]] == ["major_outage", "operational"]
    assert sum(part["seconds"].values()) == 90 * 60


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("?since=2100-01-01T00:00:00Z", 422, "since: lies in the future: name a time that has been"),
        ("?since=yesterday", 422, "since: "),
        ("?until=2020-01-01T00:00:00", 422, "until: "),
        ("?from=2020-01-01T00:00:00Z", 422, "from: there is no such field"),
    ],
)
async def test_a_history_that_can_not_be(call: Caller, query: str, status: int, says: str) -> None:
    await add(call, "api")
    reply = await call("GET", f"/components/api/history{query}")
    assert is_problem(reply, status)
    assert says in reply.document["detail"]


async def test_groups(call: Caller) -> None:
    """Added, changed, shown with the worst status that customers see of their components, put in order, removed."""
    reply = await call("POST", "/groups", {"name": "Core", "description": "x", "collapsed": True})
    core = reply.document
    assert (reply.status, reply.headers["Location"]) == (201, f"{API}/groups/{core['id']}")
    await add(call, "api", "db", group="Core", status="degraded_performance")
    await add(call, "secret", group="Core", status="major_outage", visibility="hidden")
    core = (await call("GET", f"/groups/{core['id']}")).document
    assert core == {
        "id": core["id"], "name": "Core", "description": "x", "collapsed": True, "status": "degraded_performance",
        "components": ["api", "db", "secret"], "position": 0, "row_version": 1,
    }  # fmt: skip
    edge = (await call("POST", "/groups", {"name": "Edge"})).document
    assert (edge["status"], edge["components"]) == ("operational", [])
    changed = (await call("PATCH", f"/groups/{edge['id']}", {"name": "Network", "collapsed": True})).document
    assert (changed["name"], changed["collapsed"], changed["row_version"]) == ("Network", True, 2)

    def names(reply: Reply) -> list[str]:
        return [group["name"] for group in reply.document["groups"]]

    assert names(await call("POST", "/group-order", {"ids": [edge["id"], core["id"]]})) == ["Network", "Core"]
    assert (await call("POST", f"/groups/{core['id']}/move", {"before": edge["id"]})).document["name"] == "Core"
    assert names(await call("GET", "/groups")) == ["Core", "Network"]
    removed = (await call("DELETE", f"/groups/{core['id']}")).document
    assert removed["components"] == ["api", "db", "secret"]
    assert names(await call("GET", "/groups")) == ["Network"]
    assert [each["group"] for each in (await call("GET", "/components")).document["components"]] == [None] * 3


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "says"),
    [
        ("POST", "/groups", {}, 422, "name"),
        ("POST", "/groups", {"name": " "}, 422, "name"),
        ("POST", "/groups", {"name": "x" * 101}, 422, "name"),
        ("POST", "/groups", {"name": "x", "description": "x" * 2001}, 422, "description"),
        ("POST", "/groups", {"name": "x", "collapsed": "yes"}, 422, "collapsed"),
        ("POST", "/groups", {"name": "x", "colour": "red"}, 422, "colour: there is no such field"),
        ("POST", "/groups", {"name": "Core"}, 409, 'there is a group "Core" already: choose another name, or edit'),
        ("PATCH", f"/groups/{NO_WINDOW}", {"name": "x"}, 404, f"there is no group {NO_WINDOW}"),
        ("DELETE", f"/groups/{NO_WINDOW}", None, 404, f"there is no group {NO_WINDOW}"),
        ("GET", f"/groups/{NO_WINDOW}", None, 404, f"there is no group {NO_WINDOW}"),
        ("GET", "/groups/core", None, 404, "there is no group core"),
    ],
)
async def test_a_group_that_can_not_be(
    call: Caller, method: str, path: str, sent: dict[str, Any] | None, *, status: int, says: str
) -> None:
    await call("POST", "/groups", {"name": "Core"})
    reply = await call(method, path, sent)
    assert is_problem(reply, status)
    assert says in reply.document["detail"]


async def test_a_hidden_component_is_in_no_public_document(call: Caller, client: Client) -> None:
    """Neither by itself nor in a window; nor does its status make the product look worse."""
    await add(call, "shop-window")
    await add(call, "secret-part", visibility="hidden", status="major_outage", group="Secret group")
    effects = [{"slug": "secret-part", "status": "partial_outage"}, {"slug": "shop-window"}]
    window = (await call("POST", "/windows", {"title": "x", "gate": "none", "components": effects})).document
    paths = ("/", f"/windows/{window['id']}", "/history")

    async def public() -> str:
        texts = []
        for path in paths:
            for accept in ("text/html", "application/json", "text/plain"):
                async with client.get(PREFIX + path, headers={"Accept": accept}) as response:
                    assert response.status == 200
                    texts.append(await response.text())
        return "\n".join(texts).lower()

    text = await public()
    assert "shop-window" in text
    assert "secret" not in text
    await call("POST", f"/windows/{window['id']}/end")
    text = await public()
    assert "secret" not in text
    assert "all systems operational" in text
    await call("PATCH", "/components/secret-part", {"visibility": "only_when_degraded"})
    assert "secret group" in await public()
    await call("PATCH", "/components/secret-part", {"status": "operational"})
    assert "secret group" not in await public()
    await call("PATCH", "/components/secret-part", {"visibility": "hidden"})
    await call("DELETE", "/components/secret-part")
    assert "secret" not in await public()


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
        ({"slug": "api", "name": "a\0", "visibility": "maybe"}, {"name", "visibility"}),
    ],
)
async def test_wrong_fields_are_named(call: Caller, sent: dict[str, Any], wrong: set[str]) -> None:
    """All of them, and nothing is added."""
    reply = await call("POST", "/components", sent)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == wrong
    assert (await call("GET", "/components")).document["components"] == []


async def test_a_component_that_is_none(call: Caller) -> None:
    """404, and wrong values are named."""
    assert is_problem(await call("GET", "/components/nowhere"), 404)
    assert is_problem(await call("GET", "/components/nowhere/history"), 404)
    assert is_problem(await call("GET", "/components/%00"), 404)
    assert is_problem(await call("DELETE", "/components/nowhere"), 404)
    assert is_problem(await call("PATCH", "/components/nowhere", {"status": "operational"}), 404)
    for field, value in (("status", "fine"), ("visibility", "maybe"), ("name", ""), ("group", ""), ("slug", "x")):
        reply = await call("PATCH", "/components/nowhere", {field: value})
        assert is_problem(reply, 422)
        assert reply.document["errors"].keys() == {field}
