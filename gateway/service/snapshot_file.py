"""The snapshot file: the last known state, for a gateway that starts while PostgreSQL is away."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from gateway.domain.errors import UnavailableError
from gateway.domain.snapshot import Snapshot


class SnapshotFileError(UnavailableError):
    """The snapshot file can't be used."""


class StoredSnapshot(BaseModel):
    """What the file holds. `skew`: seconds by which PostgreSQL's clock was ahead of this host's."""

    format: Literal[1] = 1
    skew: float = Field(ge=-1e10, le=1e10, allow_inf_nan=False)
    snapshot: Snapshot


def write_snapshot(path: Path, stored: StoredSnapshot) -> None:
    """Write the file atomically: a reader sees the old one or the new one, whole.

    Raises:
        SnapshotFileError: the disk is full, read-only, or the directory can't be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(stored.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except OSError:
            with suppress(OSError):  # the first error is the one to tell
                Path(name).unlink()
            raise
    except OSError as error:
        raise SnapshotFileError(f"can't write {path}: {error.strerror}") from error


def read_snapshot(path: Path) -> StoredSnapshot | None:
    """Read the file; None where there is none.

    Raises:
        SnapshotFileError: it can't be read, or is not what `write_snapshot` wrote.
    """
    try:
        return StoredSnapshot.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotFileError(f"can't read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise SnapshotFileError(f"{path} is damaged ({error.error_count()} errors); it is ignored") from error
