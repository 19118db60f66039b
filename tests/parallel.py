"""Several processes run the tests (pytest-xdist): who runs when, and which ports are whose.

Files are handed out whole, for what a module shares is started once. Tests that are marked `alone` measure time, or
take the whole machine: none runs beside another. They come last, so that nobody waits for them long.
"""

import fcntl
import itertools
import os
import socket
from collections.abc import Iterator

import pytest

# What takes longest is begun first, so that at the end no process is left with a long file.
_FIRST = ("story", "differential", "store", "browser", "service", "realworld", "commands")
# Below the ports that Linux gives to connections (32768 and above).
_PORTS_FROM, _PORTS_EACH = 20000, 1500


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort tests: whole files, long ones first, those that run alone last."""
    if not _is_shared_out():
        return

    def place(item: pytest.Item) -> tuple[bool, int]:
        directories = item.path.relative_to(item.config.rootpath).parts
        return _is_alone(item), next((place for place, name in enumerate(_FIRST) if name in directories), len(_FIRST))

    items.sort(key=place)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Wait until a test may run, outside of its own time; one that runs alone keeps the others waiting."""
    if not _is_shared_out():
        return (yield)
    lock = os.open(item.config.rootpath, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if _is_alone(item) else fcntl.LOCK_SH)
        return (yield)
    finally:
        os.close(lock)


def _is_shared_out() -> bool:
    """Tell whether this process is one of several."""
    return "PYTEST_XDIST_WORKER" in os.environ


def _is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


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
