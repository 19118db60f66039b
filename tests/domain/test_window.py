"""Windows: states, transitions, the instants of change."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import window as transitions
from gateway.domain.errors import ConflictError, InvalidError
from gateway.domain.schedule import active_at, next_change_after
from gateway.domain.window import (
    DEFAULT_GATE,
    TRANSITIONS,
    Ends,
    Gate,
    Kind,
    State,
    Update,
    UpdateStatus,
    Verb,
    Window,
    next_word,
)

T0 = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

WINDOW = Window(
    id=UUID(int=1),
    kind=Kind.MAINTENANCE,
    title="Database upgrade",
    starts_at=T0,
    estimated_duration=HOUR,
    gate=Gate.CLOSED,
    created_at=T0,
    updated_at=T0,
)
ON_TIME = replace(WINDOW, ends=Ends.ON_TIME)

# One window and time for each state.
IN_STATE = {
    State.SCHEDULED: (WINDOW, T0 - MINUTE),
    State.ACTIVE: (WINDOW, T0 + MINUTE),
    State.OVERRUNNING: (WINDOW, T0 + 2 * HOUR),
    State.ENDED: (replace(WINDOW, ended_at=T0 + MINUTE, fixed=True), T0 + 2 * MINUTE),
    State.CANCELLED: (replace(WINDOW, cancelled_at=T0 - HOUR), T0 + MINUTE),
}
ALLOWED = {
    Verb.START: {State.SCHEDULED},
    Verb.EDIT: {State.SCHEDULED, State.ACTIVE, State.OVERRUNNING},
    Verb.EXTEND: {State.SCHEDULED, State.ACTIVE, State.OVERRUNNING},
    Verb.END: {State.ACTIVE, State.OVERRUNNING},
    Verb.CANCEL: {State.SCHEDULED},
    Verb.REOPEN: {State.ENDED},
    Verb.POST: {State.SCHEDULED, State.ACTIVE, State.OVERRUNNING, State.ENDED},
}


@pytest.mark.parametrize(
    ("window", "minutes", "state"),
    [
        (WINDOW, -1, State.SCHEDULED),
        (WINDOW, 0, State.ACTIVE),
        (WINDOW, 59, State.ACTIVE),
        (WINDOW, 60, State.OVERRUNNING),
        (WINDOW, 100_000, State.OVERRUNNING),
        (ON_TIME, -1, State.SCHEDULED),
        (ON_TIME, 0, State.ACTIVE),
        (ON_TIME, 59, State.ACTIVE),
        (ON_TIME, 60, State.ENDED),
        (replace(WINDOW, ended_at=T0 + 20 * MINUTE), 19, State.ACTIVE),
        (replace(WINDOW, ended_at=T0 + 20 * MINUTE), 20, State.ENDED),
        (replace(WINDOW, ended_at=T0 + 90 * MINUTE), 70, State.OVERRUNNING),
        (replace(WINDOW, ended_at=T0), 0, State.ENDED),
        (replace(WINDOW, cancelled_at=T0 - HOUR), -100, State.CANCELLED),
        (replace(WINDOW, cancelled_at=T0 - HOUR), 30, State.CANCELLED),
    ],
)
def test_the_state_is_a_function_of_the_row_and_the_time(window: Window, minutes: int, state: State) -> None:
    """The start belongs to the window, its end does not; only `on_time` ends by itself."""
    assert window.state(T0 + minutes * MINUTE) is state


@pytest.mark.parametrize("state", State)
def test_in_force_means_active_or_overrunning(state: State) -> None:
    window, now = IN_STATE[state]
    assert window.state(now) is state
    assert window.is_active(now) is (state in (State.ACTIVE, State.OVERRUNNING))


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("state", State)
def test_each_verb_is_allowed_in_its_states_only(verb: Verb, state: State) -> None:
    """A refusal says what the window is, what can't be done, and what can."""
    window, now = IN_STATE[state]
    if state in ALLOWED[verb]:
        transitions.require(window, verb, now)
        return
    with pytest.raises(ConflictError) as refusal:
        transitions.require(window, verb, now)
    message = str(refusal.value)
    assert window.title in message
    assert f"is {state}" in message
    assert "it can be" in message if any(state in states for states in ALLOWED.values()) else "nothing" in message


def test_the_table_of_transitions_is_whole() -> None:
    """Every verb is in it; an ended window can be reopened and posted to, a cancelled one is left alone."""
    assert set(TRANSITIONS) == set(Verb)
    assert [verb for verb in Verb if State.ENDED in TRANSITIONS[verb]] == [Verb.REOPEN, Verb.POST]
    assert not [verb for verb in Verb if State.CANCELLED in TRANSITIONS[verb]]


@pytest.mark.parametrize(
    ("verb", "act"),
    [
        (Verb.START, transitions.start),
        (Verb.EXTEND, lambda w, now: transitions.extend(w, MINUTE, now)),
        (Verb.END, transitions.end),
        (Verb.CANCEL, transitions.cancel),
        (Verb.REOPEN, transitions.reopen),
    ],
)
@pytest.mark.parametrize("state", State)
def test_no_transition_forgets_the_table(verb: Verb, act: object, state: State) -> None:
    window, now = IN_STATE[state]
    if state in ALLOWED[verb]:
        assert act(window, now) != window  # type: ignore[operator]
    else:
        with pytest.raises(ConflictError):
            act(window, now)  # type: ignore[operator]


def test_starting_keeps_the_estimated_duration() -> None:
    started = transitions.start(WINDOW, T0 - MINUTE)
    assert started.is_active(T0 - MINUTE)
    assert started.scheduled_until == T0 - MINUTE + HOUR


@pytest.mark.parametrize(("minutes", "until"), [(-30, 90), (30, 90), (60, 90), (200, 230)])
def test_extending_counts_from_the_estimate_or_from_now_where_that_has_passed(minutes: int, until: int) -> None:
    """Half an hour more is never a time in the past."""
    extended = transitions.extend(WINDOW, 30 * MINUTE, T0 + minutes * MINUTE)
    assert extended.scheduled_until == T0 + until * MINUTE
    assert extended.starts_at == WINDOW.starts_at


def test_ending_takes_effect_at_once_and_says_fixed_unless_told_otherwise() -> None:
    now = T0 + MINUTE
    assert transitions.end(WINDOW, now).state(now) is State.ENDED
    assert transitions.end(WINDOW, now).fixed
    assert not transitions.end(WINDOW, now, fixed=False).fixed


ENDED = replace(WINDOW, ended_at=T0 + 20 * MINUTE, fixed=True)


@pytest.mark.parametrize("fixed", [True, False])
def test_a_reopened_window_is_in_force_as_if_it_had_not_ended(*, fixed: bool) -> None:
    """Its start and its estimate stay, and it is not fixed."""
    reopened = transitions.reopen(replace(ENDED, fixed=fixed), T0 + 30 * MINUTE)
    assert reopened == WINDOW
    assert reopened.state(T0 + 30 * MINUTE) is State.ACTIVE


def test_a_reopened_window_whose_estimate_has_passed_is_overrunning() -> None:
    """Where somebody's word ends it, customers read that it takes longer, unless it is said how long."""
    now = T0 + 90 * MINUTE
    assert transitions.reopen(ENDED, now).state(now) is State.OVERRUNNING
    reopened = transitions.reopen(ENDED, now, 30 * MINUTE)
    assert (reopened.state(now), reopened.scheduled_until) == (State.ACTIVE, now + 30 * MINUTE)


@pytest.mark.parametrize("act", [transitions.extend, lambda w, by, now: transitions.reopen(w, now, by)])
def test_an_estimate_from_now_on_is_in_whole_seconds(act: object) -> None:
    """Never less than was asked for: nobody plans in microseconds, and formats differ in how they are written."""
    now = T0 + 90 * MINUTE + timedelta(microseconds=1)
    window = WINDOW if act is transitions.extend else ENDED
    changed = act(window, 30 * MINUTE, now)  # type: ignore[operator]
    assert changed.estimated_duration == 120 * MINUTE + timedelta(seconds=1)


@pytest.mark.parametrize("ended_at", [None, T0 + 20 * MINUTE])
def test_a_window_that_ends_on_time_is_reopened_for_a_time(ended_at: datetime | None) -> None:
    """Else it would be over at once; whether it ran out or was ended by hand."""
    over, now = replace(ON_TIME, ended_at=ended_at), T0 + 2 * HOUR
    with pytest.raises(InvalidError) as error:
        transitions.reopen(over, now)
    assert error.value.fields["remaining"].endswith("say how long it lasts from now on, such as 30m")
    reopened = transitions.reopen(over, now, 30 * MINUTE)
    assert [reopened.state(now + n * MINUTE) for n in (0, 29, 30)] == [State.ACTIVE, State.ACTIVE, State.ENDED]


def test_a_window_that_ends_on_time_keeps_the_time_that_is_left() -> None:
    """It was ended early: reopened, it ends by itself when it was meant to."""
    reopened = transitions.reopen(replace(ON_TIME, ended_at=T0 + 20 * MINUTE), T0 + 30 * MINUTE)
    assert reopened == ON_TIME


def test_reopening_begins_a_reopening_step_by_step_anew() -> None:
    """While customers are being let in nobody is any more; after the next end it begins from none."""
    now = T0 + 25 * MINUTE
    reopening = replace(ENDED, reopen_over=10 * MINUTE)
    assert reopening.is_reopening(now)
    reopened = transitions.reopen(reopening, now)
    assert (reopened.is_active(now), reopened.is_reopening(now)) == (True, False)
    again = transitions.end(reopened, now + MINUTE)
    assert again.is_reopening(now + MINUTE)
    assert not again.is_reopening(now + 11 * MINUTE)


@pytest.mark.parametrize("window", [ENDED, ON_TIME])
def test_what_has_been_over_for_more_than_a_day_is_history(window: Window) -> None:
    """It is not reopened, nor offered; the message says what to do instead."""
    stop = window.stops_at
    assert stop is not None
    assert Verb.REOPEN in transitions.possible(window, stop + 24 * HOUR)
    assert transitions.possible(window, stop + 24 * HOUR + MINUTE) == (Verb.POST,)
    with pytest.raises(ConflictError, match="over for more than a day, so it can't be reopened: start a new one"):
        transitions.reopen(window, stop + 24 * HOUR + MINUTE, HOUR)


def test_kinds_have_the_seeds_defaults() -> None:
    """Maintenance and downtime close; degradation and announcements only tell."""
    assert DEFAULT_GATE == {
        Kind.MAINTENANCE: Gate.CLOSED,
        Kind.DOWNTIME: Gate.CLOSED,
        Kind.DEGRADATION: Gate.NONE,
        Kind.ANNOUNCEMENT: Gate.NONE,
    }
    assert [kind.label for kind in Kind] == ["Maintenance Window", "Downtime Notice", "Degradation", "Announcement"]


# A small grid of minutes, so that edges of several windows meet.
moments = st.integers(0, 12).map(lambda n: T0 + n * MINUTE)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    starts_at = draw(moments)
    outcome = draw(st.sampled_from(["open", "ended", "cancelled"]))
    return replace(
        WINDOW,
        id=draw(st.uuids(version=4)),
        starts_at=starts_at,
        estimated_duration=draw(st.integers(1, 6)) * MINUTE,
        ends=draw(st.sampled_from(Ends)),
        ended_at=starts_at + draw(st.integers(0, 12)) * MINUTE if outcome == "ended" else None,
        cancelled_at=draw(moments) if outcome == "cancelled" else None,
    )


STEP = MINUTE / 2
GRID = [T0 + n * STEP for n in range(-4, 70)]


@given(window=windows())
def test_edges_are_exactly_the_instants_at_which_the_state_changes(window: Window) -> None:
    """Looked for on a grid that is finer than the windows': no change is missed, none is made up."""
    changes = [now for before, now in itertools.pairwise(GRID) if window.state(before) != window.state(now)]
    assert sorted(set(window.edges)) == changes
    assert list(window.edges) == sorted(window.edges)


@given(found=st.lists(windows(), max_size=5), now=st.sampled_from(GRID[:-20]))
def test_between_now_and_the_next_change_nothing_changes(found: list[Window], now: datetime) -> None:
    """A moment is true until `until`: a gateway that sleeps until then misses nothing."""
    until = next_change_after(found, now)
    states = [window.state(now) for window in found]
    for later in GRID:
        if now <= later and (until is None or later < until):
            assert [window.state(later) for window in found] == states
    if until is not None:
        assert until > now


@given(found=st.lists(windows(), max_size=6), now=st.sampled_from(GRID))
def test_active_windows_come_in_the_order_of_their_start(found: list[Window], now: datetime) -> None:
    active = active_at(found, now)
    assert set(active) == {window for window in found if window.is_active(now)}
    assert [window.starts_at for window in active] == sorted(window.starts_at for window in active)


def test_a_window_lasts_ten_years_at_most() -> None:
    """Extending beyond that is refused by name, with what to do instead."""
    old = replace(WINDOW, starts_at=T0 - timedelta(days=3659))
    with pytest.raises(ConflictError, match="longer than ten years: end it and start another"):
        transitions.extend(old, timedelta(days=2), T0)
    assert transitions.extend(old, HOUR, T0).scheduled_until == T0 + HOUR


@pytest.mark.parametrize(
    ("kind", "hours", "ended", "posts", "word"),
    [
        (Kind.MAINTENANCE, -1, False, (), "scheduled"),
        (Kind.MAINTENANCE, 0, False, (), "in_progress"),
        (Kind.MAINTENANCE, 0, False, ("scheduled",), "in_progress"),
        (Kind.MAINTENANCE, 0, False, ("in_progress", "verifying"), "verifying"),
        (Kind.MAINTENANCE, 1, True, ("verifying",), "completed"),
        (Kind.DOWNTIME, 0, False, (), "investigating"),
        (Kind.DEGRADATION, 0, False, ("investigating", "identified"), "identified"),
        (Kind.DOWNTIME, 1, True, ("monitoring",), "resolved"),
        (Kind.ANNOUNCEMENT, 0, False, (), "in_progress"),
    ],
)
def test_the_next_word_follows_the_window(
    kind: Kind, hours: int, ended: object, posts: tuple[str, ...], word: str
) -> None:
    """Whoever posts in a hurry mostly leaves the proposed status as it is: it must not be false."""
    updates = tuple(
        Update(id=UUID(int=number), status=UpdateStatus(post), body="x", created_at=T0 + number * MINUTE)
        for number, post in enumerate(posts)
    )
    window = replace(WINDOW, kind=kind, updates=updates, ended_at=T0 + 30 * MINUTE if ended else None)
    assert next_word(window, T0 + hours * HOUR) == word
