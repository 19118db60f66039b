"""Explanations: why a request is forwarded or refused; they say what `decide` does, by the windows that do it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.explain import Effect, Explanation, Reason, explain, explain_in_force
from gateway.domain.scope import Scope
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.verdict import Exemptions, Facts, Verdict, decide, is_never_gated, passes
from gateway.domain.window import Ends, Gate, Kind, Window
from tests.domain.random_windows import EXEMPTIONS, LINK, instants, requests, windows

T0 = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTHING = Exemptions(prefix=b"/_maintenance")


def window(gate: Gate = Gate.CLOSED, number: int = 1, **values: object) -> Window:
    """A window that is in force from T0 on for an hour."""
    plain = Window(
        id=UUID(int=number),
        kind=Kind.MAINTENANCE,
        title=f"window {number}",
        starts_at=T0,
        estimated_duration=HOUR,
        ends=Ends.ON_TIME,
        gate=gate,
        created_at=T0,
        updated_at=T0,
    )
    return replace(plain, **values)


def explained(
    *windows: Window,
    path: bytes = b"/shop",
    method: bytes = b"GET",
    at: datetime = T0,
    exemptions: Exemptions = NOTHING,
    **facts: object,
) -> Explanation:
    asked = Facts(host=b"shop.example", path=path, method=method, **facts)  # type: ignore[arg-type]
    return explain(asked, Snapshot(version=1, taken_at=T0, windows=windows).at(at), exemptions)


@settings(max_examples=400)
@given(data=st.data(), found=st.lists(windows(), max_size=5, unique_by=lambda w: w.id), exempting=st.booleans())
def test_the_verdict_is_decides_and_the_findings_bear_it_out(
    data: st.DataObject, found: list[Window], *, exempting: bool
) -> None:
    """For any windows and any request: who reads the findings alone comes to the same verdict."""
    now = data.draw(instants(found))
    facts = data.draw(requests(now)).facts
    exemptions = EXEMPTIONS if exempting else NOTHING
    moment = Snapshot(version=1, taken_at=T0, windows=tuple(found)).at(now)
    explanation = explain(facts, moment, exemptions)
    verdict = explanation.verdict
    assert verdict is decide(facts, moment, exemptions)
    gates = {finding.window.gate for finding in explanation.findings if finding.effect.is_refusal}
    if verdict is Verdict.BUILT_IN or is_never_gated(facts, exemptions):
        assert not verdict.is_refusal
        return
    assert bool(gates) is (verdict.is_refusal or verdict is Verdict.BYPASS)
    assert (verdict is Verdict.REFUSE) is (Gate.CLOSED in gates and not passes(facts, exemptions))
    in_force = {f.window.gate for f in explanation.deciding if f.effect is Effect.REFUSES}
    by_reason = {Reason.CLOSED: Gate.CLOSED in in_force, Reason.READ_ONLY: Gate.READ_ONLY in in_force}
    if verdict.is_refusal:
        assert by_reason.get(explanation.reason, not in_force)


@given(data=st.data(), tried=windows(), found=st.lists(windows(), max_size=2))
def test_a_window_that_is_tried_counts_as_in_force_and_as_the_only_one(
    data: st.DataObject, tried: Window, found: list[Window]
) -> None:
    """Whatever its times say: over, cancelled, to come."""
    now = data.draw(instants([tried, *found]))
    facts = data.draw(requests(now)).facts
    explanation = explain_in_force(tried, facts, EXEMPTIONS, now)
    alone = Snapshot(version=1, taken_at=T0, windows=(window(tried.gate, scope=tried.scope),)).at(T0)
    assert explanation.verdict is decide(facts, alone, EXEMPTIONS)
    assert [finding.window.id for finding in explanation.findings] == [tried.id]


CLOSED, READ_ONLY, NONE = Gate.CLOSED, Gate.READ_ONLY, Gate.NONE


@pytest.mark.parametrize(
    ("tried", "method", "effect"),
    [
        (window(CLOSED), b"GET", Effect.REFUSES),
        (window(READ_ONLY), b"POST", Effect.REFUSES),
        (window(READ_ONLY), b"GET", Effect.SAFE_METHOD),
        (window(NONE), b"POST", Effect.NO_GATE),
        (window(scope=Scope(hosts=("blog.example",))), b"GET", Effect.OTHER_HOST),
        (window(scope=Scope(paths=("/blog",))), b"GET", Effect.OTHER_PATH),
        (window(scope=Scope(excluded_paths=("/shop",))), b"GET", Effect.EXCLUDED_PATH),
        (window(starts_at=T0 + HOUR), b"GET", Effect.SCHEDULED),
        (window(starts_at=T0 - 2 * HOUR), b"GET", Effect.OVER),
        (window(starts_at=T0 - 2 * HOUR, reopen_over=2 * HOUR), b"GET", Effect.LETS_IN),
    ],
)
def test_each_window_says_what_it_does(tried: Window, method: bytes, effect: Effect) -> None:
    """In force or not, about the request or not, and why."""
    (finding,) = explained(tried, method=method).findings
    assert finding.effect is effect


def test_a_turn_in_a_reopening_is_told_of_a_known_client_alone() -> None:
    """Without an address nobody's turn is known, so the reopening is no hindrance."""
    reopening = window(starts_at=T0 - HOUR, reopen_over=HOUR)
    assert explained(reopening).verdict is Verdict.FORWARD
    asked = [Facts(b"a", b"/", b"GET", client=b"%d" % n, at=T0.timestamp() + 1800) for n in range(30)]
    moment = Snapshot(version=1, taken_at=T0, windows=(reopening,)).at(T0 + HOUR / 2)
    turns = [explain(facts, moment, NOTHING) for facts in asked]
    assert {(turn.verdict, turn.reason) for turn in turns} == {
        (Verdict.FORWARD, Reason.NOT_GATED),
        (Verdict.REFUSE, Reason.REOPENING),
    }
    assert {turn.findings[0].effect for turn in turns} == {Effect.LETS_IN, Effect.HOLDS_BACK}


def test_exemptions_are_named() -> None:
    """Those of the settings also where no window is in force: they hold in any case; a link matters where one is."""
    exemptions = Exemptions(prefix=b"/_maintenance", paths=(b"/hook",), networks=(ip_network("10.0.0.0/8"),))
    for found in ((), (window(),)):
        path = explained(*found, path=b"/hook/x", exemptions=exemptions)
        network = explained(*found, address=ip_address("10.1.1.1"), exemptions=exemptions)
        assert (path.verdict, path.reason) == (Verdict.FORWARD, Reason.NEVER_GATE)
        assert network.verdict is (Verdict.BYPASS if found else Verdict.FORWARD)
        assert network.reason is Reason.BYPASS_NETWORK
        link = explained(*found, bypass=LINK, exemptions=exemptions)
        assert link.verdict is (Verdict.BYPASS if found else Verdict.FORWARD)
        assert link.reason is (Reason.BYPASS_LINK if found else Reason.NOT_GATED)
        assert explained(*found, path=b"/_maintenance/x", exemptions=exemptions).reason is Reason.OWN_PAGES


def test_the_strictest_gate_decides_and_is_named() -> None:
    """A read-only window beside a closed one did not do it."""
    explanation = explained(window(READ_ONLY, 1), window(CLOSED, 2), method=b"POST")
    assert [finding.window.title for finding in explanation.deciding] == ["window 2"]
    assert explanation.reason is Reason.CLOSED


def test_a_reopening_that_holds_back_is_the_reason_beside_a_milder_window_in_force() -> None:
    """The strictest gate decides: here that of a window which is over, and lets nobody in yet."""
    reopening = window(CLOSED, 1, starts_at=T0 - HOUR, reopen_over=HOUR)
    moment = Snapshot(version=1, taken_at=T0, windows=(window(READ_ONLY, 2), reopening)).at(T0)
    explanation = explain(Facts(b"a", b"/", b"POST", client=b"1", at=T0.timestamp()), moment, NOTHING)
    assert (explanation.verdict, explanation.reason) == (Verdict.REFUSE, Reason.REOPENING)
    assert [finding.window.title for finding in explanation.deciding] == ["window 1"]


@pytest.mark.parametrize("close_unknown", [True, False])
def test_an_unknown_state_is_a_reason(*, close_unknown: bool) -> None:
    """By the setting, forwarded or refused."""
    moment = Moment(snapshot=None, at=T0, close_unknown=close_unknown)
    explanation = explain(Facts(b"a", b"/", b"GET"), moment, NOTHING)
    assert (explanation.verdict.is_refusal, explanation.reason) == (close_unknown, Reason.STATE_UNKNOWN)


def test_of_windows_that_are_not_in_force_few_are_told() -> None:
    """The next three and the last three: a hundred occurrences to come explain nothing."""
    later = [window(number=n, starts_at=T0 + n * HOUR) for n in range(1, 50)]
    before = [window(number=100 + n, starts_at=T0 - n * HOUR) for n in range(2, 50)]
    titles = [finding.window.title for finding in explained(*later, *before, window(NONE, 999)).findings]
    assert titles == ["window 999", "window 1", "window 2", "window 3", "window 102", "window 103", "window 104"]
