"""Several processes run the tests (pytest-xdist): who runs when, and which ports are whose.

Files are handed out whole, for what a module shares is started once. Tests that are marked `alone` measure time, or
take the whole machine: none runs beside another. They come last, so that nobody waits for them long.
"""

import fcntl
import itertools
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent
# What takes longest is begun first, so that at the end no process is left with a long file.
_FIRST = ("story", "differential", "store", "browser", "service", "realworld", "commands")
# Below the ports that Linux gives to connections (32768 and above).
_PORTS_FROM, _PORTS_EACH = 20000, 1500


def is_shared_out() -> bool:
    """Tell whether this process is one of several."""
    return "PYTEST_XDIST_WORKER" in os.environ


def in_order(items: list[pytest.Item]) -> None:
    """Sort tests: whole files, long ones first, those that run alone last."""

    def place(item: pytest.Item) -> tuple[bool, int]:
        directory = item.path.relative_to(_TESTS).parts[0] if item.path.is_relative_to(_TESTS) else ""
        return is_alone(item), _FIRST.index(directory) if directory in _FIRST else len(_FIRST)

    items.sort(key=place)


def is_alone(item: pytest.Item) -> bool:
    """Tell whether a test runs beside no other."""
    return item.get_closest_marker("alone") is not None


@contextmanager
def turn(item: pytest.Item) -> Iterator[None]:
    """Wait until a test may run, and keep others from running beside it where it runs alone."""
    if not is_shared_out():
        yield
        return
    lock = os.open(_TESTS, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if is_alone(item) else fcntl.LOCK_SH)
        yield
    finally:
        os.close(lock)


def free_ports() -> Iterator[int]:
    """Yield TCP ports of 127.0.0.1 that are free, and that no other process of this run is given."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _PORTS_FROM + number * _PORTS_EACH
    # Not always from the first: a port of the run before may be remembered by the kernel.
    offset = os.getpid() % _PORTS_EACH
    for port in itertools.chain(
        range(first + offset, first + _PORTS_EACH), itertools.cycle(range(first, first + _PORTS_EACH))
    ):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port
