"""The status page, a window's page and the history."""

from datetime import timedelta, timezone
from uuid import UUID

from gateway.domain.component import ComponentGroup, ComponentStatus, Visibility
from gateway.domain.snapshot import Moment
from gateway.domain.window import Gate, Kind
from gateway.render.look import Branding
from gateway.render.pages import gated_page, history_html, message_page, not_found_page, status_html, window_html
from gateway.render.plain_text import plain_text
from gateway.render.wording import Badge, Tone
from tests.render.reading import Page
from tests.render.samples import (
    BRANDING,
    EN,
    HOUR,
    MINUTE,
    START,
    UNKNOWN,
    busy,
    component,
    effect,
    moment,
    update,
    window,
)

BADGE = Badge("Failed", "cross", Tone.BAD)


def page_of(seen: Moment) -> Page:
    return Page(status_html(seen, BRANDING, EN))


def test_everything_is_well() -> None:
    """With nothing active and every component operational the page says so, and offers empty states in words."""
    page = page_of(moment(components=(component("api"),)))
    for said in ("All systems operational", "No maintenance is planned.", "Nothing to report"):
        assert said in page.text
    assert not [meta for meta in page.of("meta") if meta.get("http-equiv") == "refresh"]


def test_without_components_it_claims_no_systems() -> None:
    """No component is known: "no known problems" is all that can be said."""
    text = page_of(moment()).text
    assert "No known problems" in text
    assert "All systems" not in text


def test_a_component_that_is_down_is_the_headline() -> None:
    """Without a window the worst component speaks."""
    parts = (component("api", status=ComponentStatus.MAJOR_OUTAGE), component("website"))
    text = page_of(moment(components=parts)).text
    assert "Some parts are out of order" in text
    assert "One part of Acme Shop affected" in text


def test_an_announcement_does_not_claim_a_problem() -> None:
    """An announcement without a gate is shown, under a headline made from the components."""
    note = window(kind=Kind.ANNOUNCEMENT, gate=Gate.NONE, title="New prices from May")
    text = page_of(moment(note, components=(component("api"),))).text
    assert "All systems operational" in text
    assert "New prices from May" in text


def test_the_past_is_shown_with_its_length_and_last_word() -> None:
    """A window that is over: when, how long, how it ended, and the last post."""
    text = page_of(busy()).text
    assert (
        "Checkout errors Resolved Downtime Notice · Sun 29 Nov 2026, 20:00 UTC · lasted 2 hours "
        "All payments go through again."
    ) in text


def test_a_cancelled_window_is_not_announced() -> None:
    """What was cancelled is neither upcoming nor past."""
    gone = window(starts_at=START + HOUR, cancelled_at=START, title="Called off")
    assert "Called off" not in page_of(moment(gone)).text


def test_unknown_state_is_said() -> None:
    """Without any known state there are no lists that would look like "nothing is wrong"."""
    text = page_of(UNKNOWN).text
    assert "The current status is not known" in text
    assert "Nothing to report" not in text
    assert "No maintenance is planned" not in text


def test_a_windows_page_has_its_whole_timeline() -> None:
    """The page of a window keeps every post, unlike the front page."""
    posts = tuple(update("in_progress", f"Step {n}.", START + n * MINUTE, n) for n in range(1, 12))
    shown = window(updates=posts)
    text = Page(window_html(shown, moment(shown, at=START + 20 * MINUTE), BRANDING, EN)).text
    assert text.index("Step 11.") < text.index("Step 1.")


def test_a_cancelled_windows_page_says_so() -> None:
    """A link to a window that was cancelled still leads somewhere, with both times."""
    gone = window(starts_at=START + HOUR, cancelled_at=START)
    text = Page(window_html(gone, moment(gone), BRANDING, EN)).text
    assert "Cancelled Database upgrade" in text
    assert "Was planned for Tue 1 Dec 2026, 23:00 UTC" in text


def test_history_is_by_month_in_utc() -> None:
    """Windows that are over stand under the month of their start, the latest first."""
    day = timedelta(days=1)
    still_november_there = START.replace(day=1, hour=0).astimezone(timezone(-5 * HOUR))
    late = window(1, title="December's", starts_at=still_november_there, ended_at=still_november_there + HOUR)
    early = window(2, title="October's", starts_at=START - 40 * day, ended_at=START - 39 * day)
    text = Page(history_html(moment(early, late), BRANDING, EN)).text
    assert text.index("December 2026 December's") < text.index("October 2026 October's")


def test_an_unavailable_application_is_said_in_the_same_look() -> None:
    """502 and 504 name what is wrong, what to do, and the request; and are not indexed."""
    page = Page(message_page("It failed", "Please try again.", BRANDING, EN, badge=BADGE, request_id="7f3a"))
    assert "It failed" in page.text
    assert "name this request: 7f3a" in page.text
    assert {"name": "robots", "content": "noindex"} in page.of("meta")
    assert "name this request" not in Page(message_page("It failed", "Try.", BRANDING, EN, badge=BADGE)).text


def test_links_stay_below_the_prefix() -> None:
    """Every link of our own goes below the configured prefix."""
    branding = Branding(product="Acme", support_email="", prefix="/some/where")
    for html in (status_html(busy(), branding, EN), not_found_page("Gone.", branding, EN)):
        links = [link["href"] for link in Page(html).of("a")]
        assert links
        assert all(link.startswith(("/some/where/", "#main")) for link in links)


def test_plain_text_is_complete_in_a_few_lines() -> None:
    """What, since when, until when, the latest word, what is next and who helps: for terminals."""
    begin, end = "Tue 1 Dec 2026, 22:00 UTC", "Tue 1 Dec 2026, 22:45 UTC"
    assert plain_text(busy(), BRANDING, EN).decode().splitlines() == [
        "Acme Shop is down for maintenance. Sorry for the interruption. You can't use Acme Shop until this is over.",
        f"Maintenance Window: Database upgrade, since {begin}, expected until {end}.",
        "Verifying (Tue 1 Dec 2026, 22:09 UTC): We are checking every part.",
        "Degradation: Slow e-mail delivery, since Tue 1 Dec 2026, 21:00 UTC, expected until Wed 2 Dec 2026, 02:00 UTC.",
        "Scheduled: Network maintenance, Sun 6 Dec 2026, 02:00 UTC.",
        "Help: help@acme.example",
    ]


def test_plain_text_does_not_promise_a_time_that_has_passed() -> None:
    """Overrunning reads as such in text, too."""
    said = plain_text(moment(window(), at=START + 3 * HOUR), BRANDING, EN).decode()
    assert "taking longer than planned" in said
    assert "22:45" not in said


def test_what_is_hidden_is_on_no_page() -> None:
    """Neither in the list, nor in a window, nor in the headline; also where it is all that is the matter."""
    secret = component("secret", name="Secret part", status=ComponentStatus.MAJOR_OUTAGE, visibility=Visibility.HIDDEN)
    calm = window(gate=Gate.NONE, kind=Kind.ANNOUNCEMENT, components=(effect("secret", "partial_outage"),))
    seen = moment(calm, components=(component("api"), secret))
    for html in (
        status_html(seen, BRANDING, EN),
        gated_page(seen, BRANDING, EN),
        window_html(calm, seen, BRANDING, EN),
    ):
        assert "secret" not in html.decode().lower()
    assert "secret" not in plain_text(seen, BRANDING, EN).decode().lower()
    well = moment(components=(component("api"), secret))
    assert "All systems operational" in Page(status_html(well, BRANDING, EN)).text
    alone = moment(components=(secret,))
    assert "No known problems" in Page(status_html(alone, BRANDING, EN)).text


def test_a_collapsed_group_shows_its_name_and_status_until_something_is_the_matter() -> None:
    """Its parts are folded away, complete without JavaScript; other groups are open and have their description."""
    core = ComponentGroup(id=UUID(int=1), name="Core", description="What the rest needs")
    edge = ComponentGroup(id=UUID(int=2), name="Edge", position=1, collapsed=True)
    parts = (component("api", group_id=core.id), component("cdn", group_id=edge.id))
    page = Page(status_html(moment(components=parts, groups=(core, edge)), BRANDING, EN))
    assert len(page.of("details")) == 1
    assert "Core What the rest needs Api Operational Edge Operational Cdn Operational" in page.text
    parts = (parts[0], component("cdn", group_id=edge.id, status=ComponentStatus.PARTIAL_OUTAGE))
    page = Page(status_html(moment(components=parts, groups=(core, edge)), BRANDING, EN))
    assert page.of("details") == []
    assert "Edge Cdn Partial outage" in page.text


def test_a_state_that_is_older_than_it_should_be_says_as_of_when() -> None:
    """On every page that tells of it, above all else; in the text for terminals, too. Else nothing is said of it."""
    fresh = busy()
    assert fresh.snapshot is not None
    old = fresh.snapshot.at(fresh.at, as_of=START + 9 * MINUTE)
    written = [
        lambda seen: Page(gated_page(seen, BRANDING, EN)).text,
        lambda seen: Page(status_html(seen, BRANDING, EN)).text,
        lambda seen: Page(window_html(window(), seen, BRANDING, EN)).text,
        lambda seen: Page(history_html(seen, BRANDING, EN)).text,
        lambda seen: plain_text(seen, BRANDING, EN).decode(),
    ]
    for write in written:
        assert "As of Tue 1 Dec 2026, 22:09 UTC" in write(old)
        assert "As of" not in write(fresh)
