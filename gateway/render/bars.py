"""The last days of a component as a row of bars: a height and a colour for each status, and the same in words."""

import math
from dataclasses import dataclass
from decimal import Decimal

from gateway.domain.component import ComponentStatus
from gateway.domain.uptime import Day, Uptime
from gateway.render.language import Language
from gateway.render.wording import COMPONENT_BADGES, Tone

HEIGHT = 28
_STEP = 4
_WIDTH = 3

# The worse, the lower: so the row can be read without its colours.
_HEIGHTS = {
    ComponentStatus.OPERATIONAL: 28,
    ComponentStatus.UNDER_MAINTENANCE: 22,
    ComponentStatus.DEGRADED_PERFORMANCE: 17,
    ComponentStatus.PARTIAL_OUTAGE: 12,
    ComponentStatus.MAJOR_OUTAGE: 7,
}
_NOT_THERE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """All bars of one kind, as the `d` of an SVG path."""

    tone: Tone
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A day that was not well: where it stands in the row, and what was the matter."""

    x: int
    day: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """What is drawn of a component, in a box of `width` by HEIGHT; `share` may be empty."""

    width: int
    shapes: tuple[Shape, ...]
    troubles: tuple[Trouble, ...]
    share: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """What a height and a colour mean."""

    word: str
    shape: Shape


def bars(found: Uptime, language: Language) -> Bars:
    """Draw the days of a component."""
    paths: dict[ComponentStatus | None, list[str]] = {}
    for place, day in enumerate(found.days):
        paths.setdefault(day.status, []).append(_bar(place * _STEP, day.status))
    return Bars(
        width=len(found.days) * _STEP - (_STEP - _WIDTH),
        shapes=tuple(Shape(tone=_tone(status), path="".join(parts)) for status, parts in paths.items()),
        troubles=tuple(
            Trouble(x=place * _STEP, day=language.day(day.date), text=_trouble(day, language))
            for place, day in enumerate(found.days)
            if day.lasted
        ),
        share=share_words(found.share_up, language),
        days=len(found.days),
    )


def share_words(share: float | None, language: Language) -> str:
    """Write a share in percent, rounded down: only what never failed is `100%`. Nothing known is no text."""
    if share is None:
        return ""
    return language.percent(Decimal(math.floor(share * 10_000 + 1e-6)) / 10_000)


def _bar(x: int, status: ComponentStatus | None) -> str:
    height = _HEIGHTS[status] if status else _NOT_THERE
    return f"M{x} {HEIGHT - height}h{_WIDTH}v{height}h-{_WIDTH}z"


def _tone(status: ComponentStatus | None) -> Tone:
    return COMPONENT_BADGES[status].tone if status else Tone.QUIET


def _trouble(day: Day, language: Language) -> str:
    worst_first = sorted(day.lasted.items(), key=lambda part: list(ComponentStatus).index(part[0]), reverse=True)
    return ", ".join(
        language.words(
            "%(status)s for %(duration)s",
            status=language.words(COMPONENT_BADGES[status].word),
            duration=language.duration(length),
        )
        for status, length in worst_first
    )


LEGEND = tuple(
    LegendEntry(word=COMPONENT_BADGES[status].word, shape=Shape(tone=_tone(status), path=_bar(0, status)))
    for status in ComponentStatus
)
