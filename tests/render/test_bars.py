"""The bars of the last days: the same in height, colour and words."""

from datetime import date, timedelta

import pytest

from gateway.domain.component import ComponentStatus
from gateway.domain.uptime import Day, Uptime
from gateway.render.bars import HEIGHT, LEGEND, bars, share_words
from gateway.render.pages import gated_page, status_html
from tests.render.reading import Page
from tests.render.samples import BRANDING, EN, busy

OPERATIONAL, MAINTENANCE, DEGRADED, PARTIAL, MAJOR = ComponentStatus
TODAY = date(2026, 12, 1)


def days(*statuses: ComponentStatus | None, share: float | None = 1.0) -> Uptime:
    made = [
        Day(
            date=TODAY - timedelta(days=len(statuses) - 1 - place),
            status=status,
            lasted={status: timedelta(minutes=35)} if status not in (None, OPERATIONAL) else {},
        )
        for place, status in enumerate(statuses)
    ]
    return Uptime(days=tuple(made), share_up=share)


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.0, "100%"), (0.99999999, "99.99%"), (0.9995, "99.95%"), (0.5, "50%"), (0.0, "0%"), (None, "")],
)
def test_a_share_never_says_more_than_was(share: float | None, words: str) -> None:
    """Rounded down: one second of an outage is no 100%."""
    assert share_words(share, EN) == words


def test_each_day_is_a_bar_of_its_status() -> None:
    """One path for each status, a height for each: the worse, the lower, so it reads without colours."""
    found = bars(days(None, OPERATIONAL, MAJOR, OPERATIONAL), EN)
    assert found.width == 15
    assert [shape.path.count("M") for shape in found.shapes] == [1, 2, 1]
    heights = [int(entry.shape.path.partition("v")[2].partition("h")[0]) for entry in LEGEND]
    assert heights == sorted(heights, reverse=True)
    assert len(set(heights)) == len(ComponentStatus)
    assert heights[0] == HEIGHT


def test_days_with_problems_are_told_in_words() -> None:
    """What was the matter, the worst first, and for how long."""
    both = Day(date=TODAY, status=MAJOR, lasted={DEGRADED: timedelta(hours=3), MAJOR: timedelta(minutes=20)})
    [trouble] = bars(Uptime(days=(both,), share_up=0.9), EN).troubles
    assert (trouble.day, trouble.text) == (
        "1 Dec 2026",
        "Major outage for 20 minutes, Degraded performance for 3 hours",
    )


def test_the_status_page_has_them_for_every_reader() -> None:
    """A picture with a name, the share, the days with problems as a list, a legend; none where nothing is known."""
    page = Page(status_html(busy(), BRANDING, EN, {"api": days(OPERATIONAL, PARTIAL, OPERATIONAL, share=0.97568)}))
    assert "97.56% up" in page.text
    assert "1 day with problems" in page.text
    assert "30 Nov 2026: Partial outage for 35 minutes" in page.text
    source = status_html(busy(), BRANDING, EN, {"api": days(OPERATIONAL, PARTIAL)}).decode()
    assert source.count('role="img"') == 1
    assert 'aria-label="API, the last 2 days: 100% without an outage, 1 day with problems"' in source
    assert 'aria-label="What the bars mean"' in source
    assert 'aria-label="What the bars mean"' not in status_html(busy(), BRANDING, EN).decode()


def test_the_gated_page_has_none() -> None:
    """It says what is the matter now, and stays small."""
    assert b"What the bars mean" not in gated_page(busy(), BRANDING, EN)
