"""The style sheets: contrast, both colour schemes, nothing loaded."""

import re

import pytest

from gateway.render.environment import PAGE_STYLES, page_style
from gateway.resources import templates_directory

ASSETS = templates_directory() / "assets"
BASE = (ASSETS / "base.css").read_text()

# Text on its ground, as the templates use them: WCAG 2.2, 1.4.3 (4.5 : 1).
TEXTS = [
    *[(text, ground) for text in ("ink", "soft", "link") for ground in ("paper", "surface")],
    *[
        (tone, ground)
        for tone in ("good", "work", "warn", "bad", "quiet")
        for ground in ("paper", "surface", f"{tone}-tint")
    ],
    *[("ink", f"{tone}-tint") for tone in ("good", "work", "warn", "bad", "quiet")],
    ("action-ink", "action"),
    ("surface", "good"),
    ("soft", "quiet-tint"),
    ("work", "work-tint"),
]
# Borders of fields: 1.4.11 (3 : 1).
BORDERS = [("edge", "surface"), ("edge", "paper"), ("bad", "surface")]


def tokens(scheme: str) -> dict[str, str]:
    light = BASE[: BASE.index("@media")]
    dark = BASE[BASE.index("@media") : BASE.index("*, ::before")]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    return found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark)) if scheme == "dark" else found


def contrast(one: str, other: str) -> float:
    """Compute the ratio of WCAG 2.2, "contrast ratio" and "relative luminance"."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme: str) -> None:
    """Every pair of text and ground holds WCAG AA, in both colour schemes."""
    colours = tokens(scheme)
    poor = {
        f"{text} on {ground}": round(contrast(colours[text], colours[ground]), 2)
        for pairs, least in ((TEXTS, 4.5), (BORDERS, 3.0))
        for text, ground in pairs
        if contrast(colours[text], colours[ground]) < least
    }
    assert poor == {}


def test_both_schemes_name_the_same_colours() -> None:
    """No colour is forgotten in the dark."""
    dark = BASE[BASE.index("@media") : BASE.index("*, ::before")]
    assert {*re.findall(r"--([\w-]+): #", dark)} == {*tokens("light")}


@pytest.mark.parametrize("name", ["base.css", "page.css", "admin.css"])
def test_style_sheets_load_nothing(name: str) -> None:
    """No import, no font, no image; colours only by token, so that a theme is one place."""
    text = (ASSETS / name).read_text()
    assert not re.search(r"url\(|@import|@font-face|https?:", text)
    if name != "base.css":
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?=[;\s,)])", re.sub(r"#[\w-]+\s*\{", "", text))


def test_every_token_that_is_used_exists() -> None:
    """A misspelt custom property is no error to a browser, so it is one here."""
    texts = "".join((ASSETS / name).read_text() for name in ("base.css", "page.css", "admin.css"))
    assert {*re.findall(r"var\(--([\w-]+)\)", texts)} <= {*re.findall(r"--([\w-]+):", texts)}


def test_the_inlined_sheet_is_the_files_without_comments() -> None:
    """What a page carries is what the files say: comments and indentation go, rules stay."""
    style = page_style()
    source = "".join((ASSETS / name).read_text() for name in PAGE_STYLES)
    assert "/*" not in style
    assert "</" not in style
    assert style.count("{") == re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL).count("{")
