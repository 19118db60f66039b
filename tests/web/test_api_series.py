"""The API's series, on real services and a real PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import API, NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import ClientMaker, application

FIRST = (datetime.now(UTC) + timedelta(days=2)).replace(hour=2, minute=0, second=0, microsecond=0)
WEEK = timedelta(weeks=1)
WEEKLY = {"rule": "FREQ=WEEKLY;COUNT=4", "time_zone": "UTC"}


def text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@pytest.fixture
async def call(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Caller:
    client = await aiohttp_client(application(services, observations))
    return Caller(client, await token_of(services, TokenScope.WRITE))


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Callable[[str], str]:
    return partial(psql, database_url)


async def made(call: Caller, **recurrence: Any) -> dict[str, Any]:
    """Make a series, and return its first window as the API does."""
    sent = {"title": "Patching", "starts_at": text(FIRST), "recurrence": WEEKLY | recurrence}
    reply = await call("POST", "/windows", sent)
    assert reply.status == 201, reply
    document: dict[str, Any] = reply.document
    return document


async def test_a_window_with_a_recurrence_is_the_first_of_a_series(call: Caller) -> None:
    """It is answered as any window; it says of which series it is, and when by the rule."""
    window = await made(call)
    series = window["recurrence"]["series"]
    assert window["recurrence"] == {
        "series": series,
        "rule": WEEKLY["rule"],
        "time_zone": "UTC",
        "occurs_at": text(FIRST),
    }
    assert (window["starts_at"], window["state"]) == (text(FIRST), "scheduled")
    listed = (await call("GET", "/windows?state=scheduled")).document["windows"]
    assert [each["starts_at"] for each in listed] == [text(FIRST + number * WEEK) for number in range(4)]
    assert {each["recurrence"]["series"] for each in listed} == {series}
    one = await call("POST", "/windows", {"title": "Once", "starts_at": text(FIRST)})
    assert one.document["recurrence"] is None


async def test_a_series_starts_on_a_whole_second(call: Caller) -> None:
    """A rule knows no fractions: what a program sends of them is dropped."""
    window = (await call("POST", "/windows", SENT | {"starts_at": text(FIRST + timedelta(microseconds=5))})).document
    assert window["starts_at"] == text(FIRST)


async def test_a_template_makes_a_series(call: Caller) -> None:
    """Its variables are filled once: all occurrences read alike."""
    window = {"title": "Deploy of {{what}}", "estimated_duration": "PT10M"}
    await call("POST", "/templates", {"slug": "deploys", "name": "Deploys", "window": window})
    sent = {"template": "deploys", "variables": {"what": "shop"}, "starts_at": text(FIRST), "recurrence": WEEKLY}
    made_ones = await call("POST", "/windows", sent)
    assert made_ones.status == 201, made_ones.document
    listed = (await call("GET", "/windows?state=scheduled")).document["windows"]
    assert [(each["title"], each["estimated_duration"]) for each in listed] == [("Deploy of shop", "PT10M")] * 4


async def test_a_series_is_shown_with_what_lies_ahead(call: Caller) -> None:
    """Each occurrence by the rule and as it is: moved, skipped, or as the series says."""
    window = await made(call, excluded_dates=[str((FIRST + 3 * WEEK).date())])
    path = f"/series/{window['recurrence']['series']}"
    _, other, third = (await call("GET", "/windows?state=scheduled")).document["windows"]
    await call("PATCH", f"/windows/{other['id']}", {"starts_at": text(FIRST + WEEK + timedelta(hours=3))})
    await call("POST", f"/windows/{third['id']}/cancel")
    reply = await call("GET", path)
    document = reply.document
    weekday = f"{FIRST:%A}"
    assert {
        name: document[name] for name in ("state", "rule", "time_zone", "words", "starts_at", "excluded_dates")
    } == {
        "state": "running",
        "rule": "FREQ=WEEKLY;COUNT=4",
        "time_zone": "UTC",
        "words": f"every {weekday} at 02:00 (UTC), 4 times",
        "starts_at": text(FIRST),
        "excluded_dates": [str((FIRST + 3 * WEEK).date())],
    }
    assert document["window"] == {
        "kind": "maintenance",
        "title": "Patching",
        "description": "",
        "translations": {},
        "estimated_duration": "PT30M",
        "ends": "when_fixed",
        "gate": "closed",
        "scope": window["scope"],
        "components": [],
        "reminders": [],
        "reopen_over": "PT0S",
    }
    assert document["occurrences"] == [
        {
            "occurs_at": text(at),
            "local_time": at.isoformat(),
            "starts_at": text(at + moved),
            "state": state,
            "window": window_id,
            "named": True,
            "note": "",
        }
        for at, moved, state, window_id in [
            (FIRST, timedelta(), "scheduled", window["id"]),
            (FIRST + WEEK, timedelta(hours=3), "changed", other["id"]),
            (FIRST + 2 * WEEK, timedelta(), "skipped", third["id"]),
        ]
    ]
    assert reply.headers["ETag"].startswith('"1.')
    short = (await call("GET", f"{path}?occurrences=1")).document
    assert len(short["occurrences"]) == 1


async def test_what_is_not_made_yet_is_planned(call: Caller) -> None:
    """It has no window; what the clocks do is said beside it."""
    start = datetime(2099, 3, 28, 1, 30, tzinfo=UTC)
    sent = {"title": "x", "starts_at": text(start), "recurrence": {"rule": "FREQ=DAILY", "time_zone": "Europe/Berlin"}}
    window = (await call("POST", "/windows", sent)).document
    found = (await call("GET", f"/series/{window['recurrence']['series']}?occurrences=4")).document["occurrences"]
    assert [(each["state"], bool(each["window"]), each["note"]) for each in found] == [
        ("scheduled", True, ""),
        ("scheduled", True, "the clock is put forward: 03:30 instead of 02:30"),
        ("scheduled", True, ""),
        ("planned", False, ""),
    ]
    assert [each["local_time"] for each in found][1:3] == ["2099-03-29T03:30:00+02:00", "2099-03-30T02:30:00+02:00"]


async def test_series_are_listed_page_by_page(call: Caller) -> None:
    """The newest first, each with its next occurrence."""
    made_ones = [(await made(call))["recurrence"]["series"] for _ in range(3)]
    await call("POST", f"/series/{made_ones[0]}/end")
    page = (await call("GET", "/series?limit=2")).document
    rest = (await call("GET", f"/series?limit=2&cursor={page['next_cursor']}")).document
    assert [each["id"] for each in (*page["series"], *rest["series"])] == made_ones[::-1]
    assert rest["next_cursor"] is None
    assert [len(each["occurrences"]) for each in (*page["series"], *rest["series"])] == [1, 1, 0]
    assert [each["id"] for each in (await call("GET", "/series?ended=true")).document["series"]] == made_ones[:1]
    assert len((await call("GET", "/series?ended=false")).document["series"]) == 2


async def test_a_series_is_changed_and_ended(call: Caller) -> None:
    """A change names what it has left alone; what is ended is cancelled."""
    window = await made(call)
    path = f"/series/{window['recurrence']['series']}"
    await call("PATCH", f"/windows/{window['id']}", {"title": "A special one"})
    reply = await call("PATCH", path, {"window": {"title": "All", "gate": "none"}, "row_version": 1})
    assert (reply.status, reply.document["kept"], reply.document["row_version"]) == (200, [window["id"]], 2)
    titles = [each["title"] for each in (await call("GET", "/windows?state=scheduled")).document["windows"]]
    assert titles == ["A special one", "All", "All", "All"]
    ended = (await call("POST", f"{path}/end")).document
    assert (ended["state"], ended["occurrences"], bool(ended["ended_at"])) == ("ended", [], True)
    states = {each["state"] for each in (await call("GET", "/windows")).document["windows"]}
    assert states == {"cancelled"}
    again = await call("POST", f"{path}/end")
    assert is_problem(again, 409)
    assert "was ended, so nothing can change it; schedule a new one" in again.document["detail"]


async def test_the_second_writer_gets_both_texts(call: Caller) -> None:
    """By `row_version` or `If-Match`; the same for the end."""
    path = f"/series/{(await made(call))['recurrence']['series']}"
    await call("PATCH", path, {"window": {"title": "One"}})
    late = await call("PATCH", path, {"window": {"title": "Two"}, "row_version": 1})
    assert is_problem(late, 409)
    assert late.document["current"]["window"]["title"] == "One"
    assert late.document["sent"]["window"] == {"title": "Two"}


async def test_a_repeated_call_makes_one_series(call: Caller) -> None:
    """`Idempotency-Key`: a pipeline that was cut off asks again."""
    sent = {"title": "Patching", "starts_at": text(FIRST), "recurrence": WEEKLY}
    headers = {"Authorization": f"Bearer {call.token}", "Idempotency-Key": "k1"}
    ids = []
    for _ in range(2):
        async with call.client.post(f"{API}/windows", json=sent, headers=headers) as response:
            assert response.status == 201
            ids.append((await response.json())["id"])
    assert ids[0] == ids[1]
    assert len((await call("GET", "/series")).document["series"]) == 1


async def test_a_rule_is_tried_out(call: Caller, services: Services) -> None:
    """A reader may: nothing is saved."""
    reader = Caller(call.client, await token_of(services, TokenScope.READ))
    sent = {
        "rule": "freq=weekly;byday=su;interval=2",
        "time_zone": "Europe/Berlin",
        "starts_at": "2027-03-14T01:30:00Z",
        "excluded_dates": ["2027-04-11"],
        "limit": 3,
    }
    reply = await reader("POST", "/series/preview", sent)
    assert (reply.status, reply.document) == (
        200,
        {
            "rule": "FREQ=WEEKLY;BYDAY=SU;INTERVAL=2",
            "words": "every second Sunday at 02:30 (Europe/Berlin)",
            "occurrences": [
                {"occurs_at": "2027-03-14T01:30:00Z", "local_time": "2027-03-14T02:30:00+01:00", "note": ""},
                {
                    "occurs_at": "2027-03-28T01:30:00Z",
                    "local_time": "2027-03-28T03:30:00+02:00",
                    "note": "the clock is put forward: 03:30 instead of 02:30",
                },
                {"occurs_at": "2027-04-25T00:30:00Z", "local_time": "2027-04-25T02:30:00+02:00", "note": ""},
            ],
        },
    )
    assert (await reader("POST", "/series/preview", sent | {"limit": 3.0})).document == reply.document
    assert (await reader("GET", "/series")).document["series"] == []
    window = await reader("POST", "/windows", {"title": "x", "starts_at": text(FIRST), "recurrence": WEEKLY})
    assert is_problem(window, 403)


SENT: dict[str, Any] = {"title": "x", "starts_at": text(FIRST), "recurrence": WEEKLY}


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"starts_at": None}, "recurrence", "needs starts_at: the start of the first occurrence"),
        ({"recurrence": "FREQ=DAILY"}, "recurrence", "object"),
        ({"recurrence": {"rule": "FREQ=DAILY"}}, "recurrence.time_zone", "is missing: it is needed"),
        ({"recurrence": {"time_zone": "UTC"}}, "recurrence.rule", "is missing: it is needed"),
        ({"recurrence": WEEKLY | {"until": "x"}}, "recurrence.until", "there is no such field"),
        ({"recurrence": WEEKLY | {"rule": "FREQ=MINUTELY"}}, "recurrence.rule", "too often: HOURLY is the shortest"),
        ({"recurrence": WEEKLY | {"rule": 7}}, "recurrence.rule", "must be a text in quotes"),
        ({"recurrence": WEEKLY | {"time_zone": "MEZ"}}, "recurrence.time_zone", "there is no time zone 'MEZ'"),
        (
            {"recurrence": WEEKLY | {"excluded_dates": ["27.12.2026"]}},
            "recurrence.excluded_dates.0",
            "'27.12.2026' is not a date: write for example 2026-12-27",
        ),
        (
            {"recurrence": WEEKLY | {"excluded_dates": [20261227]}},
            "recurrence.excluded_dates.0",
            "'20261227' is not a date",
        ),
        ({"recurrence": WEEKLY | {"excluded_dates": ["2026-12-27"] * 201}}, "recurrence.excluded_dates", "at most 200"),
        ({"recurrence": WEEKLY | {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}}, "recurrence.rule", "names no time"),
        ({"recurrence": WEEKLY | {"rule": "FREQ=DAILY;BYHOUR=5"}}, "starts_at", "is not among what the rule names"),
        ({"starts_at": "2020-01-05T02:00:00Z"}, "starts_at", "lies in the past"),
        ({"estimated_duration": "P8D"}, "estimated_duration", "would overlap: make them shorter"),
    ],
)
async def test_wrong_values_are_named(call: Caller, wrong: dict[str, Any], field: str, said: str) -> None:
    """As they were sent; nothing is made."""
    reply = await call("POST", "/windows", SENT | wrong)
    assert is_problem(reply, 422)
    assert said in reply.document["errors"][field]
    assert (await call("GET", "/series")).document["series"] == []


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"rule": ""}, "rule", "is empty"),
        ({"time_zone": "Europe/Berlln"}, "time_zone", "did you mean Europe/Berlin"),
        ({"excluded_dates": ["x"]}, "excluded_dates.0", "'x' is not a date"),
        ({"starts_at": "tomorrow"}, "starts_at", ""),
        ({"starts_at": "2020-01-05T02:00:00Z"}, "starts_at", "lies in the past"),
        ({"title": "x"}, "title", "there is no such field"),
        ({"row_version": 0}, "row_version", "must be more than 0"),
        ({"window": {"title": ""}}, "window.title", "must not be empty"),
        (
            {"window": {"starts_at": text(FIRST)}},
            "window.starts_at",
            "is a field of the series itself: send it beside window",
        ),
        ({"window": {"fixed": True}}, "window.fixed", "is a field of one window alone: leave it out"),
        ({"window": {"scope": {"hosts": ["http://x"]}}}, "window.scope.hosts.0", "is not a host"),
        ({"window": {"estimated_duration": "P8D"}}, "window.estimated_duration", "would overlap"),
        ({"window": {"components": [{"slug": "x"}]}}, "window.components.0.slug", 'there is no component "x"'),
    ],
)
async def test_wrong_changes_are_named(call: Caller, wrong: dict[str, Any], field: str, said: str) -> None:
    path = f"/series/{(await made(call))['recurrence']['series']}"
    reply = await call("PATCH", path, wrong)
    assert is_problem(reply, 422)
    assert said in reply.document["errors"][field]
    assert (await call("GET", path)).document["row_version"] == 1


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"limit": 0}, "limit", "must be at least 1"),
        ({"limit": 101}, "limit", "must be at most 100"),
        ({"limit": 1.5}, "limit", "must be a whole number"),
        ({"starts_at": "2026-12-06T02:00:00"}, "starts_at", "needs its offset"),
        ({"rule": "FREQ=DAILY;COUNT=1;UNTIL=20270101"}, "rule", "exclude each other"),
        ({"estimated_duration": "P8D"}, "estimated_duration", "would overlap"),
        ({"excluded_dates": ["2026-12-05"]}, "excluded_dates", "nothing occurs on Sat 2026-12-05"),
    ],
)
async def test_wrong_trials_are_named(call: Caller, wrong: dict[str, Any], field: str, said: str) -> None:
    sent = {"rule": "FREQ=WEEKLY", "time_zone": "UTC", "starts_at": "2026-12-06T02:00:00Z"} | wrong
    reply = await call("POST", "/series/preview", sent)
    assert is_problem(reply, 422)
    assert said in reply.document["errors"][field], reply.document


async def test_a_preview_is_no_series(call: Caller) -> None:
    """`/series/preview` takes POST alone, and says so; whatever else stands there is looked for."""
    for method in ("GET", "PATCH", "DELETE"):
        reply = await call(method, "/series/preview")
        assert is_problem(reply, 405)
        assert reply.headers["Allow"] == "POST"
    assert is_problem(await call("GET", "/series/previews"), 404)


async def test_what_is_not_there(call: Caller) -> None:
    """404 that names it; wrong parameters are named, too."""
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/end")):
        for which in (NO_WINDOW, "x"):
            reply = await call(method, f"/series/{which}{path}", None if method == "GET" else {})
            assert is_problem(reply, 404)
            assert f"there is no series {which}" in reply.document["detail"]
    for query, field in (("ended=maybe", "ended"), ("limit=0", "limit"), ("cursor=x", "cursor"), ("x=1", "x")):
        reply = await call("GET", f"/series?{query}")
        assert is_problem(reply, 422)
        assert field in reply.document["errors"]
    path = f"/series/{(await made(call))['recurrence']['series']}"
    reply = await call("GET", f"{path}?occurrences=101")
    assert "must be at most 100" in reply.document["errors"]["occurrences"]
    reply = await call("POST", f"{path}/end", {"fixed": True})
    assert reply.document["errors"] == {"fixed": "there is no such field: correct its name, or leave it out"}


@pytest.mark.parametrize(
    ("broken", "said", "missing"),
    [
        ("update series set rule = 'NEVER'", "rule: 'NEVER' is no part of a rule", "starts_at"),
        ("update series set time_zone = 'X'", "time_zone: there is no time zone 'X'", "starts_at"),
        ("update series set draft = '{}'", "window.title: ", "window"),
    ],
)
async def test_what_can_not_be_read_is_told(
    call: Caller, sql: Callable[[str], str], broken: str, said: str, missing: str
) -> None:
    """In the list, too, beside the others; its windows are what they were."""
    series = (await made(call))["recurrence"]["series"]
    sql(broken)
    [listed] = (await call("GET", "/series")).document["series"]
    shown = (await call("GET", f"/series/{series}")).document
    for document in (listed, shown):
        assert (document["state"], document[missing]) == ("unreadable", None)
        assert document["problem"].startswith(said)
    assert [each["starts_at"] for each in shown["occurrences"]] == [text(FIRST + number * WEEK) for number in range(4)]
    assert (await call("POST", f"/series/{series}/end")).document["state"] == "ended"
