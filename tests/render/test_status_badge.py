"""The badge."""

from xml.etree import ElementTree as ET

import pytest

from gateway.domain.snapshot import Moment
from gateway.render.pages import badge_svg
from gateway.render.status_badge import COLOURS
from tests.render.samples import BRANDING, EN, UNKNOWN, busy, moment

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("seen", "word"), [(moment(), "Operational"), (busy(), "Maintenance Window"), (UNKNOWN, "Status not known")]
)
def test_it_says_the_word_of_the_status_page(seen: Moment, word: str) -> None:
    """As text, as a name for screen readers, and as wide as it needs."""
    image = ET.fromstring(badge_svg(seen, BRANDING, EN))  # noqa: S314  our own
    assert [text.text for text in image.iter(f"{SVG}text")] == ["status", word]
    assert image.get("aria-label") == f"status: {word}"
    assert int(image.get("width", "0")) == sum(
        int(rect.get("width", "0")) for rect in list(image.iter(f"{SVG}rect"))[1:]
    )


def test_white_on_each_colour_can_be_read() -> None:
    """WCAG 2.2 AA, success criterion 1.4.3: a contrast of 4.5 to 1 at least."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for colour in COLOURS.values():
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour
