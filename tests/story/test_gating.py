"""A window starts and ends: customers see it within 100 ms of the commit, at both gateways, and nothing in between."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import asyncpg
import pytest

from tests.render.reading import Page
from tests.story.conftest import Stage
from tests.story.customers import Customer, Visit, fetch

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("no_window_left")]

SOON = 0.1
"""Seconds between a commit and the first answer by it."""


@pytest.fixture
def customers(stage: Stage) -> Iterator[tuple[Customer, Customer]]:
    """A customer at each gateway, each on one connection that was there before."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(Customer(stage.shop)),
            stack.enter_context(Customer(stage.chat, "/here")),
        )


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


def instant(stage: Stage, column: str, window: str) -> float:
    """Return an instant of a window, as PostgreSQL's clock (this host's) had it."""
    return float(stage.psql(f"select extract(epoch from {column}) from windows where id = '{window}'"))  # noqa: S608


def gated_since(customers: tuple[Customer, Customer], since: float) -> list[Visit]:
    return [customer.sees(503, since=since) for customer in customers]


def test_the_command_starts_and_ends_a_window(stage: Stage, customers: tuple[Customer, Customer]) -> None:
    """`gateway window start` and `end`, at a gateway; the other one hears of it through PostgreSQL."""
    before = time.time()
    started = stage.command("window", "start", "--title", "Database upgrade", "--for", "30m")
    returned = time.time()
    assert started.code == 0, started
    window = started.out.strip()
    # The row is written a little before it is committed: this asks for more than the rule does.
    for visit in gated_since(customers, before):
        assert visit.answered - instant(stage, "created_at", window) < SOON
    # The command answers once this gateway gates: whoever started the window can rely on it.
    assert customers[0].sees(503, since=before).answered < returned
    page = fetch(stage.shop.port, "/checkout", headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert page.status == 503
    assert "Database upgrade" in Page(page.body).text
    assert 1700 < int(page.header("Retry-After") or 0) <= 1800
    assert page.header("Cache-Control") == "no-store"
    ended = stage.command("window", "end", window)
    assert ended.code == 0, ended
    over = instant(stage, "ended_at", window)
    for customer in customers:
        assert customer.sees(200, since=over).answered - over < SOON
        assert customer.story == [200, 503, 200]


def test_a_row_inserted_by_hand_gates_within_100_ms(stage: Stage, customers: tuple[Customer, Customer]) -> None:
    """With nothing but a title. Every answer after the first 503 is one, at both gateways; and back, five times."""
    for number in range(1, 6):
        sent, committed = commit(stage, "insert into windows (title) values ('By hand')")
        delays = [visit.answered - committed for visit in gated_since(customers, sent)]
        print("gated", delays)
        assert max(delays) < SOON, f"gated after {delays} s"
        for customer in customers:
            assert customer.story == [200, 503] * number
        sent, committed = commit(stage, "update windows set fixed = true where not fixed")
        delays = [customer.sees(200, since=sent).answered - committed for customer in customers]
        print("through", delays)
        assert max(delays) < SOON, f"let through after {delays} s"
    for customer in customers:
        assert customer.story == [200, 503] * 5 + [200]


def test_psql_is_enough(stage: Stage, customers: tuple[Customer, Customer]) -> None:
    """The SRE's last resort: a row inserted, ended, or deleted in psql."""
    for over in ("update windows set fixed = true", "update windows set ended_at = now()", "delete from windows"):
        before = time.time()
        window = stage.psql("insert into windows (title) values ('By psql') returning id")
        for visit in gated_since(customers, before):
            assert visit.answered - instant(stage, "created_at", window) < SOON
        before = time.time()
        stage.psql(over)
        done = time.time()
        for customer in customers:
            assert customer.sees(200, since=before).answered < done + SOON
    for customer in customers:
        assert customer.story == [200, 503] * 3 + [200]


def test_what_is_not_committed_gates_nothing(stage: Stage, customers: tuple[Customer, Customer]) -> None:
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


def test_the_gateways_own_pages_stay(stage: Stage) -> None:
    """During a window the status page answers 200, and the API tells of the window."""
    started = stage.command("window", "start", "--title", "All closed")
    window = started.out.strip()
    assert fetch(stage.shop.port, "/get").status == 503
    page = fetch(stage.shop.port, "/_maintenance/", headers={"Accept": "text/html"})
    assert page.status == 200
    assert "All closed" in Page(page.body).text
    for probe in ("/_maintenance/live", "/_maintenance/ready"):
        assert fetch(stage.shop.port, probe).status == 200
    shown = stage.command("window", "show", window, "--json")
    assert shown.json["state"] == "active"
    listed = stage.command("window", "list", "--state", "active")
    assert window in listed.out
