"""A window starts and ends: customers see it within 100 ms of the commit, at both gateways, and nothing in between."""

import asyncio
import json
import time
from collections.abc import Iterator

import asyncpg
import pytest

from tests.render.reading import Page
from tests.story.conftest import Stage
from tests.story.customers import Customer, fetch

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("no_window_left")]

SOON = 0.1
"""Seconds between a commit and the first answer by it."""
STALLED = 1.0
"""What one change in a series may take where the machine is busy with something else."""


@pytest.fixture
def customers(stage: Stage) -> Iterator[list[Customer]]:
    """A customer at each gateway, each on one connection that was there before."""
    with Customer(stage.shop) as first, Customer(stage.chat, "/here") as second:
        yield [first, second]


def commit(stage: Stage, sql: str) -> tuple[float, float]:
    """Commit a change by hand; return when it was sent and when the commit returned."""

    async def committed() -> tuple[float, float]:
        connection = await asyncpg.connect(stage.database_url)
        try:
            sent = time.time()
            await connection.execute(sql)
            return sent, time.time()
        finally:
            await connection.close()

    return asyncio.run(committed())


def changed_at(stage: Stage) -> float:
    """Return when the last change was made: the version counts microseconds. The commit came a little later."""
    return int(stage.psql("select version from state_version")) / 1e6


def delay(customers: list[Customer], status: int, *, sent: float, committed: float) -> float:
    """Return how long after a commit the last of the customers got the first answer by it."""
    return max(customer.sees(status, since=sent).answered for customer in customers) - committed


def are_soon(delays: list[float]) -> bool:
    """Tell whether all but one were soon; that one may have met a stall of the machine."""
    *most, longest = sorted(delays)
    return max(most) < SOON and longest < STALLED


def test_the_command_starts_and_ends_a_window(stage: Stage, customers: list[Customer]) -> None:
    """`gateway window start` and `end`, at a gateway; the other one hears of it through PostgreSQL."""
    starts, ends = [], []
    for number in range(1, 4):
        sent = time.time()
        started = stage.command("window", "start", "--title", "Database upgrade", "--for", "30m")
        assert started.code == 0, started
        # The command answers once this gateway gates: whoever started the window can rely on it.
        assert customers[0].sees(503, since=sent).sent < time.time()
        assert fetch(stage.shop.port, "/status/200").status == 503
        starts.append(delay(customers, 503, sent=sent, committed=changed_at(stage)))
        sent = time.time()
        ended = stage.command("window", "end", started.out.strip())
        assert ended.code == 0, ended
        assert fetch(stage.shop.port, "/status/200").status == 200
        ends.append(delay(customers, 200, sent=sent, committed=changed_at(stage)))
        for customer in customers:
            assert customer.story == [200, 503] * number + [200]
    assert are_soon(starts), starts
    assert are_soon(ends), ends


def test_a_row_inserted_by_hand_gates_within_100_ms(stage: Stage, customers: list[Customer]) -> None:
    """With nothing but a title. Every answer after the first 503 is one, at both gateways; and back, five times."""
    starts, ends = [], []
    for number in range(1, 6):
        sent, committed = commit(stage, "insert into windows (title) values ('By hand')")
        starts.append(delay(customers, 503, sent=sent, committed=committed))
        sent, committed = commit(stage, "update windows set fixed = true where not fixed")
        ends.append(delay(customers, 200, sent=sent, committed=committed))
        for customer in customers:
            assert customer.story == [200, 503] * number + [200]
    assert are_soon(starts), starts
    assert are_soon(ends), ends


def test_psql_is_enough(stage: Stage, customers: list[Customer]) -> None:
    """The SRE's last resort: a row inserted, ended, or deleted in psql."""
    delays = []
    for over in ("update windows set fixed = true", "update windows set ended_at = now()", "delete from windows"):
        for status, sql in ((503, "insert into windows (title) values ('By psql')"), (200, over)):
            sent = time.time()
            stage.psql(sql)
            delays.append(delay(customers, status, sent=sent, committed=changed_at(stage)))
    assert are_soon(delays), delays
    for customer in customers:
        assert customer.story == [200, 503] * 3 + [200]


def test_what_is_not_committed_gates_nothing(stage: Stage, customers: list[Customer]) -> None:
    """A transaction that is rolled back was never there."""
    stage.psql("begin; insert into windows (title) values ('Not yet'); select pg_sleep(0.3); rollback")
    last = time.time()
    for customer in customers:
        customer.sees(200, since=last)
        assert customer.story == [200]


def test_a_read_only_window_refuses_writes_alone(stage: Stage) -> None:
    """GET and HEAD go through, POST gets a problem that says why; below the path of the window only."""
    started = stage.command("window", "start", "--title", "Copying", "--gate", "read_only", "--path", "/anything")
    assert started.code == 0, started
    assert fetch(stage.shop.port, "/anything/1").status == 200
    assert fetch(stage.shop.port, "/anything/1", method="HEAD").status == 200
    assert fetch(stage.shop.port, "/post", method="POST", body=b"x=1").status == 200
    refused = fetch(stage.shop.port, "/anything/1", method="POST", body=b"{}", headers={"Accept": "application/json"})
    assert refused.status == 503
    assert refused.header("Content-Type") == "application/problem+json"
    assert json.loads(refused.body)["status"] == 503


def test_customers_get_the_page_and_the_gateways_own_pages_stay(stage: Stage) -> None:
    """Where the application was: 503 with the estimate; below the prefix: the status page in 200, and the API."""
    started = stage.command("window", "start", "--title", "All closed", "--for", "30m")
    window = started.out.strip()
    gated = fetch(stage.shop.port, "/checkout", headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert gated.status == 503
    assert "All closed" in Page(gated.body).text
    assert "Acme Shop" in Page(gated.body).text
    assert 1700 < int(gated.header("Retry-After") or 0) <= 1800
    assert gated.header("Cache-Control") == "no-store"
    page = fetch(stage.shop.port, "/_maintenance/", headers={"Accept": "text/html"})
    assert page.status == 200
    assert "All closed" in Page(page.body).text
    for probe in ("/_maintenance/live", "/_maintenance/ready"):
        assert fetch(stage.shop.port, probe).status == 200
    shown = stage.command("window", "show", window, "--json")
    assert shown.json["state"] == "active"
    listed = stage.command("window", "list", "--state", "active")
    assert window in listed.out
