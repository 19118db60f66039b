"""The past by months, as customers leaf through it. Months are in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain.errors import InvalidError
from gateway.domain.window import Window

MONTHS_SHOWN = 3
FIRST_YEAR = 1970
_WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month; `str` writes it as it is read: `2026-11`."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> "Month":
        """Read a month.

        Raises:
            InvalidError: it is none, or before 1970: then there were no windows.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None or int(match[1]) < FIRST_YEAR:
            raise InvalidError({"month": "write a month such as 2026-11"})
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, instant: datetime) -> "Month":
        """Return the month of an instant."""
        utc = instant.astimezone(UTC)
        return cls(utc.year, utc.month)

    def __str__(self) -> str:
        """Write it."""
        return f"{self.year:04}-{self.month:02}"

    def plus(self, months: int) -> "Month":
        """Return the month so many later (negative: earlier), none before 1970."""
        years, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(years, month + 1) if years >= FIRST_YEAR else Month(FIRST_YEAR, 1)

    @property
    def begins(self) -> datetime:
        """The instant at which it begins."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Some months in a row, `months` with the latest first, and the windows that began in them and are over.

    `earlier` and `later` are the last months of periods with more windows; None: there are none.
    """

    months: tuple[Month, ...]
    windows: tuple[Window, ...]
    is_complete: bool
    """Else there are more windows: `windows` are the latest."""
    earlier: Month | None
    later: Month | None


def months_until(last: Month) -> tuple[Month, ...]:
    """Return the months of the period that ends with `last`, the latest first."""
    return tuple(sorted({last.plus(-count) for count in range(MONTHS_SHOWN)}, reverse=True))
