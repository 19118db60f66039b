"""The statistics of one window, of the API."""

from uuid import UUID

from pydantic import Field

from gateway.domain.duration import whole_seconds
from gateway.domain.statistics import WindowStatistics
from gateway.domain.window import Gate, Kind
from gateway.web.api import documents
from gateway.web.api.documents import Document
from gateway.web.api.operation import Answer, Call, Operation


class StatisticsDocument(Document):
    """The numbers of one window."""

    id: UUID = Field(description="The window's.")
    kind: Kind
    title: str
    gate: Gate
    components: tuple[str, ...] = Field(description="Their short names.")
    fixed: bool
    starts_at: documents.Instant
    ended_at: documents.Instant | None = Field(description="Null: it is not over, or was cancelled.")
    first_estimate: documents.Length = Field(description="What customers were told when it began.")
    estimated_duration: documents.Length = Field(description="The last estimate.")
    real_duration: documents.Length | None = Field(
        description="From its start to its end, or until now; null: it never began."
    )
    overrun_ratio: float | None = Field(description="`real_duration` in first estimates: 1.5 is half as long again.")
    refused_requests: int | None = Field(
        description="Kept from the application, over all gateways; null: it was over before anybody counted."
    )
    distinct_clients: int | None = Field(description="Addresses that were turned away; of IPv6 the /64.")
    distinct_clients_is_at_least: bool = Field(description="There were more clients than could be told apart.")
    counted_until: documents.Instant | None = Field(
        description="What is counted was refused before this instant; null: nothing is counted."
    )

    @classmethod
    def of(cls, window: WindowStatistics) -> "StatisticsDocument":
        """Return the numbers of a window."""
        return cls(
            id=window.id,
            kind=window.kind,
            title=window.title,
            gate=window.gate,
            components=window.components,
            fixed=window.fixed,
            starts_at=window.starts_at,
            ended_at=window.ended_at,
            first_estimate=whole_seconds(window.first_estimate),
            estimated_duration=whole_seconds(window.estimated_duration),
            real_duration=None if window.real_duration is None else whole_seconds(window.real_duration),
            overrun_ratio=window.overrun_ratio,
            refused_requests=window.refused_requests,
            distinct_clients=window.distinct_clients,
            distinct_clients_is_at_least=window.is_at_least,
            counted_until=window.counted_until,
        )


async def show_statistics(call: Call[None, None]) -> Answer:
    """Return the numbers of one window, in whatever state; while it is active they grow."""
    return Answer(document=StatisticsDocument.of(await call.services.statistics.of(call.id("window"))))


OPERATIONS = (
    Operation(
        "GET",
        "/windows/{id}/statistics",
        show_statistics,
        name="api.windows.statistics",
        summary="Show how long a window took and what it refused",
        answer=StatisticsDocument,
    ),
)
