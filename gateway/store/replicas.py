"""The replicas, as rows: each gateway process keeps its own; and what a fence is told from, in one statement."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from gateway.domain.errors import ConflictError, NotFoundError, StoreError
from gateway.domain.fence import Gated, Report
from gateway.domain.window import Window
from gateway.store.pool import Session

_REPORTS = TypeAdapter(tuple[Report, ...])
_WINDOWS = TypeAdapter(tuple[Window, ...])
_GATES: TypeAdapter[Mapping[UUID, Gated]] = TypeAdapter(Mapping[UUID, Gated])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaProcess:
    """The process behind a row; `host` is empty where nothing tells hosts apart."""

    id: UUID
    name: str
    host: str
    pid: int
    started: int
    """In ticks since the host was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceView:
    """Windows, reports and PostgreSQL's clock, read in one statement."""

    now: datetime
    windows: tuple[Window, ...]
    reports: tuple[Report, ...]


async def write_report(
    session: Session, process: ReplicaProcess, *, applied_version: int, gates: Mapping[UUID, Gated]
) -> None:
    """Write a replica's row, whether it is there or not."""
    await session.run(
        "report_replica",
        id=process.id,
        name=process.name,
        applied_version=applied_version,
        host=process.host,
        pid=process.pid,
        process_started=process.started,
        gates=json.dumps(_GATES.dump_python(gates, mode="json")),
    )


async def neighbours(session: Session, process: ReplicaProcess) -> list[ReplicaProcess]:
    """Return the other replicas of the process's host."""
    return [
        ReplicaProcess(
            id=row["id"], name=row["name"], host=process.host, pid=row["pid"], started=row["process_started"]
        )
        for row in await session.rows("neighbours", host=process.host, id=process.id)
    ]


async def delete_replica(session: Session, replica_id: UUID) -> Mapping[UUID, Gated] | None:
    """Delete a row and return what it said last; None where there is none (any more)."""
    gates: str | None = await session.run("delete_replica", id=replica_id)
    return None if gates is None else _GATES.validate_json(gates)


async def forget_replica(session: Session, replica_id: UUID, *, silent_after: timedelta) -> str:
    """Delete the row of a replica that has been silent for that long; return its name.

    Raises:
        NotFoundError: there is none with this id.
        ConflictError: it was heard of since.
    """
    name: str | None = await session.run("delete_silent_replica", id=replica_id, silent_after=silent_after)
    if name is not None:
        return name
    name = await session.run("replica_name", id=replica_id)
    if name is None:
        raise NotFoundError(f"there is no replica {replica_id}; `gateway replica list` shows them")
    raise ConflictError(
        f"{name} is alive: it was heard of within the last {int(silent_after.total_seconds())} s; "
        "stop it, and it goes by itself"
    )


async def fence_view(session: Session, window_id: UUID | None) -> FenceView:
    """Read what the fence of one window is told from, or (None) that of every window in force that gates.

    Raises:
        NotFoundError: there is no such window.
        StoreError: a row was written by hand, and can't be read.
    """
    row = await session.run("fence_view", id=window_id)
    windows = _WINDOWS.validate_json(row["windows"])
    if window_id is not None and not windows:
        raise NotFoundError(f"there is no window {window_id}")
    return FenceView(now=row["now"], windows=windows, reports=_reports(row))


def _reports(row: Any) -> tuple[Report, ...]:
    try:
        return _REPORTS.validate_json(row["replicas"])
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise StoreError(f"the table replicas can't be read: {path}: {first['msg']}") from error
