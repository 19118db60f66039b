"""The audit log in the panel: filters, pages, and what a wrong filter leads to."""

import csv
import io
import json
from collections.abc import Callable
from itertools import chain
from urllib.parse import urlencode

import pytest

from gateway.domain.access import Actor, Role
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PREFIX, Answer, Browser, ClientMaker, browser_on, signed_in

WHO = Actor(name="Ada@acme.example", address="192.0.2.1")


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.VIEWER)


@pytest.fixture
def entries(database_url: str, psql: Callable[[str, str], str]) -> None:
    """120 entries, one for each hour from 2026-01-01: every other one of a token."""
    psql(
        database_url,
        "insert into audit (at, actor, action, subject, subject_id) select "
        "'2026-01-01Z'::timestamptz + n * interval '1 hour', case n % 2 when 0 then 'token ci' else 'Bo' end, "
        "'component.status_set', 'component', 'number-' || n from generate_series(1, 120) n",
    )


def listed(answer: Answer) -> list[str]:
    """Return the components of the entries, from the top."""
    return [word for word in answer.page.text.replace("(", " ").split() if word.startswith("number-")][::2]


async def pages(panel: Browser, path: str) -> list[list[str]]:
    """Follow the links to older entries; return what each page lists."""
    found = []
    while True:
        answer = await panel.get(path)
        assert answer.status == 200
        found.append(listed(answer))
        older = [link["href"] for link in answer.page.of("a") if link.get("rel") == "next"]
        if not older:
            return found
        path = older[0].removeprefix(PREFIX)


@pytest.mark.usefixtures("entries")
async def test_older_entries_are_a_link_away(panel: Browser) -> None:
    """Fifty on a page, each once; from every page the newest are one link away."""
    found = await pages(panel, "/admin/audit?action=component.")
    assert [len(page) for page in found] == [50, 50, 20]
    assert [*chain(*found)] == [f"number-{n}" for n in range(120, 0, -1)]
    first = await panel.get("/admin/audit?action=component.")
    assert "Newest entries" not in first.page.text
    older = next(link["href"] for link in first.page.of("a") if link.get("rel") == "next").removeprefix(PREFIX)
    second = await panel.get(older)
    (newest,) = [link["href"] for link in second.page.of("a") if link["href"].endswith("audit?action=component.")]
    assert listed(await panel.get(newest.removeprefix(PREFIX))) == found[0]


@pytest.mark.usefixtures("entries")
async def test_entries_are_selected(panel: Browser) -> None:
    """By who, what and when, in UTC; the pages that follow keep it; what was typed stays in the form."""
    query = urlencode({"actor": "TOKEN", "since": "2026-01-01T05:00", "until": "2026-01-04T23:00"})
    found = await pages(panel, f"/admin/audit?{query}")
    assert [*chain(*found)] == [f"number-{n}" for n in range(94, 4, -1) if n % 2 == 0]
    answer = await panel.get(f"/admin/audit?{query}")
    values = {field["name"]: field["value"] for field in answer.page.of("input")}
    assert values == {"actor": "TOKEN", "since": "2026-01-01T05:00", "until": "2026-01-04T23:00"}
    assert "Nothing of that was done." in (await panel.get("/admin/audit?actor=nobody")).page.text
    assert "There is nothing older." in (await panel.get("/admin/audit?actor=token&before=1")).page.text


async def test_all_that_was_done_to_one_thing(panel: Browser, services: Services) -> None:
    """A link of each entry leads there."""
    window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    await services.windows.create(WindowDraft(title="Other"), WHO)
    await services.windows.end(window.id, WHO)
    answer = await panel.get("/admin/audit")
    link = next(link["href"] for link in answer.page.of("a") if f"subject_id={window.id}" in link["href"])
    about = (await panel.get(link.removeprefix(PREFIX))).page
    assert "Only what was done to Upgrade." in about.text
    assert "window ended: Upgrade" in about.text
    assert "window started: Upgrade" in about.text
    assert "Other" not in about.text
    kept = {field["name"]: field["value"] for field in about.of("input") if field.get("type") == "hidden"}
    assert kept == {"subject": "window", "subject_id": str(window.id)}


@pytest.mark.parametrize(
    ("query", "field"),
    [("since=yesterday", "since"), ("until=2026-13-01T00:00", "until"), (f"actor={'x' * 301}", "actor")],
)
async def test_a_wrong_filter_is_told_beside_its_field(panel: Browser, query: str, field: str) -> None:
    """422; nothing is listed, and what was typed stays."""
    answer = await panel.get(f"/admin/audit?{query}")
    assert answer.status == 422
    (marked,) = [control for control in answer.page.of("input") if control.get("aria-invalid") == "true"]
    assert (marked["name"], marked["value"]) == (field, query.partition("=")[2])
    assert "see the marked fields" in answer.page.text
    assert answer.page.of("table") == []


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "9" * 19, "%00"])
async def test_a_page_that_is_none(panel: Browser, before: str) -> None:
    """422 says to follow the links."""
    answer = await panel.get(f"/admin/audit?before={before}")
    assert answer.status == 422
    assert "before: is no number of an entry: follow the links" in answer.page.text


@pytest.mark.usefixtures("entries")
async def test_what_is_selected_is_exported(panel: Browser) -> None:
    """As CSV and as lines of JSON, by links that carry the filter: all entries of it, not those of a page alone."""
    answer = await panel.get(f"/admin/audit?{urlencode({'actor': 'TOKEN', 'since': '2026-01-01T05:00'})}")
    links = [link["href"] for link in answer.page.of("a") if "/audit." in link["href"]]
    assert [link.partition("?")[0] for link in links] == [f"{PREFIX}/admin/audit.{form}" for form in ("csv", "jsonl")]
    table, lines = [await panel.get(link.removeprefix(PREFIX)) for link in links]
    expected = [f"number-{n}" for n in range(120, 4, -1) if n % 2 == 0]
    assert [row["subject_id"] for row in csv.DictReader(io.StringIO(table.body))] == expected
    assert [json.loads(line)["subject_id"] for line in lines.body.splitlines()] == expected
    assert table.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert lines.headers["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    assert lines.headers["Content-Type"] == "application/jsonl; charset=utf-8"
    for header, value in {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}.items():
        assert table.headers[header] == lines.headers[header] == value
    assert "frame-ancestors 'none'" in table.headers["Content-Security-Policy"]
    async with panel.client.head(links[0]) as head:
        assert (head.status, await head.read()) == (200, b"")


async def test_where_nothing_is_selected_nothing_is_exported(panel: Browser) -> None:
    """No link leads to an empty file, and a wrong filter by hand is told."""
    assert "/audit.csv" not in (await panel.get("/admin/audit?actor=nobody")).body
    assert "/audit.csv" not in (await panel.get("/admin/audit?since=yesterday")).body
    assert (await panel.get("/admin/audit.csv?since=yesterday")).status == 422


async def test_a_formula_is_harmless_in_the_file(panel: Browser, services: Services) -> None:
    await services.windows.create(WindowDraft(title="Upgrade"), Actor(name="=cmd|calc", address=""))
    assert "'=cmd|calc" in (await panel.get("/admin/audit.csv?action=window.")).body


async def test_things_lead_to_what_was_done_to_them(panel: Browser, services: Services) -> None:
    """A window, a component, its group, a series: "What was done here" lists that thing's entries alone."""
    await services.components.add(ComponentDraft(slug="api", name="The API", group="Core"), WHO)
    weekly = {
        "title": "Weekly",
        "starts_at": "2099-12-01T22:00Z",
        "recurrence": {"rule": "FREQ=WEEKLY", "time_zone": "UTC"},
    }
    recurring = await services.windows.create(WindowDraft.model_validate(weekly), WHO)
    window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    (group,) = await services.component_groups.list()
    assert recurring.recurrence is not None
    for path, said in [
        (f"windows/{window.id}", "window started: Upgrade"),
        ("components/api", "component added: api"),
        (f"groups/{group.id}", "group added: Core"),
        (f"series/{recurring.recurrence.series}", "series scheduled: Weekly"),
    ]:
        page = (await panel.get(f"/admin/{path}")).page
        (link,) = [link["href"] for link in page.of("a") if "subject_id=" in link["href"]]
        about = (await panel.get(link.removeprefix(PREFIX))).page
        assert said in about.text
        assert len(about.text.split("Ada@acme.example")) == 2, about.text


async def test_nothing_in_an_entry_or_filter_becomes_markup(panel: Browser, services: Services) -> None:
    """Names, titles and what was typed are text."""
    evil = '"><script>alert(1)</script>'
    await services.windows.create(WindowDraft(title=evil), Actor(name=evil, address=evil))
    answer = await panel.get(f"/admin/audit?{urlencode({'actor': evil, 'action': evil, 'subject_id': evil})}")
    assert answer.page.of("script") == []
    assert (await panel.get("/admin/audit")).page.of("script") == []
