"""Recurrence: which instants a rule means in a time zone, and that no rule, however hostile, takes long."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import InvalidError
from gateway.domain.recurrence import (
    AHEAD,
    AHEAD_LEAST,
    AHEAD_MOST,
    Occurrence,
    Recurrence,
    read_time_zone,
    require_sound,
)
from gateway.domain.rule import Frequency, parse_rule

BERLIN, NEW_YORK, LORD_HOWE, APIA = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"
HOUR = timedelta(hours=1)


def recurring(rule: str, zone: str, first: str, *excluded: str) -> Recurrence:
    return Recurrence(
        rule=parse_rule(rule),
        time_zone=zone,
        first=datetime.fromisoformat(first),
        excluded=frozenset(date.fromisoformat(day) for day in excluded),
    )


def instants(recurrence: Recurrence, most: int = 20) -> list[str]:
    return [f"{each.at:%Y-%m-%d %H:%M}" for each in islice(recurrence.occurrences(), most)]


def on_the_clock(recurrence: Recurrence, most: int = 20) -> list[str]:
    return [f"{each.shown:%Y-%m-%d %H:%M}" for each in islice(recurrence.occurrences(), most)]


def test_every_second_sunday_at_two_until_march() -> None:
    """The issue's own example: 02:00 there, in winter 01:00 in UTC, the last one on the last day that UNTIL allows."""
    rule = recurring("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;UNTIL=20270301", BERLIN, "2026-12-06T02:00", "2026-12-20")
    assert instants(rule) == [
        "2026-12-06 01:00",
        "2027-01-03 01:00",
        "2027-01-17 01:00",
        "2027-01-31 01:00",
        "2027-02-14 01:00",
        "2027-02-28 01:00",
    ]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20261208", "2026-12-08 01:00"),
        ("20261208T020000", "2026-12-08 01:00"),
        ("20261208T015959", "2026-12-07 01:00"),
        ("20261208T010000Z", "2026-12-08 01:00"),
        ("20261208T005959Z", "2026-12-07 01:00"),
    ],
)
def test_until_includes_what_is_exactly_then(until: str, last: str) -> None:
    """A date: that day there; a local time; an instant in UTC (RFC 5545, section 3.3.10)."""
    assert instants(recurring(f"FREQ=DAILY;UNTIL={until}", BERLIN, "2026-12-06T02:00"))[-1] == last


def test_count_counts_what_is_left_out() -> None:
    """RFC 5545, section 3.8.5.1: dates that are left out are taken from the set that COUNT bounds."""
    assert instants(recurring("FREQ=DAILY;COUNT=3", BERLIN, "2026-12-06T02:00", "2026-12-07")) == [
        "2026-12-06 01:00",
        "2026-12-08 01:00",
    ]


# What each zone does to its clocks: put forward, and put back.
@pytest.mark.parametrize(
    ("zone", "first", "moved", "shown"),
    [
        (BERLIN, "2027-03-27T02:30", "2027-03-28 01:30", "2027-03-28 03:30"),
        (NEW_YORK, "2027-03-13T02:30", "2027-03-14 07:30", "2027-03-14 03:30"),
        (LORD_HOWE, "2027-10-02T02:10", "2027-10-02 15:40", "2027-10-03 02:40"),  # by half an hour
    ],
)
def test_what_the_clock_jumps_over_is_later_by_as_much(zone: str, first: str, moved: str, shown: str) -> None:
    """RFC 5545, section 3.3.5: the offset before the gap counts; on the next day it is the time of day again."""
    rule = recurring("FREQ=DAILY", zone, first)
    assert (instants(rule)[1], on_the_clock(rule)[1]) == (moved, shown)
    assert on_the_clock(rule)[2][-5:] == first[-5:]
    assert [bool(each.shift) for each in islice(rule.occurrences(), 3)] == [False, True, False]


@pytest.mark.parametrize(
    ("zone", "first", "instant"),
    [
        (BERLIN, "2026-10-24T02:30", "2026-10-25 00:30"),  # summer time still
        (NEW_YORK, "2026-10-31T01:30", "2026-11-01 05:30"),
        (LORD_HOWE, "2027-04-03T01:45", "2027-04-03 14:45"),
    ],
)
def test_what_the_clock_shows_twice_is_the_first(zone: str, first: str, instant: str) -> None:
    rule = recurring("FREQ=DAILY", zone, first)
    assert instants(rule)[1] == instant
    assert [each.is_first_of_two for each in islice(rule.occurrences(), 3)] == [False, True, False]


def test_a_day_that_a_country_has_left_out() -> None:
    """Samoa had no 30 December 2011: what falls there comes a day later, and is one with what occurs then."""
    daily = recurring("FREQ=DAILY;COUNT=4", APIA, "2011-12-28T10:00")
    assert on_the_clock(daily) == ["2011-12-28 10:00", "2011-12-29 10:00", "2011-12-31 10:00"]
    fridays = recurring("FREQ=WEEKLY;COUNT=3", APIA, "2011-12-23T10:00")
    assert on_the_clock(fridays) == ["2011-12-23 10:00", "2011-12-31 10:00", "2012-01-06 10:00"]
    assert [each.shift for each in fridays.occurrences()] == [timedelta(), timedelta(days=1), timedelta()]


def test_two_that_meet_behind_a_gap_are_one() -> None:
    """02:00 becomes 03:00, which occurs anyway."""
    rule = recurring("FREQ=DAILY;BYHOUR=2,3", BERLIN, "2027-03-28T02:00")
    assert on_the_clock(rule, 3) == ["2027-03-28 03:00", "2027-03-29 02:00", "2027-03-29 03:00"]


def test_each_hour_of_a_day_with_two_alike() -> None:
    """Hours are those of the clock: the one that comes twice counts once."""
    rule = recurring("FREQ=HOURLY", BERLIN, "2026-10-25T01:00")
    assert instants(rule, 3) == ["2026-10-24 23:00", "2026-10-25 00:00", "2026-10-25 02:00"]


ZONES = st.sampled_from(
    [
        BERLIN,
        NEW_YORK,
        LORD_HOWE,
        APIA,
        "UTC",
        "Asia/Kolkata",
        "Africa/Casablanca",
        "America/St_Johns",
        "Antarctica/Troll",
    ]
)
FIRST = st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1)).map(lambda at: at.replace(microsecond=0))


def _list(values: st.SearchStrategy[int]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=4).map(lambda found: ",".join(str(each) for each in found))


def _signed(highest: int) -> st.SearchStrategy[int]:
    return st.integers(-highest, highest).filter(bool)


DAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=3)
PARTS: dict[str, st.SearchStrategy[str]] = {
    "INTERVAL": st.integers(1, 12).map(str) | st.integers(1, 1000).map(str),
    "BYDAY": DAYS.map(",".join) | st.tuples(_signed(53), st.sampled_from(["MO", "SU"])).map(lambda d: f"{d[0]}{d[1]}"),
    "BYMONTH": _list(st.integers(1, 12)),
    "BYMONTHDAY": _list(_signed(31)),
    "BYYEARDAY": _list(_signed(366)),
    "BYWEEKNO": _list(_signed(53)),
    "BYHOUR": _list(st.integers(0, 23)),
    "BYSETPOS": _list(_signed(366) | _signed(3)),
    "WKST": st.sampled_from(["MO", "SU", "TH"]),
    "COUNT": st.integers(1, 30).map(str),
    "UNTIL": st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1)).map(lambda at: at.strftime("%Y%m%dT%H%M%SZ")),
}


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    """Any recurrence whose rule is not refused."""
    frequency = draw(st.sampled_from(["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    names = draw(st.lists(st.sampled_from(sorted(PARTS)), max_size=4, unique=True))
    text = ";".join([f"FREQ={frequency}", *(f"{name}={draw(PARTS[name])}" for name in names)])
    try:
        rule = parse_rule(text)
    except ValueError:
        rule = parse_rule(f"FREQ={frequency}")
    return Recurrence(rule=rule, time_zone=draw(ZONES), first=draw(FIRST))


def checked(recurrence: Recurrence, most: int = 60) -> Sequence[Occurrence]:
    began = time.process_time()
    found = [*islice(recurrence.occurrences(), most)]
    assert time.process_time() - began < 2, recurrence.rule.text
    return found


@settings(deadline=None)
@given(recurrences())
def test_occurrences_are_in_order_from_the_first_start_on(recurrence: Recurrence) -> None:
    """Strictly, so that no instant comes twice."""
    found = checked(recurrence)
    assert all(one.at < other.at for one, other in pairwise(found))
    assert all(each.local >= recurrence.first for each in found)
    assert len({each.local for each in found}) == len(found)


@settings(deadline=None)
@given(recurrences())
def test_the_clock_shows_what_the_rule_says_except_in_a_gap(recurrence: Recurrence) -> None:
    """There it shows later, by as much as the clock was put forward; minute and second are those of the first start."""
    zone = ZoneInfo(recurrence.time_zone)
    for each in checked(recurrence):
        assert each.at.astimezone(zone).replace(tzinfo=None, fold=0) == each.shown
        assert (each.local.minute, each.local.second) == (recurrence.first.minute, recurrence.first.second)
        if each.shift:
            before, after = each.at - timedelta(days=1), each.at
            forward = after.astimezone(zone).utcoffset() - before.astimezone(zone).utcoffset()  # type: ignore[operator]
            assert timedelta() < each.shift <= timedelta(days=1)
            assert each.shift == forward
        else:
            assert each.at.astimezone(zone).fold == 0


@settings(deadline=None)
@given(recurrences())
def test_nothing_occurs_beyond_count_and_until(recurrence: Recurrence) -> None:
    found = checked(recurrence)
    if recurrence.rule.count is not None:
        assert len(found) <= recurrence.rule.count
    if isinstance(recurrence.rule.until, datetime):
        assert all(each.at <= recurrence.rule.until for each in found)


@settings(deadline=None)
@given(recurrences(), st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)))
def test_what_is_made_ahead_is_the_next_of_all(recurrence: Recurrence, now: datetime) -> None:
    """Ninety days of it, at least three and at most fifty."""
    recurrence = Recurrence(
        rule=recurrence.rule, time_zone=recurrence.time_zone, first=now.replace(tzinfo=None, microsecond=0)
    )
    ahead = recurrence.ahead(now)
    following = [*islice(recurrence.after(now), AHEAD_MOST + 1)]
    assert list(ahead) == following[: len(ahead)]
    assert len(ahead) <= AHEAD_MOST
    if len(ahead) < min(len(following), AHEAD_MOST):
        assert len(ahead) >= AHEAD_LEAST
        assert following[len(ahead)].at > now + AHEAD


# Periods that the library may go through without a find are given up (5,000 of an hour at the least).
GIVEN_UP = timedelta(hours=5000)


@settings(deadline=None, max_examples=300)
@given(recurrences(), st.floats(0, 1), st.sampled_from(["", "counted"]))
def test_what_lies_ahead_is_the_same_without_counting_all_through(
    recurrence: Recurrence, place: float, end: str
) -> None:
    """Whenever it is asked, and whatever the rule takes from its first start: from there on it would be the same."""
    if end == "counted" and recurrence.rule.count is None:
        recurrence = replace(recurrence, rule=replace(recurrence.rule, count=1000, until=None))
    farthest = timedelta(days=300) if recurrence.rule.frequency is Frequency.HOURLY else timedelta(days=12_000)
    now = min(recurrence.first + place * farthest, datetime(2199, 6, 1)).replace(tzinfo=UTC)
    slowly = [*islice((each for each in recurrence.occurrences() if each.at > now), 12)]
    soon = [*islice(recurrence.after(now), 12)]
    assert soon[: len(slowly)] == slowly
    if len(soon) > len(slowly):
        *_, last = [recurrence.first, *(each.local for each in recurrence.occurrences())]
        assert soon[len(slowly)].local - last > GIVEN_UP


def test_what_is_taken_from_the_first_start_stays() -> None:
    """The 31st, the 29 February, the week that it begins in: also years later."""
    later = datetime(2043, 12, 24, tzinfo=UTC)
    for rule, first, expected in [
        ("FREQ=MONTHLY;INTERVAL=5", "2020-01-31T02:00", "2044-03-31 02:00"),
        ("FREQ=YEARLY", "2020-02-29T02:00", "2044-02-29 02:00"),
        ("FREQ=YEARLY;INTERVAL=3;BYMONTH=2,3", "2020-03-31T02:00", "2044-03-31 02:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU", "2020-01-06T02:00", "2044-01-03 02:00"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,FR;BYSETPOS=2", "2020-01-10T02:00", "2043-12-29 02:00"),
        ("FREQ=HOURLY;INTERVAL=7", "2020-01-01T02:00", "2043-12-24 06:00"),
    ]:
        asked = recurring(rule, "UTC", first)
        [found] = islice(asked.after(later), 1)
        assert found == next(each for each in asked.occurrences() if each.at > later)
        assert f"{found.local:%Y-%m-%d %H:%M}" == expected, rule


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY;BYDAY=MO,TU,FR,SA,SU;BYSETPOS=4", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU"])
def test_a_week_is_a_whole_one_whenever_it_is_asked(rule: str) -> None:
    """The library would begin it with the first start that it is given."""
    asked = recurring(rule, "UTC", "2026-01-06T02:00")
    every = [*islice(asked.occurrences(), 60)]
    for day in range(100):
        now = datetime(2026, 1, 9, 12, tzinfo=UTC) + timedelta(days=day)
        assert next(asked.after(now)) == next(each for each in every if each.at > now)


@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "FREQ=HOURLY;COUNT=10000", "FREQ=HOURLY;INTERVAL=5;BYDAY=SU"])
def test_what_lies_ahead_is_soon_found_however_old_the_rule_is(rule: str) -> None:
    """Each look at a series asks for it: of a hundred that are years old, it must not take long."""
    old = recurring(rule, BERLIN, "2026-12-06T02:00")
    now = datetime(2027, 12, 24, tzinfo=UTC) if "COUNT" in rule else datetime(2040, 12, 24, tzinfo=UTC)
    assert len(old.ahead(now)) == AHEAD_MOST  # where it is counted, the end of that is kept
    began = time.process_time()
    for _ in range(20):
        old.ahead(now)
    assert time.process_time() - began < 0.5


@settings(deadline=None)
@given(recurrences(), st.data())
def test_what_is_left_out_is_all_that_is_missing(recurrence: Recurrence, data: st.DataObject) -> None:
    found = checked(recurrence)
    days = sorted({each.local.date() for each in found})
    excluded = frozenset(data.draw(st.lists(st.sampled_from(days), max_size=3))) if days else frozenset()
    without = Recurrence(
        rule=recurrence.rule, time_zone=recurrence.time_zone, first=recurrence.first, excluded=excluded
    )
    left = [each for each in found if each.local.date() not in excluded]
    assert [*islice(without.occurrences(), len(left))] == left


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=WEEKLY;BYDAY=SU;BYSETPOS=9",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYHOUR=1;BYSETPOS=2",
        "FREQ=HOURLY;INTERVAL=2;BYHOUR=1",
        "FREQ=HOURLY;INTERVAL=1000;BYMONTHDAY=31;BYMONTH=2",
    ],
)
def test_a_rule_that_names_nothing_is_found_out_soon(rule: str) -> None:
    """The library would look for it until the year 9999."""
    began = time.process_time()
    assert instants(recurring(rule, BERLIN, "2026-12-06T02:00")) == []
    assert time.process_time() - began < 2


def test_what_is_rare_is_found() -> None:
    """29 February comes every four years, and once after eight; on a Sunday every 28."""
    assert instants(recurring("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29", BERLIN, "2096-02-29T02:00"))[:2] == [
        "2096-02-29 01:00",
        "2104-02-29 01:00",
    ]
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU"
    assert instants(recurring(rule, BERLIN, "2032-02-29T02:00"))[:2] == ["2032-02-29 01:00", "2060-02-29 01:00"]


def test_nothing_occurs_in_2200() -> None:
    """No window can start there."""
    assert instants(recurring("FREQ=YEARLY", BERLIN, "2198-06-01T02:00")) == ["2198-06-01 00:00", "2199-06-01 00:00"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Europe/Berlln", "there is no time zone 'Europe/Berlln': did you mean Europe/Berlin"),
        ("europe/berlin", "did you mean Europe/Berlin"),
        ("MEZ", "write for example Europe/Berlin"),
        ("", "there is no time zone ''"),
        ("../../../etc/passwd", "there is no time zone"),
        ("/etc/localtime", "there is no time zone"),
        ("Europe", "there is no time zone 'Europe'"),
        ("x" * 5000, "there is no time zone 'xxx"),
        ("Europe/Berlin\0", "there is no time zone"),
    ],
)
def test_a_zone_is_one_of_the_database(name: str, said: str) -> None:
    """Nothing else reaches the file system."""
    with pytest.raises(ValueError, match="there is no time zone") as raised:
        read_time_zone(name)
    assert said in str(raised.value)
    assert len(str(raised.value)) < 300


def refusal(rule: Recurrence, starts_at: str, length: timedelta = HOUR, *, now: str | None = None) -> dict[str, str]:
    with pytest.raises(InvalidError) as raised:
        require_sound(
            rule,
            length,
            starts_at=datetime.fromisoformat(starts_at) if starts_at else None,
            excluded=rule.excluded,
            now=datetime.fromisoformat(now) if now else None,
        )
    return raised.value.fields


def test_a_first_start_that_the_rule_does_not_name_is_told_the_first_that_it_does() -> None:
    rule = Recurrence.starting_at(datetime(2026, 12, 5, 1, tzinfo=UTC), "FREQ=WEEKLY;BYDAY=SU", BERLIN)
    assert refusal(rule, "2026-12-05T01:00Z") == {
        "starts_at": "Sat 2026-12-05 02:00 (Europe/Berlin) is not among what the rule names; the first one after it is "
        "Sun 2026-12-06 02:00: give 2026-12-06T01:00:00Z, or change the rule"
    }
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert refusal(Recurrence.starting_at(second, "FREQ=DAILY", BERLIN), "2026-10-25T01:30Z") == {
        "starts_at": "the clock shows 02:30 twice on that day, and a series takes the first: give 2026-10-25T00:30:00Z"
    }


def test_a_series_of_nothing_is_refused() -> None:
    """Because the rule names nothing, or all of it is left out, or nothing is left to come."""
    rule = recurring("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", BERLIN, "2026-12-06T02:00")
    assert "names no time" in refusal(rule, "2026-12-06T01:00Z")["rule"]
    rule = recurring("FREQ=DAILY;COUNT=2", BERLIN, "2026-12-06T02:00", "2026-12-06", "2026-12-07")
    assert refusal(rule, "2026-12-06T01:00Z") == {"excluded_dates": "every date of the rule is left out"}
    rule = recurring("FREQ=DAILY;COUNT=2", BERLIN, "2026-12-06T02:00")
    assert refusal(rule, "", now="2026-12-09T00:00Z") == {"rule": "nothing is left to come: end the series instead"}


def test_a_date_that_leaves_out_nothing_is_named() -> None:
    """Somebody has meant another one."""
    rule = recurring("FREQ=WEEKLY", BERLIN, "2026-12-06T02:00", "2026-12-13", "2026-12-26")
    assert refusal(rule, "2026-12-06T01:00Z") == {
        "excluded_dates": "nothing occurs on Sat 2026-12-26 by the rule: leave that out, or correct it"
    }


def test_occurrences_do_not_overlap() -> None:
    """Also where the clocks change between them; one may begin as the other ends."""
    daily = recurring("FREQ=DAILY", BERLIN, "2027-03-26T02:30")
    require_sound(daily, timedelta(hours=22), starts_at=datetime(2027, 3, 26, 1, 30, tzinfo=UTC), excluded=frozenset())
    assert refusal(daily, "2027-03-26T01:30Z", timedelta(hours=24)) == {
        "estimated_duration": "the occurrences of 2027-03-28 03:30 and 2027-03-29 02:30 (Europe/Berlin) are 23h apart "
        "and would overlap: make them shorter, or let them occur less often"
    }
    hourly = recurring("FREQ=HOURLY", "UTC", "2026-12-06T02:00")
    require_sound(hourly, HOUR, starts_at=datetime(2026, 12, 6, 2, tzinfo=UTC), excluded=frozenset())
    assert "are 1h apart" in refusal(hourly, "2026-12-06T02:00Z", timedelta(minutes=61))["estimated_duration"]


def test_dates_that_are_left_out_are_not_looked_for_for_ever() -> None:
    """Ten years ahead is enough, whatever the rule: what lies farther leaves out nothing."""
    hourly = recurring("FREQ=HOURLY", BERLIN, "2026-12-06T02:00", "2026-12-07", "2150-01-01", "9999-12-31")
    began = time.process_time()
    said = refusal(hourly, "2026-12-06T01:00Z")["excluded_dates"]
    assert said.startswith("nothing occurs on Thu 2150-01-01, Fri 9999-12-31 by the rule")
    assert time.process_time() - began < 2
