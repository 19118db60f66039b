"""`/fences`, the fence of one window, and `/replicas` of the API."""

from datetime import datetime
from uuid import UUID

from gateway.domain.fence import Fence, ReplicaState, Report
from gateway.web.api.documents import Document, Instant
from gateway.web.api.operation import Answer, Call, Operation


class FencedReplica(Document):
    """Where a gateway process stands with a window."""

    id: UUID
    name: str
    state: ReplicaState
    left: int
    given_up: int
    applied_version: int
    heartbeat_at: Instant


class FenceDocument(Document):
    """Where the gateways stand with a window."""

    window: UUID
    title: str
    holds: bool
    is_vain: bool
    summary: str
    gating: int
    known: int
    left: int
    given_up: int
    replicas: tuple[FencedReplica, ...]

    @classmethod
    def of(cls, fence: Fence) -> "FenceDocument":
        """Return a fence."""
        return cls(
            window=fence.window.id,
            title=fence.window.title,
            holds=fence.holds,
            is_vain=fence.is_vain,
            summary=fence.summary,
            gating=fence.gating,
            known=len(fence.replicas),
            left=fence.left,
            given_up=fence.given_up,
            replicas=tuple(
                FencedReplica(
                    id=replica.report.id,
                    name=replica.report.name,
                    state=replica.state,
                    left=replica.left,
                    given_up=replica.given_up,
                    applied_version=replica.report.applied_version,
                    heartbeat_at=replica.report.heartbeat_at,
                )
                for replica in fence.replicas
            ),
        )


class FenceList(Document):
    """The fences of all windows in force that gate."""

    fences: tuple[FenceDocument, ...]


class ReplicaDocument(Document):
    """A gateway process as every fence counts it; `silent`: nothing is known of it any more."""

    id: UUID
    name: str
    silent: bool
    applied_version: int
    started_at: Instant
    heartbeat_at: Instant

    @classmethod
    def of(cls, report: Report, now: datetime) -> "ReplicaDocument":
        """Return a replica as it is at `now`."""
        return cls(
            id=report.id,
            name=report.name,
            silent=report.is_silent(now),
            applied_version=report.applied_version,
            started_at=report.started_at,
            heartbeat_at=report.heartbeat_at,
        )


class ReplicaList(Document):
    """All gateway processes."""

    replicas: tuple[ReplicaDocument, ...]


class Forgotten(Document):
    """The replica that was forgotten."""

    id: UUID


async def show_fence(call: Call[None, None]) -> Answer:
    """Tell whether every gateway gates by a window, with nothing left of the time before."""
    return Answer(document=FenceDocument.of(await call.services.fences.of(call.id("window"))))


async def list_fences(call: Call[None, None]) -> Answer:
    """Tell that of every window in force that gates."""
    fences = await call.services.fences.in_force()
    return Answer(document=FenceList(fences=tuple(FenceDocument.of(fence) for fence in fences)))


async def list_replicas(call: Call[None, None]) -> Answer:
    """List the gateway processes that every fence counts."""
    known = await call.services.fences.replicas()
    return Answer(document=ReplicaList(replicas=tuple(ReplicaDocument.of(each, known.now) for each in known.reports)))


async def forget_replica(call: Call[None, None]) -> Answer:
    """Take the caller's word that a silent replica is gone."""
    which = call.id("replica")
    await call.services.fences.forget(which, call.actor)
    return Answer(document=Forgotten(id=which))


OPERATIONS = (
    Operation(
        "GET",
        "/windows/{id}/fence",
        show_fence,
        name="api.windows.fence",
        summary="Show a window's fence",
        answer=FenceDocument,
    ),
    Operation("GET", "/fences", list_fences, name="api.fences", summary="List fences", answer=FenceList),
    Operation("GET", "/replicas", list_replicas, name="api.replicas.list", summary="List gateways", answer=ReplicaList),
    Operation(
        "DELETE",
        "/replicas/{id}",
        forget_replica,
        name="api.replicas.forget",
        summary="Forget a silent gateway",
        answer=Forgotten,
    ),
)
