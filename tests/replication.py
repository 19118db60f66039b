"""Servers that replicate: a primary and its standbys, on ports of 127.0.0.1, as a failover needs them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

from tests.postgres import PROGRAMS, psql, roomy_directory, servers

_CONFIGURATION = """
fsync = off
full_page_writes = off
wal_level = replica
max_wal_senders = 5
hot_standby = on
max_connections = 100
shared_buffers = 32MB
autovacuum = off
log_min_messages = fatal
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
"""
# PostgreSQL refuses to run as root; the package of its programs has made this account.
ACCOUNT = "pgserver" if os.geteuid() == 0 else None


class Server:
    """A server of one's own, reached by TCP. `Primary` makes a new one, `Standby` follows another."""

    def __init__(self, port: int = 0) -> None:
        """Find a directory, and a port where none is given; nothing runs yet."""
        self.directory = Path(tempfile.mkdtemp(prefix="gateway-replicated-", dir=roomy_directory()))
        self.directory.chmod(0o700)
        if ACCOUNT is not None:
            shutil.chown(self.directory, ACCOUNT, ACCOUNT)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = port or probe.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.delete()

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database on this server."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Run SQL here by hand."""
        return psql(self.url(database), sql)

    def start(self) -> None:
        """Start it, or start it again, and wait until it answers."""
        self._run("pg_ctl", "start", "-w", "-D", self.directory, "-l", self.directory / "log", "-o", f"-p {self.port}")

    def stop(self) -> None:
        """Stop it as a crash does; what was committed stays."""
        self._run("pg_ctl", "stop", "-w", "-D", self.directory, "-m", "immediate")

    def demote(self) -> None:
        """Make it a standby in place: it answers, but takes no writes."""
        self.stop()
        (self.directory / "standby.signal").touch()
        self.start()

    def promote(self) -> None:
        """Make it the primary, on a new timeline, and wait until it takes writes."""
        self._run("pg_ctl", "promote", "-w", "-D", self.directory)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all its processes where they are, as a hanging host does: sockets stay open, nobody answers."""
        processes = servers(self.directory)
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):  # a backend that ended when it went on
                    process.resume()

    def delete(self) -> None:
        """End every process of it and remove its directory."""
        processes = servers(self.directory)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()
                process.send_signal(signal.SIGQUIT)
        for process in psutil.wait_procs(processes, timeout=10)[1]:
            process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, program: str, *arguments: str | Path) -> None:
        """Run one of PostgreSQL's programs under an account that it accepts.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        subprocess.run(
            [PROGRAMS / program, *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            # Not a pipe: the server that pg_ctl leaves behind would hold it open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=ACCOUNT,
            cwd="/",
            timeout=60,
        )


class Primary(Server):
    """A new, empty server that standbys can follow."""

    def __init__(self, port: int = 0) -> None:
        """Make it and start it."""
        super().__init__(port)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-N", "-D", self.directory)
        with (self.directory / "postgresql.conf").open("a") as file:
            file.write(_CONFIGURATION)
        self.start()


class Standby(Server):
    """A copy of a running server that follows it by asynchronous streaming replication."""

    def __init__(self, primary: Server) -> None:
        """Copy `primary` and start following it."""
        super().__init__()
        self._run("pg_basebackup", "-D", self.directory, "-R", "-X", "stream", "-c", "fast", "-d", primary.url())
        self.start()

    def has(self, version: str, database: str = "postgres") -> bool:
        """Tell whether the state's version has arrived here."""
        return self.psql("select version from state_version", database) == version


def together(*servers: Server, database: str = "postgres") -> str:
    """Return one address that names several servers, in this order."""
    return f"postgresql://postgres@{','.join(f'127.0.0.1:{server.port}' for server in servers)}/{database}"
