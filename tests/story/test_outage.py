"""PostgreSQL goes away: customers notice nothing, and the windows that are known start and end on time."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.commands.cli import refused, run_gateway
from tests.postgres import Postgres, psql, servers
from tests.render.reading import Page
from tests.render.samples import EN
from tests.story.conftest import StartGateway
from tests.story.customers import Customer, fetch
from tests.story.processes import Gateway, eventually

pytestmark = pytest.mark.story

StartShop = Callable[..., Gateway]

UNCERTAIN = 0.05
"""Seconds around an edge in which an answer may be either."""
IN_STEP = 2.0
"""Seconds after PostgreSQL is back in which every gateway follows again."""


@pytest.fixture
def database(own_postgres: Postgres) -> str:
    """The address of an empty database on a server that may be mistreated, but keeps what was committed."""
    psql(own_postgres.url(), "alter system set synchronous_commit = on")
    psql(own_postgres.url(), "select pg_reload_conf()")
    return own_postgres.url(own_postgres.create())


@pytest.fixture
def thaw(own_postgres: Postgres) -> Iterator[None]:
    """Let a frozen server go on, whatever happened: it could not be stopped."""
    yield
    for process in servers(own_postgres.directory):
        with suppress(psutil.NoSuchProcess):
            process.resume()


def freeze(server: Postgres) -> Callable[[], None]:
    """Stop all its processes where they are, as a hanging host does: connections stay, nobody answers."""
    frozen = servers(server.directory)
    assert server.pid in [process.pid for process in frozen]
    for process in frozen:
        process.suspend()

    def back() -> None:
        for process in frozen:
            with suppress(psutil.NoSuchProcess):  # a backend that ended when it went on
                process.resume()

    return back


def shut(server: Postgres) -> Callable[[], None]:
    """Shut it down as `pg_ctl stop -m immediate` does: no farewell, and recovery when it starts again."""
    os.kill(server.pid, signal.SIGQUIT)
    eventually(lambda: not servers(server.directory))
    return server.start


@pytest.fixture
def shop(start_gateway: StartGateway, tmp_path: Path, httpbin_url: str) -> StartShop:
    """Start a gateway in front of httpbin: `shop(database, ...)`; all have the same snapshot file."""

    def start(database: str, **settings: str) -> Gateway:
        file = str(tmp_path / "snapshot.json")
        return start_gateway(
            tmp_path, DATABASE__URL=database, UPSTREAM__URL=httpbin_url, MAINTENANCE__SNAPSHOT_FILE=file, **settings
        )

    return start


def has_in_file(directory: Path, text: str) -> bool:
    file = directory / "snapshot.json"
    return file.exists() and text in file.read_text()


def knows(gateway: Gateway, title: str) -> bool:
    """Tell whether the status page names a window."""
    return title in fetch(gateway.port, "/_maintenance/", headers={"Accept": "text/html"}).text


@pytest.mark.usefixtures("thaw")
@pytest.mark.parametrize("outage", [freeze, shut])
def test_a_scheduled_window_starts_and_ends_while_postgresql_is_away(
    outage: Callable[[Postgres], Callable[[], None]],
    own_postgres: Postgres,
    database: str,
    shop: StartShop,
) -> None:
    """To the request, with nothing and nobody to say so at that moment; afterwards changes count within 2 s."""
    gateway = shop(database).listening()
    starts, ends = map(
        float,
        psql(
            database,
            "insert into windows (title, starts_at, estimated_duration, ends) "
            "values ('Tonight', clock_timestamp() + interval '2 s', interval '1.5 s', 'on_time') "
            "returning extract(epoch from starts_at), extract(epoch from scheduled_until)",
        ).split("|"),
    )
    eventually(lambda: knows(gateway, "Tonight"))
    with Customer(gateway) as customer:
        back = outage(own_postgres)
        assert time.time() < starts, "the outage came too late to show anything"
        customer.sees(503, since=starts)
        # The page needs no database; what is asked of it only says so.
        assert knows(gateway, "Tonight")
        assert fetch(gateway.port, "/_maintenance/ready").status == 200
        eventually(lambda: customer.visits[-1].sent > ends + UNCERTAIN)
        before = [visit for visit in customer.visits if visit.answered < starts - UNCERTAIN]
        during = [
            visit for visit in customer.visits if starts + UNCERTAIN < visit.sent and visit.answered < ends - UNCERTAIN
        ]
        after = [visit for visit in customer.visits if visit.sent > ends + UNCERTAIN]
        for visits, status in ((before, 200), (during, 503), (after, 200)):
            assert visits
            assert [visit for visit in visits if visit.status != status] == []
        assert len(during) > 20
        assert customer.story == [200, 503, 200]
        back()
        sent = time.time()
        psql(database, "insert into windows (title) values ('By hand, afterwards')")
        committed = time.time()
        assert customer.sees(503, since=sent).answered - committed < IN_STEP
        assert customer.story == [200, 503, 200, 503]


def test_a_gateway_started_meanwhile_goes_by_its_file(
    own_postgres: Postgres, database: str, shop: StartShop, tmp_path: Path
) -> None:
    """It gates as the last one did, lets through on time, and follows when PostgreSQL is back."""
    first = shop(database).listening()
    ends = float(
        psql(
            database,
            "insert into windows (title, estimated_duration, ends) values ('Known before', interval '5 s', 'on_time') "
            "returning extract(epoch from scheduled_until)",
        )
    )
    eventually(lambda: has_in_file(tmp_path, "Known before"))
    first.process.kill()
    back = shut(own_postgres)
    second = shop(database).listening()
    second.err.wait_for("StateRestored")
    gated = fetch(second.port, "/get", headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert time.time() < ends, "the gateway took too long to start to show anything"
    assert gated.status == 503
    assert "Known before" in gated.text
    assert 1 <= int(gated.header("Retry-After") or 0) <= 5
    eventually(lambda: fetch(second.port, "/get").status == 200)
    assert ends - UNCERTAIN < time.time()
    back()
    psql(database, "insert into windows (title) values ('By hand, afterwards')")
    committed = time.time()
    eventually(lambda: fetch(second.port, "/get").status == 503)
    assert time.time() - committed < IN_STEP


@pytest.mark.usefixtures("thaw")
@pytest.mark.parametrize("outage", [freeze, shut])
def test_panel_and_api_say_since_when_the_state_is_unknown(
    outage: Callable[[Postgres], Callable[[], None]],
    own_postgres: Postgres,
    database: str,
    shop: StartShop,
    tmp_path: Path,
) -> None:
    """503, readable, with what goes on without it; customers' pages and the probes stay 200; all is well afterwards."""
    gateway = shop(database).listening()
    made = run_gateway(tmp_path, "token", "create", "monitor", "--scope", "read", DATABASE_URL=database)
    psql(database, "insert into windows (title, gate) values ('Upgrade', 'none')")
    eventually(lambda: knows(gateway, "Upgrade"))
    token = {"Authorization": f"Bearer {made.out.strip()}"}
    browser = {"Accept": "text/html", "Cookie": "gateway_session=of-some-time"}
    back = outage(own_postgres)
    away = datetime.now(UTC)
    api = fetch(gateway.port, "/_maintenance/api/v1/windows", headers=token)
    assert (api.status, api.header("Content-Type")) == (503, "application/problem+json")
    since = datetime.fromisoformat(json.loads(api.body)["state_unknown_since"])
    assert away - timedelta(seconds=10) < since < away + timedelta(seconds=1)
    panel = fetch(gateway.port, "/_maintenance/admin/", headers=browser)
    assert (panel.status, panel.header("Refresh")) == (503, "5")
    page = Page(panel.body).text
    assert f"State unknown since {EN.instant(since, UTC)}" in page
    assert "Upgrade" in page
    for path in ("/", "/history", "/ready", "/live"):
        assert fetch(gateway.port, f"/_maintenance{path}", headers={"Accept": "text/html"}).status == 200
    assert fetch(gateway.port, "/status/200").status == 200
    back()
    eventually(lambda: fetch(gateway.port, "/_maintenance/api/v1/windows", headers=token).status == 200)
    assert fetch(gateway.port, "/_maintenance/admin/", headers=browser).status == 303


@pytest.mark.parametrize(("when_unknown", "status"), [("close", 503), ("forward", 200)])
def test_with_no_state_at_all_the_setting_decides(
    when_unknown: str, status: int, shop: StartShop, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """No database, no file: it serves, by `when_unknown`; what needs the database says so in a line."""
    database = f"postgresql://gateway:secret@127.0.0.1:{free_port()}/gateway"
    gateway = shop(database, MAINTENANCE__WHEN_UNKNOWN=when_unknown).listening()
    assert fetch(gateway.port, "/get").status == status
    assert fetch(gateway.port, "/_maintenance/", headers={"Accept": "text/html"}).status == 200
    assert fetch(gateway.port, "/_maintenance/ready").status == 200
    api = fetch(gateway.port, "/_maintenance/api/v1/windows", headers={"Authorization": "Bearer t"})
    assert (api.status, api.header("Content-Type")) == (503, "application/problem+json")
    assert api.header("Retry-After") is not None
    assert json.loads(api.body)["state_unknown_since"] is None
    told = run_gateway(tmp_path, "window", "list", GATEWAY_URL=gateway.url, GATEWAY_TOKEN="t")
    assert refused(told, 1, "the database can't be reached"), told
    assert gateway.stop() == 0
    assert "secret" not in gateway.err.text
    assert "Traceback" not in gateway.err.text


def test_a_damaged_file_is_no_obstacle(shop: StartShop, tmp_path: Path, free_port: Callable[[], int]) -> None:
    """It is told, and ignored."""
    (tmp_path / "snapshot.json").write_text('{"format": 1, "skew"')
    database = f"postgresql://gateway@127.0.0.1:{free_port()}/gateway"
    gateway = shop(database).listening()
    gateway.err.wait_for("SnapshotFileFailed.*damaged")
    assert fetch(gateway.port, "/get").status == 200
