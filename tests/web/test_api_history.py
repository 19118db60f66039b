"""`/history` and `/windows/{id}/statistics`: pages, filters, exports, and what each wrong parameter is answered."""

import csv
import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import aiohttp
import pytest

from gateway.domain.access import TokenScope, command_line
from gateway.service import statistics as statistics_service
from gateway.service.drafts.windows import WindowDraft
from gateway.service.statistics import Statistics
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import API, NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import Client, ClientMaker, application

Sql = Callable[[str], str]
PAST = """
insert into windows (title, kind, starts_at, ended_at)
select 'w' || n, case when n % 2 = 0 then 'downtime' else 'maintenance' end::window_kind, start,
       start + interval '45 minutes'
from generate_series(1, {}) n, lateral (select '2026-01-01Z'::timestamptz + n * interval '1 hour' as start) at
"""
COUNTED = (
    "insert into window_refusals (window_id, requests, clients, is_at_least, counted_until) "
    "select id, 1200, 34, true, '2026-01-01 01:44Z' from windows where title = 'w1'"
)


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


@pytest.fixture
async def call(client: Client, services: Services) -> Caller:
    return Caller(client, await token_of(services, TokenScope.READ))


@pytest.fixture
async def download(client: Client, services: Services) -> Any:
    """Fetch an export: status, head, text."""
    token = await services.tokens.create("download", TokenScope.READ, command_line("test"))

    async def fetch(path: str) -> tuple[int, Any, str]:
        async with client.get(API + path, headers={"Authorization": f"Bearer {token}"}) as response:
            return response.status, response.headers, (await response.read()).decode()

    return fetch


async def test_a_window_of_the_past_in_numbers(call: Caller, sql: Sql) -> None:
    sql(PAST.format(1))
    sql(COUNTED)
    reply = await call("GET", "/history")
    assert reply.status == 200
    assert reply.document == {
        "windows": [
            {
                "id": sql("select id from windows"),
                "kind": "maintenance",
                "title": "w1",
                "gate": "closed",
                "components": [],
                "fixed": False,
                "starts_at": "2026-01-01T01:00:00Z",
                "ended_at": "2026-01-01T01:45:00Z",
                "first_estimate": "PT30M",
                "estimated_duration": "PT30M",
                "real_duration": "PT45M",
                "overrun_ratio": 1.5,
                "refused_requests": 1200,
                "distinct_clients": 34,
                "distinct_clients_is_at_least": True,
                "counted_until": "2026-01-01T01:44:00Z",
            }
        ],
        "next_cursor": None,
    }


async def test_the_history_comes_page_by_page(call: Caller, sql: Sql) -> None:
    """Filters go with it; each window comes once."""
    sql(PAST.format(7))
    seen, path = [], "/history?limit=2&kind=maintenance&since=2026-01-01T01:00:00Z&until=2026-01-01T07:00:00Z"
    while path:
        reply = await call("GET", path)
        seen += [window["title"] for window in reply.document["windows"]]
        assert len(reply.document["windows"]) <= 2
        path = reply.headers.get("Link", "").partition("<")[2].partition(">")[0].removeprefix(API)
    assert seen == ["w5", "w3", "w1"]


async def test_statistics_of_a_window_in_force_grow(call: Caller, services: Services, sql: Sql) -> None:
    """So far; of one that has not begun there are none, and its first estimate is still open."""
    window = await services.windows.create(WindowDraft(title="Upgrade"), command_line("test"))
    sql("insert into window_refusals (window_id, requests, clients, counted_until) select id, 5, 2, now() from windows")
    document = (await call("GET", f"/windows/{window.id}/statistics")).document
    assert (document["id"], document["ended_at"], document["refused_requests"]) == (str(window.id), None, 5)
    assert document["real_duration"] is not None
    sql("update window_refusals set requests = 6")
    assert (await call("GET", f"/windows/{window.id}/statistics")).document["refused_requests"] == 6
    sql("update windows set starts_at = now() + interval '1 hour'")
    document = (await call("GET", f"/windows/{window.id}/statistics")).document
    assert (document["real_duration"], document["overrun_ratio"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ("kind=holiday", "kind", "maintenance"),
        ("component=No!", "component", "is not a short name"),
        ("since=yesterday", "since", "'yesterday' is not an instant such as 2026-12-01T22:00:00Z"),
        ("until=2026-01-01T00:00:00", "until", "needs its offset"),
        ("since=1767225600", "since", "is not an instant such as 2026-12-01T22:00:00Z"),
        ("until=1999-01-01T00:00:00Z", "until", "must lie between the years 2000 and 2200"),
        ("state=ended", "state", "there is no such field"),
        ("since=2026-01-01T00:00:00Z&since=2026-01-01T00:00:00Z", "since", "is given twice"),
    ],
)
@pytest.mark.parametrize("path", ["/history", "/history.csv", "/history.json"])
async def test_a_wrong_parameter_is_named(call: Caller, path: str, query: str, field: str, text: str) -> None:
    reply = await call("GET", f"{path}?{query}")
    assert is_problem(reply, 422)
    assert len(reply.document["errors"]) == 1
    ((name, told),) = reply.document["errors"].items()
    assert name.startswith(field)
    assert text in told


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ("limit=0", "limit", "must be at least 1"),
        ("limit=1001", "limit", "must be at most 1,000"),
        ("cursor=x", "cursor", "is none of this list"),
        ("cursor=WzEsMl0", "cursor", "is none of this list"),
    ],
)
async def test_a_wrong_page_is_named(call: Caller, query: str, field: str, text: str) -> None:
    reply = await call("GET", f"/history?{query}")
    assert is_problem(reply, 422)
    assert text in reply.document["errors"][field]


@pytest.mark.parametrize("path", ["/history.csv", "/history.json"])
async def test_an_export_is_whole_and_takes_no_page(call: Caller, path: str) -> None:
    reply = await call("GET", f"{path}?limit=3")
    assert is_problem(reply, 422)
    assert reply.document["errors"] == {"limit": "there is no such field: correct its name, or leave it out"}


async def test_lengths_are_told_to_the_second(call: Caller, download: Any, sql: Sql) -> None:
    """The format that the description names has no fractions; the CSV has them."""
    sql(PAST.format(1))
    sql("update windows set ended_at = starts_at + interval '90.6 seconds'")
    (window,) = (await call("GET", "/history")).document["windows"]
    assert window["real_duration"] == "PT1M31S"
    (window,) = json.loads((await download("/history.json"))[2])["windows"]
    assert window["real_duration"] == "PT1M31S"
    assert (await download("/history.csv"))[2].splitlines()[1].split(",")[10] == "90.6"


async def test_statistics_of_no_window_are_not_found(call: Caller) -> None:
    for window_id in (NO_WINDOW, "none"):
        reply = await call("GET", f"/windows/{window_id}/statistics")
        assert is_problem(reply, 404)
        assert reply.document["detail"] == f"there is no window {window_id}"


async def test_the_csv_has_a_line_for_each_window(download: Any, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 4180: CRLF, quotes where they are needed; whatever the parts that it is read in."""
    monkeypatch.setattr(statistics_service, "_PAGE", 2)
    sql(PAST.format(5))
    sql(COUNTED)
    sql("""update windows set title = 'Say "hi", all' || chr(10) || 'of you' where title = 'w1'""")
    sql(
        "insert into window_refusals (window_id, requests, clients, counted_until) "
        "select id, null, null, now() from windows where title = 'w2'"
    )
    status, headers, text = await download("/history.csv")
    assert status == 200
    assert headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert headers["Content-Disposition"] == 'attachment; filename="maintenance-history.csv"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert text.count("\r\n") == 6
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["title"] for row in rows] == ["w5", "w4", "w3", "w2", 'Say "hi", all\nof you']
    assert rows[-1] == {
        "id": sql("select id from windows order by starts_at limit 1"),
        "kind": "maintenance",
        "title": 'Say "hi", all\nof you',
        "gate": "closed",
        "components": "",
        "fixed": "false",
        "starts_at": "2026-01-01T01:00:00Z",
        "ended_at": "2026-01-01T01:45:00Z",
        "first_estimate_seconds": "1800.0",
        "estimated_seconds": "1800.0",
        "real_seconds": "2700.0",
        "overrun_ratio": "1.5",
        "refused_requests": "1200",
        "distinct_clients": "34",
        "distinct_clients_is_at_least": "true",
        "counted_until": "2026-01-01T01:44:00Z",
    }
    assert (rows[3]["refused_requests"], rows[3]["distinct_clients"], rows[3]["counted_until"]) == ("", "", "")


async def test_the_json_export_is_that_of_the_pages_in_one(
    call: Caller, download: Any, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the parts fall; and of nothing it is an empty list."""
    assert json.loads((await download("/history.json"))[2]) == {"windows": []}
    sql(PAST.format(4))
    for size in (1, 2, 3, 4, 5):
        monkeypatch.setattr(statistics_service, "_PAGE", size)
        _, headers, text = await download("/history.json")
        assert json.loads(text)["windows"] == (await call("GET", "/history")).document["windows"]
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Disposition"] == 'attachment; filename="maintenance-history.json"'


async def test_filters_hold_for_exports(download: Any, sql: Sql) -> None:
    sql(PAST.format(4))
    query = "?kind=downtime&until=2026-01-01T04:00:00Z"
    rows = list(csv.DictReader(io.StringIO((await download(f"/history.csv{query}"))[2])))
    assert [row["title"] for row in rows] == ["w2"]
    assert [window["title"] for window in json.loads((await download(f"/history.json{query}"))[2])["windows"]] == ["w2"]


@pytest.mark.parametrize("path", ["/history.csv", "/history.json"])
async def test_an_export_that_breaks_off_does_not_look_whole(
    download: Any, sql: Sql, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails half-way: the connection is broken off, and whoever reads along notices."""
    sql(PAST.format(4))
    monkeypatch.setattr(statistics_service, "_PAGE", 2)
    page = Statistics.page

    async def page_and_no_more(self: Statistics, *args: Any, **options: Any) -> Any:
        found = await page(self, *args, **options)
        sql("drop view if exists window_history")
        return found

    monkeypatch.setattr(Statistics, "page", page_and_no_more)
    with pytest.raises(aiohttp.ClientError):
        await download(path)


@pytest.mark.parametrize("path", ["/history", "/history.csv", "/history.json", f"/windows/{NO_WINDOW}/statistics"])
async def test_while_the_database_can_not_answer_it_says_so(call: Caller, sql: Sql, path: str) -> None:
    """Before anything is sent: 503, as for every other call."""
    assert (await call("GET", "/windows")).status == 200
    sql("drop view window_history")
    assert is_problem(await call("GET", path), 503)
