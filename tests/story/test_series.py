"""A series from outside: its occurrences gate by themselves, also while PostgreSQL is away, and a day later."""

import os
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.commands.cli import run_gateway
from tests.postgres import Postgres, servers
from tests.story.conftest import StartGateway
from tests.story.customers import Customer
from tests.story.processes import eventually

pytestmark = pytest.mark.story

STARTS_WITHIN = 20
"""Seconds in which a gateway has certainly started on a machine that runs other things, too."""
FAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"
UNCERTAIN = 0.5
"""Seconds around an edge: the snapshot file knows PostgreSQL's clock only as well as it was measured."""
LASTS = 2.0


def test_occurrences_gate_while_postgresql_is_away_and_a_day_later(
    own_postgres: Postgres,
    start_gateway: StartGateway,
    httpbin_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PostgreSQL goes before the first one; that gates on time, and so does the next for a gateway that starts then."""
    libraries = sorted(Path("/").glob(FAKETIME.lstrip("/")))
    if not libraries:
        pytest.skip("libfaketime is not installed (on Debian: apt-get install faketime)")
    database = own_postgres.url(own_postgres.create())
    settings = {"DATABASE__URL": database, "UPSTREAM__URL": httpbin_url}
    file = tmp_path / "one.json"
    gateway = start_gateway(tmp_path, MAINTENANCE__SNAPSHOT_FILE=str(file), **settings).listening()
    made = run_gateway(tmp_path, "token", "create", "story", "--scope", "write", DATABASE_URL=database)
    variables = {"GATEWAY_URL": gateway.url, "GATEWAY_TOKEN": made.out.strip()}

    first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=6)
    line = ["window", "schedule", "--title", "Tonight", "--at", first.isoformat(), "--for", f"{LASTS:.0f}s"]
    recurs = ["--ends", "on_time", "--every", "FREQ=DAILY", "--time-zone", "UTC"]
    scheduled = run_gateway(tmp_path, *line, *recurs, **variables)
    assert scheduled.code == 0, scheduled
    eventually(lambda: "Tonight" in file.read_text())
    with Customer(gateway) as customer:
        os.kill(own_postgres.pid, signal.SIGQUIT)
        eventually(lambda: not servers(own_postgres.directory))
        assert customer.story == [200], "PostgreSQL went too late: the machine is too busy"
        starts = first.timestamp()
        began, ended = customer.sees(503), customer.sees(200, since=starts + LASTS)
        assert abs(began.answered - starts) < UNCERTAIN
        assert abs(ended.answered - starts - LASTS) < UNCERTAIN
        assert customer.story == [200, 503, 200]

    # A day later, on a host that has only the file.
    other = tmp_path / "other.json"
    shutil.copy(file, other)
    ahead = round(86400 - STARTS_WITHIN - (time.time() - starts))
    with monkeypatch.context() as environment:
        environment.setenv("LD_PRELOAD", str(libraries[0]))
        environment.setenv("FAKETIME", f"+{ahead}")
        environment.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        later = start_gateway(tmp_path, MAINTENANCE__SNAPSHOT_FILE=str(other), **settings).listening()
    with Customer(later) as customer:
        began = customer.sees(503)
        ended = customer.sees(200, since=began.answered)
        assert abs(began.answered + ahead - starts - 86400) < UNCERTAIN
        assert abs(ended.answered - began.answered - LASTS) < UNCERTAIN
        assert customer.story == [200, 503, 200]
