"""What a window has refused, counted by real gateways and workers, against what real clients saw."""

import http.client
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.commands.cli import LONGEST, run_gateway
from tests.postgres import Postgres, psql
from tests.story.conftest import StartGateway
from tests.story.customers import fetch
from tests.story.processes import Gateway, eventually

pytestmark = pytest.mark.story

Sql = Callable[[str], str]

INTERVAL = 0.4
"""Seconds between two writes."""
SLACK = 1.5
"""Seconds that a write may take on a busy machine."""
START = "insert into windows (title, starts_at) values ('Upgrade', clock_timestamp()) returning id"
END = "update windows set ended_at = clock_timestamp()"
COUNTED = "select requests || ' ' || clients || ' ' || is_at_least from window_refusals"


class Load:
    """Clients of 127.0.0.x that ask several gateways in turn; keeps when each was refused."""

    def __init__(self, ports: Sequence[int], sources: Sequence[int], *, threads: int = 6) -> None:
        self.refused: list[tuple[float, int]] = []
        """When (monotonic) the answer was there, and which client it was."""
        self.let_in = 0
        self._ports = ports
        self._lock = threading.Lock()
        self._leaving = False
        shares = [sources[n::threads] for n in range(threads)]
        self._threads = [threading.Thread(target=self._ask, args=(share,)) for share in shares if share]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        for thread in self._threads:
            thread.join(LONGEST)

    def _ask(self, sources: Sequence[int]) -> None:
        for number, source in enumerate(cycle(sources)):
            if self._leaving:
                return
            port = self._ports[number % len(self._ports)]
            # A gateway that was killed answers nothing: then nothing was seen.
            with suppress(OSError, http.client.HTTPException):
                self._visit(port, source)

    def _visit(self, port: int, source: int) -> None:
        address = (f"127.0.{source // 250}.{source % 250 + 2}", 0)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=address)) as connection:
            for _ in range(3):
                connection.request("GET", "/status/200")
                response = connection.getresponse()
                response.read()
                with self._lock:
                    if response.status == 503:
                        self.refused.append((time.monotonic(), source))
                    else:
                        assert response.status == 200
                        self.let_in += 1

    @property
    def clients(self) -> int:
        return len({source for _, source in self.refused})


@pytest.fixture
def sql(database_url: str) -> Sql:
    return partial(psql, database_url)


@pytest.fixture
def start_shop(start_gateway: StartGateway, httpbin_url: str, tmp_path: Path) -> Callable[..., Gateway]:
    """Start a gateway in front of httpbin that writes its counts every INTERVAL; wait until it serves."""
    numbers = iter(range(10))

    def start(url: str, **settings: str) -> Gateway:
        defaults = {
            "DATABASE__URL": url,
            "UPSTREAM__URL": httpbin_url,
            "MAINTENANCE__COUNT_INTERVAL": f"{INTERVAL}s",
            "MAINTENANCE__SNAPSHOT_FILE": str(tmp_path / f"{next(numbers)}.json"),
            "LOG__ACCESS": "false",
        }
        return start_gateway(tmp_path, **(defaults | settings)).listening()

    return start


def test_the_sum_over_gateways_and_workers_is_what_the_clients_saw(
    start_shop: Callable[..., Gateway], database_url: str, sql: Sql
) -> None:
    """Exactly, requests and clients, though windows begin and end under load, and each client meets every gateway."""
    gateways = [start_shop(database_url), start_shop(database_url, SERVER__WORKERS="2")]
    with Load([gateway.port for gateway in gateways], range(120)) as load:
        eventually(lambda: load.let_in > 50)
        sql(START)
        eventually(lambda: len(load.refused) > 1500)
        sql(END)
        before = load.let_in
        eventually(lambda: load.let_in > before + 50)
    expected = f"{len(load.refused)} {load.clients} false"
    eventually(lambda: sql(COUNTED) == expected)
    assert load.clients == 120
    # And it stays so: nothing is written twice, also not at the end.
    for gateway in gateways:
        assert gateway.stop() == 0
    assert sql(COUNTED) == expected
    assert int(sql("select count(*) from refusal_writers")) == 3, "all three processes have taken part"
    assert sql("select count(*) from window_clients") == "120"


def test_at_the_end_a_gateway_writes_what_it_has(
    start_shop: Callable[..., Gateway], database_url: str, sql: Sql
) -> None:
    """SIGTERM comes long before the next write; a worker that another one replaces does the same."""
    gateway = start_shop(database_url, MAINTENANCE__COUNT_INTERVAL="1h")
    sql(START)
    eventually(lambda: fetch(gateway.port).status == 503)
    workers = gateway.workers()
    gateway.process.send_signal(signal.SIGHUP)
    eventually(lambda: gateway.workers() != workers and len(gateway.workers()) == 1)
    replaced = int(sql("select coalesce(sum(requests), 0) from window_refusals"))
    assert replaced >= 1
    for _ in range(20):
        assert fetch(gateway.port).status == 503
    assert gateway.stop() == 0
    assert sql(COUNTED) == f"{replaced + 20} 1 false"


def test_kill_9_loses_at_most_one_interval(start_shop: Callable[..., Gateway], database_url: str, sql: Sql) -> None:
    """What was refused before the last interval is written; nothing is written that was not refused."""
    gateway = start_shop(database_url)
    sql(START)
    with Load([gateway.port], range(40)) as load:
        start = time.monotonic()
        eventually(lambda: time.monotonic() - start > 3 * (INTERVAL + SLACK) and len(load.refused) > 500)
        killed = time.monotonic()
        gateway.kill()
    written = int(sql(COUNTED).split()[0])
    surely = sum(at < killed - INTERVAL - SLACK for at, _ in load.refused)
    # Each thread may have been refused once more without seeing it.
    assert surely <= written <= len(load.refused) + 6
    assert surely > 100
    # The next gateway goes on from there.
    successor = start_shop(database_url)
    for _ in range(10):
        assert fetch(successor.port).status == 503
    eventually(lambda: int(sql(COUNTED).split()[0]) == written + 10)


def test_while_postgresql_is_away_nothing_is_lost(
    own_postgres: Postgres, start_shop: Callable[..., Gateway], tmp_path: Path
) -> None:
    """The counts are kept, written when it is back, and exact."""
    psql(own_postgres.url(), "alter system set synchronous_commit = on")
    url = own_postgres.url(own_postgres.create())
    assert run_gateway(tmp_path, "migrate", DATABASE_URL=url).code == 0
    gateways = [start_shop(url), start_shop(url, SERVER__WORKERS="2")]
    psql(url, START)
    with Load([gateway.port for gateway in gateways], range(60)) as load:
        eventually(lambda: len(load.refused) > 300)
        for _ in range(2):
            own_postgres.stop()
            during = len(load.refused)
            for gateway in gateways:
                gateway.err.wait_for("RefusalsUnwritten")
            eventually(lambda during=during: len(load.refused) > during + 300)  # type: ignore[misc]
            own_postgres.start()
            after = len(load.refused)
            eventually(lambda after=after: len(load.refused) > after + 100)  # type: ignore[misc]
    expected = f"{len(load.refused)} {load.clients} false"
    eventually(lambda: psql(url, COUNTED) == expected)
    for gateway in gateways:
        gateway.err.wait_for("RefusalsWritten")
        assert gateway.stop() == 0
    assert psql(url, COUNTED) == expected


def test_distinct_clients_are_told_apart_behind_a_balancer(
    start_shop: Callable[..., Gateway], database_url: str, sql: Sql
) -> None:
    """By the address that it names; of IPv6 the network. No address stands in the database."""
    gateway = start_shop(database_url, SERVER__TRUSTED_PROXIES="127.0.0.1/32")
    sql(START)
    eventually(lambda: fetch(gateway.port).status == 503)
    for named in [f"192.0.2.{n}" for n in islice(cycle(range(10)), 30)] + [f"2001:db8::{n:x}" for n in range(10)]:
        assert fetch(gateway.port, headers={"X-Forwarded-For": named}).status == 503
    eventually(lambda: sql("select clients from window_refusals") == "12")
    dumped = sql("select * from window_clients") + sql("select * from window_refusals")
    assert not any(address in dumped for address in ("192.0.2", "127.0.0.1", "2001"))
