"""Feeds and the calendar, as libraries that read them understand them."""

from datetime import timedelta
from typing import Any

import feedparser
import pytest
from icalendar import Calendar

from gateway.domain.snapshot import Moment
from gateway.domain.window import Kind
from gateway.render import feeds
from gateway.render.calendar import calendar
from tests.render.samples import BRANDING, EN, HOUR, MINUTE, START, UNKNOWN, busy, moment, update, window

URL = "https://acme.example/_maintenance/"
FORMS = [feeds.atom, feeds.rss]


def read(write: Any, seen: Moment) -> Any:
    found = feedparser.parse(write(seen, BRANDING, EN, URL))
    assert not found.bozo, found.get("bozo_exception")
    return found


def events(seen: Moment) -> list[Any]:
    return Calendar.from_ical(calendar(seen, BRANDING, EN, URL)).walk("VEVENT")


@pytest.mark.parametrize("write", FORMS)
def test_a_feed_has_an_entry_for_whatever_was_said_or_happened(write: Any) -> None:
    """The newest first; with what it is, and where it is told in full."""
    found = read(write, busy())
    assert found.feed.title == "Status of Acme Shop"
    assert found.feed.link == URL
    titles = [entry.title for entry in found.entries]
    assert titles[:2] == ["Verifying: Database upgrade", "In progress: Database upgrade"]
    assert {"Maintenance Window: Database upgrade", "Scheduled: Network maintenance"} <= set(titles)
    first = found.entries[0]
    assert first.link.startswith(URL + "windows/")
    assert first.published_parsed[:6] == (2026, 12, 1, 22, 9, 0)
    assert first.summary == "<p>We are checking every part.</p>"
    assert found.entries == sorted(found.entries, key=lambda entry: entry.published_parsed, reverse=True)


@pytest.mark.parametrize("write", FORMS)
def test_entries_keep_their_ids(write: Any) -> None:
    """A reader shows each once: what was there is there again later, with the same id, and no id twice."""
    seen = busy()
    assert seen.snapshot is not None
    first = [entry.id for entry in read(write, seen).entries]
    later = [entry.id for entry in read(write, seen.snapshot.at(START + 200 * HOUR)).entries]
    assert len(set(later)) == len(later) > len(first)
    assert set(first) < set(later)


@pytest.mark.parametrize("write", FORMS)
def test_an_end_is_told_once(write: Any) -> None:
    """By the post that says so, else by an entry of its own."""
    silent = window(1, ended_at=START + 20 * MINUTE, fixed=True)
    told = window(
        2, ended_at=START + 20 * MINUTE, fixed=True, updates=(update("completed", "Done.", START + 19 * MINUTE),)
    )
    over = START + HOUR
    ends = [entry for entry in read(write, moment(silent, told, at=over)).entries if "Completed" in entry.title]
    assert [entry.summary for entry in ends] == ["<p>It took 20 minutes.</p>", "<p>Done.</p>"]


@pytest.mark.parametrize("write", FORMS)
def test_texts_that_xml_cannot_carry_break_no_feed(write: Any) -> None:
    """Somebody may have written anything into the table by hand; markup stays text."""
    odd = window(title="A \x01 <b>bold</b> & \ufffe title", description="<script>alert(1)</script>")
    found = read(write, moment(odd))
    assert "<script" not in found.entries[0].summary
    assert "bold" in found.entries[0].title


@pytest.mark.parametrize("write", FORMS)
def test_nothing_known_is_an_empty_feed(write: Any) -> None:
    """And a valid one."""
    assert read(write, UNKNOWN).entries == []


def test_an_event_has_the_window_s_time() -> None:
    """The estimate; after the end the real one. In UTC: right in every time zone."""
    [event] = events(moment(window(), at=START - HOUR))
    assert (event.start, event.end) == (START, START + 45 * MINUTE)
    assert event.start.utcoffset() == timedelta()
    [event] = events(moment(window(ended_at=START + 20 * MINUTE), at=START + HOUR))
    assert event.end == START + 20 * MINUTE
    [event] = events(moment(window(), at=START + 2 * HOUR))
    assert event.end == START + 45 * MINUTE


def test_a_moved_window_is_the_same_event_with_a_higher_sequence() -> None:
    """RFC 5545, section 3.8.7.4: calendars move what they have, and make no second one."""
    [before] = events(moment(window(row_version=1)))
    [after] = events(moment(window(row_version=4, starts_at=START + HOUR)))
    assert before["uid"] == after["uid"]
    assert int(before["sequence"]) < int(after["sequence"])


def test_texts_survive_the_escaping() -> None:
    """Commas, semicolons, line breaks and long lines of any script."""
    title = "Umzug; Köln, 東京 " + "и" * 90
    [event] = events(moment(window(title=title, description="One,\ntwo; *three*")))
    assert event["summary"] == title
    assert str(event["description"]).startswith("One,\ntwo; three")
    assert str(event["url"]) == f"{URL}windows/{window().id}"


def test_every_kind_is_in_the_calendar() -> None:
    """Whoever subscribes wants to know all that is planned."""
    kinds = [window(number, kind=kind, starts_at=START + 5 * HOUR) for number, kind in enumerate(Kind)]
    assert {str(event["categories"].cats[0]) for event in events(moment(*kinds))} == {kind.label for kind in Kind}
