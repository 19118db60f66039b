"""The audit over the API: pages, filters, exports."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from typing import Any

import aiohttp
import pytest

from gateway.domain.access import Actor, TokenScope
from gateway.domain.errors import StoreError
from gateway.service import audit as module
from gateway.service.audit import Audit
from gateway.service.drafts.windows import WindowDraft
from gateway.store.audit import AuditEntry, AuditFilter
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import API, Caller, is_problem, token_of
from tests.web.panel import Client, ClientMaker, application

Sql = Callable[[str], str]


@pytest.fixture
async def client(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Client:
    return await aiohttp_client(application(services, observations))


@pytest.fixture
async def call(client: Client, services: Services) -> Caller:
    return Caller(client, await token_of(services, TokenScope.READ))


@pytest.fixture
def entries(database_url: str, psql: Callable[[str, str], str]) -> None:
    """Twelve entries beside that of the caller's token: three actors, four subjects, one for each hour."""
    psql(
        database_url,
        "insert into audit (at, actor, address, action, subject, subject_id, after) select "
        "'2026-01-01Z'::timestamptz + n * interval '1 hour', "
        "(array['Ada@acme.example', 'token deploy', 'psql (role root)'])[n % 3 + 1], '192.0.2.1', "
        "(array['window.started', 'window.ended', 'token.created', 'component.added'])[n % 4 + 1], "
        "(array['window', 'window', 'token', 'component'])[n % 4 + 1], 's' || n % 2, jsonb_build_object('n', n) "
        "from generate_series(0, 11) n",
    )


async def numbers(call: Caller, query: str) -> list[int]:
    """Return which of the twelve a query finds, in its order."""
    reply = await call("GET", f"/audit?{query}")
    assert reply.status == 200, reply
    return [entry["after"]["n"] for entry in reply.document["entries"] if "n" in (entry["after"] or {})]


@pytest.mark.usefixtures("entries")
async def test_entries_are_selected(call: Caller) -> None:
    """By how actor and action begin, by subject and id, by time; the newest first."""
    everything = [*range(11, -1, -1)]
    assert await numbers(call, "") == everything
    assert await numbers(call, "actor=ada@") == [n for n in everything if n % 3 == 0]
    assert await numbers(call, "actor=token%20deploy") == [n for n in everything if n % 3 == 1]
    assert await numbers(call, "actor=psql") == [n for n in everything if n % 3 == 2]
    assert await numbers(call, "action=window.") == [n for n in everything if n % 4 < 2]
    assert await numbers(call, "action=window.ended") == [n for n in everything if n % 4 == 1]
    assert await numbers(call, "subject=component&subject_id=s1") == [11, 7, 3]
    assert await numbers(call, "since=2026-01-01T09:00:00Z&until=2026-01-01T11:00:00Z") == [10, 9]
    assert await numbers(call, "actor=ada@&action=token") == [6]
    assert await numbers(call, "actor=%25") == []


@pytest.mark.usefixtures("entries")
async def test_entries_are_read_page_by_page(call: Caller, services: Services) -> None:
    """Each once, whatever is done meanwhile; with the filters of the first page."""
    seen: list[int] = []
    cursor = ""
    while True:
        document = (await call("GET", f"/audit?limit=2&action=window.{cursor}")).document
        seen += [entry["after"]["n"] for entry in document["entries"]]
        await services.windows.create(WindowDraft(title="x"), Actor(name="x"))
        if document["next_cursor"] is None:
            break
        cursor = f"&cursor={document['next_cursor']}"
    assert seen == [9, 8, 5, 4, 1, 0]


async def test_one_entry(call: Caller, services: Services) -> None:
    """All of it: who, from where, before and after."""
    await services.windows.create(WindowDraft(title="Upgrade"), Actor(name="ada", address="192.0.2.1"))
    (entry,) = await services.audit.latest(1)
    document = (await call("GET", f"/audit/{entry.id}")).document
    assert (document["actor"], document["address"], document["action"]) == ("ada", "192.0.2.1", "window.started")
    assert (document["before"], document["after"]["title"]) == (None, "Upgrade")
    for wrong in ("0", "-1", str(entry.id + 1), "x", "1.5", str(2**63), "9" * 30, "\u0661"):
        assert is_problem(await call("GET", f"/audit/{wrong}"), 404)


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=LTE", "cursor"),
        ("since=yesterday", "since"),
        ("until=2026-01-01", "until"),
        ("actor=%00", "actor"),
        (f"subject={'x' * 301}", "subject"),
        ("who=ada", "who"),
        ("actor=a&actor=b", "actor"),
    ],
)
async def test_a_wrong_query_is_refused(call: Caller, query: str, wrong: str) -> None:
    """422 names the parameter; in an export, too, which has no pages."""
    paths = ["/audit"] if wrong in ("limit", "cursor") else ["/audit", "/audit.csv", "/audit.jsonl"]
    for path in paths:
        reply = await call("GET", f"{path}?{query}")
        assert is_problem(reply, 422)
        assert reply.document["errors"].keys() == {wrong}
    assert is_problem(await call("GET", "/audit.csv?limit=2"), 422)


async def read(call: Caller, path: str) -> tuple[Any, str]:
    """Read an export."""
    headers = {"Authorization": f"Bearer {call.token}"}
    async with call.client.get(API + path, headers=headers) as response:
        return response, (await response.read()).decode()


@pytest.mark.usefixtures("entries")
async def test_an_export_has_all_of_it(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many batches that takes; CSV and lines of JSON say the same, and take the filters."""
    monkeypatch.setattr(module, "_BATCH", 5)
    response, text = await read(call, "/audit.csv")
    assert (response.status, response.content_type, response.charset) == (200, "text/csv", "utf-8")
    assert response.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    with closing(io.StringIO(text, newline="")) as file:
        rows = [*csv.DictReader(file)]
    response, lines = await read(call, "/audit.jsonl")
    assert (response.status, response.content_type) == (200, "application/jsonl")
    listed = (await call("GET", "/audit")).document["entries"]
    assert [json.loads(line) for line in lines.splitlines()] == listed
    assert [int(row["id"]) for row in rows] == [entry["id"] for entry in listed]
    assert [row["actor"] for row in rows] == [entry["actor"] for entry in listed]
    assert [json.loads(row["after"]) for row in rows] == [entry["after"] for entry in listed]
    assert len(rows) == 13
    _, some = await read(call, "/audit.jsonl?subject=component")
    assert [json.loads(line)["after"]["n"] for line in some.splitlines()] == [11, 7, 3]
    _, none = await read(call, "/audit.csv?subject=nothing")
    assert none == "id,at,actor,address,action,subject,subject_id,before,after\r\n"


async def test_an_export_runs_nothing_in_a_spreadsheet(call: Caller, services: Services) -> None:
    """A text that would be a formula is made one that is none; quotes and line ends stay inside their cell."""
    for name in ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\tx", '"quoted", and\nmore'):
        await services.windows.create(WindowDraft(title="x"), Actor(name=name, address=name))
    _, text = await read(call, "/audit.csv?action=window")
    rows = [*csv.DictReader(io.StringIO(text, newline=""))]
    cells = [row["actor"] for row in rows][::-1]
    assert cells == ["'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(1)", "'\tx", '"quoted", and\nmore']
    assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row.values())


async def test_an_export_that_breaks_off_does_not_look_whole(
    aiohttp_client: ClientMaker, services: Services, call: Caller, observations: Observations
) -> None:
    """The database goes away in the middle: the connection is cut. At the beginning: 503, as everywhere."""

    class Broken(Audit):
        """Goes away after a batch."""

        async def batches(self, wanted: AuditFilter = module.EVERYTHING) -> AsyncIterator[Sequence[AuditEntry]]:
            async for batch in super().batches(wanted):
                yield batch
                raise StoreError

    for path in ("/audit.csv", "/audit.jsonl"):
        client = await aiohttp_client(
            application(
                Services(
                    **{name: getattr(services, name) for name in Services.__dataclass_fields__ if name != "audit"},
                    audit=Broken(services.audit._database),
                ),
                observations,
            )
        )
        with pytest.raises(aiohttp.ClientPayloadError):
            await read(Caller(client, call.token), path)
