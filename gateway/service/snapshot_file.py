"""The snapshot file: the last known state, for a gateway that starts while PostgreSQL is away.

Two lines: the state as JSON, and the checksum of that line. Format 1, of older gateways, has the first line alone.
"""

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from gateway.domain.errors import UnavailableError
from gateway.domain.history import UNKNOWN, History
from gateway.domain.snapshot import Snapshot

FORMAT: Literal[2] = 2
_WITHOUT_CHECKSUM = 1
# A writer needs milliseconds; one that has not finished after so many seconds was killed.
_LEFT_BEHIND = 60.0


class SnapshotFileError(UnavailableError):
    """The snapshot file can't be used."""


class StoredSnapshot(BaseModel):
    """What the file holds. `skew`: seconds by which PostgreSQL's clock was ahead of this host's."""

    format: Literal[1, 2] = FORMAT
    skew: float = Field(ge=-1e10, le=1e10, allow_inf_nan=False)
    history: History = UNKNOWN
    snapshot: Snapshot

    def is_as_new_as(self, other: "StoredSnapshot") -> bool:
        """Tell whether `other` has nothing that this lacks: same known history, no higher version."""
        known = self.history.system is not None
        return known and self.history == other.history and self.snapshot.version >= other.snapshot.version


def write_snapshot(path: Path, stored: StoredSnapshot) -> None:
    """Write the file atomically: a reader sees the old one or the new one, whole, also after a power failure.

    Several gateways may share the file: a newer state of the same database, written by another one, stays.

    Raises:
        SnapshotFileError: the disk is full, read-only, or the directory can't be made.
    """
    with suppress(SnapshotFileError):  # a damaged one is replaced
        there = read_snapshot(path)
        if there is not None and there.is_as_new_as(stored):
            return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path))
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_encoded(stored))
                file.flush()
                os.fsync(file.fileno())
            _remove_left_behind(path, Path(name))
            Path(name).replace(path)
        except OSError:
            with suppress(OSError):  # the first error is the one to tell
                Path(name).unlink()
            raise
        _keep_name(path.parent)
    except OSError as error:
        raise SnapshotFileError(f"can't write {path}: {error.strerror}") from error


def read_snapshot(path: Path) -> StoredSnapshot | None:
    """Read the file; None where there is none.

    Raises:
        SnapshotFileError: it can't be read, or is not what `write_snapshot` wrote.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotFileError(f"can't read {path}: {error.strerror}") from error
    document, _, checksum = content.partition(b"\n")
    try:
        header = json.loads(document)
        form = header.get("format") if isinstance(header, dict) else None
        if isinstance(form, int) and form > FORMAT:
            raise SnapshotFileError(f"{path} was written by a newer gateway (format {form}); it is ignored")
        if form != _WITHOUT_CHECKSUM and checksum != _checksum(document):
            raise SnapshotFileError(f"{path} is damaged (its checksum is wrong); it is ignored")
        return StoredSnapshot.model_validate_json(document)
    except ValidationError as error:
        raise SnapshotFileError(f"{path} is damaged ({error.error_count()} errors); it is ignored") from error
    except (ValueError, RecursionError) as error:
        raise SnapshotFileError(f"{path} is damaged (it is no JSON); it is ignored") from error


def _encoded(stored: StoredSnapshot) -> bytes:
    document = stored.model_copy(update={"format": FORMAT}).model_dump_json().encode()
    return document + b"\n" + _checksum(document)


def _checksum(document: bytes) -> bytes:
    return json.dumps({"sha256": hashlib.sha256(document).hexdigest()}).encode() + b"\n"


def _prefix(path: Path) -> str:
    return f".{path.name}."


def _remove_left_behind(path: Path, mine: Path) -> None:
    """Remove what killed writers have left, by the clock of the file system."""
    now = mine.stat().st_mtime
    for other in path.parent.glob(f"{_prefix(path)}*"):
        with suppress(FileNotFoundError):  # its writer was only slow, or another one has removed it
            if now - other.stat().st_mtime > _LEFT_BEHIND:
                other.unlink()


def _keep_name(directory: Path) -> None:
    """Have the disk keep the file's new name as well."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
