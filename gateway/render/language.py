"""The languages of customers' pages: words from the catalogues, days, lengths and numbers in the language's own form.

The words are in `templates/languages/`, in gettext's format with the English text as the key; `make languages` collects
what has to be translated. Forms of days and numbers are those of the CLDR.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_skeleton, get_datetime_format
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_percent
from babel.support import Translations
from babel.units import format_unit

from gateway.domain.languages import ENGLISH, LANGUAGES
from gateway.domain.past import Month
from gateway.resources import templates_directory

# English as it is written where days come before months.
_LOCALES = {ENGLISH: "en_IE"}
_WITHOUT_SPACES = frozenset({"ja", "zh-Hans"})
_HALF_MINUTE = timedelta(seconds=30)
_MINUTE = 60


def message(text: str) -> str:
    """Mark an English text for the catalogues; `Language.words` says it."""
    return text


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """One language, which says what it is given; made by `language_of`."""

    tag: str
    locale: Locale
    catalogue: NullTranslations

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, as in HTML's `dir`."""
        return self.locale.text_direction

    def read_forms(self) -> None:
        """Read the forms of days and lengths now: the first that is written takes milliseconds more."""
        self.instant(datetime.fromtimestamp(0, UTC), UTC)
        self.duration(timedelta(days=1, hours=1))
        self.duration(timedelta(minutes=1))

    def words(self, message: str, **values: object) -> str:
        """Say a message of the catalogue, given in English, with `values` in the place of `%(name)s`."""
        return self.catalogue.gettext(message) % values

    def together(self, *sentences: str) -> str:
        """Say sentences one after the other."""
        return ("" if self.tag in _WITHOUT_SPACES else " ").join(sentences)

    def count(self, one: str, many: str, number: int, **values: object) -> str:
        """Say a message about a `number` of things, which may stand in it as `%(number)s`."""
        return self.catalogue.ngettext(one, many, number) % {"number": number, **values}

    def instant(self, at: datetime, zone: tzinfo) -> str:
        """Write an instant in a time zone and say which: `Tue 1 Dec 2026, 22:45 UTC`."""
        form = str(get_datetime_format("medium", locale=self.locale)).replace("'", "")
        return form.format(self.time_of(at, zone), self.date_of(at, zone))

    def date_of(self, at: datetime, zone: tzinfo) -> str:
        """Write the day of an instant: `Tue 1 Dec 2026`."""
        return format_skeleton("yMMMEd", at.astimezone(zone), tzinfo=zone, locale=self.locale)

    def time_of(self, at: datetime, zone: tzinfo) -> str:
        """Write the time of day of an instant, and in which zone: `22:45 UTC`."""
        local = at.astimezone(zone)
        return f"{local:%H:%M} {zone_abbreviation(local)}"

    def day(self, day: date) -> str:
        """Write a day: `1 Dec 2026`."""
        return format_skeleton("yMMMd", datetime(day.year, day.month, day.day, tzinfo=UTC), locale=self.locale)

    def month(self, month: Month) -> str:
        """Write a month: `December 2026`."""
        return format_skeleton("yMMMM", datetime(month.year, month.month, 1, tzinfo=UTC), locale=self.locale)

    def percent(self, share: Decimal) -> str:
        """Write a share with all of its digits: `99.98%`."""
        return format_percent(share, locale=self.locale, decimal_quantization=False)

    def duration(self, length: timedelta) -> str:
        """Write a length to the minute, in at most two units: `45 minutes`, `1 hour 30 minutes`, `2 days`."""
        total = int((length + _HALF_MINUTE).total_seconds()) // _MINUTE
        hours, minutes = divmod(total, 60)
        days, hours = divmod(hours, 24)
        units = ((days, "duration-day"), (hours, "duration-hour"), (minutes, "duration-minute"))
        first = next((place for place, (number, _) in enumerate(units) if number), None)
        if first is None:
            return self.words("less than a minute")
        parts = [self._part(number, unit) for number, unit in units[first : first + 2] if number]
        # Of two parts of a length, such as "1 hour" and "30 minutes".
        return parts[0] if len(parts) == 1 else self.words("%(longer)s %(shorter)s", longer=parts[0], shorter=parts[1])

    def _part(self, number: int, unit: str) -> str:
        part = format_unit(number, unit, locale=self.locale)
        return part.replace(" ", "") if self.tag in _WITHOUT_SPACES else part


def zone_abbreviation(local: datetime) -> str:
    """Name the time zone of a local time as its clocks do: `CET`, `EDT`; those without a name by their offset."""
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name


def catalogue_file(tag: str) -> Path:
    """Return where the words of a language are."""
    return templates_directory() / "languages" / f"{tag}.po"


@lru_cache
def language_of(tag: str) -> Language:
    """Return a language of LANGUAGES, with its words read.

    Raises:
        KeyError: there is no such language.
    """
    if tag not in LANGUAGES:
        raise KeyError(tag)
    return Language(tag, Locale.parse(_LOCALES.get(tag, tag.replace("-", "_"))), _catalogue(tag))


def _catalogue(tag: str) -> NullTranslations:
    if tag == ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    with catalogue_file(tag).open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return Translations(compiled)
