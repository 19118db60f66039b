"""The embedded PostgreSQL: its data survive whatever happens to the processes, and no process is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from gateway.domain.errors import StoreError
from gateway.store.embedded import EmbeddedServer
from tests.observed import wait_until
from tests.postgres import servers

Psql = Callable[[str, str], str]

# A gateway process as far as its server goes: starts it, prints the address, stops when its standard input ends.
GATEWAY = """
import asyncio, sys
from pathlib import Path
from gateway.store.embedded import EmbeddedServer

async def main():
    server = EmbeddedServer(Path(sys.argv[1]))
    print(await server.start(), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()

asyncio.run(main())
"""


class Gateway:
    """Another process that uses the server in a directory."""

    def __init__(self, directory: Path) -> None:
        command = [sys.executable, "-c", GATEWAY, directory]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def address(self) -> str:
        """Wait until the server runs."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def stop(self) -> None:
        """Stop as a gateway does."""
        self.process.communicate(timeout=30)
        assert self.process.returncode == 0

    def kill(self) -> None:
        """Die without a word."""
        self.process.kill()
        self.process.communicate(timeout=30)


def postmaster(directory: Path) -> int:
    return int((directory / "postmaster.pid").read_text().splitlines()[0])


@pytest.fixture
def directory(shared_directory: Path) -> Iterator[Path]:
    """A directory that does not exist yet; nothing runs there afterwards."""
    directory = shared_directory / "deep" / "postgres"
    yield directory
    left = servers(directory)
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=10)
    assert not left


@pytest.fixture
def gateway(directory: Path) -> Iterator[Callable[[], Gateway]]:
    """Start processes that use the server in the directory."""
    started: list[Gateway] = []

    def start() -> Gateway:
        started.append(Gateway(directory))
        return started[-1]

    yield start
    for process in started:
        if process.process.poll() is None:
            process.stop()


async def test_it_starts_keeps_its_data_and_stops(directory: Path, psql: Psql) -> None:
    """A directory that does not exist is made; afterwards no process is left."""
    server = EmbeddedServer(directory)
    url = await server.start()
    assert url.startswith("postgresql://")
    psql(url, "create table kept (id integer); insert into kept values (7)")
    await server.stop()
    assert not servers(directory)
    again = EmbeddedServer(directory)
    assert psql(await again.start(), "select id from kept") == "7"
    await again.stop()
    await again.stop()
    assert not servers(directory)


def test_two_processes_share_it_and_the_last_one_stops_it(
    directory: Path, gateway: Callable[[], Gateway], psql: Psql
) -> None:
    """Also where they start at the same moment."""
    first, second, third = gateway(), gateway(), gateway()
    assert first.address() == second.address() == third.address()
    url = f"postgresql://postgres@/postgres?host={directory}"
    first.stop()
    assert psql(url, "select 1") == "1"
    third.stop()
    assert psql(url, "select 1") == "1"
    second.stop()
    assert not servers(directory)


async def test_after_kill_9_of_the_gateway_the_next_one_takes_over(
    directory: Path, gateway: Callable[[], Gateway], psql: Psql
) -> None:
    """The server goes on meanwhile; the dead process does not count as one that still uses it."""
    killed = gateway()
    psql(killed.address(), "create table kept (id integer)")
    killed.kill()
    assert servers(directory)
    server = EmbeddedServer(directory)
    assert psql(await server.start(), "select count(*) from kept") == "0"
    await server.stop()
    assert not servers(directory)


async def test_after_kill_9_of_the_server_it_starts_again_with_its_data(directory: Path, psql: Psql) -> None:
    """The lock is stale, and there may be orphans for a moment."""
    server = EmbeddedServer(directory)
    url = await server.start()
    psql(url, "create table kept (id integer); insert into kept values (7)")
    os.kill(postmaster(directory), signal.SIGKILL)
    await wait_until(lambda: not servers(directory))
    assert (directory / "postmaster.pid").exists()
    after = Gateway(directory)
    assert psql(after.address(), "select id from kept") == "7"
    after.stop()
    await server.stop()


async def test_after_kill_9_of_both_it_starts_again(
    directory: Path, gateway: Callable[[], Gateway], psql: Psql
) -> None:
    """As after a power cut, or in a container that was killed."""
    killed = gateway()
    psql(killed.address(), "create table kept (id integer); insert into kept values (7)")
    killed.kill()
    os.kill(postmaster(directory), signal.SIGKILL)
    await wait_until(lambda: not servers(directory))
    server = EmbeddedServer(directory)
    assert psql(await server.start(), "select id from kept") == "7"
    await server.stop()
    assert not servers(directory)


@pytest.mark.parametrize("lines", [1, 8])
async def test_a_lock_that_names_another_program_is_not_believed(
    directory: Path, gateway: Callable[[], Gateway], psql: Psql, lines: int
) -> None:
    """After a restart of the machine the number belongs to somebody else, who is left alone."""
    before = gateway()
    psql(before.address(), "create table kept (id integer)")
    lock = (directory / "postmaster.pid").read_text().splitlines()
    before.stop()
    somebody = subprocess.Popen(["sleep", "60"])  # noqa: ASYNC220
    stale = [str(somebody.pid), *lock[1:]][:lines]
    (directory / "postmaster.pid").write_text("\n".join(stale) + "\n")
    server = EmbeddedServer(directory)
    try:
        assert psql(await server.start(), "select count(*) from kept") == "0"
        assert postmaster(directory) != somebody.pid
    finally:
        await server.stop()
        assert somebody.poll() is None
        somebody.kill()
        somebody.wait()


async def test_a_damaged_list_of_users_is_no_obstacle(directory: Path, psql: Psql) -> None:
    """A process was killed, or the disk was full, while it wrote; a number may be somebody else's by now."""
    users = directory / ".handle_pids.json"
    server = EmbeddedServer(directory)
    await server.start()
    await server.stop()
    with subprocess.Popen(["sleep", "60"]) as somebody:  # noqa: ASYNC220
        for text in ("", "garbage", "[999999, 999998", f"[{somebody.pid},]", "9" * 50):
            users.write_text(text)
            assert psql(await server.start(), "select 1") == "1"
            await server.stop()
            assert not servers(directory)
        somebody.kill()


async def test_what_prevents_a_start_is_told_with_the_remedy(tmp_path: Path) -> None:
    directory = tmp_path / "file"
    directory.touch()
    with pytest.raises(StoreError, match=r"does not start.*or set database.url to a server of your own"):
        await EmbeddedServer(directory).start()


async def test_a_damaged_data_directory_is_told_with_its_log(directory: Path) -> None:
    server = EmbeddedServer(directory)
    await server.start()
    await server.stop()
    (directory / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(StoreError, match=str(directory / "log")):
        await EmbeddedServer(directory).start()


async def test_a_directory_with_a_long_name_works(shared_directory: Path, psql: Psql) -> None:
    """Longer than the address of a unix socket may be."""
    server = EmbeddedServer(shared_directory / ("long" * 30) / "postgres")
    assert psql(await server.start(), "select 1") == "1"
    await server.stop()
