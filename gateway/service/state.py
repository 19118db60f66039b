"""The state: the one snapshot in force, seen at the present moment. The data plane reads it without waiting."""

import asyncio
import math
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from gateway.domain.history import UNKNOWN, History
from gateway.domain.observation import (
    Observer,
    SnapshotFileFailed,
    StateLoaded,
    StateRestored,
    StateWentBack,
    WatcherFailed,
    WindowEnded,
    WindowStarted,
)
from gateway.domain.snapshot import Moment, Snapshot
from gateway.service.clock import Clock
from gateway.service.snapshot_file import SnapshotFileError, StoredSnapshot, read_snapshot, write_snapshot

STALE_AFTER = 60.0
"""Seconds without a word of the database after which what is told says as of when. It speaks every other second."""
_FILE_RETRY = 10.0
# A clock that steps back by less is measured better than before; by more, it was put right by somebody.
_CORRECTION = timedelta(seconds=5)

Watcher = Callable[[Moment], None]


class State:
    """Holds the snapshot and the moment. Within one history, an older version never replaces a newer one.

    `moment` is what a request is decided by; it moves on by itself at the instant at which a window starts or ends, and
    where the database has not confirmed it for `stale_after` seconds.
    """

    def __init__(
        self, *, clock: Clock, observe: Observer, file: Path, close_unknown: bool, stale_after: float = STALE_AFTER
    ) -> None:
        """Know nothing yet. `file` is the snapshot file, `close_unknown` what an unknown state means."""
        self.clock = clock
        self._observe = observe
        self._file = file
        self._close_unknown = close_unknown
        self._stale_after = stale_after
        self._snapshot: Snapshot | None = None
        self._history = UNKNOWN
        self._confirmed_at: datetime | None = None
        self._confirmed_monotonic = 0.0
        self._read_at = -math.inf
        """When (monotonic) the snapshot had come from the database."""
        self._shown: datetime | None = None
        self._watchers: list[Watcher] = []
        self._changed = asyncio.Condition()
        self._to_write = asyncio.Event()
        self._moved = asyncio.Event()
        self._set_moment(Moment(snapshot=None, at=clock.now(), close_unknown=close_unknown))

    @property
    def version(self) -> int:
        """The version in force; 0 where no state was ever known."""
        return self._snapshot.version if self._snapshot else 0

    @property
    def confirmed_at(self) -> datetime | None:
        """When the database last said so; None before it ever did."""
        return self._confirmed_at

    @property
    def history(self) -> History:
        """The history of the database that the state comes from, as far as is known."""
        return self._history

    def age(self) -> float | None:
        """Return the seconds since the database last said so; None before it ever did."""
        return None if self._confirmed_at is None else self.clock.monotonic() - self._confirmed_monotonic

    def now(self) -> datetime:
        """Return the present instant on PostgreSQL's clock."""
        return self.clock.now()

    @property
    def moment(self) -> Moment:
        """The present moment. Costs one reading of the clock."""
        return self.moment_at(self.clock.monotonic())

    def moment_at(self, monotonic: float) -> Moment:
        """Return the present moment to those who have read the monotonic clock already."""
        if monotonic >= self._until:
            self._advance()
        return self._moment

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with each new moment, at once where it was noticed."""
        self._watchers.append(watcher)

    def loaded(self, snapshot: Snapshot, before: float, after: float, history: History = UNKNOWN) -> None:
        """Take a snapshot that was read between two monotonic times, from a database of that history.

        A former primary is refused, and so is a lower version that may have been read before the present one. What was
        surely read after it counts whatever its version: the database has lost its last changes, in a failover or a
        crash; or another one has taken its place.
        """
        if history.is_superseded_by(self._history):
            return
        # Against the database, the file does not count: it may tell of another database.
        if snapshot.version < self.version and self._confirmed_at is not None:
            if before <= self._read_at and not history.succeeds(self._history):
                return
            self._observe(StateWentBack(version=snapshot.version, known=self.version))
        self._read_at = after
        self._confirm(snapshot.taken_at, before, after)
        if snapshot.version != self.version:
            took = round((after - before) * 1000, 1)
            self._observe(StateLoaded(version=snapshot.version, windows=len(snapshot.windows), milliseconds=took))
            self._to_write.set()
        if history.system is not None and history != self._history:
            self._history = history
            self._to_write.set()
        self._snapshot = snapshot
        # Also for the same version: the clock may have been corrected.
        self._advance()

    def confirmed(self, at: datetime, before: float, after: float) -> None:
        """Note that the database was asked between two monotonic times, when its clock said `at`."""
        offset = self.clock.offset
        self._confirm(at, before, after)
        if self._moment.as_of is not None or abs(self.clock.offset - offset) >= _CORRECTION.total_seconds():
            self._advance()
            return
        self._set_moment(self._moment)  # it stays fresh for longer
        if self.clock.offset != offset:
            self._moved.set()

    def _confirm(self, at: datetime, before: float, after: float) -> None:
        self.clock.measure(at, before, after)
        self._confirmed_at = self.clock.now()
        self._confirmed_monotonic = after

    def restore(self) -> None:
        """Take up the snapshot file, at start."""
        try:
            stored = read_snapshot(self._file)
        except SnapshotFileError as error:
            self._observe(SnapshotFileFailed(file=str(self._file), reason=str(error)))
            return
        if stored is not None:
            self.clock.assume_skew(stored.skew)
            self._snapshot = stored.snapshot
            self._history = stored.history
            self._observe(StateRestored(version=stored.snapshot.version, file=str(self._file)))
            self._advance()

    async def wait_for(self, version: int, *, within: float) -> None:
        """Wait until at least `version` is in force.

        Raises:
            TimeoutError: it did not get here within `within` seconds.
        """
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: self.version >= version)

    async def keep_time(self) -> None:
        """Move on at each change by time, also when no request comes by. Runs for ever."""
        while True:
            self._moved.clear()
            pause = max(0.0, self._until - self.clock.monotonic())
            try:
                async with asyncio.timeout(None if math.isinf(pause) else pause):
                    await self._moved.wait()
            except TimeoutError:
                _ = self.moment
            async with self._changed:
                self._changed.notify_all()

    async def keep_file(self) -> None:
        """Write the snapshot file after each change. Runs for ever."""
        while True:
            await self._to_write.wait()
            self._to_write.clear()
            if self._snapshot is None:
                continue
            stored = StoredSnapshot(skew=self.clock.skew, snapshot=self._snapshot, history=self._history)
            try:
                await asyncio.to_thread(write_snapshot, self._file, stored)
            except SnapshotFileError as error:
                self._observe(SnapshotFileFailed(file=str(self._file), reason=str(error)))
                await asyncio.sleep(_FILE_RETRY)
                self._to_write.set()

    def _advance(self) -> None:
        if self._snapshot is None:
            return
        before = {window.id: window for window in self._moment.active}
        self._set_moment(self._snapshot.at(self._instant(), as_of=self._as_of(self._snapshot)))
        after = {window.id: window for window in self._moment.active}
        for window in after.values():
            if window.id not in before:
                self._observe(WindowStarted(window=str(window.id), title=window.title, gate=window.gate))
        for window in before.values():
            if window.id not in after:
                self._observe(WindowEnded(window=str(window.id), title=window.title))
        self._moved.set()
        for watcher in self._watchers:
            try:
                watcher(self._moment)
            except Exception:  # noqa: BLE001  a page that can't be rendered must not keep the others from the moment
                self._observe(WatcherFailed(reason=traceback.format_exc()))

    def _instant(self) -> datetime:
        """Return the instant to show: what has begun does not un-begin because the clock is known better now."""
        now = self.clock.now()
        if self._shown is not None and now < self._shown < now + _CORRECTION:
            now = self._shown
        if self.clock.is_measured:
            self._shown = now
        return now

    def _as_of(self, snapshot: Snapshot) -> datetime | None:
        """Return when the snapshot was last known to be true, where that is too long ago."""
        return None if self.clock.monotonic() < self._stale_at(snapshot) else self._confirmed_at or snapshot.taken_at

    def _stale_at(self, snapshot: Snapshot) -> float:
        """Return when (monotonic) the snapshot is too old. One from the file alone was true when it was taken."""
        if self._confirmed_at is not None:
            return self._confirmed_monotonic + self._stale_after
        return self.clock.monotonic_at(snapshot.taken_at.timestamp() + self._stale_after)

    def _set_moment(self, moment: Moment) -> None:
        self._moment = moment
        self._until = self.clock.monotonic_at(moment.until.timestamp()) if moment.until else math.inf
        if moment.snapshot is not None and moment.as_of is None:
            self._until = min(self._until, self._stale_at(moment.snapshot))
