"""What a worker is given, and what becomes of one that can't be started."""

import errno
import os
import selectors
import signal
from pathlib import Path

import pytest

from gateway.config.settings import Limits, Server, Settings
from gateway.domain.observation import WorkerDied
from gateway.processes.crew import Crew, Plan, WorkerError
from gateway.processes.master import Master
from tests.observed import Observations


@pytest.mark.parametrize(("most", "workers", "share"), [(0, 4, 0), (10, 1, 10), (10, 3, 3), (2, 4, 1)])
def test_connections_are_shared_out(most: int, workers: int, share: int) -> None:
    """The limit is the gateway's: workers together have no more than it, but each has one at least."""
    settings = Settings(server=Server(workers=workers), limits=Limits(connections=most))
    assert Plan(settings=settings, bindings=()).for_worker.limits.connections == share


def test_where_no_process_is_to_be_had_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals are heard as before, the channel is closed, and the caller can tell of it and try again."""

    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    before, open_files = signal.pthread_sigmask(signal.SIG_BLOCK, ()), len([*Path("/proc/self/fd").iterdir()])
    with selectors.DefaultSelector() as selector:
        crew = Crew(selector, -1)
        with pytest.raises(WorkerError, match="Resource temporarily unavailable"):
            crew.fork(Plan(settings=Settings(), bindings=()), lambda: None)
        assert crew.living == []
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    assert len([*Path("/proc/self/fd").iterdir()]) == open_files


def test_a_master_without_processes_tries_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on with the workers that it has."""
    master = Master(Settings(), Settings)
    seen = Observations()
    master._observe = seen
    tries = []

    def refuse() -> int:
        tries.append(1)
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    master._tend()
    master._tend()
    assert len(tries) == 1
    (missing,) = seen.of(WorkerDied)
    assert (missing.worker, missing.retry_in) == (0, 0.5)
    for end in (master._wake, master._woken, master._selector):
        end.close()
    os.close(master._crew._log_turn)
