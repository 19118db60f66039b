"""The stage of a storm: one PostgreSQL, one application, and gateways in front of it, each a real process."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.commands.cli import run_gateway
from tests.postgres import Postgres, psql, roomy_directory
from tests.schema import migrate_at
from tests.story.harness import history
from tests.story.processes import ROOT, Gateway, Program


@dataclass(kw_only=True)
class Stage:
    """What is there, and how to start a gateway again."""

    directory: Path
    server: Postgres
    url: str
    application: Program
    token: str
    settings: dict[str, str]
    gateways: list[Gateway] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def start_gateway(self, index: int) -> None:
        """Start a gateway, or start it again at the port that it had, with the snapshot file that it left."""
        is_new = index == len(self.gateways)
        directory = self.directory / f"gateway-{index}"
        directory.mkdir(exist_ok=True)
        port = 0 if is_new else self.ports[index]
        gateway = Gateway(f"gateway {index}", directory, cold=True, SERVER__LISTEN=f"127.0.0.1:{port}", **self.settings)
        if is_new:
            self.gateways.append(gateway)
            self.ports.append(gateway.port)
        else:
            self.gateways[index].end()
            self.gateways[index] = gateway
        gateway.listening()

    async def restart(self, index: int) -> None:
        """Start a gateway again."""
        await asyncio.to_thread(self.start_gateway, index)

    def memory(self) -> int:
        """Return the bytes that all gateways have for themselves, each shared page counted once (PSS)."""
        return sum(process.memory_full_info().pss for gateway in self.gateways for process in gateway.tree)

    @property
    def log(self) -> str:
        """What the gateways have said lately."""
        return "\n".join(f"--- {gateway.name}\n{gateway.err.last}" for gateway in self.gateways)


@contextmanager
def open_stage(gateways: int, **settings: str) -> Iterator[Stage]:
    """Start everything; end everything. `settings` are those of all gateways."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-storm-", dir=roomy_directory()))
        directory = Path(name)
        server = Postgres()
        stack.callback(server.delete)
        # What was committed must survive a crash of the server, and say when.
        psql(server.url(), "alter system set track_commit_timestamp = on")
        psql(server.url(), "alter system set synchronous_commit = on")
        server.stop()
        server.start()
        url = server.url(server.create())
        asyncio.run(migrate_at(url))
        history.install(url)
        made = run_gateway(directory, "token", "create", "storm", "--scope", "write", DATABASE_URL=url)
        assert made.code == 0, made
        application = Program(
            "application", [sys.executable, "-m", "tests.story.harness.application", directory], directory=ROOT
        )
        stack.callback(application.end)
        port = application.out.wait_for(r"^\d+$")[0]
        stage = Stage(
            directory=directory,
            server=server,
            url=url,
            application=application,
            token=made.out.strip(),
            settings={
                "DATABASE__URL": url,
                "UPSTREAM__URL": f"http://127.0.0.1:{port}",
                "LOG__ACCESS": "false",
                "LIMITS__API_RATE": "0",  # the harness makes more calls than SREs do
            }
            | settings,
        )
        stack.callback(lambda: [gateway.end() for gateway in stage.gateways])
        for index in range(gateways):
            stage.start_gateway(index)
        yield stage
