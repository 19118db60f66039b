"""The scene: a real application, a real `gateway serve` in front of it, and a user who knows only its address."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tests.postgres import Postgres
from tests.realworld.programs import User
from tests.story.conftest import pytest_runtest_makereport  # noqa: F401  what the programs said, with a failure
from tests.story.processes import Gateway, Program

GatewayBefore = Callable[..., Gateway]


class Start(Protocol):
    def __call__(self, name: str, command: Sequence[str | Path], *, directory: Path, **variables: str) -> Program: ...


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Start a program that ends with the module: `start("pypiserver", [...], directory=...)`; keywords: variables."""
    programs: list[Program] = []

    def run(name: str, command: Sequence[str | Path], *, directory: Path, **variables: str) -> Program:
        # The application must not find this checkout, nor anybody's settings.
        own = {"HOME": str(directory), "PYTHONPATH": ""} | variables
        programs.append(Program(name, command, directory=directory, variables=own))
        return programs[-1]

    yield run
    for program in reversed(programs):
        program.end()


@pytest.fixture(scope="module")
def gateway_before(
    postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayBefore]:
    """Start a gateway in front of an application: `gateway_before("http://...")`. Its limits are the defaults."""
    started: list[Gateway] = []
    databases: list[str] = []

    def begin(upstream: str, **settings: str) -> Gateway:
        directory = tmp_path_factory.mktemp("gateway")
        databases.append(postgres.create(template))
        own = {"DATABASE__URL": postgres.url(databases[-1]), "UPSTREAM__URL": upstream}
        started.append(Gateway("gateway", directory, **(own | settings)))
        started[-1].err.wait_for("^listening on https?://")
        return started[-1]

    yield begin
    for gateway in started:
        gateway.end()
    for name in databases:
        postgres.drop(name)


@pytest.fixture
def user(tmp_path: Path) -> User:
    home = tmp_path / "home"
    home.mkdir()
    return User(home)
