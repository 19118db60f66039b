"""The lab: a work directory, one core for the proxies and the rest for everything else, and the programs that run."""

import os
import shutil
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench import BenchError

HOST = "127.0.0.1"
CHECKOUT = Path(__file__).resolve().parent.parent
_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A program that listens on a port of 127.0.0.1; `started`: when, on the monotonic clock."""

    name: str
    port: int
    process: psutil.Process
    directory: Path
    started: float

    def descriptors(self) -> int:
        """Return how many descriptors the process and its children have, added up."""
        total = 0
        for process in self.processes():
            try:
                total += process.num_fds()
            except psutil.NoSuchProcess:
                continue
        return total

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://{HOST}:{self.port}{path}"

    def processes(self) -> list[psutil.Process]:
        """Return its processes: the one that was started, and what that has made."""
        return [self.process, *self.process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the CPU time, user and system, that the process and its children have used so far.

        A child that has ended and was waited for is in its parent's `children_*`: nothing is lost between two calls.
        """
        total = 0.0
        for process in self.processes():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:  # ended since it was listed
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def resident_bytes(self) -> int:
        """Return the resident memory of the process and its children; what they share is counted once (PSS)."""
        total = 0
        for process in self.processes():
            try:
                total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return total


class Lab:
    """Where programs are started; made by `open_lab`, which stops them all."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._processes: list[subprocess.Popen[bytes]] = []
        first, *rest = sorted(os.sched_getaffinity(0))
        self.proxy_cores = {first}
        self.other_cores = set(rest) or {first}

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        port: int,
        cores: set[int],
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Server:
        """Start a program on these cores and wait until it accepts connections; what it says goes to `NAME.log`.

        Raises:
            BenchError: it ended, or did not listen in time; with the last line that it wrote.
        """
        log = self.directory / f"{name}-{port}.log"
        where = directory or self.directory
        with log.open("wb") as output, running_on(cores):
            started = time.monotonic()
            # A session of its own: Ctrl-C reaches the bench alone, which then stops its programs in order.
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=where,
                env=environment,
                start_new_session=True,
            )
        self._processes.append(process)
        _wait_until_listening(name, process, port, log)
        return Server(name=name, port=port, process=psutil.Process(process.pid), directory=where, started=started)

    def run(self, command: Sequence[str], *, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a client to its end, off the proxies' core."""
        with running_on(self.other_cores):
            return subprocess.run(command, cwd=directory or self.directory, capture_output=True, text=True, check=False)

    def subdirectory(self, name: str) -> Path:
        """Make a directory for one program."""
        made = self.directory / name
        made.mkdir()
        return made

    @contextmanager
    def part(self) -> Iterator["Lab"]:
        """Make a lab in the same directory, for programs that end before the others."""
        part = Lab(self.directory)
        try:
            yield part
        finally:
            part.stop()

    def stop(self) -> None:
        """Stop all that was started: told at once, so that they take their time together."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def open_lab(parent: Path) -> Iterator[Lab]:
    """Make a work directory in `parent`; at the end stop what was started there and remove it."""
    parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=parent, prefix="bench-", ignore_cleanup_errors=True) as directory:
        lab = Lab(Path(directory))
        try:
            yield lab
        finally:
            lab.stop()


def program(name: str, *, debian: str = "", wheel: str = "") -> str:
    """Find a program: in this virtual environment, on PATH, and where only root's PATH leads.

    Raises:
        BenchError: it is not installed; the message names the Debian package or the wheel that has it.
    """
    places = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        how = f"on Debian: apt-get install {debian}" if debian else f"in the virtual environment: pip install {wheel}"
        raise BenchError(f"{name} is not installed ({how})")
    return found


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_on(cores: set[int]) -> Iterator[None]:
    """Move this process there meanwhile; what it starts stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _wait_until_listening(name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while True:
        if process.poll() is not None:
            raise BenchError(f"{name} ended with status {process.returncode}: {_last_line(log)}")
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        if time.monotonic() > deadline:
            raise BenchError(f"{name} did not listen within {_START_TIMEOUT:.0f} s: {_last_line(log)}")
        time.sleep(0.005)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it wrote nothing")
