"""What master and workers say to each other."""

import pytest

from gateway.processes.channel import Channel, Word


def test_messages_come_whole_and_in_order() -> None:
    """Also long ones; then the end, once the other end has gone."""
    one, other = Channel.pair()
    one.say(Word.READY)
    one.say(Word.METRICS, of=1, text="x" * 100_000)
    assert [*other.heard()] == [(Word.READY, {}), (Word.METRICS, {"of": 1, "text": "x" * 100_000})]
    assert [*other.heard()] == []
    one.say(Word.FAILED, message="no")
    one.close()
    heard = other.heard()
    assert next(heard) == (Word.FAILED, {"message": "no"})
    with pytest.raises(EOFError):
        next(heard)
    other.say(Word.DRAIN)  # to somebody who is dead
    other.close()


def test_nobody_waits_for_who_does_not_listen() -> None:
    """What there is no room for is dropped: a stuck worker must not stop its master."""
    one, other = Channel.pair()
    for _ in range(100):
        one.say(Word.METRICS, text="x" * 100_000)
    assert 0 < len([*other.heard()]) < 100
    one.close()
    other.close()
