"""The context of the panel's screen about bypasses: who passes every gate, by a link or by the network."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.domain.bypass import LinkState
from gateway.render.panel import Typed
from gateway.render.wording import Badge, Tone

LINK_BADGES = {
    LinkState.LIVE: Badge("Live", "check", Tone.GOOD),
    LinkState.EXPIRED: Badge("Expired", "clock", Tone.QUIET),
    LinkState.REVOKED: Badge("Revoked", "cross", Tone.QUIET),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A bypass link as it may be shown; `over_at` is when it expires, or was revoked."""

    id: UUID
    name: str
    badge: Badge
    over_at: datetime
    created_by: str
    created_at: datetime
    first_used_at: datetime | None
    first_used_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link that was made just now, with its address, which is shown this once."""

    id: UUID
    name: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BypassScreen:
    """`admin/bypass.html`. `networks` and `paths` are what the settings let through."""

    made: NewLink | None
    live: tuple[LinkRow, ...]
    over: tuple[LinkRow, ...]
    networks: tuple[str, ...]
    paths: tuple[str, ...]
    form: Typed
