"""With nothing but `gateway serve`: a PostgreSQL of its own, which keeps its data and is not left behind."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.cli import Done, refused, run_gateway
from tests.postgres import servers
from tests.story.conftest import StartGateway
from tests.story.customers import fetch
from tests.story.processes import eventually

pytestmark = pytest.mark.story


@pytest.fixture
def data(home: Path) -> Iterator[Path]:
    """Where PostgreSQL keeps its data; nothing runs there afterwards."""
    directory = home / ".gateway" / "postgres"
    yield directory
    left = servers(directory)
    for process in left:
        process.kill()
    assert not left


def test_data_outlive_the_gateway(home: Path, data: Path, httpbin_url: str, start_gateway: StartGateway) -> None:
    """Commands work while it runs; SIGTERM leaves no process; after `kill -9` it starts again with all it knew."""
    began = time.monotonic()
    gateway = start_gateway(home, UPSTREAM__URL=httpbin_url).listening()
    # performance.md: within 3 s; here two cores are shared with other tests.
    assert time.monotonic() - began < 15
    assert fetch(gateway.port, "/get").status == 200
    link = gateway.err.wait_for("first administrator signs in once at (http://.*)$")[1]
    assert link.startswith(gateway.url)

    def command(*arguments: str, stdin: str = "") -> Done:
        return run_gateway(home, *arguments, stdin=stdin, GATEWAY_URL=gateway.url, GATEWAY_TOKEN=token)

    token = ""
    added = command("user", "add", "sre@acme.example", "--role", "operator", "--password-stdin", stdin="a long one 1\n")
    assert added.code == 0, added
    made = command("token", "create", "pipeline", "--scope", "write")
    assert made.code == 0, made
    token = made.out.strip()
    assert made.out == f"{token}\n"
    # A command that ended has not taken the server with it.
    started = command("window", "start", "--title", "Kept")
    assert started.code == 0, started
    assert fetch(gateway.port, "/get").status == 503

    assert gateway.stop() == 0
    assert not servers(data)

    (home / ".gateway" / "snapshot.json").unlink()  # it must know from the database
    gateway = start_gateway(home, UPSTREAM__URL=httpbin_url).listening()
    assert fetch(gateway.port, "/get").status == 503
    gateway.process.kill()
    gateway.ended()
    assert servers(data)

    (home / ".gateway" / "snapshot.json").unlink()
    gateway = start_gateway(home, UPSTREAM__URL=httpbin_url).listening()
    assert fetch(gateway.port, "/get").status == 503
    ended = command("window", "end", started.out.strip())
    assert ended.code == 0, ended
    assert fetch(gateway.port, "/get").status == 200
    assert "sre@acme.example" in command("user", "list").out
    assert gateway.stop(signal.SIGINT) == 0
    assert not servers(data)


def test_a_port_that_is_taken_leaves_nothing_running(
    home: Path, data: Path, httpbin_url: str, start_gateway: StartGateway
) -> None:
    """One line, exit code 1, and the PostgreSQL that was started for nothing is stopped again."""
    taken = httpbin_url.removeprefix("http://")
    done = run_gateway(home, "serve", GATEWAY_SERVER__LISTEN=taken, GATEWAY_SERVER__INTERNAL_LISTEN="")
    assert done.code == 1
    [line] = [line for line in done.err.splitlines() if line.startswith("gateway: ")]
    assert f"can't listen on {taken}" in line
    assert "server.listen" in line
    assert not servers(data)
    gateway = start_gateway(home, UPSTREAM__URL=httpbin_url).listening()
    assert fetch(gateway.port, "/get").status == 200
    assert gateway.stop() == 0


def test_a_command_alone_starts_and_stops_it(home: Path, data: Path) -> None:
    """On a host where no gateway runs."""
    listed = run_gateway(home, "user", "list")
    assert listed.code == 0, listed
    eventually(lambda: not servers(data))
    unknown = run_gateway(home, "user", "disable", "nobody@acme.example")
    assert refused(unknown, 1, "nobody@acme.example"), unknown
