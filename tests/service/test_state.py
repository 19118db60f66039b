"""The state: one snapshot in force, seen at the present moment, whatever happens to the database or the disk."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from gateway.domain.observation import (
    SnapshotFileFailed,
    StateLoaded,
    StateRestored,
    StateWentBack,
    WatcherFailed,
    WindowEnded,
    WindowStarted,
)
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.window import Ends, Gate, Kind, Window
from gateway.service.clock import Clock
from gateway.service.snapshot_file import StoredSnapshot, read_snapshot, write_snapshot
from gateway.service.state import STALE_AFTER, State
from gateway.service.supervisor import Supervisor
from gateway.store.listener import Listener
from gateway.store.pool import Database
from tests.observed import Observations, wait_until
from tests.postgres import Postgres, servers
from tests.schema import migrate_at

HOUR = timedelta(hours=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "snapshot.json"


@pytest.fixture
def lonely(file: Path, observations: Observations) -> State:
    """A state that no listener feeds."""
    return State(clock=Clock(), observe=observations, file=file, close_unknown=False)


def window(starts_at: datetime, lasts: timedelta = HOUR, number: int = 1) -> Window:
    return Window(
        id=UUID(int=number),
        kind=Kind.MAINTENANCE,
        title=f"window {number}",
        starts_at=starts_at,
        estimated_duration=lasts,
        ends=Ends.ON_TIME,
        gate=Gate.CLOSED,
        created_at=starts_at,
        updated_at=starts_at,
    )


def load(
    state: State, version: int, *windows: Window, ahead: timedelta = timedelta(), began: float | None = None
) -> datetime:
    """Load a snapshot as a listener does, from a server whose clock is `ahead`; return the server's time."""
    before = time.monotonic() if began is None else began
    taken_at = datetime.now(UTC) + ahead
    state.loaded(Snapshot(version=version, taken_at=taken_at, windows=windows), before, time.monotonic())
    return taken_at


def test_nothing_is_known_at_first(lonely: State) -> None:
    assert lonely.version == 0
    assert lonely.confirmed_at is None
    assert lonely.moment.snapshot is None
    assert not lonely.moment.gates


def test_what_an_unknown_state_means_is_configured(file: Path, observations: Observations) -> None:
    closing = State(clock=Clock(), observe=observations, file=file, close_unknown=True)
    assert closing.moment.gates
    load(closing, 1)
    assert not closing.moment.gates


def test_an_older_version_never_replaces_a_newer_one(lonely: State, observations: Observations) -> None:
    """Two read at the same time may arrive in the wrong order."""
    began = time.monotonic()
    load(lonely, 2, window(datetime.now(UTC)))
    load(lonely, 1, began=began)
    assert lonely.version == 2
    assert lonely.moment.gates
    load(lonely, 3)
    assert not lonely.moment.gates
    assert [loaded.version for loaded in observations.of(StateLoaded)] == [2, 3]
    assert not observations.of(StateWentBack)


def test_a_database_that_has_lost_changes_is_believed_and_that_is_told(
    lonely: State, observations: Observations
) -> None:
    """What was read after the newest is no older view of it: a crash without `synchronous_commit`, a restored dump."""
    load(lonely, 2, window(datetime.now(UTC)))
    load(lonely, 1)
    assert (lonely.version, lonely.moment.gates) == (1, False)
    assert observations.of(StateWentBack) == [StateWentBack(version=1, known=2)]


def test_who_can_not_take_a_moment_keeps_nobody_else_from_it(lonely: State, observations: Observations) -> None:
    """A page that can't be rendered must not keep the fence from counting."""
    seen = []

    def broken(_: Moment) -> None:
        raise ZeroDivisionError

    lonely.watch(broken)
    lonely.watch(seen.append)
    load(lonely, 1)
    assert [moment.snapshot.version for moment in seen if moment.snapshot] == [1]
    (failed,) = observations.of(WatcherFailed)
    assert "ZeroDivisionError" in failed.reason


def test_the_first_word_of_the_database_beats_the_file(lonely: State, file: Path) -> None:
    """Also with a lower version: the file may tell of another database, or of one that was made anew."""
    stored = Snapshot(version=9, taken_at=datetime.now(UTC), windows=(window(datetime.now(UTC)),))
    write_snapshot(file, StoredSnapshot(skew=0, snapshot=stored))
    lonely.restore()
    assert lonely.moment.gates
    load(lonely, 1)
    assert (lonely.version, lonely.moment.gates) == (1, False)


def test_windows_start_and_end_by_time_alone(lonely: State, observations: Observations) -> None:
    """Nothing fires: the next request after the instant sees the next moment."""
    now = datetime.now(UTC)
    load(lonely, 1, window(now + timedelta(seconds=0.05), timedelta(seconds=0.1)))
    seen = []
    deadline = time.monotonic() + 5
    while len(seen) < 3 and time.monotonic() < deadline:
        if not seen or seen[-1] != lonely.moment.gates:
            seen.append(lonely.moment.gates)
            late = lonely.now() - (now + timedelta(seconds=[0, 0.05, 0.15][len(seen) - 1]))
            assert late > -timedelta(milliseconds=1)
    assert seen == [False, True, False]
    assert [type(seen) for seen in observations if not isinstance(seen, StateLoaded)] == [WindowStarted, WindowEnded]


@pytest.mark.parametrize("ahead", [timedelta(), HOUR, -HOUR])
def test_time_is_the_server_s(lonely: State, ahead: timedelta) -> None:
    """A host whose clock is wrong by an hour switches at the same instant as the others."""
    server_now = load(lonely, 1, ahead=ahead)
    assert abs(lonely.now() - server_now) < timedelta(seconds=0.5)
    load(lonely, 2, window(server_now - timedelta(minutes=1), timedelta(minutes=2)), ahead=ahead)
    assert lonely.moment.gates


def test_the_same_version_corrects_the_clock(lonely: State) -> None:
    load(lonely, 1, window(datetime.now(UTC) + timedelta(minutes=30)))
    assert not lonely.moment.gates
    load(lonely, 1, window(datetime.now(UTC) + timedelta(minutes=30)), ahead=HOUR)
    assert lonely.moment.gates


def test_watchers_are_told_of_each_moment_at_once(lonely: State) -> None:
    seen: list[Moment] = []
    lonely.watch(seen.append)
    load(lonely, 1)
    load(lonely, 2, window(datetime.now(UTC)))
    assert [moment.gates for moment in seen] == [False, True]
    assert seen[-1] is lonely.moment


@pytest.fixture
async def keeping(lonely: State, observations: Observations) -> AsyncIterator[State]:
    """The lonely state with its own loops."""
    async with Supervisor(observations) as supervisor:
        supervisor.start(lonely.keep_time, "time")
        supervisor.start(lonely.keep_file, "file")
        yield lonely


async def test_time_moves_on_without_any_request(keeping: State, observations: Observations) -> None:
    load(keeping, 1, window(datetime.now(UTC) + timedelta(seconds=0.1), timedelta(seconds=0.1)))
    await observations.one_more(WindowStarted)
    await observations.one_more(WindowEnded)


async def test_a_nearer_change_is_not_slept_through(keeping: State, observations: Observations) -> None:
    """A load while it sleeps until a far change wakes it."""
    load(keeping, 1, window(datetime.now(UTC) + HOUR))
    await asyncio.sleep(0)
    load(keeping, 2, window(datetime.now(UTC) + timedelta(seconds=0.1), number=2))
    assert (await observations.one_more(WindowStarted, within=5)).title == "window 2"


def test_what_is_not_confirmed_for_a_minute_says_as_of_when(lonely: State) -> None:
    """It is another moment from then on, and again as soon as the database has spoken; who watches is told both."""
    load(lonely, 1, window(datetime.now(UTC)))
    confirmed = lonely.confirmed_at
    seen: list[datetime | None] = []
    lonely.watch(lambda moment: seen.append(moment.as_of))
    real = lonely.clock.monotonic
    lonely.clock.monotonic = lambda: real() + STALE_AFTER - 1
    assert lonely.moment.as_of is None
    lonely.clock.monotonic = lambda: real() + STALE_AFTER + 1
    stale = lonely.moment
    assert (stale.as_of, stale.gates) == (confirmed, True)
    assert lonely.moment is stale
    now = lonely.clock.monotonic()
    lonely.confirmed(lonely.now(), now, now)
    assert lonely.moment.as_of is None
    assert seen == [confirmed, None]


def test_each_confirmation_counts(lonely: State) -> None:
    """Also where the clock needs no correction: the minute begins anew, and it is the same moment all along."""
    load(lonely, 1)
    fresh, real = lonely.moment, lonely.clock.monotonic
    for seconds in (STALE_AFTER - 1, 2 * (STALE_AFTER - 1)):
        lonely.clock.monotonic = lambda ahead=seconds: real() + ahead
        assert lonely.moment is fresh
        now = lonely.clock.monotonic()
        lonely.confirmed(lonely.now(), now, now)


def test_what_the_file_tells_is_as_old_as_its_reading(lonely: State, file: Path) -> None:
    """Until the database speaks: a gateway that starts without it can't know what happened since."""
    taken_at = datetime.now(UTC) - HOUR
    write_snapshot(file, StoredSnapshot(skew=0, snapshot=Snapshot(version=9, taken_at=taken_at)))
    lonely.restore()
    assert lonely.moment.as_of == taken_at
    load(lonely, 9)
    assert lonely.moment.as_of is None


async def test_a_database_that_freezes_makes_the_state_old(
    own_postgres: Postgres, tmp_path: Path, observations: Observations
) -> None:
    """Connections stay and nobody answers; when it goes on the state is fresh again. No request has to come by."""
    url = own_postgres.url(own_postgres.create())
    await migrate_at(url)
    database = Database(url)
    await database.open()
    following = State(clock=Clock(), observe=observations, file=tmp_path / "file", close_unknown=False, stale_after=1.0)
    seen: list[datetime | None] = []
    following.watch(lambda moment: seen.append(moment.as_of))
    listener = Listener(
        database, loaded=following.loaded, confirmed=following.confirmed, observe=observations, probe_every=0.1
    )
    async with Supervisor(observations) as supervisor:
        supervisor.start(listener.run, "listener")
        supervisor.start(following.keep_time, "time")
        await following.wait_for(1, within=20)
        frozen = servers(own_postgres.directory)
        for process in frozen:
            process.suspend()
        try:
            await wait_until(lambda: seen[-1] is not None)
            assert seen[-1] == following.confirmed_at
        finally:
            for process in frozen:
                process.resume()
        await wait_until(lambda: seen[-1] is None)
    await database.close()


async def test_a_writer_waits_for_its_version(keeping: State) -> None:
    load(keeping, 1)
    waiting = asyncio.create_task(keeping.wait_for(3, within=5))
    await asyncio.sleep(0)
    load(keeping, 2)
    await asyncio.sleep(0)
    assert not waiting.done()
    load(keeping, 3)
    await waiting
    await keeping.wait_for(2, within=5)


async def test_a_writer_does_not_wait_for_ever(keeping: State) -> None:
    with pytest.raises(TimeoutError):
        await keeping.wait_for(1, within=0.05)


async def test_each_state_is_kept_in_the_file(keeping: State, file: Path, observations: Observations) -> None:
    """Whole at every instant, in a directory that need not exist; a new gateway takes it up, with the clock's skew."""
    now = datetime.now(UTC)
    load(keeping, 7, window(now + HOUR), ahead=HOUR)
    await wait_until(file.exists)
    later = State(clock=Clock(), observe=observations, file=file, close_unknown=True)
    later.restore()
    assert later.version == 7
    assert later.confirmed_at is None
    assert abs(later.now() - keeping.now()) < timedelta(seconds=0.5)
    assert later.moment.gates
    assert observations.of(StateRestored)[0].version == 7
    load(keeping, 8)
    await wait_until(lambda: (stored := read_snapshot(file)) and stored.snapshot.version == 8)
    assert list(file.parent.iterdir()) == [file]


def test_no_file_is_no_news(lonely: State, observations: Observations) -> None:
    lonely.restore()
    assert not observations
    assert lonely.version == 0


def test_a_damaged_file_is_told_and_ignored(lonely: State, file: Path, observations: Observations) -> None:
    """What is damaged: see test_snapshot_file.py."""
    file.parent.mkdir()
    file.write_bytes(b"{")
    lonely.restore()
    assert [type(seen) for seen in observations] == [SnapshotFileFailed]
    assert lonely.moment.snapshot is None
    load(lonely, 1)
    assert lonely.version == 1


async def test_a_place_that_can_not_be_written_is_told_and_traffic_goes_on(
    keeping: State, file: Path, observations: Observations
) -> None:
    """A full or read-only disk, or as here a file where the directory should be; it is tried again at each change."""
    file.parent.touch()
    load(keeping, 1, window(datetime.now(UTC)))
    failed = await observations.one_more(SnapshotFileFailed)
    assert str(file) in failed.reason
    assert keeping.moment.gates
    file.parent.unlink()
    load(keeping, 2)
    await wait_until(file.exists)


async def test_in_a_running_gateway_the_state_follows_the_database(
    state: State, database_url: str, psql: Callable[[str, str], str]
) -> None:
    assert str(state.version) == psql(database_url, "select version from state_version")
    psql(database_url, "insert into windows (title) values ('By hand')")
    await wait_until(lambda: state.moment.gates)
    assert [w.title for w in state.moment.active] == ["By hand"]
    psql(database_url, "update windows set fixed = true")
    await wait_until(lambda: not state.moment.gates)
    assert [w.title for w in state.moment.past] == ["By hand"]
