"""`gateway history`, and the numbers of `window show`: real processes, over the API."""

import csv
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gateway.domain.access import TokenScope
from gateway.service import statistics as statistics_service
from gateway.service.statistics import Statistics
from gateway.web.keys import Services
from tests.commands.cli import Shell, refused
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, token_of
from tests.web.panel import ClientMaker, application
from tests.web.test_api_history import PAST

Sql = Callable[[str], str]
COUNTED = """
insert into window_refusals (window_id, requests, clients, is_at_least, counted_until)
select id, 12345, 678, title = 'w2', '2026-01-01 01:44Z' from windows where title in ('w1', 'w2')
"""


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


@pytest.fixture
async def shell(aiohttp_client: ClientMaker, tmp_path: Path, services: Services, observations: Observations) -> Shell:
    client = await aiohttp_client(application(services, observations))
    url = str(client.make_url("/"))
    return Shell(tmp_path, {"GATEWAY_URL": url, "GATEWAY_TOKEN": await token_of(services, TokenScope.READ)})


async def test_the_list_lines_up(shell: Shell, sql: Sql) -> None:
    """The latest start first: how long it was to take and took, whom it turned away; or heads alone."""
    empty = await shell("history", "list")
    assert (empty.code, empty.err) == (0, "")
    assert empty.out.split() == ["ID", "STARTED", "ESTIMATE", "TOOK", "OVERRUN", "REFUSED", "CLIENTS", "KIND", "TITLE"]
    sql(PAST.format(3))
    sql(COUNTED)
    sql("update windows set title = 'red \x1b[31m' where title = 'w3'")
    done = await shell("history", "list")
    assert (done.code, done.err) == (0, "")
    head, *rows = done.out.splitlines()
    assert [row.split()[1:] for row in rows] == [
        ["2026-01-01", "03:00Z", "30m", "45m", "1.50", "x", "0", "0", "maintenance", "red", "\\x1b[31m"],
        ["2026-01-01", "02:00Z", "30m", "45m", "1.50", "x", "12,345", ">=", "678", "downtime", "w2"],
        ["2026-01-01", "01:00Z", "30m", "45m", "1.50", "x", "12,345", "678", "maintenance", "w1"],
    ]
    assert {row.index("45m") for row in rows} == {head.index("TOOK")}


async def test_filters_and_limits(shell: Shell, sql: Sql) -> None:
    """A day is its beginning in UTC; whoever sees a part is told so."""
    sql(PAST.format(4))
    everything = (await shell("history", "list", "--json")).json
    assert [window["title"] for window in everything] == ["w4", "w3", "w2", "w1"]

    async def titles(*arguments: str) -> list[str]:
        done = await shell("history", "list", "--json", *arguments)
        assert (done.code, done.err) == (0, "")
        return [window["title"] for window in done.json]

    assert await titles("--from", "2026-01-01T04:00:00+01:00") == ["w4", "w3"]
    assert await titles("--from", "2026-01-01", "--to", "2026-01-01T02:00:00Z") == ["w1"]
    assert await titles("--to", "2026-01-01") == []
    assert await titles("--kind", "downtime") == ["w4", "w2"]
    assert await titles("--kind", "downtime", "--kind", "maintenance", "--component", "api") == []
    some = await shell("history", "list", "--limit", "3")
    assert len(some.out.splitlines()) == 4
    assert some.err == "gateway: these are the latest 3; --limit and --from show more, `gateway history export` all\n"


async def test_the_whole_history_is_exported(shell: Shell, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics_service, "_PAGE", 2)
    sql(PAST.format(5))
    done = await shell("history", "export", "--format", "csv", "--from", "2026-01-01T02:00:00Z")
    assert (done.code, done.err) == (0, "")
    assert [row["title"] for row in csv.DictReader(io.StringIO(done.out))] == ["w5", "w4", "w3", "w2"]
    done = await shell("history", "export", "--format", "json", "--kind", "downtime")
    assert [window["title"] for window in done.json["windows"]] == ["w4", "w2"]


async def test_the_numbers_of_one_window(shell: Shell, sql: Sql) -> None:
    """In `window show` as well; so far, while it is active; of one that has not begun there is nothing to tell."""
    sql(PAST.format(1))
    sql("update windows set estimated_duration = '1 hour'")
    sql(COUNTED)
    window_id = sql("select id from windows")
    told = [
        "first estimate  30m, later 1h",
        "took            45m (1.50 x the first estimate)",
        "refused         12,345 requests of 678 clients, counted until 2026-01-01 01:44Z",
    ]
    assert (await shell("history", "show", window_id)).out.splitlines()[2:] == told
    assert (await shell("history", "show", window_id, "--json")).json["refused_requests"] == 12345
    assert set(told) <= set((await shell("window", "show", window_id)).out.splitlines())
    sql("update windows set ended_at = null, starts_at = now() - interval '15 minutes 30 seconds'")
    assert "took so far     15m3" in (await shell("history", "show", window_id)).out
    sql("update windows set starts_at = now() + interval '1 hour'")
    assert "refused" not in (await shell("window", "show", window_id)).out
    sql("update window_refusals set requests = null, clients = null")
    sql("update windows set starts_at = now() - interval '1 hour'")
    assert "refused         not counted: it was over before" in (await shell("history", "show", window_id)).out
    sql("update window_refusals set requests = 1, clients = 1, is_at_least = true")
    assert "refused         1 request of at least 1 client, c" in (await shell("history", "show", window_id)).out


async def test_what_it_refuses(shell: Shell, sql: Sql) -> None:
    """Each with the remedy, and the right exit code."""
    sql(PAST.format(1))
    for wrong, text in (
        ("2026-13-01", "is not a day: write for example 2026-12-01"),
        ("yesterday", "is not an instant: write for example 2026-12-01T22:00:00Z"),
        ("2026-01-01T00:00:00", "does not say in which time zone"),
    ):
        for option in ("--from", "--to"):
            assert refused(await shell("history", "list", option, wrong), 2, option, text)
            assert refused(await shell("history", "export", "--format", "csv", option, wrong), 2, option, text)
    assert refused(await shell("history", "list", "--from", "1999-01-01"), 1, "--from: must lie between the years 2000")
    done = await shell("history", "export", "--format", "csv", "--from", "2026-02-01", "--to", "2026-01-01")
    assert refused(done, 2, "--to does not lie after --from")
    assert refused(await shell("history", "list", "--kind", "holiday"), 2, "'holiday' is not one of")
    assert refused(await shell("history", "list", "--component", "No!"), 2, "is not a component's short name")
    assert refused(await shell("history", "list", "--limit", "0"), 2, "0 is not in the range 1<=x<=1000")
    assert refused(await shell("history", "export"), 2, "Missing option '--format'", "csv, json")
    assert refused(await shell("history", "export", "--format", "xml"), 2, "'xml' is not one of 'csv', 'json'")
    assert refused(await shell("history", "show", "none"), 2, "'none' is not an id")
    assert refused(await shell("history", "show", NO_WINDOW), 1, f"there is no window {NO_WINDOW}")
    assert refused(await shell("history", "export", "--format", "csv", GATEWAY_TOKEN="gwt_wrong"), 1, "token")
    done = await shell("history", "export", "--format", "csv", GATEWAY_TOKEN="")
    assert refused(done, 2, "no token: set GATEWAY_TOKEN or --token", "--scope read")
    done = await shell("history", "export", "--format", "csv", GATEWAY_URL="http://127.0.0.1:1")
    assert refused(done, 1, "nothing answers at http://127.0.0.1:1")


async def test_what_is_no_gateway_is_not_taken_for_a_history(shell: Shell, aiohttp_client: ClientMaker) -> None:
    """Another server's page does not end up in a spreadsheet."""
    app = web.Application()

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    app.router.add_get("/{path:.*}", page)
    url = str((await aiohttp_client(app)).make_url("/"))
    done = await shell("history", "export", "--format", "csv", GATEWAY_URL=url)
    assert refused(done, 1, "is no gateway's API: it answers 200 with text/html")


async def test_an_export_that_breaks_off_is_told(shell: Shell, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written is not all: exit code 1 says so to a script, a line to people."""
    sql(PAST.format(4))
    monkeypatch.setattr(statistics_service, "_PAGE", 2)
    page = Statistics.page

    async def page_and_no_more(self: Statistics, *args: Any, **options: Any) -> Any:
        found = await page(self, *args, **options)
        sql("drop view if exists window_history")
        return found

    monkeypatch.setattr(Statistics, "page", page_and_no_more)
    done = await shell("history", "export", "--format", "csv")
    assert done.code == 1
    assert done.err == "gateway: the answer broke off: what was written is not the whole; try again\n"
