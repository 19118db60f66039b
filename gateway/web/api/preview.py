"""`/preview` of the API: what would happen to a request, and why; nothing is changed."""

from uuid import UUID

from pydantic import Field

from gateway.domain.explain import Effect, Finding, Reason
from gateway.domain.verdict import Facts, Verdict
from gateway.domain.window import Gate, State
from gateway.render.explained import because, summary
from gateway.service.drafts.preview import PreviewDraft
from gateway.service.preview import Preview
from gateway.web.api import documents
from gateway.web.api.documents import Document
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.windows import ScopeDocument


class FindingDocument(Document):
    """What one window does to the request; `because` goes on after its title."""

    id: UUID
    title: str
    state: State
    gate: Gate
    effect: Effect
    because: str

    @classmethod
    def of(cls, finding: Finding, facts: Facts) -> "FindingDocument":
        """Return what a window does to a request."""
        window = finding.window
        return cls(
            id=window.id,
            title=window.title,
            state=finding.state,
            gate=window.gate,
            effect=finding.effect,
            because=because(finding, facts),
        )


class TriedDocument(Document):
    """What one window alone does to the request while it is in force; `id` is null for a draft."""

    id: UUID | None
    title: str
    gate: Gate
    scope: ScopeDocument
    verdict: Verdict
    reason: Reason
    summary: str


class PreviewDocument(Document):
    """What happens to a request, and why."""

    host: str = Field(description="As the Host field would have it; that of this call where the URL names none.")
    path: str = Field(description="What windows look at: byte for byte, without the query.")
    method: str
    at: documents.Instant
    verdict: Verdict
    reason: Reason
    summary: str = Field(description="The same in a sentence.")
    windows: tuple[FindingDocument, ...] = Field(description="In force or reopening, the next three, the last three.")
    tried: TriedDocument | None

    @classmethod
    def of(cls, preview: Preview) -> "PreviewDocument":
        """Return a preview."""
        outcome = preview.outcome
        return cls(
            host=preview.host,
            path=preview.path,
            method=preview.method,
            at=preview.at,
            verdict=outcome.verdict,
            reason=outcome.reason,
            summary=summary(outcome),
            windows=tuple(FindingDocument.of(finding, outcome.facts) for finding in outcome.findings),
            tried=_tried(preview),
        )


def _tried(preview: Preview) -> TriedDocument | None:
    window, tried = preview.window, preview.tried
    if window is None or tried is None:
        return None
    return TriedDocument(
        id=window.id if window.id.int else None,
        title=window.title,
        gate=window.gate,
        scope=ScopeDocument.of(window.scope),
        verdict=tried.verdict,
        reason=tried.reason,
        summary=summary(tried),
    )


async def preview_request(call: Call[PreviewDraft, None]) -> Answer:
    """Say what happens to a request now or `at` a time, and what a window or a draft does to it while in force."""
    preview = await call.services.previews.of(call.body, call.request.host)
    return Answer(document=PreviewDocument.of(preview))


OPERATIONS = (
    Operation(
        "POST",
        "/preview",
        preview_request,
        name="api.preview",
        summary="Ask what would happen to a request",
        body=PreviewDraft,
        answer=PreviewDocument,
    ),
)
