"""The page that stands in for the application: what it says, what it never says, and what it costs."""

import gzip
import re
import time
from dataclasses import replace
from datetime import timedelta, timezone
from itertools import pairwise

import pytest

from gateway.domain.languages import LANGUAGES
from gateway.domain.scope import Scope
from gateway.domain.snapshot import Moment
from gateway.domain.window import Ends, Gate, Kind
from gateway.render.assets import asset_url
from gateway.render.environment import style_hash
from gateway.render.language import language_of
from gateway.render.look import Branding
from gateway.render.pages import content_security_policy, gated_page, unavailable_page
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


def page_of(seen: Moment, *, refused_write: bool = False) -> Page:
    return Page(gated_page(seen, BRANDING, EN, refused_write=refused_write))


def test_it_says_what_since_when_until_when_and_for_how_long() -> None:
    """Title, kind, description, start, estimated end and planned length stand on the page, times in UTC."""
    text = page_of(busy()).text
    for said in (
        "Acme Shop is down for maintenance",
        "Maintenance Window",
        "Database upgrade",
        "We are moving our database to PostgreSQL 18",
        "Since Tue 1 Dec 2026, 22:00 UTC",
        "Expected end Tue 1 Dec 2026, 22:45 UTC about 45 minutes in all",
    ):
        assert said in text


def test_times_are_readable_by_machines() -> None:
    """Each instant is a `time` element with an RFC 3339 value."""
    instants = [attributes["datetime"] for attributes in page_of(busy()).of("time")]
    assert "2026-12-01T22:45:00Z" in instants
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", instant) for instant in instants)


def test_other_time_zones_are_shown_in_utc() -> None:
    """An instant with another offset is the same instant, in UTC."""
    local = START.astimezone(timezone(9 * HOUR))
    assert "Since Tue 1 Dec 2026, 22:00 UTC" in page_of(moment(window(starts_at=local))).text


def test_overrunning_never_names_a_time_that_has_passed() -> None:
    """Past its estimate a window "takes longer than planned": the estimate is not on the page any more."""
    page = page_of(moment(window(), at=START + 3 * HOUR))
    assert "Taking longer than planned" in page.text
    assert "22:45" not in page.html
    assert "45 minutes" not in page.text
    assert "Since Tue 1 Dec 2026, 22:00 UTC" in page.text


def test_a_window_that_ends_on_time_promises_its_end() -> None:
    """With `ends = on_time` the end is certain, and said so."""
    text = page_of(moment(window(ends=Ends.ON_TIME))).text
    assert "Ends Tue 1 Dec 2026, 22:45 UTC after 45 minutes in all" in text
    assert "Expected end" not in text


def test_the_page_is_the_same_for_the_whole_of_its_moment() -> None:
    """Nothing on it ages: the data plane renders it once and serves it until the next change."""
    early, late = busy(), busy()
    later = Moment(snapshot=late.snapshot, at=early.until - timedelta(microseconds=1)) if early.until else late
    assert later.at > early.at
    assert gated_page(early, BRANDING, EN) == gated_page(later, BRANDING, EN)


def test_all_active_windows_are_shown_the_strictest_first() -> None:
    """Several windows at once: the page leads with the one that keeps customers out, and shows them all."""
    note = window(2, kind=Kind.ANNOUNCEMENT, gate=Gate.NONE, title="New prices", starts_at=START - HOUR)
    reading = window(3, gate=Gate.READ_ONLY, title="Moving files", starts_at=START - HOUR)
    text = page_of(moment(note, reading, window(4, kind=Kind.DOWNTIME, title="Power cut"))).text
    assert "Acme Shop is not available" in text
    assert text.index("Power cut") < text.index("Moving files") < text.index("New prices")


def test_updates_stand_newest_first_with_status_and_time() -> None:
    """The timeline: each post with its status in words and its time."""
    text = page_of(busy()).text
    newest = text.index("Verifying Tue 1 Dec 2026, 22:09 UTC We are checking every part.")
    assert newest < text.index("In progress Tue 1 Dec 2026, 22:04 UTC Data is copied.")
    assert newest < text.index("In progress Tue 1 Dec 2026, 22:00 UTC The upgrade has started.")


def test_a_long_timeline_is_cut_with_a_link_to_the_rest() -> None:
    """Eight posts stand on the page; how many more there are is said, with a link to the window's page."""
    posts = tuple(update("in_progress", f"Step {n}.", START + n * MINUTE, n) for n in range(1, 12))
    page = page_of(moment(window(updates=posts), at=START + 20 * MINUTE))
    assert "Step 4." in page.text
    assert "Step 3." not in page.text
    assert "3 earlier updates" in page.text
    assert f"/_maintenance/windows/{window().id}" in [link["href"] for link in page.of("a")]


def test_components_show_the_worst_of_their_own_and_the_windows_status() -> None:
    """A component reads what customers meet: the worst of its own status and those of active windows."""
    text = page_of(busy()).text
    assert "API Major outage" in text
    assert "Database Under maintenance" in text
    assert "E-mail delivery Degraded performance" in text
    assert text.index("For customers") < text.index("Website Shop and account pages Operational")


def test_what_is_next_is_announced() -> None:
    """Scheduled windows are named with their start, length and what they will mean."""
    assert (
        "Network maintenance Sun 6 Dec 2026, 02:00 UTC for about 45 minutes "
        "While this lasts you can look at everything, but changes can't be saved."
    ) in page_of(busy()).text


def test_support_is_one_click_away_where_there_is_some() -> None:
    """The support address is a mailto link; without one nothing is said."""
    assert "mailto:help@acme.example" in [link["href"] for link in page_of(busy()).of("a")]
    silent = Page(gated_page(busy(), Branding(product="Acme", support_email="", prefix="/m"), EN))
    assert not [link for link in silent.of("a") if link["href"].startswith("mailto:")]
    assert "Need help" not in silent.text


def test_unknown_state_is_said_and_nothing_is_made_up() -> None:
    """Without any known state the page says so: no window, no component, no "operational"."""
    held = page_of(Moment(snapshot=None, at=START, close_unknown=True)).text
    assert "The current status is not known" in held
    assert "requests are held back until we know" in held
    open_page = page_of(UNKNOWN).text
    assert "says nothing about whether it works" in open_page
    assert "held back" not in open_page
    assert "perational" not in held + open_page
    assert "Components" not in held + open_page


def test_a_scoped_window_does_not_claim_the_whole_product() -> None:
    """A window on some paths says "part of"."""
    text = page_of(moment(window(scope=Scope(paths=("/checkout",))))).text
    assert "Part of Acme Shop is down for maintenance" in text
    assert "You can't use part of Acme Shop" in text


def test_read_only_says_what_still_works() -> None:
    """A read-only window says that looking works and saving does not."""
    text = page_of(moment(window(gate=Gate.READ_ONLY))).text
    assert "Acme Shop is read-only for now" in text
    assert "You can look at everything, but changes can't be saved." in text


def test_it_comes_back_by_itself_but_not_after_a_refused_write() -> None:
    """Without a script it looks again by itself; after a refused write that would lose what was sent."""
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in page_of(busy()).html
    assert page_of(busy()).html.count("http-equiv") == 1
    refused = page_of(busy(), refused_write=True)
    assert not [meta for meta in refused.of("meta") if meta.get("http-equiv") == "refresh"]
    assert "What you just sent was not processed" in refused.text


def test_it_loads_its_script_and_nothing_else() -> None:
    """One self-contained response: no style sheet, image or font from anywhere, nothing inline runs, not indexed."""
    page = page_of(busy())
    assert page.loads() == [asset_url(BRANDING.prefix, "page.js")]
    assert page.of("script") == [{"src": asset_url(BRANDING.prefix, "page.js"), "defer": ""}]
    assert "url(" not in page.html
    assert "@import" not in page.html
    assert {"name": "robots", "content": "noindex"} in page.of("meta")


def test_the_policy_allows_exactly_this_style_sheet() -> None:
    """The hash in the policy is that of the style element as it stands in the page (CSP Level 3)."""
    for html in (gated_page(busy(), BRANDING, EN), unavailable_page("Away", "Try again.", BRANDING, EN)):
        (style,) = re.findall(r"<style>(.*?)</style>", html.decode(), re.DOTALL)
        assert f"style-src {style_hash(style)} 'sha256-" in content_security_policy(BRANDING)
    assert content_security_policy(BRANDING).startswith("default-src 'none'; ")
    assert "unsafe" not in content_security_policy(BRANDING)
    assert "script-src 'self'; connect-src 'self';" in content_security_policy(BRANDING)
    assert " style=" not in gated_page(busy(), BRANDING, EN).decode()


def test_the_outline_is_in_order() -> None:
    """One first-level heading, and no level left out, whatever headings the texts contain."""
    texts = "# Big\n\n## Smaller\n\n###### Smallest"
    page = page_of(moment(window(description=texts), components=(component("api"),)))
    levels = page.headings()
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 or after == 6 for before, after in pairwise(levels))


def test_every_status_has_an_icon_and_a_word() -> None:
    """Colour is never alone: each badge holds an icon, hidden from screen readers, and a word."""
    html = page_of(busy()).html
    badges = re.findall(r'<span class="badge[^"]*">(.*?)</span>', html, re.DOTALL)
    assert len(badges) > 6
    for badge in badges:
        assert re.fullmatch(r'<svg class="icon" viewBox="0 0 20 20" aria-hidden="true">.*</svg>[A-Z][\w -]+', badge)


def test_a_component_that_is_gone_is_not_named() -> None:
    """A window may name one that was removed, and that perhaps was hidden before: the page renders without it."""
    page = page_of(moment(window(components=(effect("gone-part", "partial_outage"),))))
    assert "Database upgrade" in page.text
    assert "gone-part" not in page.text


def test_size_stays_small() -> None:
    """A busy page is under 5 KB compressed; one with a dozen components and a full timeline stays under 20 KB."""
    assert len(gzip.compress(gated_page(busy(), BRANDING, EN))) < 5_000
    for tag in LANGUAGES:
        everywhere = gated_page(busy(), replace(BRANDING, languages=LANGUAGES), language_of(tag))
        assert len(gzip.compress(everywhere)) < 6_000
    posts = tuple(update("in_progress", f"{n} " + "Some news about the work. " * 12, START, n) for n in range(30))
    parts = tuple(component(f"part-{n}", name=f"Part number {n}") for n in range(12))
    large = moment(window(description="A long text. " * 200, updates=posts), components=parts)
    assert len(gzip.compress(gated_page(large, BRANDING, EN))) < 20_000


def test_rendering_is_quick() -> None:
    """A page takes under 10 ms: the data plane renders on its own thread; measured: 0.4 ms."""
    gated_page(busy(), BRANDING, EN)
    seen = busy()
    took = []
    for _ in range(7):
        begin = time.perf_counter()
        gated_page(seen, BRANDING, EN)
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.010


@pytest.mark.parametrize("kind", [*Kind])
@pytest.mark.parametrize("gate", [*Gate])
def test_each_kind_and_gate_has_its_words(kind: Kind, gate: Gate) -> None:
    """Each combination renders, with the window's title and its kind in words."""
    text = page_of(moment(window(kind=kind, gate=gate, title="Something"))).text
    assert "Something" in text
    assert kind.label in text


def test_while_a_window_reopens_it_promises_a_turn_in_time() -> None:
    """Not before the last one is let in: the minute is rounded up. Each has its own time, not "as soon as it can"."""
    over = START + HOUR + timedelta(seconds=1)
    reopening = window(ended_at=over, reopen_over=5 * MINUTE)
    text = page_of(moment(reopening, at=over + MINUTE)).text
    assert "Acme Shop is coming back" in text
    assert "your turn comes by Tue 1 Dec 2026, 23:06 UTC" in text
    assert "when it is your turn" in text
    assert "as soon as it can" not in text
