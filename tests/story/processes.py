"""The processes of a story: real programs, whose lines are kept, and which end with the test whatever happens."""

import asyncio
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar, TypeVar

import psutil

from tests.commands.cli import COMMAND, LONGEST, environment, started
from tests.observed import wait_until

if TYPE_CHECKING:
    from tests.warm import Forked

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
APPLICATIONS = ROOT / ".venv-applications" / "bin"
_LINES_SHOWN = 60


class Lines:
    """What a program writes, line by line, as it comes."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: list[str] = []
        self._ended = False
        self._changed = threading.Condition()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def text(self) -> str:
        with self._changed:
            return "".join(self._lines)

    @property
    def last(self) -> str:
        """What is shown when a test fails."""
        with self._changed:
            return "".join(self._lines[-_LINES_SHOWN:])

    def wait_for(self, pattern: str, within: float = LONGEST) -> re.Match[str]:
        """Wait for a line that has `pattern`, also if it has come already.

        Raises:
            TimeoutError: it did not come, or the program has closed the stream.
        """
        searched = 0
        deadline = time.monotonic() + within
        with self._changed:
            while True:
                for line in self._lines[searched:]:
                    if found := re.search(pattern, line):
                        return found
                searched = len(self._lines)
                if self._ended or not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"no line with {pattern!r}; there are:\n{''.join(self._lines)}")


class Program:
    """A program that runs until it is stopped."""

    running: ClassVar[list["Program"]] = []
    """All that were started and not yet ended, for the report of a failure."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        directory: Path,
        variables: Mapping[str, str] | None = None,
        cold: bool = False,
    ) -> None:
        """Start it; the gateway, unless `cold`, as a fork (`tests/warm.py`): measure memory of cold ones alone."""
        self.name = name
        self.variables = dict(variables or {})
        self.process = _started(command, directory, self.variables, cold=cold)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out = Lines(self.process.stdout)
        self.err = Lines(self.process.stderr)
        Program.running.append(self)

    @property
    def log(self) -> str:
        return f"{self.err.last}--- standard output\n{self.out.last}"

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end and return the exit code.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        return self.process.wait(LONGEST)

    def kill(self) -> None:
        """End it and all its children with SIGKILL, as `kill -9` and an out-of-memory killer do."""
        with suppress(psutil.NoSuchProcess):
            for process in self.tree:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()

    @property
    def tree(self) -> list[psutil.Process]:
        """The process and all its children; the process first, so that it can't start another child."""
        process = psutil.Process(self.process.pid)
        return [process, *process.children(recursive=True)]

    def end(self) -> None:
        """End it, as the last step of a fixture."""
        if self in Program.running:
            Program.running.remove(self)
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


def _started(
    command: Sequence[str | Path], directory: Path, variables: Mapping[str, str], *, cold: bool
) -> "subprocess.Popen[str] | Forked":
    if not cold and tuple(command[: len(COMMAND)]) == COMMAND:
        process = started([str(word) for word in command[len(COMMAND) :]], directory, variables)
        assert process.stdin is not None
        process.stdin.close()
        return process
    return subprocess.Popen(
        command,
        cwd=directory,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Gateway(Program):
    """`gateway serve`, on a port that the system chooses. Settings are keywords: `UPSTREAM__URL="http://..."`.

    None leaves a setting to `gateway.toml` in the directory.
    """

    def __init__(self, name: str, directory: Path, *, cold: bool = False, **settings: str | None) -> None:
        defaults = {
            "SERVER__LISTEN": "127.0.0.1:0",
            "SERVER__INTERNAL_LISTEN": "",
            "SERVER__SHUTDOWN_NOTICE": "0s",
        }
        variables = {f"GATEWAY_{key}": value for key, value in (defaults | settings).items() if value is not None}
        super().__init__(name, [*COMMAND, "serve"], directory=directory, variables=variables, cold=cold)

    def workers(self) -> list[int]:
        """Return the ids of the processes that serve, also of those that finish and end."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # ended since it was listed
                if "python" in child.name():  # else it is one that starts PostgreSQL
                    found.append(child.pid)
        return found

    def listening(self) -> "Gateway":
        """Wait until it serves."""
        self.err.wait_for("^listening on http://")
        return self

    @property
    def port(self) -> int:
        return int(self.err.wait_for(r"^listening on http://127\.0\.0\.1:(\d+)$")[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def httpbin(directory: Path) -> Program:
    """Start httpbin: the real application that the gateway stands in front of."""
    # waitress would drop what the gateway says about the client: let the application see it.
    options = ["--listen=127.0.0.1:0", "--no-clear-untrusted-proxy-headers", "--threads=8"]
    return Program("httpbin", [APPLICATIONS / "waitress-serve", *options, "httpbin:app"], directory=directory)


def echo_server(directory: Path) -> Program:
    """Start the WebSocket echo server."""
    return Program("echo", [sys.executable, Path(__file__).with_name("echo.py")], directory=directory)


def port_of(program: Program) -> int:
    """Wait until an application says where it serves."""
    return int(program.err.wait_for(r"Serving on http://127\.0\.0\.1:(\d+)")[1])


def eventually(predicate: Callable[[], T]) -> T:
    """Ask `predicate` until it answers something true, and return that.

    Raises:
        TimeoutError: it did not in time.
    """
    return asyncio.run(wait_until(predicate))
