"""The whole history as one answer, streamed part by part: for the API and the panel alike."""

from collections.abc import AsyncIterator
from enum import StrEnum

from aiohttp import web

from gateway.domain.statistics import WindowStatistics
from gateway.render.history_export import csv_head, csv_rows, json_rows
from gateway.service.statistics import Statistics
from gateway.store.statistics import HistoryFilter

Parts = AsyncIterator[list[WindowStatistics]]


class Form(StrEnum):
    """In what the history is written."""

    CSV = "csv"
    JSON = "json"


async def export(statistics: Statistics, wanted: HistoryFilter, form: Form) -> web.Response:
    """Answer with all windows that are over, of a filter.

    Where the database goes away half-way, the connection is broken off: what is not whole must not look whole.

    Raises:
        StoreError: the database is away from the beginning.
    """
    parts = statistics.all(wanted)
    first = await anext(parts)
    written = _csv(first, parts) if form is Form.CSV else _json(first, parts)
    name = f'attachment; filename="maintenance-history.{form}"'
    headers = {"Content-Disposition": name}
    if form is Form.CSV:
        return web.Response(body=written, headers=headers | {"Content-Type": "text/csv; charset=utf-8; header=present"})
    return web.Response(body=written, headers=headers, content_type="application/json")


async def _csv(first: list[WindowStatistics], parts: Parts) -> AsyncIterator[bytes]:
    yield csv_head() + csv_rows(first)
    async for part in parts:
        yield csv_rows(part)


async def _json(first: list[WindowStatistics], parts: Parts) -> AsyncIterator[bytes]:
    yield b'{"windows": [' + json_rows(first)
    async for part in parts:
        if part:
            yield b"," + json_rows(part)
    yield b"\n]}\n"
