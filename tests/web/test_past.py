"""The history and the pages of old windows, by the routes of the built-in application."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest

from gateway.domain.access import command_line
from gateway.domain.component import Visibility
from gateway.service import past
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.windows import WindowDraft
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations, wait_until
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on

WHO = command_line("test")
Sql = Callable[[str], str]


@pytest.fixture
async def browser(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await browser_on(aiohttp_client, services, observations)


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


async def followed(services: Services, sql: Sql) -> None:
    version = int(sql("select version from state_version"))
    await wait_until(lambda: services.state.version >= version)


async def twenty_old_ones(services: Services, sql: Sql) -> str:
    """Insert one window a month, 20 in all, the last one in May 2021; return the id of the first."""
    sql(
        "insert into windows (kind, title, starts_at, estimated_duration, ended_at, fixed) "
        "select 'maintenance', 'Upgrade ' || n, at, '1 hour', at + interval '50 minutes', true "
        "from (select n, timestamptz '2019-10-10 10:00Z' + n * interval '1 month' as at from generate_series(0, 19) n)"
    )
    await followed(services, sql)
    return sql("select id from windows order by starts_at limit 1").strip()


async def test_the_history_goes_back_to_the_first_window(browser: Browser, services: Services, sql: Sql) -> None:
    """Month by month, by links; each window stands on one page, also those that are in memory no more."""
    await twenty_old_ones(services, sql)
    seen: list[str] = []
    path = "/history"
    while path:
        page = (await browser.get(path)).page
        seen += page.text.split("Upgrade ")[1:]
        (path, *_) = [link["href"].removeprefix(PREFIX) for link in page.of("a") if link.get("rel") == "prev"] or [""]
    assert [int(text.split()[0]) for text in seen] == [*range(19, -1, -1)]
    assert "Oct 2019" in page.text
    assert "Later" in page.text
    assert "Earlier" not in page.text


async def test_a_month_has_an_address(browser: Browser, services: Services, sql: Sql) -> None:
    """It and the two before; months in which nothing was say so."""
    await twenty_old_ones(services, sql)
    page = (await browser.get("/history?month=2019-11")).page
    assert "November 2019 Upgrade 1 Completed" in page.text
    assert "October 2019 Upgrade 0 Completed" in page.text
    assert "September 2019 Nothing to report." in page.text
    assert "lasted 50 minutes" in page.text


@pytest.mark.parametrize("month", ["x", "", "2019-13", "9999-12", "1969-12", "2019-11-01", "%00"])
async def test_a_month_that_is_none_is_a_404(browser: Browser, month: str) -> None:
    """Nor is one that has not begun."""
    assert (await browser.get(f"/history?month={month}")).status == 404


async def test_old_windows_keep_their_page(browser: Browser, services: Services, sql: Sql) -> None:
    """In HTML and in JSON, long after they left the memory."""
    window_id = await twenty_old_ones(services, sql)
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert window_id not in {str(window.id) for window in snapshot.windows}
    page = (await browser.get(f"/windows/{window_id}")).page
    assert "Upgrade 0" in page.text
    assert "Until Thu 10 Oct 2019, 10:50 UTC" in page.text
    told = json.loads((await browser.get(f"/windows/{window_id.upper()}", Accept="application/json")).body)
    assert (told["id"], told["title"]) == (window_id, "Upgrade 0")


async def test_a_cancelled_window_says_so(browser: Browser, services: Services) -> None:
    """Who has its address learns that it will not be; the history does not list what never was."""
    draft = WindowDraft(title="New disks", starts_at=datetime.now(UTC) + timedelta(days=1))
    window = await services.windows.create(draft, WHO)
    await services.windows.cancel(window.id, WHO)
    text = (await browser.get(f"/windows/{window.id}")).page.text
    assert "Cancelled" in text
    assert "Was planned for" in text
    assert "New disks" not in (await browser.get("/history")).page.text


async def test_occurrences_that_are_far_ahead_have_a_page(browser: Browser, services: Services, sql: Sql) -> None:
    """Although the status page tells only the next one of a series."""
    draft = {
        "title": "Weekly",
        "starts_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        "recurrence": {"rule": "FREQ=WEEKLY", "time_zone": "UTC"},
    }
    await services.windows.create(checked(WindowDraft, draft), WHO)
    last = sql("select id from windows order by starts_at desc limit 1").strip()
    text = (await browser.get(f"/windows/{last}")).page.text
    assert "Weekly" in text
    assert "Scheduled" in text


async def test_what_is_hidden_stays_hidden(browser: Browser, services: Services, sql: Sql) -> None:
    """A component that customers may not see is named on no old window's page."""
    for slug, visibility in (("shop", Visibility.SHOWN), ("secret-part", Visibility.HIDDEN)):
        await services.components.add(ComponentDraft(slug=slug, name=slug, visibility=visibility), WHO)
    window_id = await twenty_old_ones(services, sql)
    sql(
        "insert into window_components (window_id, component_id, status) select w.id, c.id, 'major_outage' "
        "from components c, windows w where w.title = 'Upgrade 0'"
    )
    await followed(services, sql)
    for accept in ("text/html", "application/json"):
        body = (await browser.get(f"/windows/{window_id}", Accept=accept)).body
        assert "shop" in body
        assert "secret-part" not in body
    assert "secret-part" not in (await browser.get("/history?month=2019-10")).body


async def test_without_the_database_the_history_is_what_is_known(
    browser: Browser, services: Services, sql: Sql, database: Database
) -> None:
    """The latest windows, and it says that this is not all; an old window can't be read now, which is no 404."""
    window_id = await twenty_old_ones(services, sql)
    await database.close()
    answer = await browser.get("/history?month=2019-11")
    assert answer.status == 200
    assert "The history can't be read at the moment. These are the latest that are known." in answer.page.text
    assert "Upgrade 19" in answer.page.text
    assert "Upgrade 0 " not in answer.page.text
    gone = await browser.get(f"/windows/{window_id}")
    assert gone.status == 503
    assert int(gone.headers["Retry-After"]) > 0
    assert "can't be read at the moment" in gone.page.text
    assert (await browser.get(f"/windows/{_latest(services)}")).status == 200


def _latest(services: Services) -> str:
    return str(services.state.moment.past[0].id)


async def test_who_tries_ids_is_held_up(browser: Browser) -> None:
    """By 429 with a time, in the product's look; the status page is open to them as before."""
    answers = [await browser.get(f"/windows/{uuid4()}")]
    while answers[-1].status == 404 and len(answers) < 10 * past.QUERIES_PER_MINUTE:
        answers.append(await browser.get(f"/windows/{uuid4()}"))
    assert answers[-1].status == 429
    assert len(answers) > past.QUERIES_PER_MINUTE
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert (await browser.get("/")).status == 200
