"""The stage: httpbin and a WebSocket echo server, a gateway in front of each, and one database for both."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.commands.cli import Done, run_gateway
from tests.postgres import Postgres, psql
from tests.story.customers import fetch
from tests.story.processes import Gateway, Program, echo_server, eventually, httpbin, port_of

StartGateway = Callable[..., Gateway]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """Show with a failure what the programs have said."""
    report = yield
    if report.failed:
        for program in Program.running:
            report.sections.append((f"log of {program.name}", program.log))
    return report


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What most stories need. `shop` stands in front of httpbin, `chat` in front of the echo server."""

    directory: Path
    database_url: str
    httpbin: int
    echo: int
    shop: Gateway
    chat: Gateway
    internal: int
    """The port of the shop's internal listener."""
    tokens: list[str] = field(default_factory=list)

    def command(self, *arguments: str) -> Done:
        """Run `gateway ...` as an SRE on the host, who has a token for the API."""
        variables = {"DATABASE_URL": self.database_url, "GATEWAY_URL": self.shop.url}
        if self.tokens:
            variables["GATEWAY_TOKEN"] = self.tokens[0]
        return run_gateway(self.directory, *arguments, **variables)

    def psql(self, sql: str) -> str:
        return psql(self.database_url, sql)


@pytest.fixture(scope="session")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The ports of httpbin and of the echo server."""
    directory = tmp_path_factory.mktemp("applications")
    programs = [httpbin(directory), echo_server(directory)]
    try:
        yield port_of(programs[0]), port_of(programs[1])
    finally:
        for program in programs:
            program.end()


@pytest.fixture(scope="session")
def httpbin_url(applications: tuple[int, int]) -> str:
    return f"http://127.0.0.1:{applications[0]}"


@pytest.fixture(scope="session")
def stage(
    applications: tuple[int, int],
    postgres: Postgres,
    template: str,
    free_port: Callable[[], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """The stage. Who puts a window on it uses `no_window_left`, too."""
    directory = tmp_path_factory.mktemp("stage")
    name = postgres.create(template)
    database_url = postgres.url(name)
    internal = free_port()
    shop = Gateway(
        "shop",
        directory,
        DATABASE__URL=database_url,
        UPSTREAM__URL=f"http://127.0.0.1:{applications[0]}",
        SERVER__INTERNAL_LISTEN=f"127.0.0.1:{internal}",
        MAINTENANCE__SNAPSHOT_FILE=str(directory / "shop.json"),
        MAINTENANCE__PRODUCT="Acme Shop",
    )
    chat = Gateway(
        "chat",
        directory,
        DATABASE__URL=database_url,
        UPSTREAM__URL=f"http://127.0.0.1:{applications[1]}",
        SERVER__INTERNAL_LISTEN=f"unix:{directory / 'chat.sock'}",
        MAINTENANCE__SNAPSHOT_FILE=str(directory / "chat.json"),
        LOG__FORMAT="json",
    )
    try:
        stage = Stage(
            directory=directory,
            database_url=database_url,
            httpbin=applications[0],
            echo=applications[1],
            shop=shop.listening(),
            chat=chat.listening(),
            internal=internal,
        )
        made = stage.command("token", "create", "story", "--scope", "write")
        assert made.code == 0, made
        stage.tokens.append(made.out.strip())
        yield stage
    finally:
        shop.end()
        chat.end()
        postgres.drop(name)


@pytest.fixture
def no_window_left(stage: Stage) -> Iterator[None]:
    """Delete every window after the test, and wait until both gateways know."""
    yield
    stage.psql("delete from windows")
    ports = (stage.shop.port, stage.chat.port)
    eventually(lambda: all(fetch(port, "/status/200").status == 200 for port in ports))


@pytest.fixture
def start_gateway(request: pytest.FixtureRequest) -> Iterator[StartGateway]:
    """Start a gateway of the test's own: `start_gateway(directory, DATABASE__URL=...)`; it ends with the test."""
    if "database_url" in request.fixturenames:
        # Made before, so that it is dropped after: a gateway that stops without its database tries for two seconds.
        request.getfixturevalue("database_url")
    started: list[Gateway] = []

    def start(directory: Path, *, cold: bool = False, **settings: str | None) -> Gateway:
        gateway = Gateway(f"gateway {len(started) + 1}", directory, cold=cold, **settings)
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        gateway.end()


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory for an embedded server, which runs as another user where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="gateway-story-", ignore_cleanup_errors=True) as directory:
        yield Path(directory).resolve()
