"""Operators, as they are asked for."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from gateway.domain.access import Role
from gateway.service.drafts.fields import Draft, shown

# Rough on purpose: whether it is one is found out by sending a mail there.
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+")
_LONGEST = 254  # RFC 5321, section 4.5.3.1.3


def is_email(text: str) -> bool:
    """Tell whether a text looks like an e-mail address."""
    return _EMAIL.fullmatch(text) is not None and len(text) <= _LONGEST


def not_an_email(text: str) -> str:
    """Return what is said of a text that is no e-mail address."""
    return f"{shown(text)} is not an e-mail address such as ada@example.com"


def _email(value: str) -> str:
    if not is_email(value):
        raise ValueError(not_an_email(value))
    return value


_SCHEMA = {"type": "string", "pattern": f"^{_EMAIL.pattern}$", "maxLength": _LONGEST}
Email = Annotated[str, AfterValidator(_email), WithJsonSchema(_SCHEMA)]


class OperatorDraft(Draft):
    """Somebody who may sign in."""

    email: Email
    role: Role


class RoleDraft(Draft):
    """Another role."""

    role: Role
