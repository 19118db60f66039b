"""Which audit entries are asked for."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from gateway.service.drafts.fields import no_nul
from gateway.service.drafts.period import Period
from gateway.store.audit import AuditFilter

Word = Annotated[
    str, StringConstraints(max_length=300), AfterValidator(no_nul), Field(json_schema_extra={"pattern": r"^[^\x00]*$"})
]


class AuditSelection(Period):
    """Which entries."""

    actor: Word | None = Field(None, description='Of actors that begin so, in any case: "ada@", "token ", "psql".')
    action: Word | None = Field(None, description='Of actions that begin so: "window.ended", "window.".')
    subject: Word | None = Field(None, description='About this sort of thing: "window", "token".')
    subject_id: Word | None = Field(None, description="About this one.")

    def filter(self) -> AuditFilter:
        """Return what the store selects by."""
        return AuditFilter(
            actor=self.actor,
            action=self.action,
            subject=self.subject,
            subject_id=self.subject_id,
            since=self.since,
            until=self.until,
        )
