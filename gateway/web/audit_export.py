"""The audit as one answer, streamed part by part, the newest entry first: for the API and the panel alike."""

import json
from collections.abc import AsyncIterator
from datetime import UTC
from enum import StrEnum
from typing import Any

from aiohttp import web

from gateway.render.csv_lines import csv_line
from gateway.service.audit import Audit
from gateway.store.audit import AuditEntry, AuditFilter
from gateway.web.export import exported

COLUMNS = ("id", "at", "actor", "address", "action", "subject", "subject_id", "before", "after")


class Form(StrEnum):
    """In what the audit is written."""

    CSV = "csv"
    JSONL = "jsonl"


async def export(audit: Audit, wanted: AuditFilter, form: Form) -> web.Response:
    """Answer with all entries of a filter.

    Raises:
        StoreError: the database is away from the beginning.
    """
    if form is Form.CSV:
        return await exported(_csv(audit, wanted), media="text/csv", name="audit.csv")
    return await exported(_jsonl(audit, wanted), media="application/jsonl", name="audit.jsonl")


async def _csv(audit: Audit, wanted: AuditFilter) -> AsyncIterator[str]:
    yield csv_line(COLUMNS)
    async for batch in audit.batches(wanted):
        yield "".join(csv_line(map(_cell, _document(entry).values())) for entry in batch)


async def _jsonl(audit: Audit, wanted: AuditFilter) -> AsyncIterator[str]:
    yield ""
    async for batch in audit.batches(wanted):
        yield "".join(f"{json.dumps(_document(entry), ensure_ascii=False)}\n" for entry in batch)


def _document(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as `GET /audit` of the API has it."""
    document = {name: getattr(entry, name) for name in COLUMNS}
    return document | {"at": entry.at.astimezone(UTC).isoformat().replace("+00:00", "Z")}


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
