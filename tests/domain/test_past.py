"""Months as customers leaf through them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.domain.errors import InvalidError
from gateway.domain.past import Month, months_until


@pytest.mark.parametrize("text", ["2026-11", "1970-01", "9999-12"])
def test_a_month_is_read_as_it_is_written(text: str) -> None:
    """Year and month, two digits each for the second."""
    assert str(Month.read(text)) == text


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "2026-1", "1969-12", "2026-11-01", "٢٠٢٦-11", "x"])
def test_what_is_none_is_refused(text: str) -> None:
    """So the months that can be asked for are few."""
    with pytest.raises(InvalidError, match="2026-11"):
        Month.read(text)


def test_an_instant_is_in_the_month_of_utc() -> None:
    """Wherever its clock stands."""
    tokyo = timezone(timedelta(hours=9))
    assert Month.of(datetime(2026, 12, 1, 8, 0, tzinfo=tokyo)) == Month(2026, 11)


def test_months_are_counted_over_the_years() -> None:
    """Forwards and backwards, but there is nothing before 1970."""
    assert Month(2026, 11).plus(2) == Month(2027, 1)
    assert Month(2026, 1).plus(-1) == Month(2025, 12)
    assert Month(1970, 2).plus(-5) == Month(1970, 1)
    assert Month(2026, 2).begins == datetime(2026, 2, 1, tzinfo=UTC)
    assert [str(month) for month in months_until(Month(2026, 1))] == ["2026-01", "2025-12", "2025-11"]
    assert months_until(Month(1970, 1)) == (Month(1970, 1),)
