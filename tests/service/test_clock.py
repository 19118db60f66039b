"""The clock: PostgreSQL's time as exactly as the measurements prove it, and no step that un-begins a window."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.snapshot import Snapshot
from gateway.domain.window import Ends, Gate, Kind, Window
from gateway.service.clock import Clock
from gateway.service.state import State
from tests.observed import Observations

TRUE_OFFSET = 1_800_000_000.0
# A datetime holds microseconds, and a double of this size a quarter of one.
ROUNDING = 4e-6

Measurement = tuple[float, float, float]


def instant(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


# When it was asked, how long the answer took, and at which part of that the server read its clock.
measurements = st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 10), st.floats(0, 1)), min_size=1, max_size=20)


def measure(clock: Clock, measurement: Measurement) -> float:
    """Have the clock measure a server that is right; return the round trip."""
    before, trip, part = measurement
    clock.measure(instant(TRUE_OFFSET + before + trip * part), before, before + trip)
    return trip


@given(measurements)
def test_the_error_never_grows_and_is_at_most_the_shortest_round_trip(all_of_them: list[Measurement]) -> None:
    """Half of it after the first measurement."""
    clock = Clock()
    shortest, last = float("inf"), float("inf")
    for number, measurement in enumerate(all_of_them):
        trip = measure(clock, measurement)
        shortest = min(shortest, trip)
        error = abs(clock.offset - TRUE_OFFSET)
        assert error <= (trip / 2 if number == 0 else shortest) + ROUNDING
        assert error <= last + ROUNDING
        last = error


def test_a_slow_answer_does_not_shake_what_a_quick_one_told() -> None:
    clock = Clock()
    measure(clock, (0, 0.001, 0.5))
    offset = clock.offset
    measure(clock, (1, 3, 0.01))
    assert clock.offset == offset


@given(st.floats(-1e5, 1e5))
def test_a_server_whose_clock_was_set_is_obeyed(step: float) -> None:
    """Up to the round trip."""
    clock = Clock()
    measure(clock, (0, 0.001, 0.5))
    clock.measure(instant(TRUE_OFFSET + step + 10.0005), 10, 10.001)
    assert abs(clock.offset - TRUE_OFFSET - step) <= 0.001 + ROUNDING


class Fixture:
    """A state whose monotonic clock is turned by hand."""

    def __init__(self) -> None:
        self.monotonic = 0.0
        clock = Clock()
        clock.monotonic = lambda: self.monotonic
        clock.offset = TRUE_OFFSET
        self.state = State(clock=clock, observe=Observations(), file=Path("/nowhere/x"), close_unknown=False)

    def load(self, at: float, *windows: Window, ahead: float = 0) -> None:
        """Load at a monotonic time, from a server that is so much ahead."""
        self.monotonic = at
        self.state.loaded(Snapshot(version=1, taken_at=instant(TRUE_OFFSET + at + ahead), windows=windows), at, at)

    def probe(self, at: float, *, ahead: float = 0) -> None:
        self.monotonic = at
        self.state.confirmed(instant(TRUE_OFFSET + at + ahead), at, at)


def window_at(start: float) -> Window:
    starts_at = instant(TRUE_OFFSET + start)
    return Window(
        id=UUID(int=1),
        kind=Kind.MAINTENANCE,
        title="window",
        starts_at=starts_at,
        estimated_duration=timedelta(hours=1),
        ends=Ends.ON_TIME,
        gate=Gate.CLOSED,
        created_at=starts_at,
        updated_at=starts_at,
    )


@pytest.mark.parametrize("step", [0.001, 1.0, 4.9])
def test_a_window_that_has_begun_does_not_un_begin_because_the_clock_is_known_better(step: float) -> None:
    """The fence may have been told already; it is at most five seconds early, once."""
    fixture = Fixture()
    fixture.load(0, window_at(10))
    fixture.monotonic = 10.0
    assert fixture.state.moment.gates
    fixture.load(10.0, window_at(10), ahead=-step)
    assert fixture.state.moment.gates
    fixture.probe(10.1, ahead=-step)
    assert fixture.state.moment.gates


@pytest.mark.parametrize("by", ["load", "probe"])
def test_a_clock_that_was_set_back_by_an_hour_is_obeyed(by: str) -> None:
    """Somebody has put PostgreSQL's clock right: the window begins when it should."""
    fixture = Fixture()
    fixture.load(0, window_at(10))
    fixture.monotonic = 10.0
    assert fixture.state.moment.gates
    if by == "load":
        fixture.load(11, window_at(10), ahead=-3600)
    else:
        fixture.probe(11, ahead=-3600)
    assert not fixture.state.moment.gates
    fixture.monotonic = 3609.9
    assert not fixture.state.moment.gates
    fixture.monotonic = 3610.0
    assert fixture.state.moment.gates


def test_a_probe_moves_the_start_of_the_next_window() -> None:
    """What was computed by the former offset is computed again, both ways."""
    fixture = Fixture()
    fixture.load(0, window_at(10))
    fixture.probe(1, ahead=2)
    fixture.monotonic = 7.9
    assert not fixture.state.moment.gates
    fixture.monotonic = 8.001
    assert fixture.state.moment.gates


def test_the_first_word_of_the_server_counts_against_this_host_s_clock() -> None:
    """A host that is three seconds ahead does not start windows early until it is measured."""
    fixture = Fixture()
    fixture.load(0, window_at(0), ahead=-3)
    assert not fixture.state.moment.gates
    fixture.monotonic = 3.001
    assert fixture.state.moment.gates


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(-4, 4)), max_size=30))
def test_the_moment_never_goes_back_over_small_corrections(steps: list[tuple[float, float]]) -> None:
    fixture = Fixture()
    fixture.load(0, window_at(60))
    shown, ahead, at = fixture.state.moment.at, 0.0, 0.0
    for pause, correction in steps:
        at += pause
        ahead = min(max(ahead + correction, -2.4), 2.4)
        fixture.load(at, window_at(60), ahead=ahead)
        assert fixture.state.moment.at >= shown
        shown = fixture.state.moment.at


def test_the_age_of_the_state_counts_since_the_last_word_of_the_database() -> None:
    fixture = Fixture()
    assert fixture.state.age() is None
    fixture.load(5)
    fixture.monotonic = 8
    assert fixture.state.age() == 3
    fixture.probe(9)
    fixture.monotonic = 9.5
    assert fixture.state.age() == 0.5
