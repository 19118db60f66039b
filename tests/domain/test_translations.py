"""Windows in other languages: what is translated reads so, and nothing else changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.languages import LANGUAGES
from gateway.domain.window import Gate, Kind, Update, UpdateStatus, Window, WindowText

T0 = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
GERMAN = WindowText(title="Datenbank-Upgrade", description="Suchen werden **schneller**.")
UPDATE = Update(
    id=UUID(int=2),
    status=UpdateStatus.IN_PROGRESS,
    body="The new version is being installed.",
    translations={"de": "Die neue Version wird installiert."},
    created_at=T0,
)
WINDOW = Window(
    id=UUID(int=1),
    kind=Kind.MAINTENANCE,
    title="Database upgrade",
    description="Searches get **faster**.",
    translations={"de": GERMAN},
    starts_at=T0,
    estimated_duration=timedelta(hours=1),
    gate=Gate.CLOSED,
    created_at=T0,
    updated_at=T0,
    updates=(UPDATE,),
)

tags = st.sampled_from(LANGUAGES[:3])
texts = st.text(min_size=1, max_size=3)
updates = st.builds(
    Update,
    id=st.uuids(),
    status=st.sampled_from(UpdateStatus),
    body=texts,
    translations=st.dictionaries(tags, texts, max_size=2),
    created_at=st.just(T0),
)
windows = st.builds(
    replace,
    st.just(WINDOW),
    title=texts,
    description=st.text(max_size=3),
    translations=st.dictionaries(tags, st.builds(WindowText, title=texts, description=st.text(max_size=3)), max_size=2),
    updates=st.lists(updates, max_size=3).map(tuple),
)


def test_a_window_reads_as_it_was_translated() -> None:
    """Title, description and the bodies of posts; a post without a translation stays as it was written."""
    untranslated = replace(UPDATE, id=UUID(int=3), translations={})
    found = replace(WINDOW, updates=(untranslated, UPDATE)).in_language("de")
    assert (found.title, found.description) == (GERMAN.title, GERMAN.description)
    assert [each.body for each in found.updates] == [untranslated.body, "Die neue Version wird installiert."]


def test_without_a_translated_description_the_original_stays() -> None:
    """Customers who read two languages on one page still read everything."""
    found = replace(WINDOW, translations={"de": WindowText(title="Wartung")}).in_language("de")
    assert (found.title, found.description) == ("Wartung", WINDOW.description)


def test_a_post_may_be_translated_where_the_window_is_not() -> None:
    found = replace(WINDOW, translations={}).in_language("de")
    assert (found.title, found.updates[0].body) == (WINDOW.title, "Die neue Version wird installiert.")


def test_without_anything_in_a_language_it_is_the_window_itself() -> None:
    assert WINDOW.in_language("fr") is WINDOW
    assert WINDOW.in_language("de") is not WINDOW


@given(window=windows, tag=tags)
def test_nothing_but_texts_changes(window: Window, tag: str) -> None:
    """With its texts put back it is the window: state, gate, scope and every post are the same. Twice is once."""
    found = window.in_language(tag)
    bodies = zip(found.updates, window.updates, strict=True)
    back = tuple(replace(there, body=here.body) for there, here in bodies)
    assert replace(found, title=window.title, description=window.description, updates=back) == window
    assert found.in_language(tag) == found
