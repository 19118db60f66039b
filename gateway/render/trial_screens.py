"""What an SRE tries before a window does it: requests, and what would happen to each; a part of two screens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from gateway.domain.explain import Explanation
from gateway.domain.verdict import Verdict
from gateway.render.explained import why
from gateway.render.panel import Typed
from gateway.render.wording import Badge, Tone

TRIAL_FIELD = "trial"
"""The name of the field that requests are typed into."""

_BADGES = {
    Verdict.FORWARD: Badge("Forwarded", "check", Tone.GOOD),
    Verdict.BYPASS: Badge("Forwarded by the link", "check", Tone.GOOD),
    Verdict.BUILT_IN: Badge("The gateway's own", "info", Tone.QUIET),
    Verdict.REFUSE: Badge("Refused", "cross", Tone.BAD),
    Verdict.REFUSE_WRITE: Badge("Refused", "cross", Tone.BAD),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What happens to a request, and why."""

    badge: Badge
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One request: with the window in force, and as everything is at the moment."""

    request: str
    tried: Outcome
    now: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`admin/trial.html`: the requests that were typed, and what came out."""

    form: Typed = field(default_factory=Typed)
    rows: tuple[TrialRow, ...] = ()

    @classmethod
    def kept(cls, values: Mapping[str, str]) -> Self:
        """Return what was typed into a form that does something else with it now: nothing typed is lost."""
        typed = values.get(TRIAL_FIELD, "")
        return cls(form=Typed(values={TRIAL_FIELD: typed} if typed else {}))


def outcome(explanation: Explanation) -> Outcome:
    """Show an explanation."""
    said = why(explanation)
    return Outcome(badge=_BADGES[explanation.verdict], why=f"{said[0].upper()}{said[1:]}.")
