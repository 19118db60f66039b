"""Sets of windows against a reference written anew, as plainly as can be; it shares no code with the domain."""

from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.schedule import next_change_after
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.verdict import Exemptions, decide, is_exempt
from gateway.domain.window import Window
from tests.domain.random_windows import EXEMPTIONS, T0, TICK, Asked, Spelling, instants, requests, windows

NOTHING = Exemptions(prefix=b"/_maintenance")
sets = st.lists(windows(), max_size=5, unique_by=lambda window: window.id)


def is_below(path: Spelling, prefix: str) -> bool:
    wanted = [segment for segment in prefix.split("/") if segment]
    return path.segments is None or list(path.segments[: len(wanted)]) == wanted


def is_plainly_below(path: Spelling, prefix: str) -> bool:
    """What is exempt is so letter by letter; an exemption that is no plain path itself exempts nothing."""
    return prefix.startswith("/") and ";" not in prefix and path.is_plain and is_below(path, prefix)


def is_host(host: str | None, pattern: str) -> bool:
    pattern = pattern.lower()
    if host is None:
        return True
    return host.endswith(pattern.removeprefix("*")) if "*" in pattern else host == pattern


def is_about(window: Window, asked: Asked) -> bool:
    scope = window.scope
    on_host = scope.hosts == () or any(is_host(asked.host, pattern) for pattern in scope.hosts)
    on_path = scope.paths == () or any(is_below(asked.path, prefix) for prefix in scope.paths)
    left_out = any(prefix.strip("/") and is_plainly_below(asked.path, prefix) for prefix in scope.excluded_paths)
    return on_host and on_path and not left_out


def is_over_at(window: Window) -> datetime | None:
    if window.ended_at is None and window.ends == "on_time":
        return window.starts_at + window.estimated_duration
    return window.ended_at


def is_shut(window: Window, asked: Asked, now: datetime) -> bool:
    """The window is in force, or it is over and it is not this client's turn yet."""
    if window.cancelled_at is not None:
        return False
    over = is_over_at(window)
    if window.starts_at <= now and (over is None or now < over):
        return True
    if over is None or not over <= now < over + window.reopen_over:
        return False
    number = int.from_bytes(blake2b(asked.facts.client, digest_size=6, key=window.id.bytes).digest(), "big")
    return (now - over) / window.reopen_over < number / 2**48


def passes(asked: Asked, exemptions: Exemptions) -> bool:
    return asked.facts.bypass is not None or any(
        asked.facts.address in network  # type: ignore[operator]
        for network in exemptions.networks
    )


def expected(found: list[Window], asked: Asked, now: datetime, exemptions: Exemptions) -> str:
    facts = asked.facts
    if facts.path.startswith(b"/_maintenance"):
        return "built_in"
    if any(is_plainly_below(asked.path, path.decode()) for path in exemptions.paths):
        return "forward"
    gates = {window.gate.value for window in found if is_shut(window, asked, now) and is_about(window, asked)}
    if facts.method in (b"GET", b"HEAD", b"OPTIONS"):
        gates.discard("read_only")
    gates.discard("none")
    if gates and passes(asked, exemptions):
        return "bypass"
    return "refuse" if "closed" in gates else "refuse_write" if gates else "forward"


@settings(max_examples=600)
@given(data=st.data(), found=sets, exemptions=st.sampled_from([NOTHING, NOTHING, EXEMPTIONS]))
def test_decide_agrees_with_a_naive_reference(data: st.DataObject, found: list[Window], exemptions: Exemptions) -> None:
    """For any set of windows, at any time, any request."""
    now = data.draw(instants(found))
    asked = data.draw(requests(now))
    moment = Snapshot(version=1, taken_at=T0, windows=tuple(found)).at(now)
    assert decide(asked.facts, moment, exemptions).value == expected(found, asked, now, exemptions)


@settings(max_examples=600)
@given(asked=requests(T0), window=windows())
def test_a_scope_agrees_with_it(asked: Asked, window: Window) -> None:
    """Hosts, paths and what is left out of them, however a path is spelled."""
    assert window.scope.covers(asked.facts.host, asked.facts.path) == is_about(window, asked)


@given(asked=requests(T0))
def test_exemptions_agree_with_it(asked: Asked) -> None:
    """Links and networks that pass every gate, and paths that are never gated."""
    exempt = expected([], asked, T0, NOTHING) != "built_in" and (
        passes(asked, EXEMPTIONS) or any(is_plainly_below(asked.path, path.decode()) for path in EXEMPTIONS.paths)
    )
    assert is_exempt(asked.facts, EXEMPTIONS) == exempt or asked.facts.path.startswith(b"/_maintenance")


@settings(max_examples=300)
@given(data=st.data(), found=sets)
def test_until_the_next_change_nothing_changes(data: st.DataObject, found: list[Window]) -> None:
    """A gateway that looks again at `next_change_after` alone has missed no change: not of a state, nor of a turn."""
    now = data.draw(instants(found))
    snapshot = Snapshot(version=1, taken_at=T0, windows=tuple(found))
    until = next_change_after(found, now)
    last = now + timedelta(days=1) if until is None else until - TICK
    between = data.draw(st.lists(st.datetimes(now.replace(tzinfo=None), last.replace(tzinfo=None)), max_size=5))
    for later in (*(instant.replace(tzinfo=T0.tzinfo) for instant in between), last):
        assert seen(snapshot.at(later)) == seen(snapshot.at(now))
        assert [window.state(later) for window in found] == [window.state(now) for window in found]
        assert [window.is_reopening(later) for window in found] == [window.is_reopening(now) for window in found]


@given(found=sets)
def test_from_change_to_change_nothing_is_skipped(found: list[Window]) -> None:
    """All instants of the windows, a breath before each and at it: what differs there is among the changes."""
    changes, now = [], T0 - timedelta(hours=1)
    while (change := next_change_after(found, now)) is not None:
        changes.append(now := change)
    assert all(before < after for before, after in pairwise(changes))
    snapshot = Snapshot(version=1, taken_at=T0, windows=tuple(found))
    for window in found:
        over = is_over_at(window)
        ends = [over, over + window.reopen_over] if over else []
        for instant in (window.starts_at, window.starts_at + window.estimated_duration, *ends):
            if seen(snapshot.at(instant - TICK)) != seen(snapshot.at(instant)):
                assert instant in changes


def seen(moment: Moment) -> tuple[object, ...]:
    """What everything else goes by."""
    windows = (moment.active, moment.gating, moment.reopening, moment.upcoming, moment.past)
    return (*windows, moment.gates, moment.reopens, [window.state(moment.at) for window in moment.active])
