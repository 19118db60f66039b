"""Whose word counts: in one history the higher version, after a failover the promoted server, never a former one."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.domain.history import UNKNOWN, History
from gateway.domain.snapshot import Snapshot
from gateway.service.clock import Clock
from gateway.service.snapshot_file import StoredSnapshot, read_snapshot, write_snapshot
from gateway.service.state import State
from gateway.service.supervisor import Supervisor
from tests.observed import Observations, wait_until

ONE, TWO = History(system=7, timeline=1), History(system=7, timeline=2)
OTHER = History(system=8, timeline=1)
AT_ONCE = time.monotonic()
NO_TIMELINE = History(system=7)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(clock=Clock(), observe=Observations(), file=tmp_path / "snapshot.json", close_unknown=False)


def load(state: State, version: int, history: History) -> None:
    """Load a snapshot; all of them are read at once, so that nobody can say which was the last."""
    state.loaded(Snapshot(version=version, taken_at=datetime.now(UTC)), AT_ONCE, AT_ONCE, history)


@pytest.mark.parametrize(
    ("known", "comes", "lower", "higher"),
    [
        (ONE, ONE, False, True),
        (ONE, TWO, True, True),
        (TWO, ONE, False, False),
        (ONE, OTHER, True, True),
        (TWO, OTHER, True, True),
        (ONE, UNKNOWN, False, True),
        (UNKNOWN, ONE, False, True),
        (UNKNOWN, UNKNOWN, False, True),
        (TWO, NO_TIMELINE, False, True),
        (NO_TIMELINE, ONE, False, True),
    ],
)
def test_which_versions_are_taken(state: State, known: History, comes: History, *, lower: bool, higher: bool) -> None:
    load(state, 5, known)
    load(state, 4, comes)
    assert (state.version == 4) is lower
    load(state, 5, known)
    load(state, 6, comes)
    assert (state.version == 6) is higher


def test_a_server_that_tells_nothing_does_not_make_the_history_forgotten(state: State) -> None:
    load(state, 5, TWO)
    load(state, 6, UNKNOWN)
    load(state, 7, ONE)
    assert (state.version, state.history) == (6, TWO)


def test_a_former_primary_is_refused_by_what_the_file_knows(state: State, tmp_path: Path) -> None:
    """A gateway that was restarted after the failover knows of it."""
    stored = StoredSnapshot(skew=0, snapshot=Snapshot(version=5, taken_at=datetime.now(UTC)), history=TWO)
    write_snapshot(tmp_path / "snapshot.json", stored)
    state.restore()
    load(state, 9, ONE)
    assert (state.version, state.confirmed_at) == (5, None)
    load(state, 4, TWO)
    assert state.version == 4


async def test_a_failover_without_a_change_is_kept_in_the_file(state: State, tmp_path: Path) -> None:
    async with Supervisor(Observations()) as supervisor:
        supervisor.start(state.keep_file, "file")
        load(state, 5, ONE)
        file = tmp_path / "snapshot.json"
        await wait_until(file.exists)
        load(state, 5, TWO)
        await wait_until(lambda: (stored := read_snapshot(file)) and stored.history == TWO)
