"""Why a request is forwarded or refused: what an SRE asks before a window, and at three in the morning.

The verdict is `decide`'s own, and what each window does to the request is asked of the functions that `decide` asks:
an explanation can't say something else than what happens. `render/explained.py` says it in words.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.domain.scope import Outside
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.verdict import (
    Exemptions,
    Facts,
    Verdict,
    decide,
    holds_back,
    is_in_bypass_network,
    is_never_gated,
    refuses,
)
from gateway.domain.window import Gate, State, Window

# Of windows that are not in force: more would hide what matters.
_MOST_OTHERS = 3


class Reason(StrEnum):
    """What a verdict rests on."""

    OWN_PAGES = "own_pages"
    BYPASS_NETWORK = "bypass_network"
    NEVER_GATE = "never_gate"
    BYPASS_LINK = "bypass_link"
    STATE_UNKNOWN = "state_unknown"
    CLOSED = "closed"
    READ_ONLY = "read_only"
    REOPENING = "reopening"
    NOT_GATED = "not_gated"


class Effect(StrEnum):
    """What one window does to a request that is not exempt."""

    REFUSES = "refuses"
    HOLDS_BACK = "holds_back"
    """It is over, and this client is not let in yet."""
    LETS_IN = "lets_in"
    """It is over, and lets clients in step by step: this one, or whoever has its turn."""
    SAFE_METHOD = "safe_method"
    OTHER_HOST = "other_host"
    OTHER_PATH = "other_path"
    EXCLUDED_PATH = "excluded_path"
    NO_GATE = "no_gate"
    SCHEDULED = "scheduled"
    OVER = "over"
    CANCELLED = "cancelled"

    @property
    def is_refusal(self) -> bool:
        """Whether the window turns the request away."""
        return self in (Effect.REFUSES, Effect.HOLDS_BACK)


_OUTSIDE = {
    Outside.HOST: Effect.OTHER_HOST,
    Outside.PATH: Effect.OTHER_PATH,
    Outside.EXCLUDED_PATH: Effect.EXCLUDED_PATH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one window does to the request; `state` is the window's at that time."""

    window: Window
    state: State
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A verdict with its reason, and what each window does to the request."""

    facts: Facts
    verdict: Verdict
    reason: Reason
    findings: tuple[Finding, ...]

    @property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that a refusal rests on, or would without the bypass link: those of the strictest gate."""
        refusing = tuple(finding for finding in self.findings if finding.effect.is_refusal)
        return tuple(finding for finding in refusing if finding.window.gate is Gate.CLOSED) or refusing


def explain(facts: Facts, moment: Moment, exemptions: Exemptions) -> Explanation:
    """Explain what happens to a request at a moment.

    Of windows that are not in force, the next three and the last three are told of.
    """
    verdict = decide(facts, moment, exemptions)
    others = (*moment.upcoming[:_MOST_OTHERS], *_over(moment)[:_MOST_OTHERS])
    windows = {window.id: window for window in (*moment.active, *moment.reopening, *others)}
    findings = tuple(
        Finding(window=window, state=window.state(moment.at), effect=_effect(window, facts, moment.at))
        for window in windows.values()
    )
    reason = _reason(verdict, facts, moment, exemptions, findings)
    return Explanation(facts=facts, verdict=verdict, reason=reason, findings=findings)


def explain_in_force(window: Window, facts: Facts, exemptions: Exemptions, now: datetime) -> Explanation:
    """Explain what a window alone does to a request while it is in force, whether it is by now or not."""
    in_force = replace(window, starts_at=now, ended_at=None, cancelled_at=None)
    moment = Snapshot(version=0, taken_at=now, windows=(in_force,)).at(now)
    return explain(facts, moment, exemptions)


def _over(moment: Moment) -> tuple[Window, ...]:
    return tuple(window for window in moment.past if not window.is_reopening(moment.at))


def _reason(
    verdict: Verdict, facts: Facts, moment: Moment, exemptions: Exemptions, findings: Iterable[Finding]
) -> Reason:
    if verdict is Verdict.BUILT_IN:
        return Reason.OWN_PAGES
    if not verdict.is_refusal:
        return _reason_to_forward(verdict, facts, moment, exemptions)
    if moment.snapshot is None:
        return Reason.STATE_UNKNOWN
    in_force = any(
        f.effect is Effect.REFUSES and (f.window.gate is Gate.CLOSED) is _is_closed(verdict) for f in findings
    )
    return Reason.REOPENING if not in_force else Reason.CLOSED if _is_closed(verdict) else Reason.READ_ONLY


def _reason_to_forward(verdict: Verdict, facts: Facts, moment: Moment, exemptions: Exemptions) -> Reason:
    if is_never_gated(facts, exemptions):
        return Reason.NEVER_GATE
    if verdict is Verdict.BYPASS and facts.bypass is not None:
        return Reason.BYPASS_LINK
    if is_in_bypass_network(facts, exemptions):  # also where nothing is gated: it holds in any case
        return Reason.BYPASS_NETWORK
    return Reason.STATE_UNKNOWN if moment.snapshot is None else Reason.NOT_GATED


def _is_closed(verdict: Verdict) -> bool:
    return verdict is Verdict.REFUSE


def _effect(window: Window, facts: Facts, now: datetime) -> Effect:
    if not window.is_active(now) and not window.is_reopening(now):
        state = window.state(now)
        return {State.SCHEDULED: Effect.SCHEDULED, State.CANCELLED: Effect.CANCELLED}.get(state, Effect.OVER)
    if refuses(window, facts):
        if window.is_active(now):
            return Effect.REFUSES
        return Effect.HOLDS_BACK if holds_back(window, facts) else Effect.LETS_IN
    if window.gate is Gate.NONE:
        return Effect.NO_GATE
    outside = window.scope.leaves_out(facts.host, facts.path)
    return _OUTSIDE[outside] if outside else Effect.SAFE_METHOD
