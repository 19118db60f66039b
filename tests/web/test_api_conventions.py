"""What all of the API has in common: pages of lists, versions, calls that are done once, what is left of the rate."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.domain.access import TokenScope, command_line
from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.web.api import OPERATIONS
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import API, NO_WINDOW, Caller, Reply, is_problem, token_of
from tests.web.panel import SETTINGS, Client, ClientMaker, application

ACTOR = command_line("test")


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


@pytest.fixture
async def call(client: Client, services: Services) -> Caller:
    return Caller(client, await token_of(services, TokenScope.WRITE))


async def windows(services: Services, count: int, **fields: Any) -> list[str]:
    """Make windows, one after the other, and return their ids."""
    made = [await services.windows.create(WindowDraft(title=f"W{n}", **fields), ACTOR) for n in range(count)]
    return [str(window.id) for window in made]


async def test_a_list_is_read_page_by_page(call: Caller, services: Services) -> None:
    """Each window comes once, whatever is made or ended meanwhile; the last page says so; Link has the same address."""
    made = await windows(services, 7)
    seen, path = [], "/windows?limit=3"
    pages = []
    while True:
        reply = await call("GET", path)
        seen += [window["id"] for window in reply.document["windows"]]
        pages.append(len(reply.document["windows"]))
        await windows(services, 1)  # newer than the page: it comes before what is still to be read
        if reply.document["next_cursor"] is None:
            assert "Link" not in reply.headers
            break
        assert f"cursor={reply.document['next_cursor']}" in reply.headers["Link"]
        assert reply.headers["Link"].endswith('; rel="next"')
        path = reply.headers["Link"].partition("<")[2].partition(">")[0].removeprefix(API)
    assert pages == [3, 3, 1]
    assert seen == made[::-1]


async def test_windows_to_come_are_paged_from_the_next_one_on(call: Caller, services: Services) -> None:
    """The order of a list of windows not over is the other way about, and its pages follow it."""
    made = await windows(services, 3)
    first = (await call("GET", "/windows?state=active&state=overrunning&limit=2")).document
    cursor = first["next_cursor"]
    second = (await call("GET", f"/windows?state=active&state=overrunning&limit=2&cursor={cursor}")).document
    assert [w["id"] for w in first["windows"] + second["windows"]] == made
    assert second["next_cursor"] is None


async def test_windows_that_start_at_one_instant_are_all_listed(call: Caller) -> None:
    """The id decides where the start does not."""
    at = {"starts_at": "2100-01-01T00:00:00Z"}
    made = {(await call("POST", "/windows", {"title": "x", **at})).document["id"] for _ in range(3)}
    first = (await call("GET", "/windows?limit=2")).document
    second = (await call("GET", f"/windows?limit=2&cursor={first['next_cursor']}")).document
    assert {w["id"] for w in first["windows"] + second["windows"]} == made


async def test_bypass_links_are_paged(call: Caller, services: Services) -> None:
    """As windows are."""
    made = [str((await services.bypass_links.create(BypassLinkDraft(name=f"L{n}"), ACTOR))[0].id) for n in range(3)]
    first = (await call("GET", "/bypass-links?limit=2")).document
    second = (await call("GET", f"/bypass-links?limit=2&cursor={first['next_cursor']}")).document
    assert [link["id"] for link in first["bypass_links"] + second["bypass_links"]] == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "", "AAAA", "eyJhIjoxfQ", "WyJ4IiwieSJd", "%00", "%F0%9F%9A%A7", "a" * 401])
@pytest.mark.parametrize("path", ["/windows", "/components", "/bypass-links"])
async def test_a_cursor_that_is_none(call: Caller, path: str, cursor: str) -> None:
    """422 names it, and says which one to send."""
    reply = await call("GET", f"{path}?cursor={cursor}")
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {"cursor"}


async def test_windows_are_selected(call: Caller) -> None:
    """By kind, component, and when they start."""
    await call("POST", "/components", {"slug": "db", "name": "DB"})
    old = (await call("POST", "/windows", {"title": "a", "kind": "downtime", "components": [{"slug": "db"}]})).document
    new = (await call("POST", "/windows", {"title": "b", "starts_at": "2100-01-01T00:00:00Z"})).document

    async def ids(query: str) -> list[str]:
        return [window["id"] for window in (await call("GET", f"/windows?{query}")).document["windows"]]

    assert await ids("kind=downtime") == [old["id"]]
    assert await ids("kind=downtime&kind=maintenance") == [new["id"], old["id"]]
    assert await ids("component=db") == [old["id"]]
    assert await ids("since=2099-12-31T00:00:00Z") == [new["id"]]
    assert await ids("until=2099-12-31T00:00:00Z") == [old["id"]]
    assert await ids("since=2099-12-31T00:00:00Z&until=2100-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/windows?limit=2&limit=3", "limit"),
        ("/windows?kind=party", "kind.0"),
        ("/windows?component=A%20b", "component"),
        ("/windows?since=yesterday", "since"),
        ("/windows?until=2100-01-01T00:00:00", "until"),
        ("/replicas?limit=2", "limit"),
        ("/components?status=fine", "status"),
        ("/components/api/history?since=yesterday", "since"),
        (f"/windows/{NO_WINDOW}?x=1", "x"),
    ],
)
async def test_parameters_that_are_none(call: Caller, path: str, wrong: str) -> None:
    """Each is named; none is silently dropped."""
    reply = await call("GET", path)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {wrong}


TAKES_A_PERIOD = [
    operation.path
    for operation in OPERATIONS
    if operation.query is not None and {"since", "until"} & operation.query.model_fields.keys()
]


@pytest.mark.parametrize("until", ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"])
@pytest.mark.parametrize("path", TAKES_A_PERIOD)
async def test_a_period_that_is_turned_round(call: Caller, path: str, until: str) -> None:
    """It is refused alike wherever one is taken, and so is an empty one."""
    await call("POST", "/components", {"slug": "api", "name": "API"})
    reply = await call("GET", f"{path.format(slug='api')}?since=2026-02-01T00:00:00Z&until={until}")
    assert is_problem(reply, 422)
    assert reply.document["errors"] == {"until": "must lie after since: exchange the two, or leave one out"}


def test_where_a_period_is_taken() -> None:
    """By every list and export of what has a time, and nothing else names it otherwise."""
    assert len(TAKES_A_PERIOD) == 8
    named = {name for operation in OPERATIONS if operation.query for name in operation.query.model_fields}
    assert not named & {"from", "to", "start", "end", "before", "after"}


async def test_what_has_not_changed_is_not_sent_again(call: Caller, services: Services) -> None:
    """304 for the ETag that was read (RFC 9110, section 13.1.2); a new update, too, is a change of the document."""
    [window_id] = await windows(services, 1)
    path = f"/windows/{window_id}"
    tag = (await call("GET", path)).headers["ETag"]
    assert re.fullmatch(r'"1\.[0-9a-f]{16}"', tag)
    unchanged = await call("GET", path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (unchanged.status, unchanged.document, unchanged.headers["ETag"]) == (304, None, tag)
    await call("POST", f"{path}/updates", {"status": "in_progress", "body": "x"})
    changed = await call("GET", path, headers={"If-None-Match": tag})
    assert changed.status == 200
    assert changed.headers["ETag"] != tag


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("PATCH", "", {"title": "Second"}),
        ("POST", "/extend", {"by": "PT5M"}),
        ("POST", "/end", {}),
        ("POST", "/start", {}),
        ("POST", "/cancel", {}),
    ],
)
async def test_a_change_that_comes_too_late_gets_both_texts(
    call: Caller, services: Services, method: str, rest: str, body: dict[str, Any]
) -> None:
    """With the ETag that was read, 412: the document as it is saved, and what was sent. Nothing is changed."""
    [window_id] = await windows(services, 1)
    path = f"/windows/{window_id}"
    tag = (await call("GET", path)).headers["ETag"]
    await call("PATCH", path, {"title": "First"})
    reply = await call(method, path + rest, body, headers={"If-Match": tag})
    assert is_problem(reply, 412)
    assert "somebody else" in reply.document["detail"]
    assert reply.document["sent"] == body
    saved = (await call("GET", path)).document
    assert reply.document["current"] == saved
    assert (saved["title"], saved["row_version"], saved["state"]) == ("First", 2, "active")


async def test_a_row_version_that_comes_too_late_gets_both_texts(call: Caller, services: Services) -> None:
    """Said in the body it is 409, as the manual says."""
    [window_id] = await windows(services, 1)
    await call("PATCH", f"/windows/{window_id}", {"title": "First"})
    sent = {"title": "Second", "row_version": 1}
    reply = await call("PATCH", f"/windows/{window_id}", sent)
    assert is_problem(reply, 409)
    assert reply.document["sent"] == sent
    assert reply.document["current"]["title"] == "First"


async def test_a_change_in_time_is_made(call: Caller, services: Services) -> None:
    """The ETag names the row: an update posted since, or the clock, is no change of it; `*` is any version."""
    [window_id] = await windows(services, 1)
    path = f"/windows/{window_id}"
    tag = (await call("GET", path)).headers["ETag"]
    await services.windows.post(UUID(window_id), UpdateDraft(status="in_progress", body="x"), ACTOR)
    changed = await call("PATCH", path, {"title": "Mine"}, headers={"If-Match": tag})
    assert (changed.status, changed.document["row_version"]) == (200, 2)
    again = await call("POST", f"{path}/extend", {"by": "PT5M"}, headers={"If-Match": changed.headers["ETag"]})
    assert again.status == 200
    assert (await call("PATCH", path, {"title": "Any"}, headers={"If-Match": "*"})).status == 200


@pytest.mark.parametrize("tag", ["1", "", '"1.0000000000000000", "2.0000000000000000"', 'W/"1.0"', '"x"', "row 1"])
async def test_an_if_match_that_nobody_gave_out(call: Caller, services: Services, tag: str) -> None:
    """It matches nothing, so nothing is changed; the answer has the text that it should have been about."""
    [window_id] = await windows(services, 1)
    assert is_problem(await call("PATCH", f"/windows/{window_id}", {"title": "x"}, headers={"If-Match": tag}), 412)


async def test_a_call_with_a_key_is_done_once(call: Caller, services: Services) -> None:
    """Sent again it gets the same answer, and nothing happens a second time; without the key it does."""
    key = {"Idempotency-Key": str(uuid4())}
    first = await call("POST", "/windows", {"title": "Upgrade"}, headers=key)
    again = await call("POST", "/windows", {"title": "Upgrade"}, headers=key)
    assert (again.status, again.document) == (201, first.document)
    assert [again.headers[name] for name in ("Location", "ETag")] == [
        first.headers[name] for name in ("Location", "ETag")
    ]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(await services.windows.list()) == 1
    by = {"by": "PT15M"}
    path, key = f"/windows/{first.document['id']}/extend", {"Idempotency-Key": '"quoted"'}
    lengths = [(await call("POST", path, by, headers=key)).document["estimated_duration"] for _ in range(3)]
    assert lengths == ["PT45M"] * 3
    assert (await call("POST", path, by)).document["estimated_duration"] == "PT1H"


async def test_calls_with_one_key_at_once_are_done_once(call: Caller, services: Services) -> None:
    """However many arrive while the first is under way: one window, and all get its answer (or are told of it)."""
    key = {"Idempotency-Key": "deploy-77"}
    replies = await asyncio.gather(*(call("POST", "/windows", {"title": "x"}, headers=key) for _ in range(8)))
    assert {reply.status for reply in replies} <= {201, 409}
    assert len({reply.document["id"] for reply in replies if reply.status == 201}) == 1
    assert len(await services.windows.list()) == 1
    entries = [entry for entry in await services.audit.latest() if entry.action == "window.started"]
    assert len(entries) == 1
    late = await call("POST", "/windows", {"title": "x"}, headers=key)
    assert late.status == 201


async def test_an_end_that_is_sent_twice_is_no_conflict(call: Caller, services: Services) -> None:
    """The second one finds the window ended, by itself: with the key it is told what the first one was."""
    [window_id] = await windows(services, 1)
    key = {"Idempotency-Key": "end-it"}
    replies = await asyncio.gather(*(call("POST", f"/windows/{window_id}/end", {}, headers=key) for _ in range(4)))
    assert {reply.status for reply in replies} <= {200, 409}
    assert (await call("POST", f"/windows/{window_id}/end", {}, headers=key)).status == 200
    assert is_problem(await call("POST", f"/windows/{window_id}/end", {}), 409)


async def test_a_key_is_for_one_call(client: Client, call: Caller, services: Services) -> None:
    """With another body, or another path, it is refused; another token has keys of its own."""
    key = {"Idempotency-Key": "k"}
    await call("POST", "/windows", {"title": "a"}, headers=key)
    for path, body in (("/windows", {"title": "b"}), ("/components", {"title": "a"})):
        reply = await call("POST", path, body, headers=key)
        assert is_problem(reply, 422)
        assert reply.document["errors"].keys() <= {"Idempotency-Key", "slug", "name", "title"}
    reply = await call("POST", "/windows", {"title": "b"}, headers=key)
    assert "another call" in reply.document["errors"]["Idempotency-Key"]
    other = Caller(client, await token_of(services, TokenScope.ADMIN))
    assert (await other("POST", "/windows", {"title": "b"}, headers=key)).status == 201


async def test_a_refused_call_keeps_no_key(call: Caller) -> None:
    """What was wrong can be mended and sent with the same key."""
    key = {"Idempotency-Key": "k"}
    body = {"title": "x", "components": [{"slug": "db"}]}
    assert is_problem(await call("POST", "/windows", body, headers=key), 422)
    await call("POST", "/components", {"slug": "db", "name": "DB"})
    assert (await call("POST", "/windows", body, headers=key)).status == 201


async def test_a_secret_is_not_told_again(call: Caller, services: Services) -> None:
    """A link's address is kept nowhere: the second call makes no second link, and says why it can't answer alike."""
    key = {"Idempotency-Key": "k"}
    first = await call("POST", "/bypass-links", {"name": "QA"}, headers=key)
    again = await call("POST", "/bypass-links", {"name": "QA"}, headers=key)
    assert first.status == 201
    assert is_problem(again, 409)
    assert "not kept" in again.document["detail"]
    assert len(await services.bypass_links.page(limit=10)) == 1


@pytest.mark.parametrize("key", ["", "a b", "\xe9", "x" * 300, '"'])
async def test_a_key_that_is_none(call: Caller, services: Services, key: str) -> None:
    """It is named, and nothing is done."""
    reply = await call("POST", "/windows", {"title": "x"}, headers={"Idempotency-Key": key})
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {"Idempotency-Key"}
    assert await services.windows.list() == []


async def test_answers_tell_what_is_left_of_the_rate(call: Caller) -> None:
    """RateLimit counts down with each call, refusals too; nothing is told to those without a good token."""
    rate = SETTINGS.limits.api_rate

    def left(reply: Reply) -> int:
        assert reply.headers["RateLimit-Policy"] == f'"token";q={rate};w=60'
        match = re.fullmatch(r'"token";r=(\d+);t=(\d+)', reply.headers["RateLimit"])
        assert match is not None
        assert 1 <= int(match[2]) <= 60
        return int(match[1])

    counted = [left(await call("GET", path)) for path in ("/windows", "/windows/x", "/windows?limit=0", "/nothing")]
    assert counted[0] == rate - 1
    assert counted == sorted(counted, reverse=True)
    assert counted[2] <= rate - 3
    for token in (None, "gwt_wrong"):
        assert "RateLimit" not in (await Caller(call.client, token)("GET", "/windows")).headers
