"""Programs of tests as forks of one process in which the gateway is imported already.

To start Python and import everything takes a second of a core each time, and tests start thousands of programs. A fork
is a process like any other, with its own id, streams, environment and signals; what it does not show is whether the
gateway can be imported, and how long that takes: `tests/story/test_demo.py` and others start it as users do.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import gateway

_ROOT = Path(__file__).resolve().parents[1]
_LARGEST = 1 << 20
_LONGEST = 60
# What the interpreter or the loader reads when a process begins: such a program has to begin.
_AT_THE_BEGINNING = ("PYTHON", "LD_", "FAKETIME")
_USUAL = {name for name in os.environ if name.startswith(_AT_THE_BEGINNING)}


class Forked:
    """A program that was started, with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, forks: "_Forks", pid: int, streams: Sequence[int]) -> None:
        self.pid = pid
        self.stdin: IO[str] = os.fdopen(streams[0], "w")
        self.stdout: IO[str] = os.fdopen(streams[1])
        self.stderr: IO[str] = os.fdopen(streams[2])
        self._forks = forks

    @property
    def returncode(self) -> int | None:
        return self._forks.ended.get(self.pid)

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code, as negative number that of the signal.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        with self._forks.changed:
            if not self._forks.changed.wait_for(lambda: self.pid in self._forks.ended, timeout):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self._forks.ended[self.pid]

    def send_signal(self, number: int) -> None:
        # The id is nobody else's before the end is told: the process is not waited for until then.
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, given: str, timeout: float) -> tuple[str, str]:
        """Send all that it reads, and return all that it writes.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        said = ["", ""]

        def read(number: int, stream: IO[str]) -> None:
            with stream:
                said[number] = stream.read()

        readers = [threading.Thread(target=read, args=each) for each in enumerate((self.stdout, self.stderr))]
        for reader in readers:
            reader.start()
        with suppress(BrokenPipeError), self.stdin:  # it may have read enough
            self.stdin.write(given)
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        return said[0], said[1]


def can_fork(variables: Mapping[str, str]) -> bool:
    """Tell whether a program with these variables, and those of the tests themselves, can be a fork."""
    return not any(name.startswith(_AT_THE_BEGINNING) for name in {*variables, *os.environ} - _USUAL)


def start(arguments: Sequence[str], *, directory: Path, variables: Mapping[str, str]) -> Forked:
    """Start `gateway` with `arguments`; `variables` are its whole environment."""
    return _forks(os.getpid()).start(arguments, directory, variables)


@functools.cache
def _forks(_pid: int) -> "_Forks":
    return _Forks()


class _Forks:
    """This side: asks for forks, and is told how they end."""

    def __init__(self) -> None:
        self.ended: dict[int, int] = {}
        self.changed = threading.Condition()
        self._started: list[int] = []
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        variables = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
                cwd=_ROOT,
                env=variables | {"PYTHONPATH": str(_ROOT), "PYTHONWARNINGS": "default"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        threading.Thread(target=self._listen, daemon=True).start()
        atexit.register(self._end)

    def _end(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)  # the other side ends, and so does the listening here
        self._process.wait()
        self._socket.close()

    def start(self, arguments: Sequence[str], directory: Path, variables: Mapping[str, str]) -> Forked:
        ours, theirs = zip(*(_pipe(to_child=number == 0) for number in range(3)), strict=True)
        asked = {"arguments": list(arguments), "directory": str(directory), "variables": dict(variables)}
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(asked).encode()], theirs)
            for end in theirs:
                os.close(end)
            with self.changed:
                if not self.changed.wait_for(lambda: self._started, _LONGEST):
                    raise TimeoutError("the warm process started nothing: what it said last is on standard error")
                return Forked(self, self._started.pop(), ours)

    def _listen(self) -> None:
        while told := self._socket.recv(_LARGEST):
            said = json.loads(told)
            with self.changed:
                if "started" in said:
                    self._started.append(said["started"])
                    self.ended.pop(said["started"], None)
                else:
                    self.ended[said["ended"]] = os.waitstatus_to_exitcode(said["status"])
                self.changed.notify_all()


def _pipe(*, to_child: bool) -> tuple[int, int]:
    read, write = os.pipe()
    return (write, read) if to_child else (read, write)


# The other side: `python -m tests.warm NUMBER`, with the number of its end of the socket.


def _serve(number: int) -> None:
    """Fork for each program that is asked for; return in the fork."""
    asker = socket.socket(fileno=number)
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    while True:
        ready, _, _ = select.select([number, woken], [], [])
        if woken in ready:
            os.read(woken, _LARGEST)
            _tell_ended(asker)
        if number not in ready:
            continue
        told, streams, _, _ = socket.recv_fds(asker, _LARGEST, 3)
        if not told:
            asker.close()
            sys.exit()
        asked = json.loads(told)
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asker.detach()
            _become(asked, streams)
            return
        for stream in streams:
            os.close(stream)
        asker.send(json.dumps({"started": pid}).encode())


def _tell_ended(asker: socket.socket) -> None:
    with suppress(ChildProcessError):  # there is none left
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            asker.send(json.dumps({"ended": ended[0], "status": ended[1]}).encode())


def _become(asked: dict[str, Any], streams: Sequence[int]) -> None:
    """Take over the streams, the directory and the environment that are asked for."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.chdir(asked["directory"])
    os.environ.clear()
    os.environ.update(asked["variables"])
    time.tzset()
    sys.argv = ["gateway", *asked["arguments"]]


def _warm_up() -> Callable[[], None]:
    """Import all of the gateway; return what a fork does."""
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        importlib.import_module(module.name)
    gc.freeze()
    return importlib.import_module("gateway.__main__").main  # type: ignore[no-any-return]


if __name__ == "__main__":
    main = _warm_up()
    _serve(int(sys.argv[1]))
    main()
