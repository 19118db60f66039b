"""Limits of rates: what is allowed, to whom, and that nobody can fill the memory."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.rate import RateLimit, client_key


def test_all_may_come_at_once_and_then_evenly() -> None:
    """Ten a minute: ten at once, the next after six seconds, and again after six."""
    limit = RateLimit(10)
    assert [limit.take("a", 100.0) for _ in range(10)] == [0.0] * 10
    assert limit.take("a", 100.0) == pytest.approx(6.0)
    assert limit.take("a", 104.0) == pytest.approx(2.0)
    assert limit.take("a", 106.0) == 0.0
    assert limit.take("a", 106.0) == pytest.approx(6.0)
    assert [limit.take("a", 300.0) for _ in range(10)] == [0.0] * 10


def test_each_key_has_its_own() -> None:
    limit = RateLimit(1)
    assert limit.take("a", 0.0) == 0.0
    assert limit.take("b", 0.0) == 0.0
    assert limit.take("a", 0.0) > 0


def test_0_is_no_limit() -> None:
    limit = RateLimit(0)
    assert {limit.take("a", 0.0) for _ in range(1000)} == {0.0}


def test_one_that_is_given_back_was_not_taken() -> None:
    limit = RateLimit(1)
    limit.take("a", 0.0)
    limit.give_back("a")
    assert limit.take("a", 0.0) == 0.0


def test_memory_is_bounded_and_those_who_go_on_are_kept() -> None:
    """A million addresses leave as many keys as are allowed; the one that is held up at the moment is not forgotten."""
    limit = RateLimit(1, most_keys=100)
    limit.take("busy", 0.0)
    for number in range(10_000):
        limit.take(str(number), 0.0)
        assert limit.take("busy", 0.0) > 0
    assert len(limit) == 100


@given(
    per_minute=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 90, allow_nan=False), min_size=1, max_size=200),
)
def test_never_more_than_two_minutes_worth_in_a_minute(per_minute: int, gaps: list[float]) -> None:
    """Whatever comes when: a burst and what is made up for meanwhile, no more; and who waits as told is let through."""
    limit, now, taken = RateLimit(per_minute), 0.0, deque[float]()
    for gap in gaps:
        now += gap
        wait = limit.take("a", now)
        if wait:
            assert limit.take("a", now + wait + 0.001) == 0.0
            now += wait + 0.001
        taken.append(now)
        while taken[0] < now - 60:
            taken.popleft()
        assert len(taken) <= 2 * per_minute + 1


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", "unknown"),
        ("unix:", "unix:"),
    ],
)
def test_whom_an_address_stands_for(address: str, key: str) -> None:
    """Whoever has an IPv6 address has 2^64 of them."""
    assert client_key(address) == key
