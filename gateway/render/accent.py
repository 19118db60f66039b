"""The accent colour: a light and a dark variant of it that can be read on every ground of the style sheet."""

import colorsys
import re

from gateway.domain.errors import InvalidError

_TEXT = 4.5
"""Contrast of text and ground: WCAG 2.2, 1.4.3, level AA."""
_RECOGNISED = 2.0
"""What is told from white by less would be darkened so far that it is another colour."""
_GROUND = re.compile(r"--(?:paper|surface|\w+-tint): (#[0-9a-f]{6})")
_DARK = "@media (prefers-color-scheme: dark)"
_STEPS = 200


def accent_rules(accent: str, style: str) -> str:
    """Return CSS that lays the accent over the tokens of a style sheet, for both colour schemes.

    Raises:
        InvalidError: the colour is too light for text on light pages.
    """
    light, dark = variants(accent, style)
    return f":root{{{_tokens(light)}}}{_DARK}{{:root{{{_tokens(dark)}}}}}"


def variants(accent: str, style: str) -> tuple[str, str]:
    """Darken and lighten a colour just so far that it can be read on the light and on the dark grounds.

    Raises:
        InvalidError: as `accent_rules`.
    """
    light, _, dark = style.partition(_DARK)
    found = _readable(accent, [*_GROUND.findall(light), "#ffffff"], darker=True)
    on_white = contrast(accent, "#ffffff")
    if on_white < _RECOGNISED:
        reason = f"{accent} can hardly be told from white ({on_white:.1f} : 1, at least {_RECOGNISED:g} : 1 is needed)"
        raise InvalidError({"page.accent": f"{reason}: take a darker colour, such as {found}"})
    return found, _readable(accent, [*_GROUND.findall(dark), "#000000"], darker=False)


def contrast(one: str, other: str) -> float:
    """Compute the ratio of WCAG 2.2, "contrast ratio"."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  sRGB's own numbers
        for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _readable(colour: str, grounds: list[str], *, darker: bool) -> str:
    """Move the lightness alone, step by step, until there is contrast enough; black and white always have it."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    end = 0.0 if darker else 1.0
    for step in range(_STEPS + 1):
        moved = lightness + (end - lightness) * step / _STEPS
        red, green, blue = (round(part * 255) for part in colorsys.hls_to_rgb(hue, moved, saturation))
        found = f"#{red:02x}{green:02x}{blue:02x}"
        if all(contrast(found, ground) >= _TEXT for ground in grounds):
            break
    return found


def _tokens(colour: str) -> str:
    ink = max("#ffffff", "#11151a", key=lambda text: contrast(text, colour))
    return f"--link:{colour};--action:{colour};--action-ink:{ink}"
