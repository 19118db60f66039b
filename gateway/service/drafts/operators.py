"""Operators, as they are asked for."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from gateway.domain.access import Role
from gateway.service.drafts.fields import Draft, no_nul

Email = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254),  # RFC 5321, section 4.5.3.1.3
    AfterValidator(no_nul),
]


class OperatorDraft(Draft):
    """Somebody who may sign in."""

    email: Email
    role: Role


class RoleDraft(Draft):
    """Another role."""

    role: Role
