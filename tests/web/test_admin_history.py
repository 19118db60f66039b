"""The history in the panel: windows that are over, in numbers, and those of a window's page."""

import csv
import io
import json
from collections.abc import Callable
from functools import partial

import pytest

from gateway.domain.access import Role, command_line
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.web.admin import history as history_screen
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.reading import Page
from tests.web.caller import NO_WINDOW
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in
from tests.web.test_api_history import PAST

WHO = command_line("test")
Sql = Callable[[str], str]
COUNT = (
    "insert into window_refusals (window_id, requests, clients, is_at_least, counted_until) "
    "select id, {}, now() from windows"
)


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    """An operator who may only look."""
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.VIEWER)


def export_links(page: str) -> dict[str, str]:
    """Return where the exports are, by their form."""
    links = [link["href"] for link in Page(page).of("a")]
    return {form: next(link for link in links if f"history.{form}" in link) for form in ("csv", "json")}


async def test_windows_that_are_over_stand_there_in_numbers(panel: Browser, sql: Sql) -> None:
    """How long each was to take and took, whom it turned away, and what all of them add up to."""
    sql(PAST.format(3))
    sql("update windows set estimated_duration = '40 minutes', title = '<b>w1</b>' where title = 'w1'")
    sql("update windows set ended_at = starts_at + interval '20 minutes' where title = 'w3'")
    sql(COUNT.format("1200, 34, title = 'w2'") + " where title <> 'w3'")
    answer = await panel.get("/admin/history")
    text = answer.page.text
    assert answer.status == 200
    assert "Altogether Windows 3 2 took longer than first estimated" in text
    assert "First estimates 1 hour 30 minutes Took 1 hour 50 minutes 1.22 times the first estimates" in text
    assert "Requests refused 2,400" in text
    rows = text.partition("Requests refused Clients")[2]
    assert rows.index("w3") < rows.index("w2") < rows.index("<b>w1</b>")
    assert "w3 Maintenance Window Thu 1 Jan 2026, 03:00 UTC 30 minutes 20 minutes 0.67 times 0 0" in rows
    assert "w2 Downtime Notice Thu 1 Jan 2026, 02:00 UTC 30 minutes 45 minutes 1.50 times 1,200 at least 34" in rows
    assert "30 minutes later 40 minutes 45 minutes 1.50 times 1,200 34" in rows
    assert "<b>w1" not in answer.body
    assert [link["href"] for link in answer.page.of("a") if link.get("aria-current")] == [f"{PREFIX}/admin/history"]
    assert "Content-Security-Policy" in answer.headers
    assert answer.page.of("script") == []


async def test_while_nothing_is_over_it_says_so(panel: Browser, services: Services) -> None:
    await services.windows.create(WindowDraft(title="Goes on"), WHO)
    text = (await panel.get("/admin/history")).page.text
    assert "No window is over yet." in text
    assert "Windows 0" in text
    assert "Export" not in text


async def test_the_form_filters_and_stays_filled(panel: Browser, services: Services, sql: Sql) -> None:
    """Days in UTC, both included; the exports are of the same windows."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    sql(PAST.format(30))  # until the 2nd, 06:00
    sql(
        "insert into window_components (window_id, component_id) select w.id, c.id from windows w, components c "
        "where w.title in ('w24', 'w25')"
    )
    query = "from=2026-01-02&to=2026-01-02&kind=downtime&component=api"
    answer = await panel.get(f"/admin/history?{query}")
    assert "Windows 1 1 took longer" in answer.page.text
    assert "w24 Downtime Notice api" in answer.page.text
    values = {control["name"]: control["value"] for control in answer.page.of("input") if "value" in control}
    assert (values["from"], values["to"]) == ("2026-01-02", "2026-01-02")
    chosen = [option["value"] for option in answer.page.of("option") if "selected" in option]
    assert chosen == ["downtime", "api"]
    links = export_links(answer.body)
    written = await panel.get(links["csv"].removeprefix(PREFIX))
    assert [row["title"] for row in csv.DictReader(io.StringIO(written.body))] == ["w24"]
    assert written.headers["Content-Disposition"] == 'attachment; filename="maintenance-history.csv"'
    written = await panel.get(links["json"].removeprefix(PREFIX))
    assert [window["title"] for window in json.loads(written.body)["windows"]] == ["w24"]
    answer = await panel.get("/admin/history?from=2027-01-01")
    assert "No window that is over started then, of that sort." in answer.page.text


async def test_pages_follow_each_other(panel: Browser, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older, and back to the newest; the filter goes with it, and the totals are those of all pages."""
    monkeypatch.setattr(history_screen, "_LISTED", 2)
    sql(PAST.format(6))
    seen, path = [], "/admin/history?kind=maintenance"
    while True:
        answer = await panel.get(path)
        assert "Windows 3 3 took longer" in answer.page.text
        links = {link["href"]: None for link in answer.page.of("a")}
        seen.append([title for title in ("w1", "w2", "w3", "w4", "w5", "w6") if f">{title}<" in answer.body])
        older = [link for link in links if "behind=" in link]
        if not older:
            break
        path = older[0].removeprefix(PREFIX)
    assert seen == [["w3", "w5"], ["w1"]]
    assert f"{PREFIX}/admin/history?kind=maintenance" in links


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ("from=yesterday", "from", "'yesterday' is not a day such as 2026-12-31"),
        ("to=2026-02-30", "to", "'2026-02-30' is not a day such as 2026-12-31"),
        ("from=1999-12-31", "from", "must lie between the years 2000 and 2200"),
        ("from=2026-02-02&to=2026-02-01", "to", "lies before the first day"),
        ("kind=holiday", "kind", "'holiday' is none of the types"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    panel: Browser, sql: Sql, query: str, field: str, text: str
) -> None:
    """And what was typed stays; nothing else is shown. An export says the same."""
    sql(PAST.format(1))
    answer = await panel.get(f"/admin/history?{query}")
    assert answer.status == 422
    marked = [found for _, found in answer.page.elements if found.get("aria-invalid") == "true"]
    assert [found["name"] for found in marked] == [field]
    assert text in answer.page.text
    assert "Nothing is shown yet: look at the marked fields." in answer.page.text
    assert "w1" not in answer.page.text
    for form in ("csv", "json"):
        answer = await panel.get(f"/admin/history.{form}?{query}")
        assert (answer.status, text in answer.page.text) == (422, True)


@pytest.mark.parametrize("query", ["start=x", "behind=x", "start=2026-01-01&behind=" + NO_WINDOW, "start=&behind="])
async def test_a_page_that_is_none_is_refused(panel: Browser, query: str) -> None:
    answer = await panel.get(f"/admin/history?{query}")
    assert answer.status == 422
    assert "There is no such page of the history: begin with the newest windows." in answer.page.text
    assert f'href="{PREFIX}/admin/history"' in answer.body


async def test_the_windows_page_has_its_numbers(panel: Browser, services: Services, sql: Sql) -> None:
    """So far, while it is active; none before it has begun."""
    window = await services.windows.create(WindowDraft(title="Upgrade"), WHO)
    sql("update windows set starts_at = now() - interval '45 minutes'")
    sql(COUNT.format("1200, 34, false"))
    text = (await panel.get(f"/admin/windows/{window.id}")).page.text
    assert "In numbers First estimate 30 minutes Took so far 45 minutes 1.50 times the first estimate" in text
    assert "Requests refused 1,200 counted until " in text
    assert "Clients turned away 34" in text
    sql("update windows set ended_at = now()")
    assert "Took 45 minutes" in (await panel.get(f"/admin/windows/{window.id}")).page.text
    sql("update window_refusals set requests = null, clients = null")
    text = (await panel.get(f"/admin/windows/{window.id}")).page.text
    assert "Requests refused not counted Clients turned away not counted" in text
    sql("update windows set starts_at = now() + interval '1 hour', ended_at = null")
    assert "In numbers" not in (await panel.get(f"/admin/windows/{window.id}")).page.text


async def test_it_takes_a_session(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> None:
    stranger = await browser_on(aiohttp_client, services, observations)
    for path in ("/admin/history", "/admin/history.csv", "/admin/history.json"):
        answer = await stranger.get(path)
        assert answer.status in (303, 401)
        assert "maintenance-history" not in str(answer.headers)
