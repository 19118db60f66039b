"""Explanations of verdicts in words: for the panel, the API and, by that, the commands."""

import math
from datetime import UTC, datetime

from gateway.domain.explain import Effect, Explanation, Finding, Reason
from gateway.domain.scope import bare_host, is_plain, under
from gateway.domain.verdict import Facts, Verdict
from gateway.domain.window import Gate, State

_VERDICTS = {
    Verdict.FORWARD: "forwarded",
    Verdict.BYPASS: "forwarded",
    Verdict.BUILT_IN: "answered by the gateway itself",
    Verdict.REFUSE: "refused with 503",
    Verdict.REFUSE_WRITE: "refused with 503",
}


def summary(explanation: Explanation) -> str:
    """Say in a sentence, without its full stop, what happens to a request and why."""
    by = " by the bypass link" if explanation.reason is Reason.BYPASS_LINK else ""
    return f"{_VERDICTS[explanation.verdict]}{by}: {why(explanation)}"


def why(explanation: Explanation) -> str:
    """Say why that happens to a request."""
    facts, reason = explanation.facts, explanation.reason
    named = " and ".join(_named(each, facts) for each in explanation.deciding)
    setting = "close" if explanation.verdict.is_refusal else "forward"
    unknown = f'no state was ever known, and maintenance.when_unknown is "{setting}"'
    said = {
        Reason.OWN_PAGES: "its own pages are there, and no window closes them",
        Reason.BYPASS_NETWORK: f"{facts.address} is in a network that is never gated (maintenance.bypass_networks)",
        Reason.NEVER_GATE: f"{_shown(facts.path)} is among the paths that are never gated (maintenance.never_gate)",
        Reason.BYPASS_LINK: f"without it, {named or 'all is held back: no state was ever known'}",
        Reason.STATE_UNKNOWN: unknown,
        Reason.NOT_GATED: _why_forwarded(explanation),
    }
    return said.get(reason, named)


def because(finding: Finding, facts: Facts) -> str:
    """Say why a window does to a request what it does, in words that go on after its title."""
    window, scope, path, method = finding.window, finding.window.scope, _shown(facts.path), _shown(facts.method)
    meant = f"{scope.words}{_doubt(finding, facts)}"
    step_by_step = "is over and lets clients in step by step"
    if window.stops_at is not None:
        step_by_step += f" until {_clock(window.stops_at + window.reopen_over)}"
    had_turn = "each client has a turn of its own" if facts.at == math.inf else "this client has had its turn"
    is_closed = window.gate is Gate.CLOSED
    words = {
        Effect.REFUSES: f"is closed for {meant}"
        if is_closed
        else f"is read-only for {meant}, and {method} may change something",
        Effect.HOLDS_BACK: f"{step_by_step}: it is not this client's turn yet",
        Effect.LETS_IN: f"{step_by_step}: {had_turn}",
        Effect.SAFE_METHOD: f"is read-only, and {method} changes nothing",
        Effect.OTHER_HOST: f"is about {', '.join(scope.hosts)}, not about {_shown(facts.host)}",
        Effect.OTHER_PATH: f"is about what is below {', '.join(scope.paths)}, and {path} is not",
        Effect.EXCLUDED_PATH: f"leaves out {', '.join(_around(facts.path, scope.excluded_paths))}, and {path} is there",
        Effect.NO_GATE: "gates nothing",
        Effect.SCHEDULED: f"starts at {_clock(window.starts_at)}",
        Effect.OVER: f"has been over since {_clock(window.stops_at)}",
        Effect.CANCELLED: "is cancelled",
    }
    return words[finding.effect]


def _why_forwarded(explanation: Explanation) -> str:
    """Name the window in force where there is one, and what it leaves alone."""
    in_force = [
        finding
        for finding in explanation.findings
        if finding.state in (State.ACTIVE, State.OVERRUNNING) or finding.effect is Effect.LETS_IN
    ]
    if not in_force:
        return "no window is in force"
    if len(in_force) == 1:
        return _named(in_force[0], explanation.facts)
    return f"none of the {len(in_force)} windows in force refuses it"


def _named(finding: Finding, facts: Facts) -> str:
    return f'"{finding.window.title}" {because(finding, facts)}'


def _doubt(finding: Finding, facts: Facts) -> str:
    """Say why a request is meant that does not look like it: somebody may read it so."""
    scope, path = finding.window.scope, facts.path
    if scope.hosts and bare_host(facts.host) is None:
        return f" ({_shown(facts.host)} could be taken for any host, so it counts as meant)"
    looks_meant = not scope.paths or _around(path, scope.paths)
    if is_plain(path) or (looks_meant and not _around(path, scope.excluded_paths)):
        return ""
    return f" ({_shown(path)} is not plain, servers read it differently, so it counts as meant)"


def _around(path: bytes, prefixes: tuple[str, ...]) -> list[str]:
    """Return the prefixes below which a path stands as it is written."""
    return [prefix for prefix in prefixes if under(path, prefix.encode())]


def _clock(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "an unknown time"


def _shown(sent: bytes) -> str:
    return sent.decode("ascii", "backslashreplace") or "no host"
