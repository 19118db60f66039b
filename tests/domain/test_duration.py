"""Durations as people and machines write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.duration import LONGEST, iso_duration, parse_duration, short_duration

durations = st.timedeltas(timedelta(), LONGEST)
whole_seconds = st.integers(0, int(LONGEST.total_seconds())).map(lambda n: timedelta(seconds=n))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("1h30m", 5400),
        ("1H30M", 5400),
        (" 1h 30m ", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
        ("1w1d1h1m1s", 694_861),
        ("0.5s", 0.5),
        ("0s", 0),
        ("PT45M", 2700),
        ("pt45m", 2700),
        ("P1DT2H", 93_600),
        ("P1W", 604_800),
        ("PT0S", 0),
        ("PT1.5S", 1.5),
    ],
)
def test_reads_short_and_iso(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "P",
        "PT",
        "P1",
        "30",
        "m",
        "-5m",
        "+5m",
        "1.5h",
        "30 minutes",
        "1m1h",
        "P1Y",
        "P1M",
        "1e3s",
        "\u0663\u0660m",
        "nan",
        "9" * 400 + "w",
        "P" + "9" * 5000 + "D",
    ],
)
def test_refuses_the_rest_and_says_what_is_accepted(text: str) -> None:
    """No years or months (their length varies), no sign, no bare number, no foreign digits."""
    with pytest.raises(ValueError, match="write for example 90s, 30m, 1h30m, 2d or PT45M"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["3661d", "99999999999999999999s", "P99999999999999999999WT1S"])
def test_refuses_more_than_ten_years(text: str) -> None:
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration(text)


@given(length=durations)
def test_iso_is_read_back_exactly(length: timedelta) -> None:
    assert parse_duration(iso_duration(length)) == length


@given(length=durations)
def test_the_short_form_is_read_back_exactly(length: timedelta) -> None:
    assert parse_duration(short_duration(length)) == length


@pytest.mark.parametrize(
    ("seconds", "iso", "short"),
    [
        (0, "PT0S", "0s"),
        (2700, "PT45M", "45m"),
        (5400, "PT1H30M", "1h30m"),
        (93_600, "P1DT2H", "1d2h"),
        (3605, "PT1H0M5S", "1h5s"),
        (86_405, "P1DT5S", "1d5s"),
        (86_400, "P1D", "1d"),
        (1.5, "PT1.5S", "1.5s"),
        (0.000001, "PT0.000001S", "0.000001s"),
        (59.999999, "PT59.999999S", "59.999999s"),
    ],
)
def test_writes_what_people_expect(seconds: float, iso: str, short: str) -> None:
    assert iso_duration(timedelta(seconds=seconds)) == iso
    assert short_duration(timedelta(seconds=seconds)) == short
