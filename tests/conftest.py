"""What the tests share: one PostgreSQL per run, one database per test cloned from a migrated template."""

import asyncio
import os
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path

import hypothesis
import pytest

from gateway.config.settings import Admin, Maintenance
from gateway.config.settings import Limits as GivenLimits
from gateway.domain.languages import ENGLISH
from gateway.service.audit import Audit
from gateway.service.bypass_links import BypassLinks
from gateway.service.clock import Clock
from gateway.service.component_groups import ComponentGroups
from gateway.service.component_history import ComponentHistories
from gateway.service.components import Components
from gateway.service.fence import Fences
from gateway.service.limits import Limits
from gateway.service.once import Onces
from gateway.service.operators import Operators
from gateway.service.past import PastWindows
from gateway.service.preview import Previews
from gateway.service.second_factors import SecondFactors
from gateway.service.series import SeriesOfWindows
from gateway.service.sessions import Sessions
from gateway.service.state import State
from gateway.service.statistics import Statistics
from gateway.service.supervisor import Supervisor
from gateway.service.templates import Templates
from gateway.service.tokens import Tokens
from gateway.service.uptimes import Uptimes
from gateway.service.windows import Windows
from gateway.store.listener import Listener
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests import parallel
from tests.observed import Observations
from tests.postgres import Postgres, roomy_directory
from tests.postgres import psql as run_psql
from tests.schema import migrate_at


def pytest_configure(config: pytest.Config) -> None:
    """Settings of whoever runs the tests are no part of them; how long an example takes is not either."""
    hypothesis.settings.register_profile("gateway", deadline=None)
    hypothesis.settings.load_profile("gateway")
    config.pluginmanager.register(parallel)
    for name in [*os.environ]:
        if name in ("DATABASE_URL", "GATEWAY_URL", "GATEWAY_TOKEN") or (name.startswith("GATEWAY_") and "__" in name):
            del os.environ[name]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this run. Don't stop it: take `own_postgres` for that."""
    server = Postgres()
    try:
        yield server
    finally:
        server.delete()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of the test's own, to be stopped, started and mistreated."""
    server = Postgres()
    try:
        yield server
    finally:
        server.delete()


@pytest.fixture
def shared_directory() -> Iterator[Path]:
    """A directory for an embedded server, which runs as another user where the tests run as root.

    Not `tmp_path`: each pytest that starts locks other users out of all of those.
    """
    with tempfile.TemporaryDirectory(prefix="gateway-", dir=roomy_directory()) as directory:
        yield Path(directory).resolve()


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """The name of a migrated, empty database."""
    name = postgres.create()
    asyncio.run(migrate_at(postgres.url(name)))
    return name


@pytest.fixture
def database_url(postgres: Postgres, template: str) -> Iterator[str]:
    """The address of a fresh, migrated database; good as DATABASE_URL of other processes, too."""
    name = postgres.create(template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """The address of a fresh database without a schema."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def psql() -> Callable[[str, str], str]:
    """Run SQL by hand: `psql(database_url, "update ...")` returns the rows, unaligned."""
    return run_psql


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Find a TCP port of 127.0.0.1 that is free at the moment."""
    ports = parallel.free_ports()
    return lambda: next(ports)


@pytest.fixture
def observations() -> Observations:
    """What the parts under test have observed."""
    return Observations()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An opened pool on a fresh database."""
    database = Database(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def state(database: Database, tmp_path: Path, observations: Observations) -> AsyncIterator[State]:
    """The state, which follows the database as in a running gateway."""
    state = State(clock=Clock(), observe=observations, file=tmp_path / "snapshot.json", close_unknown=False)
    listener = Listener(database, loaded=state.loaded, confirmed=state.confirmed, observe=observations, probe_every=0.5)
    async with Supervisor(observations) as supervisor:
        supervisor.start(listener.run, "listener")
        supervisor.start(state.keep_time, "time")
        supervisor.start(state.keep_file, "file")
        await state.wait_for(1, within=20)
        yield state


@pytest.fixture
def services(database: Database, state: State, observations: Observations) -> Services:
    """The use cases on a fresh database; writes are waited for, as in a running gateway."""
    windows = Windows(database, state)
    histories = ComponentHistories(database)
    sessions = Sessions(database, lifetime=timedelta(hours=12), idle=timedelta(hours=2))
    return Services(
        series=SeriesOfWindows(database, state),
        windows=windows,
        past=PastWindows(database, state),
        previews=Previews(windows, state, Maintenance()),
        components=Components(database, state),
        component_groups=ComponentGroups(database, state),
        component_histories=histories,
        uptimes=Uptimes(histories, state),
        operators=Operators(database, sessions=sessions, product="Acme Shop", observe=observations),
        sessions=sessions,
        second_factors=SecondFactors(database, sessions=sessions, observe=observations),
        tokens=Tokens(database),
        templates=Templates(database, state, product="Acme Shop", language=ENGLISH, time_zone=UTC),
        bypass_links=BypassLinks(database, state, observations),
        fences=Fences(database),
        statistics=Statistics(database),
        audit=Audit(database),
        onces=Onces(database, state),
        limits=Limits(
            sign_in_rate=Admin().sign_in_rate,
            api_rate=GivenLimits().api_rate,
            wrong_token_rate=GivenLimits().wrong_token_rate,
            database=database,
            observe=observations,
        ),
        state=state,
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for localhost, and its key."""
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=30)
    return str(certificate), str(key)


@pytest.fixture
def trusting(certificate: tuple[str, str]) -> ssl.SSLContext:
    """A client's context that trusts that certificate."""
    return ssl.create_default_context(cafile=certificate[0])
