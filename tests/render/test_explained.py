"""Explanations in words: each verdict and each window's part in it, said so that somebody in a hurry understands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

import pytest

from gateway.domain.bypass import Bypass
from gateway.domain.explain import Effect, Finding, explain
from gateway.domain.scope import Scope
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.verdict import Exemptions, Facts
from gateway.domain.window import Ends, Gate, Kind, State, Window
from gateway.render.explained import because, summary

T0 = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAIN = Window(
    id=UUID(int=1),
    kind=Kind.MAINTENANCE,
    title="Upgrade",
    starts_at=T0,
    estimated_duration=HOUR,
    ends=Ends.ON_TIME,
    gate=Gate.CLOSED,
    created_at=T0,
    updated_at=T0,
)
EXEMPTIONS = Exemptions(prefix=b"/_maintenance", paths=(b"/hook",), networks=(ip_network("10.0.0.0/8"),))
LINK = Bypass(id=UUID(int=7), name="Anna", expires_at=T0 + HOUR)


def said(*windows: Window, path: bytes = b"/x", method: bytes = b"GET", **more: object) -> str:
    facts = Facts(host=b"shop.example", path=path, method=method, **more)  # type: ignore[arg-type]
    return summary(explain(facts, Snapshot(version=1, taken_at=T0, windows=windows).at(T0), EXEMPTIONS))


def test_each_verdict_has_its_sentence() -> None:
    """What happens, and why."""
    read_only = replace(PLAIN, id=UUID(int=2), title="Copying", gate=Gate.READ_ONLY)
    none = replace(PLAIN, id=UUID(int=3), title="Slow", gate=Gate.NONE)
    closed = 'refused with 503: "Upgrade" is closed for all requests'
    assert said() == "forwarded: no window is in force"
    assert said(none) == 'forwarded: "Slow" gates nothing'
    assert said(none, read_only) == "forwarded: none of the 2 windows in force refuses it"
    assert said(PLAIN) == closed
    assert said(PLAIN, read_only, method=b"POST") == closed
    assert said(PLAIN, bypass=LINK) == 'forwarded by the bypass link: without it, "Upgrade" is closed for all requests'
    assert said(PLAIN, path=b"/hook").startswith("forwarded: /hook is among the paths that are never gated")
    assert said(PLAIN, address=ip_address("10.0.0.1")).startswith("forwarded: 10.0.0.1 is in a network that is never")
    assert said(PLAIN, path=b"/_maintenance/x").startswith("answered by the gateway itself: ")
    two = said(PLAIN, replace(PLAIN, id=UUID(int=4), title="Move"))
    assert two == f'{closed} and "Move" is closed for all requests'


@pytest.mark.parametrize("bypass", [None, LINK])
def test_an_unknown_state_is_said(bypass: Bypass | None) -> None:
    """With the setting that decides."""
    for close, expected in ((True, "refused with 503"), (False, "forwarded")):
        facts = Facts(host=b"a", path=b"/", method=b"GET", bypass=bypass)
        text = summary(explain(facts, Moment(snapshot=None, at=T0, close_unknown=close), EXEMPTIONS))
        assert "no state was ever known" in text
        assert text.startswith(expected) or (bypass and text.startswith("forwarded by the bypass link"))


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("gate", Gate)
def test_every_effect_has_words(effect: Effect, gate: Gate) -> None:
    """For any window, with or without an end: none is forgotten."""
    for window in (replace(PLAIN, gate=gate), replace(PLAIN, gate=gate, ends=Ends.WHEN_FIXED)):
        finding = Finding(window=window, state=State.ACTIVE, effect=effect)
        words = because(finding, Facts(host=b"shop.example", path=b"/x", method=b"POST"))
        assert words.startswith(("is ", "starts ", "has ", "leaves ", "gates "))
        assert "None" not in words


def test_doubt_is_explained() -> None:
    """Why a request is refused that does not look as if it were meant."""
    shop = replace(PLAIN, scope=Scope(hosts=("shop.example",), paths=("/shop",), excluded_paths=("/shop/help",)))
    doubt = "is not plain, servers read it differently, so it counts as meant"
    for path in (b"/x/../shop", b"/%73hop", b"/shop/help/../x", b"/shop/help/;x"):
        assert f"({path.decode()} {doubt})" in said(shop, path=path)
    for path in (b"/shop", b"/shop/a;b"):
        assert doubt not in said(shop, path=path)
    facts = Facts(host=b"", path=b"/shop", method=b"GET")
    text = summary(explain(facts, Snapshot(version=1, taken_at=T0, windows=(shop,)).at(T0), EXEMPTIONS))
    assert "(no host could be taken for any host, so it counts as meant)" in text


def test_a_reopening_says_until_when() -> None:
    """And whose turn it is, where that is known."""
    over = replace(PLAIN, starts_at=T0 - HOUR, reopen_over=HOUR)
    step = '"Upgrade" is over and lets clients in step by step until 2026-03-01 23:00:00 UTC'
    assert said(over) == f"forwarded: {step}: each client has a turn of its own"
    texts = {said(over, client=b"%d" % n, at=T0.timestamp()) for n in range(5)}
    assert texts == {f"refused with 503: {step}: it is not this client's turn yet"}
    late = said(over, client=b"1", at=(T0 + HOUR).timestamp())
    assert late == f"forwarded: {step}: this client has had its turn"


def test_what_was_sent_is_shown_as_ascii() -> None:
    """It may hold anything; a terminal must not be moved by it."""
    assert "\\xff" in said(PLAIN, path=b"/hook/\xff") or "closed" in said(PLAIN, path=b"/hook/\xff")
    other = replace(PLAIN, scope=Scope(paths=("/shop",)))
    assert said(other, path=b"/caf\xc3\xa9") == (
        'forwarded: "Upgrade" is about what is below /shop, and /caf\\xc3\\xa9 is not'
    )
