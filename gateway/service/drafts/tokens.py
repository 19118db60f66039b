"""Tokens, as they are asked for."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from gateway.domain.access import TokenScope
from gateway.domain.duration import iso_duration
from gateway.domain.token import DEFAULT_LIFETIME, LONGEST_LIFETIME, SHORTEST_LIFETIME
from gateway.service.drafts.fields import LIFETIME_SCHEMA, Draft, Duration, Name


def _token_lifetime(value: timedelta) -> timedelta:
    if not SHORTEST_LIFETIME <= value <= LONGEST_LIFETIME:
        raise ValueError("must lie between one minute and ten years, or never (null)")
    return value


TokenLifetime = Annotated[Duration, AfterValidator(_token_lifetime), WithJsonSchema(LIFETIME_SCHEMA)]


class TokenDraft(Draft):
    """A token; `name` says who or what it is for, as the audit will. `expires_in` null: it never expires."""

    name: Name
    scope: TokenScope
    # pydantic would write its default as P1Y, but how long a year is depends on where it begins.
    expires_in: TokenLifetime | None = Field(
        DEFAULT_LIFETIME, json_schema_extra={"default": iso_duration(DEFAULT_LIFETIME)}
    )
