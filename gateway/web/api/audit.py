"""`/audit` of the API."""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from gateway.domain.errors import NotFoundError
from gateway.service.drafts.audit import AuditSelection
from gateway.store.audit import AuditEntry
from gateway.web.api.documents import Document, Instant, Page
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import PageQuery, paged, place_of
from gateway.web.audit_export import COLUMNS, Form, export

_NUMBERS = range(1, 2**63)
_PLACE = TypeAdapter(Annotated[int, Field(ge=_NUMBERS.start, lt=_NUMBERS.stop)])


class AuditQuery(AuditSelection, PageQuery):
    """Which entries, and which page of them."""


class AuditDocument(Document):
    """Something that was done."""

    id: int = Field(description="A number; later entries have higher ones.")
    at: Instant
    actor: str = Field(description="An e-mail address, `token NAME`, `command line (LOGIN)`, `psql (role NAME)`, ...")
    address: str
    action: str
    subject: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditDocument":
        """Return an entry as it is shown."""
        return cls(**{name: getattr(entry, name) for name in COLUMNS})


class AuditPage(Page):
    """Entries, page by page."""

    entries: tuple[AuditDocument, ...]


async def list_entries(call: Call[None, AuditQuery]) -> Answer:
    """List what was done, the newest first."""
    before, limit = place_of(call.query.cursor, _PLACE), call.query.limit
    found = await call.services.audit.page(call.query.filter(), before=before, limit=limit + 1)
    entries, cursor = paged(found, limit, lambda entry: entry.id)
    return Answer(document=AuditPage(entries=tuple(AuditDocument.of(entry) for entry in entries), next_cursor=cursor))


async def show_entry(call: Call[None, None]) -> Answer:
    """Return one entry."""
    text = call.request.match_info["number"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0  # noqa: PLR2004  as 2**63 has
    if number not in _NUMBERS:
        raise NotFoundError(f"there is no audit entry {text}")
    return Answer(document=AuditDocument.of(await call.services.audit.get(number)))


async def export_csv(call: Call[None, AuditSelection]) -> Any:
    """Return all entries as CSV (RFC 4180), the newest first; formulas are made harmless by a leading '."""
    return await export(call.services.audit, call.query.filter(), Form.CSV)


async def export_jsonl(call: Call[None, AuditSelection]) -> Any:
    """Return all entries as JSON, one a line, the newest first."""
    return await export(call.services.audit, call.query.filter(), Form.JSONL)


OPERATIONS = (
    Operation(
        "GET",
        "/audit",
        list_entries,
        name="api.audit.list",
        summary="List what was done",
        query=AuditQuery,
        answer=AuditPage,
    ),
    Operation(
        "GET",
        "/audit/{number}",
        show_entry,
        name="api.audit.show",
        summary="Show an audit entry",
        answer=AuditDocument,
    ),
    Operation(
        "GET",
        "/audit.csv",
        export_csv,
        name="api.audit.csv",
        summary="Export the audit as CSV",
        query=AuditSelection,
        media="text/csv",
    ),
    Operation(
        "GET",
        "/audit.jsonl",
        export_jsonl,
        name="api.audit.jsonl",
        summary="Export the audit as lines of JSON",
        query=AuditSelection,
        media="application/jsonl",
    ),
)
