"""The snapshot file: whole at every instant, checked when it is read, harmless when the disk is not there for it."""

import json
import os
import resource
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from gateway.domain.history import History
from gateway.domain.snapshot import Snapshot
from gateway.domain.window import Gate, Kind, Window, WindowText
from gateway.service.snapshot_file import SnapshotFileError, StoredSnapshot, read_snapshot, write_snapshot

HISTORY = History(system=7_711_908_837_247_605_719, timeline=3)
T0 = datetime(2026, 1, 1, tzinfo=UTC)
# As version 0.1 wrote it.
FORMAT_1 = b'{"format":1,"skew":-1.5,"snapshot":{"version":4,"taken_at":"2026-01-01T00:00:00Z","windows":[]}}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "snapshot.json"


def stored(version: int = 1, history: History = HISTORY, skew: float = 0.25) -> StoredSnapshot:
    snapshot = Snapshot(version=version, taken_at=T0)
    return StoredSnapshot(skew=skew, snapshot=snapshot, history=history)


def test_what_was_written_is_read(file: Path) -> None:
    """In a directory that need not exist; nobody but the gateway's account may read it, for it holds a secret."""
    assert read_snapshot(file) is None
    write_snapshot(file, stored())
    assert read_snapshot(file) == stored()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_file_of_an_older_gateway_is_read(file: Path) -> None:
    """It has no checksum and no history; the next write makes it one of the present format."""
    file.parent.mkdir()
    file.write_bytes(FORMAT_1)
    found = read_snapshot(file)
    assert found is not None
    assert (found.snapshot.version, found.skew, found.history) == (4, -1.5, History())
    write_snapshot(file, stored(3))
    assert read_snapshot(file) == stored(3)


def test_a_file_from_before_there_were_translations_is_read(file: Path) -> None:
    """The format is the same: an older gateway leaves out what it does not know, and nothing is translated there."""
    window = Window(
        id=UUID(int=1),
        kind=Kind.MAINTENANCE,
        title="Upgrade",
        translations={"de": WindowText(title="Wartung")},
        starts_at=T0,
        estimated_duration=timedelta(hours=1),
        gate=Gate.CLOSED,
        created_at=T0,
        updated_at=T0,
    )
    written = stored().model_copy(update={"snapshot": Snapshot(version=1, taken_at=T0, windows=(window,))})
    write_snapshot(file, written)
    assert read_snapshot(file) == written
    before = json.loads(written.model_dump_json())
    del before["snapshot"]["windows"][0]["translations"]
    file.write_text(json.dumps(before | {"format": 1}))
    found = read_snapshot(file)
    assert found is not None
    assert found.snapshot.windows == (replace(window, translations={}),)


def test_the_file_of_a_newer_gateway_is_refused_by_its_format(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b'{"format":3,"state":"otherwise"}\n')
    with pytest.raises(SnapshotFileError, match=r"newer gateway \(format 3\)"):
        read_snapshot(file)


def test_each_cut_is_noticed(file: Path) -> None:
    """Wherever a power failure or a full disk ends it."""
    write_snapshot(file, stored())
    whole = file.read_bytes()
    for length in range(len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(SnapshotFileError):
            read_snapshot(file)


def test_each_changed_byte_is_noticed(file: Path) -> None:
    """Also where it stays good JSON: a version that was edited, a title with another letter."""
    write_snapshot(file, stored())
    whole = file.read_bytes()
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1
        file.write_bytes(changed)
        with pytest.raises(SnapshotFileError):
            read_snapshot(file)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"1" * 10_000,
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b'{"format": "1"}',
        b'{"format": 1.5}',
        b'{"format": 0, "skew": 0, "snapshot": {"version": 1, "taken_at": "2026-01-01T00:00:00Z"}}',
        b'{"format": 2, "skew": 0, "snapshot": {"version": 1, "taken_at": "2026-01-01T00:00:00Z"}}',
        b'{"format": 1, "skew": "x", "snapshot": {"version": 1, "taken_at": "2026-01-01T00:00:00Z"}}',
        b'{"format": 1, "skew": 0, "snapshot": {"version": 1, "taken_at": "2026-01-01T00:00:00Z", "windows": [{}]}}',
        b'{"format": 1, "skew": NaN, "snapshot": {"version": 1, "taken_at": "2026-01-01T00:00:00Z"}}',
        b'{"format": 1, "skew": 1e300, "snapshot": {"version": 1, "taken_at": "2026-01-01T00:00:00Z"}}',
    ],
)
def test_what_no_gateway_wrote_is_refused_and_replaced(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(SnapshotFileError, match="damaged"):
        read_snapshot(file)
    write_snapshot(file, stored())
    assert read_snapshot(file) == stored()


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process may grow beyond `room` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def powerless() -> Iterator[None]:
    """Root may write everywhere: be somebody else for a while."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(own)


@pytest.mark.parametrize("room", [0, 10, 200])
def test_a_full_disk_keeps_the_old_file(file: Path, room: int) -> None:
    """And leaves nothing half-written behind."""
    write_snapshot(file, stored())
    with full_disk(room), pytest.raises(SnapshotFileError, match=f"can't write {file}: File too large"):
        write_snapshot(file, stored(2))
    assert read_snapshot(file) == stored()
    assert list(file.parent.iterdir()) == [file]


def test_a_read_only_directory_is_told(file: Path) -> None:
    write_snapshot(file, stored())
    file.parent.chmod(0o555)
    with powerless(), pytest.raises(SnapshotFileError, match=f"can't write {file}: Permission denied"):
        write_snapshot(file, stored(2))
    file.parent.chmod(0o755)
    assert read_snapshot(file) == stored()


def test_a_file_that_may_not_be_read_is_told(file: Path) -> None:
    write_snapshot(file, stored())
    file.chmod(0)
    with powerless(), pytest.raises(SnapshotFileError, match=f"can't read {file}: Permission denied"):
        read_snapshot(file)


def test_a_directory_in_its_place_is_told_both_ways(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(SnapshotFileError, match=f"can't read {file}: Is a directory"):
        read_snapshot(file)
    with pytest.raises(SnapshotFileError, match=f"can't write {file}: Is a directory"):
        write_snapshot(file, stored())
    assert list(file.parent.iterdir()) == [file]


def test_workers_that_share_the_file_write_it_at_once(file: Path) -> None:
    """Whoever reads meanwhile sees one state or another, whole; in the end the newest one is there."""
    write_snapshot(file, stored(0))
    done = threading.Event()
    failures: list[BaseException] = []

    def write(worker: int) -> None:
        try:
            for version in range(worker, 200, 4):
                write_snapshot(file, stored(version))
        except BaseException as error:  # noqa: BLE001  told below
            failures.append(error)

    def read() -> None:
        try:
            while not done.is_set():
                assert read_snapshot(file) is not None
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert failures == []
    assert list(file.parent.iterdir()) == [file]
    write_snapshot(file, stored(199))
    write_snapshot(file, stored(150))
    assert read_snapshot(file) == stored(199)


def test_a_slow_worker_does_not_bring_an_older_state_back(file: Path) -> None:
    """But a failed-over, another or an unknown database may: there a lower version is no older one."""
    write_snapshot(file, stored(5))
    write_snapshot(file, stored(4))
    assert read_snapshot(file) == stored(5)
    for history in (History(system=HISTORY.system, timeline=4), History(system=1, timeline=1), History()):
        write_snapshot(file, stored(3, history))
        assert read_snapshot(file) == stored(3, history)


def test_what_killed_writers_have_left_is_removed(file: Path) -> None:
    """Not what another worker is writing at the moment, nor files of others."""
    file.parent.mkdir()
    left, fresh, other = (file.parent / name for name in (".snapshot.json.abcd", ".snapshot.json.efgh", ".other.abcd"))
    for path in (left, fresh, other):
        path.write_text("half")
    for path in (left, other):
        os.utime(path, (1, 1))
    write_snapshot(file, stored())
    assert sorted(file.parent.iterdir()) == sorted([file, fresh, other])


def test_the_file_reads_as_json_lines(file: Path) -> None:
    """An SRE looks into it with jq."""
    write_snapshot(file, stored())
    first, second = map(json.loads, file.read_text().splitlines())
    assert first["snapshot"]["version"] == 1
    assert set(second) == {"sha256"}
