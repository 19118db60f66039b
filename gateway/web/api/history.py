"""`/history` and the statistics of one window, of the API."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from pydantic import Field, TypeAdapter

from gateway.domain.window import Kind
from gateway.service.drafts.fields import Instant, Slug
from gateway.service.drafts.period import Period
from gateway.store.statistics import HistoryFilter
from gateway.web.api.documents import Document, Page
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import PageQuery, paged, place_of
from gateway.web.api.statistics import StatisticsDocument
from gateway.web.history_export import Form, export

_PLACE = TypeAdapter(tuple[datetime, UUID])


class HistoryWanted(Period):
    """Which windows of the past: `?since=2026-01-01T00:00:00Z&kind=downtime`."""

    kind: frozenset[Kind] | None = Field(None, description="Of one of these kinds.")
    component: Slug | None = Field(None, description="That name this component.")
    since: Instant | None = Field(None, description="That started at this instant or later.")
    until: Instant | None = Field(None, description="That started before this instant.")

    def filter(self) -> HistoryFilter:
        """Return what the store selects by."""
        return HistoryFilter(kinds=self.kind, component=self.component, since=self.since, until=self.until)


class HistoryQuery(HistoryWanted, PageQuery):
    """Which windows of the past, page by page."""


class HistoryPage(Page):
    """Windows that are over, page by page."""

    windows: tuple[StatisticsDocument, ...]


class WholeHistory(Document):
    """All windows that are over."""

    windows: tuple[StatisticsDocument, ...]


async def list_history(call: Call[None, HistoryQuery]) -> Answer:
    """List windows that are over in numbers, the latest start first; cancelled ones never took place."""
    after, limit = place_of(call.query.cursor, _PLACE), call.query.limit
    found = await call.services.statistics.page(call.query.filter(), after=after, limit=limit + 1)
    windows, cursor = paged(found, limit, lambda window: (window.starts_at, window.id))
    return Answer(
        document=HistoryPage(windows=tuple(StatisticsDocument.of(window) for window in windows), next_cursor=cursor)
    )


async def export_csv(call: Call[None, HistoryWanted]) -> web.StreamResponse:
    """Export the whole history as CSV (RFC 4180); lengths are in seconds."""
    return await export(call.services.statistics, call.query.filter(), Form.CSV)


async def export_json(call: Call[None, HistoryWanted]) -> web.StreamResponse:
    """Export the whole history as JSON."""
    return await export(call.services.statistics, call.query.filter(), Form.JSON)


OPERATIONS = (
    Operation(
        "GET",
        "/history",
        list_history,
        name="api.history.list",
        summary="List what windows of the past were like",
        query=HistoryQuery,
        answer=HistoryPage,
    ),
    Operation(
        "GET",
        "/history.csv",
        export_csv,
        name="api.history.csv",
        summary="Export the history as CSV",
        query=HistoryWanted,
        media="text/csv",
    ),
    Operation(
        "GET",
        "/history.json",
        export_json,
        name="api.history.json",
        summary="Export the history as JSON",
        query=HistoryWanted,
        answer=WholeHistory,
    ),
)
