"""Rules in words: what an SRE reads at three in the morning."""

from datetime import datetime

import pytest

from gateway.domain.recurrence import Recurrence
from gateway.domain.rule import parse_rule
from gateway.render.recurrence import clock_note, recurrence_words

SUNDAY = "2026-12-06T02:00"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;UNTIL=20270301", "every second Sunday at 02:00 (Z), until 1 March 2027"),
        ("FREQ=WEEKLY", "every Sunday at 02:00 (Z)"),
        ("FREQ=WEEKLY;BYDAY=SU,MO", "every Monday and Sunday at 02:00 (Z)"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday (Monday to Friday) at 02:00 (Z)"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO", "every second week on Monday and Sunday at 02:00 (Z)"),
        ("FREQ=WEEKLY;INTERVAL=12", "every 12 weeks on Sunday at 02:00 (Z)"),
        ("FREQ=DAILY;COUNT=10", "every day at 02:00 (Z), 10 times"),
        ("FREQ=DAILY;INTERVAL=3;BYHOUR=2,14;COUNT=1", "every third day at 02:00 and 14:00 (Z), once"),
        ("FREQ=HOURLY;INTERVAL=2", "every 2 hours on the hour (Z)"),
        ("FREQ=HOURLY;BYDAY=SU", "every hour on Sunday on the hour (Z)"),
        ("FREQ=MONTHLY;BYDAY=1SU", "every month on the first Sunday at 02:00 (Z)"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday at 02:00 (Z)"),
        ("FREQ=MONTHLY;BYDAY=-2FR", "every month on the second last Friday at 02:00 (Z)"),
        ("FREQ=MONTHLY", "every month on the 6th at 02:00 (Z)"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1", "every month on the last day and the 1st at 02:00 (Z)"),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=22", "every third month on the 22nd at 02:00 (Z)"),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "every month on weekday (Monday to Friday) (of these only the last) at 02:00 (Z)",
        ),
        ("FREQ=YEARLY", "every year on the 6th of December at 02:00 (Z)"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=1SU", "every year on the first Sunday in March at 02:00 (Z)"),
        ("FREQ=YEARLY;BYWEEKNO=20", "every year in the 20th week of the year at 02:00 (Z)"),
        ("FREQ=YEARLY;BYYEARDAY=-1", "every year on the last day of the year at 02:00 (Z)"),
        ("FREQ=DAILY;UNTIL=20270301T010000Z", "every day at 02:00 (Z), until 1 March 2027, 01:00 UTC"),
    ],
)
def test_a_rule_is_said_in_words(rule: str, words: str) -> None:
    recurrence = Recurrence(rule=parse_rule(rule), time_zone="Europe/Berlin", first=datetime.fromisoformat(SUNDAY))
    assert recurrence_words(recurrence) == words.replace("(Z)", "(Europe/Berlin)")


@pytest.mark.parametrize(
    ("zone", "first", "note"),
    [
        ("Europe/Berlin", "2027-03-28T02:30", "the clock is put forward: 03:30 instead of 02:30"),
        ("Australia/Lord_Howe", "2027-10-03T02:10", "the clock is put forward: 02:40 instead of 02:10"),
        ("Europe/Berlin", "2026-10-25T02:30", "the clock is put back and shows 02:30 twice: the first"),
        ("Pacific/Apia", "2011-12-30T10:00", "there is no 30 December 2011 there: a day later"),
        ("Europe/Berlin", "2026-12-06T02:00", ""),
    ],
)
def test_what_the_clocks_do_is_said_beside_an_occurrence(zone: str, first: str, note: str) -> None:
    recurrence = Recurrence(rule=parse_rule("FREQ=YEARLY"), time_zone=zone, first=datetime.fromisoformat(first))
    assert clock_note(next(recurrence.occurrences())) == note
