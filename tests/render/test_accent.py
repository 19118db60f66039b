"""The accent: whatever the colour, what is written in it can be read; else it is refused."""

import colorsys

import pytest

from gateway.domain.errors import InvalidError
from gateway.render.accent import contrast, variants
from gateway.render.environment import page_style
from tests.render.test_style import tokens

GROUNDS = ("paper", "surface", "good-tint", "work-tint", "warn-tint", "bad-tint", "quiet-tint")
STYLE = page_style()
COLOURS = [f"#{r:02x}{g:02x}{b:02x}" for r in range(0, 256, 51) for g in range(0, 256, 51) for b in range(0, 256, 51)]


@pytest.mark.parametrize(("place", "scheme"), [(0, "light"), (1, "dark")])
def test_every_colour_that_is_taken_can_be_read(place: int, scheme: str) -> None:
    """As text on each ground of the style sheet, and as the ground of a button's text: WCAG AA, in both schemes."""
    grounds = tokens(scheme)
    poor, taken = [], 0
    for colour in COLOURS:
        try:
            variant = variants(colour, STYLE)[place]
        except InvalidError:
            continue
        taken += 1
        poor += [(colour, variant, name) for name in GROUNDS if contrast(variant, grounds[name]) < 4.5]
        style = page_style(colour)
        assert f"--link:{variant};--action:{variant};--action-ink:" in style
        ink = style.split(f"--action:{variant};--action-ink:")[1][:7]
        assert contrast(ink, variant) >= 4.5
    assert poor == []
    assert taken > len(COLOURS) * 0.7


@pytest.mark.parametrize("colour", ["#ffffff", "#ffe600", "#f0f0f0"])
def test_a_colour_that_is_too_light_is_refused(colour: str) -> None:
    """It would have to become another colour; the message names the setting, and one that works."""
    with pytest.raises(InvalidError) as error:
        page_style(colour)
    text = error.value.fields["page.accent"]
    assert colour in text
    suggested = text.rpartition(" ")[2]
    assert variants(suggested, STYLE)[0] == suggested


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    """Only what must move moves, and then in lightness alone."""
    light, dark = variants("#1f4e8c", STYLE)
    assert light == "#1f4e8c"
    hues = [colorsys.rgb_to_hls(*(int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)))[0] for c in (light, dark)]
    assert hues[0] == pytest.approx(hues[1], abs=0.01)
    assert dark != light
