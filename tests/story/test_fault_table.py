"""The fault table, row for row: see fault_table.py for all rows; the tests of some stand with what they are about."""

import ast
import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.postgres import Postgres, psql, servers
from tests.replication import Primary, Standby, together
from tests.schema import migrate_at
from tests.story.conftest import StartGateway
from tests.story.customers import Customer, fetch
from tests.story.fault_table import TABLE, Row
from tests.story.harness.faults import IN_STEP, LISTENERS, PROBE_EVERY, PROBE_TIMEOUT
from tests.story.processes import ROOT, Gateway, eventually

pytestmark = pytest.mark.story

UNCERTAIN = 0.05
_ENOUGH = 5
"""Seconds around an edge in which an answer may be either: clients and machine are busy."""
SLACK = 0.5
"""Seconds that a busy machine may add to a limit."""
BY_HAND = "insert into windows (title) values ('By hand') returning extract(epoch from clock_timestamp())"
FAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.fault)
def test_each_row_has_tests(row: Row) -> None:
    """What the table names exists, and is a test."""
    assert row.tests
    for test in row.tests:
        file, _, name = test.partition("::")
        module = ast.parse((ROOT / file).read_text())
        assert name in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}, test
        assert name.startswith("test_")


@pytest.fixture
def server(own_postgres: Postgres) -> Iterator[Postgres]:
    """A server that keeps what was committed when it crashes; nothing of it stays frozen."""
    psql(own_postgres.url(), "alter system set synchronous_commit = on")
    psql(own_postgres.url(), "select pg_reload_conf()")
    yield own_postgres
    for process in servers(own_postgres.directory):
        with suppress(psutil.NoSuchProcess):
            process.resume()


@pytest.fixture
def url(server: Postgres) -> str:
    return server.url(server.create())


@pytest.fixture
def internal(free_port: Callable[[], int]) -> int:
    """The port of a gateway's internal listener."""
    return free_port()


@pytest.fixture
def start(start_gateway: StartGateway, tmp_path: Path, httpbin_url: str) -> Callable[..., Gateway]:
    """Start a gateway in front of httpbin, with a snapshot file of its own, and wait until it serves."""

    def start(database: str, name: str = "shop", **settings: str) -> Gateway:
        defaults = {"MAINTENANCE__SNAPSHOT_FILE": str(tmp_path / name / "snapshot.json"), "DATABASE__URL": database}
        return start_gateway(tmp_path, UPSTREAM__URL=httpbin_url, **(defaults | settings)).listening()

    return start


def crash(server: Postgres) -> None:
    """Stop it as `pg_ctl stop -m immediate` does, and wait until nobody is left."""
    os.kill(server.pid, signal.SIGQUIT)
    eventually(lambda: not servers(server.directory))


def gates(gateway: Gateway) -> bool:
    return fetch(gateway.port, "/status/200").status == 503


def knows(gateway: Gateway, title: str) -> bool:
    """Tell whether the status page names a window."""
    return title in fetch(gateway.port, "/_maintenance/", headers={"Accept": "text/html"}).text


def metric(internal: int, name: str) -> float:
    """Return a sample of the one worker, other labels included in its name; 0 where it is not there."""
    labelled = f'{name[:-1]},worker="1"}}' if name.endswith("}") else f'{name}{{worker="1"}}'
    found = re.search(rf"^{re.escape(labelled)} (\S+)$", fetch(internal, "/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def schedule(url: str, title: str, starts_in: float, seconds: float) -> tuple[float, float]:
    """Schedule a window that ends on time; return its start and end, seconds since the epoch on PostgreSQL's clock."""
    times = psql(
        url,
        "insert into windows (title, starts_at, estimated_duration, ends) "
        f"values ('{title}', clock_timestamp() + interval '{starts_in} s', interval '{seconds} s', 'on_time') "
        "returning extract(epoch from starts_at), extract(epoch from scheduled_until)",
    )
    starts, ends = map(float, times.split("|"))
    return starts, ends


def assert_on_time(customer: Customer, starts: float, ends: float) -> None:
    """Every visit was answered as the window says at that instant."""
    eventually(lambda: sum(visit.sent > ends + UNCERTAIN for visit in customer.visits) > _ENOUGH + 1)
    spans = (
        (200, 0.0, starts - UNCERTAIN),
        (503, starts + UNCERTAIN, ends - UNCERTAIN),
        (200, ends + UNCERTAIN, float("inf")),
    )
    for status, begin, end in spans:
        visits = [visit for visit in customer.visits if begin < visit.sent and visit.answered < end]
        assert len(visits) > _ENOUGH, (status, customer.story)
        assert {visit.status for visit in visits} == {status}


def test_postgresql_gone(server: Postgres, url: str, start: Callable[..., Gateway], internal: int) -> None:
    """Customers notice nothing; panel and API say since when the state is unknown; the page stays; metrics tell."""
    gateway = start(url, SERVER__INTERNAL_LISTEN=f"127.0.0.1:{internal}")
    starts, ends = schedule(url, "Tonight", 2.5, 1.5)
    eventually(lambda: knows(gateway, "Tonight"))
    with Customer(gateway) as customer:
        crash(server)
        assert time.time() < starts, "the crash came too late to show anything"
        api = fetch(gateway.port, "/_maintenance/api/v1/windows", headers={"Authorization": "Bearer gwt_a"})
        assert (api.status, api.header("Content-Type")) == (503, "application/problem+json")
        assert json.loads(api.body)["state_unknown_since"].startswith(time.strftime("%Y-", time.gmtime()))
        panel = fetch(gateway.port, "/_maintenance/admin/", headers={"Cookie": "gateway_session=a"})
        assert (panel.status, "nknown since" in panel.text) == (503, True)
        assert knows(gateway, "Tonight")
        assert fetch(gateway.port, "/_maintenance/ready").status == fetch(internal, "/ready").status == 200
        assert_on_time(customer, starts, ends)
    assert metric(internal, "gateway_state_age_seconds") > 3
    assert metric(internal, "gateway_listener_connected") == 0


def test_postgresql_back(server: Postgres, url: str, start: Callable[..., Gateway]) -> None:
    """Within 2 s after it answers again, each gateway goes by what was changed since."""
    gateways = [start(url, f"gateway {number}") for number in range(2)]
    with Customer(gateways[0]) as first, Customer(gateways[1]) as second:
        crash(server)
        for gateway in gateways:
            gateway.err.wait_for("ListenerLost")
        server.start()
        committed = float(psql(url, BY_HAND))
        for customer in (first, second):
            assert customer.sees(503).answered - committed < IN_STEP + SLACK
            assert customer.story == [200, 503]


def test_postgresql_failed_over(start: Callable[..., Gateway]) -> None:
    """The standby is promoted, and within 2 s the gateway goes by what is changed there; customers notice nothing."""
    with Primary() as primary:
        primary.psql("create database shop")
        asyncio.run(migrate_at(primary.url("shop")))
        with Standby(primary) as standby:
            gateway = start(together(primary, standby, database="shop"))
            gateway.err.wait_for("ListenerConnected")
            version = primary.psql("select version from state_version", "shop")
            eventually(lambda: standby.has(version, "shop"))
            with Customer(gateway) as customer:
                primary.stop()
                standby.promote()
                committed = float(standby.psql(BY_HAND, "shop"))
                assert customer.sees(503).answered - committed < IN_STEP + SLACK
                assert customer.story == [200, 503]
            gateway.end()


@pytest.mark.parametrize(("when_unknown", "status"), [("close", 503), ("forward", 200)])
def test_no_state_at_start(
    when_unknown: str, status: int, start: Callable[..., Gateway], free_port: Callable[[], int], internal: int
) -> None:
    """Customers are treated by `when_unknown`; log and metrics say that there is no state."""
    gateway = start(
        f"postgresql://gateway@127.0.0.1:{free_port()}/gateway",
        MAINTENANCE__WHEN_UNKNOWN=when_unknown,
        SERVER__INTERNAL_LISTEN=f"127.0.0.1:{internal}",
    )
    assert fetch(gateway.port, "/status/200").status == status
    gateway.err.wait_for(r"\[warning.*ListenerLost")
    assert metric(internal, "gateway_listener_connected") == 0
    assert metric(internal, "gateway_state_version") == 0
    assert metric(internal, 'gateway_observations_total{name="ListenerLost"}') >= 1


def test_notification_lost(url: str, start: Callable[..., Gateway], internal: int) -> None:
    """A change of which nobody was told is in force one probe interval later at most, and that is counted."""
    gateway = start(url, SERVER__INTERNAL_LISTEN=f"127.0.0.1:{internal}")
    gateway.err.wait_for("ListenerConnected")
    psql(
        url,
        "begin; update state_version set version = version + 1; alter table windows disable trigger windows_bump; "
        "insert into windows (title) values ('Quiet'); alter table windows enable trigger windows_bump; commit",
    )
    committed = time.time()
    eventually(lambda: gates(gateway))
    assert time.time() - committed < PROBE_EVERY + SLACK
    eventually(lambda: metric(internal, 'gateway_observations_total{name="NotificationLost"}') == 1)


def test_listener_frozen(url: str, start: Callable[..., Gateway], internal: int) -> None:
    """A session that hangs with an open socket is given up by the next probe; the loss is counted."""
    gateway = start(url, SERVER__INTERNAL_LISTEN=f"127.0.0.1:{internal}")
    gateway.err.wait_for("ListenerConnected")
    eventually(lambda: psql(url, f"select pid from pg_stat_activity where {LISTENERS}"))
    for pid in psql(url, f"select pid from pg_stat_activity where {LISTENERS}").split():
        psutil.Process(int(pid)).suspend()
    psql(url, BY_HAND)
    committed = time.time()
    eventually(lambda: gates(gateway))
    assert time.time() - committed < PROBE_EVERY + PROBE_TIMEOUT + SLACK
    assert metric(internal, 'gateway_observations_total{name="ListenerLost"}') == 1


@pytest.mark.parametrize("damage", ["cut off", "other content", "empty", "a directory"])
def test_corrupt_snapshot_file(damage: str, url: str, start: Callable[..., Gateway], tmp_path: Path) -> None:
    """It is told and ignored at start, whatever is wrong with it; traffic goes by the database."""
    file = tmp_path / "shop" / "snapshot.json"
    first = start(url)
    psql(url, "insert into windows (title) values ('Kept')")
    eventually(lambda: file.exists() and "Kept" in file.read_text())
    assert first.stop() == 0
    whole = file.read_text()
    file.unlink()
    if damage == "a directory":
        file.mkdir()
    else:
        file.write_text({"cut off": whole[: len(whole) // 2], "other content": '{"format": 1}', "empty": ""}[damage])
    second = start(url)
    second.err.wait_for(r"\[warning.*SnapshotFileFailed")
    eventually(lambda: gates(second))
    psql(url, "delete from windows")
    eventually(lambda: not gates(second))
    assert "Traceback" not in second.err.text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place]
    mounted = shutil.which("mount") and subprocess.run(command, check=False, capture_output=True, timeout=30)
    if not mounted or mounted.returncode:
        pytest.skip("only root can mount a small file system here")
    yield place
    subprocess.run(["umount", "-l", place], check=True, timeout=30)


@pytest.mark.parametrize("disk", ["full", "read-only"])
def test_full_or_read_only_disk(disk: str, url: str, start: Callable[..., Gateway], small_disk: Path) -> None:
    """Changes count as ever; that they can't be kept is told, and what was kept before stays whole."""
    file = small_disk / "snapshot.json"
    gateway = start(url, MAINTENANCE__SNAPSHOT_FILE=str(file))
    eventually(file.exists)
    before = file.read_text()
    if disk == "full":
        with suppress(OSError), (small_disk / "filling").open("wb", buffering=0) as filling:
            while True:
                filling.write(bytes(4096))
    else:
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True, timeout=30)
    with Customer(gateway) as customer:
        psql(url, "insert into windows (title) values ('Not kept')")
        customer.sees(503)
        gateway.err.wait_for(r"\[warning.*SnapshotFileFailed")
        ended = time.time()
        psql(url, "update windows set fixed = true")
        customer.sees(200, since=ended)
        assert customer.story == [200, 503, 200]
    assert file.read_text() == before
    assert [each.name for each in small_disk.iterdir() if each.name != "filling"] == ["snapshot.json"]


@pytest.mark.parametrize("wrong", ["+1h", "-1h"])
def test_clock_wrong_by_an_hour(
    wrong: str, url: str, start: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway whose host is an hour off starts and ends windows by PostgreSQL's clock."""
    libraries = sorted(Path("/").glob(FAKETIME.lstrip("/")))
    if not libraries:
        pytest.skip("libfaketime is not installed (on Debian: apt-get install faketime)")
    with monkeypatch.context() as variables:
        variables.setenv("LD_PRELOAD", str(libraries[0]))
        variables.setenv("FAKETIME", wrong)
        variables.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        gateway = start(url)
    # It is really another time there.
    said = fetch(gateway.port, "/_maintenance/live").header("Date")
    assert said is not None
    now = time.mktime(time.strptime(said, "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
    assert abs(abs(now - time.time()) - 3600) < 60
    starts, ends = schedule(url, "Tonight", 1.5, 1.5)
    with Customer(gateway) as customer:
        assert_on_time(customer, starts, ends)
