"""Times and lengths in words."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.component import ComponentStatus
from gateway.domain.window import Gate, Kind, State, UpdateStatus
from gateway.render.wording import (
    COMPONENT_BADGES,
    GATE_LABELS,
    KIND_BADGES,
    STATE_BADGES,
    UPDATE_BADGES,
    duration_words,
    instant_html,
    instant_words,
    rfc3339,
)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=45), "45 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=1, minutes=30), "1 hour 30 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=2, hours=3, minutes=4), "2 days 3 hours"),
        (timedelta(days=1, minutes=5), "1 day"),
        (timedelta(seconds=59), "1 minute"),
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(minutes=59, seconds=45), "1 hour"),
    ],
)
def test_lengths_are_said_to_the_minute_in_two_units(length: timedelta, words: str) -> None:
    """Nobody plans seconds: rounded to minutes, at most two neighbouring units."""
    assert duration_words(length) == words


def test_instants_name_their_zone() -> None:
    """People read UTC and see that it is; machines get RFC 3339; both name the same instant."""
    instant = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    assert instant_words(instant) == "Fri 2 Jan 2026, 03:04 UTC"
    assert rfc3339(instant) == "2026-01-02T03:04:05Z"
    assert instant_html(instant) == '<time datetime="2026-01-02T03:04:05Z">Fri 2 Jan 2026, 03:04 UTC</time>'


def test_everything_has_a_word() -> None:
    """No state, status, kind or gate is without words, an icon and a tone; within a group no two look the same."""
    for members, badges in (
        (ComponentStatus, COMPONENT_BADGES),
        (UpdateStatus, UPDATE_BADGES),
        (Kind, KIND_BADGES),
        (State, STATE_BADGES),
    ):
        assert {*badges} == {*members}
        assert len({badge.word for badge in badges.values()}) == len(badges)
    assert {*GATE_LABELS} == {*Gate}
    assert len({badge.icon for badge in COMPONENT_BADGES.values()}) == len(ComponentStatus)
