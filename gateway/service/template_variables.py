"""What the built-in variables of templates say, in each language."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from gateway.domain.window import State, Window
from gateway.render.language import language_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """What they are about: the product and its time zone, the present time, and the window, made already or not."""

    product: str
    time_zone: tzinfo
    now: datetime
    window: Window | None = None
    planned: tuple[datetime, timedelta] | None = None
    """The start and the length of a window that is not made yet."""

    def values(self, tag: str, *, of_original: bool = False) -> dict[str, str]:
        """Return the values of all that are known, in a language; an original has the window's original title."""
        language, zone = language_of(tag), self.time_zone
        values = {
            "product": self.product,
            "date": language.date_of(self.now, zone),
            "time": language.time_of(self.now, zone),
        }
        planned = (self.window.starts_at, self.window.estimated_duration) if self.window else self.planned
        if planned is not None:
            starts_at, length = planned
            values["start"] = language.instant(starts_at, zone)
            values["end"] = language.instant(starts_at + length, zone)
            values["duration"] = language.duration(length)
        if self.window is not None:
            values["title"] = self.window.title if of_original else self.window.in_language(tag).title
            if self.window.state(self.now) is State.OVERRUNNING:  # a promise that has passed is none
                values["end"] = language.words("as soon as possible")
        return values
