"""The fence over three real gateways: it holds when nothing of the time before is left, with every one of them seen."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.commands.cli import Done, run_gateway
from tests.postgres import psql
from tests.story.conftest import StartGateway
from tests.story.customers import fetch
from tests.story.processes import COMMAND, Gateway, Program, eventually
from tests.story.relay import Relay

pytestmark = pytest.mark.story

CUT = -1
"""The status of a request that got no answer."""
LAG = 0.2
"""Seconds by which a customer may see an answer later than the gateway has counted it."""


class Slow(threading.Thread):
    """A customer with one request that takes its time."""

    def __init__(self, gateway: Gateway, target: str) -> None:
        super().__init__(daemon=True)
        self.answered_at = float("inf")
        self.status = 0
        self._port = gateway.port
        self._target = target
        self.start()

    def run(self) -> None:
        try:
            self.status = fetch(self._port, self._target).status
        except (OSError, http.client.HTTPException):
            self.status = CUT
        self.answered_at = time.monotonic()


@dataclass
class Fleet:
    """Three gateways in front of httpbin, and an SRE with a token."""

    directory: Path
    database_url: str
    gateways: list[Gateway]
    token: str = ""
    programs: list[Program] = field(default_factory=list)

    def command(self, *arguments: str) -> Done:
        """Run a command that asks the first gateway."""
        return run_gateway(self.directory, *arguments, **self._variables)

    def begin(self, *arguments: str) -> Program:
        """Begin a command that takes its time."""
        self.programs.append(
            Program("command", [*COMMAND, *arguments], directory=self.directory, variables=self._variables)
        )
        return self.programs[-1]

    def fence(self, window: str) -> dict[str, Any]:
        """Ask for the fence."""
        told: dict[str, Any] = self.command("fence", window, "--json").json
        return told

    @property
    def _variables(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "GATEWAY_URL": self.gateways[0].url,
            "GATEWAY_TOKEN": self.token,
        }


MakeFleet = Callable[..., Fleet]


@pytest.fixture
def make_fleet(start_gateway: StartGateway, tmp_path: Path, database_url: str, httpbin_url: str) -> Iterator[MakeFleet]:
    """Start three gateways; `last_database` is the address by which the last of them reaches the database."""
    made: list[Fleet] = []

    def make(last_database: str = database_url) -> Fleet:
        gateways = [
            start_gateway(
                tmp_path,
                DATABASE__URL=database,
                UPSTREAM__URL=httpbin_url,
                MAINTENANCE__SNAPSHOT_FILE=str(tmp_path / f"{number}.json"),
            )
            for number, database in enumerate([database_url, database_url, last_database])
        ]
        fleet = Fleet(tmp_path, database_url, [gateway.listening() for gateway in gateways])
        made.append(fleet)
        fleet.token = fleet.command("token", "create", "story", "--scope", "write").out.strip()
        return fleet

    yield make
    for fleet in made:
        for program in fleet.programs:
            program.end()


def slow_ones(fleet: Fleet, target: str) -> list[Slow]:
    """Send two requests through every gateway, and wait until they are all in the application."""
    slow = [Slow(gateway, target) for gateway in fleet.gateways for _ in range(2)]
    eventually(lambda: all(_is_busy(gateway) for gateway in fleet.gateways))
    return slow


def worker_of(gateway: Gateway) -> int:
    """Return the process that serves."""
    (worker,) = gateway.workers()
    return worker


def _is_busy(gateway: Gateway) -> bool:
    """Tell whether a gateway has two connections to the application."""
    connections = psutil.Process(worker_of(gateway)).net_connections("tcp")
    return sum(c.status == "ESTABLISHED" and c.laddr.port != gateway.port for c in connections) >= 2


def test_wait_drained_returns_when_nothing_is_left(make_fleet: MakeFleet) -> None:
    """It prints the id at once and counts down; when it returns, every older request has been answered, whole."""
    fleet = make_fleet()
    slow = slow_ones(fleet, "/delay/6")
    program = fleet.begin("window", "start", "--title", "Upgrade", "--wait-drained", "60s")
    window = program.out.wait_for(r"^[0-9a-f-]{36}$")[0]
    program.err.wait_for("3 of 3 gateways gate, 6 requests left in the application$")
    assert [customer.status for customer in slow] == [0] * 6
    assert [fetch(gateway.port, "/get").status for gateway in fleet.gateways] == [503] * 3
    asked = fleet.command("fence", window)
    assert (asked.code, "left in the application" in asked.out, "draining" in asked.out) == (1, True, True)
    assert program.ended() == 0
    returned = time.monotonic()
    for customer in slow:
        customer.join()
        assert (customer.status, customer.answered_at < returned + LAG) == (200, True)
    program.err.wait_for("3 of 3 gateways gate, 0 requests left in the application: safe to begin")
    asked = fleet.command("fence")
    assert (asked.code, window in asked.out) == (0, True)


def test_it_never_holds_while_an_older_request_is_there(make_fleet: MakeFleet) -> None:
    """Windows come and go over a steady load of slow requests: whenever it holds, those of before are answered."""
    fleet = make_fleet()
    for number in range(3):
        slow = slow_ones(fleet, "/drip?duration=2&numbytes=4&delay=0")
        scope = [["--path", "/drip"], [], ["--host", "127.0.0.1"]][number]
        started = fleet.command("window", "start", "--title", "Upgrade", *scope, "--wait-drained", "30s")
        returned = time.monotonic()
        assert started.code == 0, started
        for customer in slow:
            customer.join()
            assert (customer.status, customer.answered_at < returned + LAG) == (200, True)
        assert fleet.command("window", "end", started.out.strip()).code == 0
        eventually(lambda: all(fetch(gateway.port, "/get").status == 200 for gateway in fleet.gateways))


def test_a_killed_gateway_is_removed_by_its_neighbours(make_fleet: MakeFleet) -> None:
    """Its death is certain on its own host, and what it had in the application is told; who stops goes by itself."""
    fleet = make_fleet()
    first, second, third = fleet.gateways
    slow = slow_ones(fleet, "/delay/6")
    window = fleet.command("window", "start", "--title", "Upgrade").out.strip()
    eventually(lambda: fleet.fence(window)["left"] == 6)
    killed = worker_of(third)
    third.kill()
    assert fleet.command("fence", window, "--wait", "20s").code == 0
    told = fleet.fence(window)
    assert (told["known"], told["holds"], told["given_up"]) == (2, True, 2)
    assert "2 requests were given up on before the answer" in told["summary"]
    for customer in slow:
        customer.join()
    assert sorted(customer.status for customer in slow) == [CUT, CUT, 200, 200, 200, 200]
    assert any(f"(pid {killed})" in gateway.err.text for gateway in (first, second))
    assert second.stop() == 0
    assert fleet.fence(window)["summary"].startswith("1 of 1 gateway gates")


def test_a_frozen_gateway_is_named_and_does_not_count(make_fleet: MakeFleet) -> None:
    """It does not gate, then it is silent; only an SRE's word removes it; when it goes on, it counts again."""
    fleet = make_fleet()
    frozen = fleet.gateways[2]
    worker = worker_of(frozen)
    name = f"(pid {worker})"
    (replica,) = [each for each in fleet.command("replica", "list", "--json").json if name in each["name"]]
    os.kill(worker, signal.SIGSTOP)
    try:
        waited = fleet.command("window", "start", "--title", "Upgrade", "--wait-drained", "1s")
        assert waited.code == 3
        window = waited.out.strip()
        last = waited.err.splitlines()[-1]
        assert "waited 1s in vain: 2 of 3 gateways gate, 0 requests left" in last
        assert f"{name} does not gate yet" in last
        refused = fleet.command("replica", "forget", replica["id"])
        assert (refused.code, "is alive" in refused.err) == (1, True)
        eventually(lambda: f"{name} has not been heard of for 1" in fleet.fence(window)["summary"])
        told = fleet.fence(window)
        assert (told["holds"], [each["state"] for each in told["replicas"]].count("unknown")) == (False, 1)
        assert fleet.command("replica", "forget", replica["id"]).code == 0
        assert fleet.command("fence", window).code == 0
        assert "replica.forgotten" in psql(fleet.database_url, "select action from audit")
    finally:
        os.kill(worker, signal.SIGCONT)
    eventually(lambda: fleet.fence(window)["known"] == 3)
    assert fleet.command("fence", window, "--wait", "20s").code == 0
    assert fetch(frozen.port, "/get").status == 503


def test_a_gateway_that_is_cut_off_from_postgresql_does_not_count(make_fleet: MakeFleet, database_url: str) -> None:
    """It keeps the last state, and lets customers in: the fence names it; when it is back, it holds."""
    directory = database_url.partition("?host=")[2]
    with Relay(f"{directory}/.s.PGSQL.5432") as relay:
        name = database_url.partition("@/")[2].partition("?")[0]
        fleet = make_fleet(f"postgresql://postgres@127.0.0.1:{relay.port}/{name}")
        cut_off = fleet.gateways[2]
        relay.cut()
        waited = fleet.command("window", "start", "--title", "Upgrade", "--wait-drained", "2s")
        assert waited.code == 3
        assert f"(pid {worker_of(cut_off)}) does not gate yet" in waited.err.splitlines()[-1]
        assert fetch(cut_off.port, "/get").status == 200
        relay.mend()
        window = waited.out.strip()
        assert fleet.command("fence", window, "--wait", "30s").code == 0
        assert fetch(cut_off.port, "/get").status == 503
        for gateway in fleet.gateways:
            gateway.end()
