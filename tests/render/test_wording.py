"""Words, icons and tones of states."""

from datetime import UTC, datetime

from gateway.domain.component import ComponentStatus
from gateway.domain.window import Gate, Kind, State, UpdateStatus
from gateway.render.wording import COMPONENT_BADGES, GATE_LABELS, KIND_BADGES, STATE_BADGES, UPDATE_BADGES, rfc3339


def test_instants_for_machines() -> None:
    """RFC 3339 in UTC, to the second."""
    assert rfc3339(datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)) == "2026-01-02T03:04:05Z"


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
    assert {kind: badge.word for kind, badge in KIND_BADGES.items()} == {kind: kind.label for kind in Kind}
    assert {*GATE_LABELS} == {*Gate}
    assert len({badge.icon for badge in COMPONENT_BADGES.values()}) == len(ComponentStatus)
