"""Languages: every text of every page is translated, dates and lengths have the language's own form."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from gateway.domain.languages import ENGLISH, LANGUAGES, NAMES
from gateway.domain.past import Month
from gateway.domain.window import WindowText
from gateway.render.language import catalogue_file, language_of
from gateway.render.pages import gated_page
from tests.render.reading import Page
from tests.render.samples import BRANDING, START, component, moment, update, window

TRANSLATED = [tag for tag in LANGUAGES if tag != ENGLISH]
NIGHT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
PLACES = re.compile(r"%\(\w+\)s|\{\}")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What `make languages` finds in the code and the templates."""
    file = tmp_path_factory.mktemp("languages") / "all.pot"
    keywords = ["-k", "words", "-k", "count:1,2", "-k", "message", "-k", "Badge"]
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "--mapping", "babel.toml", *keywords]
    subprocess.run([*command, "-o", file, "."], cwd=ROOT, check=True)
    with file.open("rb") as opened:
        return read_po(opened)


def texts(of: str | tuple[str, ...] | list[str]) -> list[str]:
    return [of] if isinstance(of, str) else list(of)


def messages(catalogue: Catalog) -> dict[str, Message]:
    return {texts(message.id)[0]: message for message in catalogue if message.id}


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_text_is_translated(tag: str, collected: Catalog) -> None:
    """In all plural forms, with the same places for values; nothing is left over of texts that are gone."""
    with catalogue_file(tag).open("rb") as file:
        catalogue = read_po(file)
    known, wanted = messages(catalogue), messages(collected)
    assert known.keys() == wanted.keys()
    assert not catalogue.obsolete
    for key, message in known.items():
        said = texts(message.string)
        assert all(said), key
        assert len(said) == (catalogue.num_plurals if message.pluralizable else 1), key
        assert not message.fuzzy, key
        places = {place for text in texts(message.id) for place in PLACES.findall(text)}
        for text in said:
            found = set(PLACES.findall(text))
            assert found <= places, key
            assert places - found <= ({"%(num)s", "%(number)s"} if message.pluralizable else set()), key
            assert text == text.strip(), key


@pytest.mark.parametrize("tag", TRANSLATED)
def test_numbers_stand_in_forms_for_many_numbers(tag: str) -> None:
    """A plural form that is used for more than one number names it."""
    with catalogue_file(tag).open("rb") as file:
        catalogue = read_po(file)
    language = language_of(tag)
    for key, message in messages(catalogue).items():
        if message.pluralizable:
            said = [language.catalogue.ngettext(*texts(message.id), number) for number in range(1, 200)]
            for form in {text for text in said if said.count(text) > 1}:
                assert "%(num" in form, (key, form)


@pytest.mark.parametrize(
    ("tag", "instant", "month", "share", "length"),
    [
        ("en", "Fri 2 Jan 2026, 03:04 UTC", "January 2026", "99.98%", "1 hour 30 minutes"),
        ("de", "Fr., 2. Jan. 2026, 03:04 UTC", "Januar 2026", "99,98\xa0%", "1 Stunde 30 Minuten"),
        ("pl", "pt., 2 sty 2026, 03:04 UTC", "stycze\u0144 2026", "99,98%", "1 godzina 30 minut"),
        ("ja", "2026年1月2日(金) 03:04 UTC", "2026年1月", "99.98%", "1時間30分"),
        ("zh-Hans", "2026年1月2日周五 03:04 UTC", "2026年1月", "99.98%", "1小时30分钟"),
        ("ar", "الجمعة، 2 يناير 2026، 03:04 UTC", "يناير 2026", "99.98%", "ساعة و30 دقيقة"),
    ],
)
def test_dates_and_lengths_have_the_form_of_the_language(
    tag: str, instant: str, month: str, share: str, length: str
) -> None:
    """As the CLDR has it."""
    language = language_of(tag)
    found = (
        language.instant(NIGHT, UTC),
        language.month(Month(2026, 1)),
        language.percent(Decimal("0.9998")).replace("\u200e", ""),
        language.duration(timedelta(hours=1, minutes=30)),
    )
    assert found == (instant, month, share, length)


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("Europe/Berlin", "Fri 2 Jan 2026, 04:04 CET"),
        ("America/New_York", "Thu 1 Jan 2026, 22:04 EST"),
        ("America/Sao_Paulo", "Fri 2 Jan 2026, 00:04 UTC-03"),
    ],
)
def test_instants_name_their_zone(zone: str, written: str) -> None:
    """As its clocks show it; where those have no name, by the offset."""
    assert language_of(ENGLISH).instant(NIGHT, ZoneInfo(zone)) == written


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=45), "45 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=1, minutes=30), "1 hour 30 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=2, hours=3, minutes=4), "2 days 3 hours"),
        (timedelta(days=1, minutes=5), "1 day"),
        (timedelta(seconds=59), "1 minute"),
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(minutes=59, seconds=45), "1 hour"),
    ],
)
def test_lengths_are_said_to_the_minute_in_two_units(length: timedelta, words: str) -> None:
    """Nobody plans seconds: rounded to minutes, at most two neighbouring units."""
    assert language_of(ENGLISH).duration(length) == words


def test_each_language_has_a_name_of_its_own() -> None:
    """By which readers find it; and no other tag has a language."""
    assert len(set(NAMES.values())) == len(LANGUAGES)
    assert [tag for tag in LANGUAGES if language_of(tag).direction == "rtl"] == ["ar"]
    with pytest.raises(KeyError):
        language_of("xx")


def test_texts_in_another_language_than_the_page_say_so() -> None:
    """What is translated is in the page's language, what is not in the product's own (WCAG 2.2, 3.1.2)."""
    german = replace(BRANDING, language="de", languages=("de", "en"), introduction="Bald geht es weiter.")
    posts = (
        replace(update("verifying", "Fast fertig.", START), translations={"en": "Nearly done."}),
        update("in_progress", "Es geht los.", START, 2),
    )
    texts = {"en": WindowText(title="Moving house")}
    seen = moment(
        window(title="Umzug", description="Alles ist sicher.", translations=texts, updates=posts),
        components=(component("kasse"),),
    )
    page = Page(gated_page(seen, german, language_of("en")))
    assert {text for text, tag in page.languages if tag == "de"} >= {
        "Bald geht es weiter.", "Alles ist sicher.", "Es geht los.", "Kasse"
    }  # fmt: skip
    assert {text for text, tag in page.languages if tag == "en"} >= {"Moving house", "Nearly done."}
    own = Page(gated_page(seen, german, language_of("de")))
    assert {tag for text, tag in own.languages if text not in NAMES.values()} == {"de"}
