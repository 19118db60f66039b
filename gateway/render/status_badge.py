"""The badge of the status, for readmes and dashboards: `templates/status/badge.svg`."""

from dataclasses import dataclass

from gateway.domain.snapshot import Moment
from gateway.render.headline import headline
from gateway.render.language import Language
from gateway.render.look import Branding
from gateway.render.wording import Tone

_SPACE = 16
_MOST_CHARACTERS = 40

# White text holds WCAG AA on each.
COLOURS = {
    Tone.GOOD: "#17703f",
    Tone.WORK: "#1f5aa8",
    Tone.WARN: "#8a5400",
    Tone.BAD: "#a8271e",
    Tone.QUIET: "#56606a",
}
_NARROW = frozenset("fijlrtI.,:;!|'() ")
_FULL = "\u2e80"
"""From here on are the characters of East Asia, each as wide as it is high."""
_WIDE = frozenset("mwMWGOQ@%")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusBadge:
    """What the image shows; widths in pixels."""

    branding: Branding
    language: Language
    label: str
    word: str
    colour: str
    label_width: int
    word_width: int

    @property
    def width(self) -> int:
        """Of the whole image."""
        return self.label_width + self.word_width


def status_badge(moment: Moment, branding: Branding, language: Language) -> StatusBadge:
    """Say in a word how the product does."""
    badge = headline(moment, branding, language).badge
    label, word = language.words("status"), language.words(badge.word)[:_MOST_CHARACTERS]
    return StatusBadge(
        branding=branding,
        language=language,
        label=label,
        word=word,
        colour=COLOURS[badge.tone],
        label_width=_width(label) + _SPACE,
        word_width=_width(word) + _SPACE,
    )


def _width(text: str) -> int:
    """Estimate how wide a text is in 11 pixels of Verdana; the image stretches or squeezes it to that."""
    return round(sum(11 if each >= _FULL else 4.2 if each in _NARROW else 9.5 if each in _WIDE else 7 for each in text))
