"""Rules: what is read, and what each wrong one is told."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.rule import LONGEST_RULE, Day, Frequency, Rule, parse_rule


def test_every_part_is_read() -> None:
    """In any case, with or without `RRULE:`, with spaces around; the text is kept in one spelling."""
    text = " rrule:freq=yearly;interval=2;byday=1MO,su;bymonth=3,1;bymonthday=-1;byyearday=5;byhour=2,14;"
    text += "bysetpos=1;wkst=su;"
    rule = parse_rule(text)
    assert rule == Rule(
        text="",
        frequency=Frequency.YEARLY,
        interval=2,
        days=(Day(6), Day(0, 1)),
        months=(1, 3),
        month_days=(-1,),
        year_days=(5,),
        hours=(2, 14),
        positions=(1,),
        week_start=6,
    )
    assert rule.text == (
        "FREQ=YEARLY;INTERVAL=2;BYDAY=1MO,SU;BYMONTH=3,1;BYMONTHDAY=-1;BYYEARDAY=5;BYHOUR=2,14;BYSETPOS=1;WKST=SU"
    )
    assert parse_rule(rule.text) == rule
    assert parse_rule("FREQ=YEARLY;BYWEEKNO=-1,20").weeks == (-1, 20)


@pytest.mark.parametrize(
    ("until", "meant"),
    [
        ("20270301", date(2027, 3, 1)),
        ("20270301T020000", datetime(2027, 3, 1, 2)),
        ("20270301T010000Z", datetime(2027, 3, 1, 1, tzinfo=UTC)),
    ],
)
def test_until_is_a_day_a_local_time_or_an_instant(until: str, meant: date) -> None:
    """RFC 5545, section 3.3.10."""
    assert parse_rule(f"FREQ=DAILY;UNTIL={until}").until == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: write for example FREQ=WEEKLY"),
        ("RRULE:", "is empty"),
        ("X" * (LONGEST_RULE + 1), "longer than 500 characters"),
        ("weekly", "'WEEKLY' is no part of a rule: write for example"),
        ("FREQ=WEEKLY;;BYDAY=SU", "'' is no part of a rule"),
        ("FREQ=WEEKLY;BYEASTER=0", "'BYEASTER=0' is no part of a rule"),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ stands there twice"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY is too often: HOURLY is the shortest"),
        ("FREQ=MINUTELY;INTERVAL=90", "FREQ=MINUTELY is too often"),
        ("FREQ=FORTNIGHTLY", "FREQ is one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, not 'FORTNIGHTLY'"),
        ("DTSTART=20270301T020000;FREQ=DAILY", "DTSTART: the first start is no part of the rule"),
        ("DTSTART;TZID=Europe/Berlin:20270301T020000 RRULE:FREQ=DAILY", "DTSTART: the first start"),
        ("DTSTART:20270301T020000Z\nRRULE:FREQ=DAILY", "DTSTART: the first start"),
        (
            "FREQ=DAILY;EXDATE=20270301",
            "EXDATE: dates that are left out are no part of the rule: they go to excluded_d",
        ),
        ("FREQ=DAILY\nEXDATE:20270301", "EXDATE: dates that are left out"),
        ("FREQ=DAILY;RDATE=20270301", "RDATE: there are no additional dates"),
        ("FREQ=DAILY;EXRULE=FREQ", "EXRULE: there are no rules that leave out"),
        ("FREQ=DAILY;TZID=Europe/Berlin", "TZID: the time zone is no part of the rule: it goes to time_zone"),
        ("FREQ=DAILY;BYMINUTE=30", "BYMINUTE: the minute is that of the first start"),
        ("FREQ=DAILY;BYSECOND=30", "BYSECOND: the second is that of the first start"),
        ("FREQ=DAILY;DURATION=PT1H", "DURATION: how long each occurrence takes is the window's estimated_duration"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is a number from 1 to 1000, not '0'"),
        ("FREQ=DAILY;INTERVAL=1001", "INTERVAL is a number from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=two", "INTERVAL is a number from 1 to 1000, not 'TWO'"),
        ("FREQ=DAILY;INTERVAL=٢", "INTERVAL is a number"),
        ("FREQ=DAILY;COUNT=0", "COUNT is a number from 1 to 10000, not '0'"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL is a date (20270301, that day included)"),
        ("FREQ=DAILY;UNTIL=20270231", "UNTIL is a date"),
        ("FREQ=DAILY;UNTIL=20270301T250000", "UNTIL is a date"),
        ("FREQ=DAILY;UNTIL=2027-03-01", "UNTIL is a date"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270301", "COUNT and UNTIL exclude each other"),
        ("FREQ=WEEKLY;BYDAY=SO", "BYDAY takes days such as SU, 1MO (the first Monday) or -1FR, not 'SO'"),
        ("FREQ=MONTHLY;BYDAY=0SU", "BYDAY takes days"),
        ("FREQ=YEARLY;BYDAY=54SU", "BYDAY takes days"),
        ("FREQ=WEEKLY;BYDAY=", "BYDAY takes days such as SU, 1MO (the first Monday) or -1FR, not ''"),
        ("FREQ=MONTHLY;BYDAY=6SU", "BYDAY: no month has a weekday 6 times"),
        ("FREQ=YEARLY;BYMONTH=2;BYDAY=-6SU", "BYDAY: no month has a weekday 6 times"),
        ("FREQ=WEEKLY;BYDAY=1SU", "BYDAY with a number (1MO, -1FR) goes with FREQ=MONTHLY"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1SU", "BYDAY with a number"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH takes numbers from 1 to 12, not '13'"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH takes numbers from 1 to 12, not '-1'"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY takes numbers from 1 to 31 or -1 to -31, not '32'"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY takes numbers from 1 to 31 or -1 to -31, not '0'"),
        ("FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY takes numbers from 1 to 366"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO takes numbers from 1 to 53"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR takes numbers from 0 to 23, not '24'"),
        ("FREQ=DAILY;BYHOUR=" + ",".join(["1"] * 51), "BYHOUR has more than 50 values"),
        ("FREQ=DAILY;BYSETPOS=367;BYHOUR=1", "BYSETPOS takes numbers from 1 to 366"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS picks among what another part names"),
        ("FREQ=WEEKLY;WKST=1", "WKST is one of MO, TU, WE, TH, FR, SA, SU, not '1'"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO goes with FREQ=YEARLY alone, not with MONTHLY"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY does not go with FREQ=MONTHLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY: use FREQ=MONTHLY"),
        ("FREQ=WEEKLY;BYDAY=" + "Y" * 400, "not '" + "Y" * 40 + "...'"),
    ],
)
def test_a_wrong_rule_is_told_what_would_be_right(text: str, said: str) -> None:
    """By the part, and where what is no part of a rule goes."""
    with pytest.raises(ValueError, match=r"[\s\S]*") as raised:
        parse_rule(text)
    assert said in str(raised.value)


@given(
    st.text(max_size=60) | st.from_regex(r"(FREQ|BYDAY|UNTIL|COUNT|BYHOUR)=[A-Z0-9,+-]{0,12}(;[A-Z]{3,9}=.{0,9}){0,3}")
)
def test_whatever_comes_in_is_a_rule_or_is_refused(text: str) -> None:
    """No other error; and what was read once is read alike again."""
    try:
        rule = parse_rule(text)
    except ValueError:
        return
    assert parse_rule(rule.text) == rule
