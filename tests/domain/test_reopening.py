"""Reopening step by step (rule 30 of traffic.md)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.reopening import admits_at, place
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.verdict import Exemptions, Facts, Verdict, decide, let_in_at
from gateway.domain.window import Ends, Gate, Kind, Window

T0 = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PREFIX = Exemptions(prefix=b"/_maintenance")
CLIENTS = st.binary(max_size=40)


def window(*, over: timedelta = timedelta(seconds=30), gate: Gate = Gate.CLOSED, number: int = 1) -> Window:
    """A window that is over at T0 + 1 h."""
    return Window(
        id=UUID(int=number),
        kind=Kind.MAINTENANCE,
        title="",
        starts_at=T0,
        estimated_duration=HOUR,
        ends=Ends.ON_TIME,
        gate=gate,
        reopen_over=over,
        created_at=T0,
        updated_at=T0,
    )


def at(seconds: float, *windows: Window) -> Moment:
    """The moment so many seconds after the end."""
    return Snapshot(version=1, taken_at=T0, windows=windows).at(T0 + HOUR + timedelta(seconds=seconds))


def verdict(client: bytes, seconds: float, *windows: Window, method: bytes = b"GET") -> Verdict:
    moment = at(seconds, *windows)
    return decide(Facts(b"a", b"/", method, client=client, at=moment.at.timestamp()), moment, PREFIX)


@given(CLIENTS)
def test_a_place_lies_from_0_to_below_1_and_stays(client: bytes) -> None:
    assert 0 <= place(window(), client) < 1
    assert place(window(), client) == place(window(over=HOUR), client)


def test_places_are_even_and_differ_between_windows() -> None:
    """A chi-square over 30 slots: 10,000 clients fall as evenly as chance allows (p > 0.001)."""
    slots = [0] * 30
    for number in range(10_000):
        slots[int(place(window(), b"%d" % number) * 30)] += 1
    mean = 10_000 / 30
    assert sum((slot - mean) ** 2 / mean for slot in slots) < 58.3
    assert place(window(), b"anna") != place(window(number=2), b"anna")


@given(CLIENTS, st.floats(0, 29.9), st.floats(0, 29.9))
def test_who_is_in_stays_in(client: bytes, one: float, other: float) -> None:
    """Admission only grows; at the end of the time everybody is in."""
    sooner, later = sorted((one, other))
    if verdict(client, sooner, window()) is Verdict.FORWARD:
        assert verdict(client, later, window()) is Verdict.FORWARD
    assert verdict(client, 30, window()) is Verdict.FORWARD


@given(CLIENTS, st.floats(0, 29))
def test_what_a_client_is_told_is_when_it_is_let_in(client: bytes, seconds: float) -> None:
    moment = at(seconds, window())
    back = let_in_at(Facts(b"a", b"/", b"GET", client=client), moment) - (T0 + HOUR).timestamp()
    assert 0 <= back < 30
    if back > 0.001:
        assert verdict(client, back - 0.001, window()) is Verdict.REFUSE
    assert verdict(client, min(back + 0.001, 30), window()) is Verdict.FORWARD


@pytest.mark.parametrize("ended", [False, True])
def test_before_and_without_it_nothing_is_new(*, ended: bool) -> None:
    """A window in force refuses all; one without `reopen_over` lets all in at its end; so does one that gates none."""
    assert verdict(b"", -1, window()) is Verdict.REFUSE
    for harmless in (window(over=timedelta()), window(gate=Gate.NONE)):
        assert not at(0 if ended else 1, harmless).gates


def test_a_reopening_read_only_window_holds_back_what_it_refused() -> None:
    gate = window(gate=Gate.READ_ONLY)
    late = next(client for number in range(100) if place(gate, client := b"%d" % number) > 0.5)
    assert verdict(late, 10, gate, method=b"POST") is Verdict.REFUSE_WRITE
    assert verdict(late, 10, gate) is Verdict.FORWARD


def test_a_moment_ends_with_the_reopening() -> None:
    assert at(1, window()).until == T0 + HOUR + timedelta(seconds=30)
    assert at(1, window()).reopening
    assert not at(30, window()).reopening
    assert at(30, window()).until is None


def test_a_window_that_is_not_over_lets_nobody_in() -> None:
    endless = Window(
        id=UUID(int=1),
        kind=Kind.MAINTENANCE,
        title="",
        starts_at=T0,
        estimated_duration=HOUR,
        gate=Gate.CLOSED,
        created_at=T0,
        updated_at=T0,
    )
    with pytest.raises(ValueError, match="not over"):
        admits_at(endless, b"")
