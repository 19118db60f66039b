"""Previews: what would happen to a request, by what this gateway goes by itself, and nothing is changed."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

from gateway.config.settings import Maintenance
from gateway.domain.bypass import Bypass
from gateway.domain.errors import InvalidError
from gateway.domain.explain import Explanation, explain, explain_in_force
from gateway.domain.snapshot import Moment
from gateway.domain.verdict import Exemptions, Facts
from gateway.domain.window import Window
from gateway.http1.fields import BadMessageError
from gateway.service.drafts.preview import PreviewDraft, TrialDraft, read_url
from gateway.service.state import State
from gateway.service.windows import Windows

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What happens to a request at a time; `tried`: what one window alone does to it while it is in force."""

    method: str
    host: str
    path: str
    at: datetime
    outcome: Explanation
    tried: Explanation | None
    window: Window | None
    """The window that is tried; of a draft, its id is nil."""


class Previews:
    """Answers what would happen to requests."""

    def __init__(self, windows: Windows, state: State, maintenance: Maintenance) -> None:
        """Go by the state in force and the exemptions of `maintenance`."""
        self._windows = windows
        self._state = state
        self._exemptions = exemptions(maintenance)

    async def of(self, draft: PreviewDraft, host: str) -> Preview:
        """Say what happens to a request; `host` is where it goes when its URL names no host.

        Raises:
            InvalidError: it is asked about the past.
            NotFoundError: there is no window with that id.
        """
        window = None
        if draft.window_id is not None:
            window = await self._windows.get(draft.window_id)
        elif draft.window is not None:
            window = tried_window(draft.window, self._state.now())
        return self.outcome(draft, host, window)

    def outcome(self, draft: PreviewDraft, host: str, window: Window | None) -> Preview:
        """Say what happens to a request, and what `window` does to it while it is in force; all from memory.

        Raises:
            InvalidError: it is asked about the past.
        """
        now = self._state.now()
        at = draft.at or now
        if at < now:
            raise InvalidError({"at": "is in the past: leave it out to ask about now, or name a time to come"})
        facts = _facts(draft, host, at)
        return Preview(
            method=draft.method,
            host=facts.host.decode("latin-1"),
            path=facts.path.decode("latin-1"),
            at=at,
            outcome=explain(facts, self._moment(draft.at), self._exemptions),
            tried=explain_in_force(window, facts, self._exemptions, at) if window else None,
            window=window,
        )

    def _moment(self, at: datetime | None) -> Moment:
        moment = self._state.moment
        return moment if at is None or moment.snapshot is None else moment.snapshot.at(at)


def exemptions(maintenance: Maintenance) -> Exemptions:
    """Return what the settings exempt from every gate."""
    return Exemptions(
        prefix=maintenance.prefix.encode(),
        paths=tuple(path.encode() for path in maintenance.never_gate),
        networks=maintenance.bypass_networks,
    )


def tried_window(draft: TrialDraft, now: datetime) -> Window:
    """Return a window that exists nowhere."""
    return Window(
        id=_NOBODY,
        kind=draft.kind,
        title=draft.title,
        starts_at=now,
        estimated_duration=timedelta(minutes=30),
        gate=draft.gate_in_force,
        scope=draft.scope.scope(),
        created_at=now,
        updated_at=now,
    )


def _facts(draft: PreviewDraft, host: str, now: datetime) -> Facts:
    """Return what a verdict is made from, read from a head as the data plane reads it."""
    try:
        request = read_url(draft.url).head(draft.method, host)
    except BadMessageError as error:
        raise InvalidError({"url": f"is answered with {error.status} whatever windows there are: {error}"}) from error
    address = draft.address
    facts = Facts(request.fields.host, request.path, request.method, _plain(address))
    if draft.bypass_link:
        facts.bypass = Bypass(id=_NOBODY, name="a link", expires_at=now)
    # Without an address nobody's turn in a reopening can be told: then it is no hindrance.
    facts.client, facts.at = (str(address).encode(), now.timestamp()) if address else (b"", math.inf)
    return facts


def _plain(address: IPv4Address | IPv6Address | None) -> IPv4Address | IPv6Address | None:
    """Return an address as the edge knows it: IPv4 also where it is written as IPv6."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
