"""Translations of windows and updates: kept with them, followed as any change, and inherited from a series."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from gateway.domain.access import Actor
from gateway.domain.errors import InvalidError
from gateway.domain.languages import LANGUAGES
from gateway.domain.window import State, UpdateStatus, Window, WindowText
from gateway.service.drafts.fields import checked
from gateway.service.drafts.series import SeriesChange
from gateway.service.drafts.windows import UpdateDraft, WindowChange, WindowDraft
from gateway.web.keys import Services
from tests.observed import wait_until

Sql = Callable[[str], str]
SRE = Actor(name="sre@example.com")
GERMAN = {"de": {"title": "Datenbank-Upgrade", "description": "Suchen werden **schneller**."}}
GERMAN_TEXT = {"de": WindowText(title="Datenbank-Upgrade", description="Suchen werden **schneller**.")}
FRENCH = {"fr": {"title": "Mise à jour"}}
FRENCH_TEXT = {"fr": WindowText(title="Mise à jour")}


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


def draft(**values: Any) -> WindowDraft:
    return checked(WindowDraft, {"title": "Database upgrade", "translations": GERMAN} | values)


async def scheduled(services: Services) -> list[Window]:
    return await services.windows.list(states=frozenset({State.SCHEDULED}))


async def test_a_window_keeps_its_translations(services: Services) -> None:
    """Whoever reads it has them: the store, and the state that pages are made from."""
    created = await services.windows.create(draft(), SRE)
    assert created.translations == GERMAN_TEXT
    assert await services.windows.get(created.id) == created
    assert services.state.moment.active == (created,)


async def test_every_language_of_the_pages_is_kept(services: Services) -> None:
    given = {tag: {"title": f"Title, {tag}", "description": "\u202b\u4e2d\U0001f600"} for tag in LANGUAGES}
    created = await services.windows.create(draft(translations=given), SRE)
    assert created.translations == {tag: WindowText(**text) for tag, text in given.items()}


async def test_a_change_replaces_all_of_them_and_what_is_left_out_stays(services: Services) -> None:
    """The audit has both maps."""
    window = await services.windows.create(draft(), SRE)
    untouched = await services.windows.edit(window.id, checked(WindowChange, {"title": "Upgrade"}), SRE)
    assert untouched.translations == GERMAN_TEXT
    changed = await services.windows.edit(window.id, checked(WindowChange, {"translations": FRENCH}), SRE)
    assert changed.translations == FRENCH_TEXT
    (entry,) = await services.audit.latest(1)
    assert entry.before is not None
    assert entry.after is not None
    assert entry.before["translations"] == GERMAN
    assert entry.after["translations"] == {"fr": {"title": "Mise à jour", "description": ""}}
    emptied = await services.windows.edit(window.id, checked(WindowChange, {"translations": {}}), SRE)
    assert emptied.translations == {}
    ended = await services.windows.end(window.id, SRE)
    assert ended.translations == {}


async def test_other_verbs_leave_them_as_they_are(services: Services) -> None:
    window = await services.windows.create(draft(), SRE)
    await services.windows.extend(window.id, timedelta(minutes=5), SRE)
    assert (await services.windows.end(window.id, SRE)).translations == GERMAN_TEXT


async def test_an_update_keeps_its_translations(services: Services) -> None:
    """The audit has them as well."""
    window = await services.windows.create(draft(), SRE)
    given = {"status": "verifying", "body": "Nearly.", "translations": {"de": "Fast fertig."}}
    posted = await services.windows.post(window.id, checked(UpdateDraft, given), SRE)
    plain = UpdateDraft(status=UpdateStatus.RESOLVED, body="Done.")
    posted = await services.windows.post(window.id, plain, SRE)
    assert [update.translations for update in posted.updates] == [{}, {"de": "Fast fertig."}]
    assert services.state.moment.active == (posted,)
    assert [entry.after for entry in await services.audit.latest(2)] == [plain.model_dump(mode="json"), given]


async def test_occurrences_inherit_those_of_their_series(services: Services) -> None:
    """And follow a change of it; one that leaves them out leaves them as they are."""
    starts_at = services.state.now() + timedelta(days=2)
    recurrence = {"rule": "FREQ=DAILY;COUNT=3", "time_zone": "UTC"}
    first = await services.windows.create(draft(starts_at=starts_at, recurrence=recurrence), SRE)
    assert [window.translations for window in await scheduled(services)] == [GERMAN_TEXT] * 3
    assert first.recurrence is not None
    series = first.recurrence.series
    for change, expected in (
        ({"title": "Upgrade"}, GERMAN_TEXT),
        ({"translations": FRENCH}, FRENCH_TEXT),
        ({"translations": {}}, {}),
    ):
        await services.series.edit(series, checked(SeriesChange, {"window": change}), SRE)
        assert [window.translations for window in await scheduled(services)] == [expected] * 3


async def test_a_translation_by_hand_is_followed(services: Services, sql: Sql) -> None:
    """As any change in psql; the row's version rises, so that nobody writes over it unseen."""
    window = await services.windows.create(draft(translations={}), SRE)
    sql("""update windows set translations = '{"fr": {"title": "Mise à jour"}}'""")
    await wait_until(lambda: services.state.moment.active[0].translations == FRENCH_TEXT)
    assert services.state.moment.active[0].row_version == window.row_version + 1


async def test_each_wrong_one_is_told_by_its_language(services: Services) -> None:
    """With the limits of the originals; nothing is made."""
    wrong = {"xx": {"title": "x"}, "de": {"title": " "}, "fr": {"title": "x" * 201}, "es": {"description": "x"}}
    with pytest.raises(InvalidError) as raised:
        draft(
            translations=wrong | {"pt": {"title": "x", "description": "x" * 20_001}, "it": {"title": "x", "body": "x"}}
        )
    assert raised.value.fields == {
        "translations.xx": f"is no language of the pages: write one of {', '.join(LANGUAGES)}",
        "translations.de.title": "must not be empty",
        "translations.fr.title": "must have at most 200 characters",
        "translations.es.title": "is missing: it is needed",
        "translations.pt.description": "must have at most 20,000 characters",
        "translations.it.body": "there is no such field: correct its name, or leave it out",
    }
    with pytest.raises(InvalidError) as raised:
        checked(
            UpdateDraft, {"status": "resolved", "body": "x", "translations": {"DE": "x", "de": "", "fr": "x" * 20_001}}
        )
    assert raised.value.fields == {
        "translations.DE": f"is no language of the pages: write one of {', '.join(LANGUAGES)}",
        "translations.de": "must not be empty",
        "translations.fr": "must have at most 20,000 characters",
    }
    assert await services.windows.list() == []
