"""Bypass links, as they are asked for."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from gateway.domain.bypass import DEFAULT_LIFETIME, LONGEST_LIFETIME, SHORTEST_LIFETIME
from gateway.service.drafts.fields import LIFETIME_SCHEMA, Draft, Duration, Name


def _link_lifetime(value: timedelta) -> timedelta:
    if not SHORTEST_LIFETIME <= value <= LONGEST_LIFETIME:
        raise ValueError("must lie between one minute and 30 days: when it has expired, make a new link")
    return value


LinkLifetime = Annotated[Duration, AfterValidator(_link_lifetime), WithJsonSchema(LIFETIME_SCHEMA)]


class BypassLinkDraft(Draft):
    """A link that passes the gate; `name` says who or what it is for."""

    name: Name
    expires_in: LinkLifetime = DEFAULT_LIFETIME
