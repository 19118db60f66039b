"""Texts in other languages in the panel: folded where there are none, errors at their fields, nothing typed lost."""

import re

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.languages import NAMES
from gateway.domain.window import Window, WindowText
from gateway.service.drafts.fields import checked
from gateway.service.drafts.templates import TemplateDraft
from gateway.service.drafts.windows import WindowChange, WindowDraft
from gateway.store.pool import Database
from gateway.web.admin.forms import local_time
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.reading import Page
from tests.web.panel import Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")
TYPED = {"kind": "maintenance", "title": "Upgrade", "estimated_duration": "45m", "confirm": "Acme Shop"}
GERMAN = {"title.de": "Umbau", "description.de": "**Bald** zurück."}
GERMAN_TEXT = {"de": WindowText(title="Umbau", description="**Bald** zurück.")}


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await signed_in(await browser_on(aiohttp_client, services, observations), services, Role.OPERATOR)


async def a_window(services: Services) -> Window:
    translations = {"de": {"title": "Umbau", "description": "**Bald** zurück."}}
    return await services.windows.create(checked(WindowDraft, {"title": "Upgrade", "translations": translations}), WHO)


def unfolded(page: Page) -> list[str]:
    """Return the languages whose fields are open; with "all" where what holds them is."""
    folds = [(each, attributes) for each, attributes in page.elements if each in {"details", "summary"}]
    opened = [
        summary.get("lang", "all")
        for (_, details), (_, summary) in zip(folds[::2], folds[1::2], strict=True)
        if "open" in details
    ]
    return opened if "all" in opened or not opened else ["hidden"]


def marked(page: Page) -> list[str]:
    """Return the fields that are marked as wrong; each is described by what is said of it."""
    wrong = [attributes for _, attributes in page.elements if attributes.get("aria-invalid") == "true"]
    assert all(f"wrong-{each['name']}" in each["aria-describedby"].split() for each in wrong)
    return [each["name"] for each in wrong]


async def test_each_language_has_its_fields_folded(panel: Browser) -> None:
    """Under its own name; what is typed there is known to be in that language, and runs the way that it is written."""
    page = (await panel.get("/admin/windows/new")).page
    assert unfolded(page) == []
    assert "In other languages" in page.text
    fields = {each["name"]: each for each in (*page.of("input"), *page.of("textarea"))}
    for tag, name in NAMES.items():
        assert name in page.text
        for field in (fields[f"title.{tag}"], fields[f"description.{tag}"]):
            assert (field["lang"], field["dir"]) == (tag, "auto")


async def test_a_window_is_made_and_changed_in_several_languages(panel: Browser, services: Services) -> None:
    """What is filled in is open when the form is opened again; emptied, it is gone."""
    assert (await panel.post("/admin/windows/new", TYPED | GERMAN | {"title.fr": "Mise à jour"})).status == 303
    (window,) = await services.windows.list()
    assert window.translations == GERMAN_TEXT | {"fr": WindowText(title="Mise à jour")}
    page = (await panel.get(f"/admin/windows/{window.id}/edit")).page
    assert unfolded(page) == ["all", "de", "fr"]
    sent = page.sent("/edit")
    assert {name: sent[name] for name in GERMAN} == GERMAN
    changed = sent | {"title.de": "", "description.de": "", "title.fr": " Entretien "}
    assert (await panel.post(f"/admin/windows/{window.id}/edit", changed)).status == 303
    assert (await services.windows.get(window.id)).translations == {"fr": WindowText(title="Entretien")}


async def test_what_is_wrong_is_said_at_its_field(panel: Browser, services: Services) -> None:
    """And its language is open, with what was typed."""
    wrong = {"description.de": "Bald zurück.", "title.fr": "x" * 201}
    for path in ("/admin/windows/new", f"/admin/windows/{(await a_window(services)).id}/edit"):
        answer = await panel.post(
            path, TYPED | wrong | {"row_version": "1", "starts_at": local_time(services.state.now())}
        )
        assert answer.status == 422
        assert marked(answer.page) == ["title.de", "title.fr"]
        assert unfolded(answer.page) == ["all", "de", "fr"]
        assert "Please fill this in." in answer.page.text
        assert "must have at most 200 characters" in answer.page.text
        assert answer.page.sent(path)["description.de"] == "Bald zurück."
    assert [window.translations for window in await services.windows.list()] == [GERMAN_TEXT]


async def test_a_series_is_made_and_changed_in_several_languages(panel: Browser, services: Services) -> None:
    repeats = {"repeats": "daily", "starts_at": "2099-03-01T01:00", "time_zone": "UTC"}
    answer = await panel.post("/admin/windows/new", TYPED | GERMAN | repeats)
    path = f"{answer.location.partition('?')[0].removeprefix('/_maintenance')}/edit"
    page = (await panel.get(path)).page
    assert unfolded(page) == ["all", "de"]
    sent = page.sent("/edit")
    answer = await panel.post(path, sent | {"title.de": "", "hosts": "http://x"})
    assert (answer.status, marked(answer.page)) == (422, ["title.de", "hosts"])
    assert (await panel.post(path, sent | {"title.de": "Neubau", "title.ja": "\u66f4\u65b0"})).status == 303
    for window in await services.windows.list():
        assert window.translations == {
            "de": WindowText(title="Neubau", description="**Bald** zurück."),
            "ja": WindowText(title="\u66f4\u65b0"),
        }


async def test_an_update_is_posted_in_several_languages(panel: Browser, services: Services) -> None:
    path = f"/admin/windows/{(await a_window(services)).id}"
    assert unfolded((await panel.get(path)).page) == []
    typed = {"status": "verifying", "body": "Nearly.", "body.de": " Fast fertig. "}
    answer = await panel.post(f"{path}/updates", typed | {"body": "", "body.ar": "x" * 20_001})
    assert (answer.status, marked(answer.page)) == (422, ["body", "body.ar"])
    assert unfolded(answer.page) == ["all", "de", "ar"]
    assert (await panel.post(f"{path}/updates", typed)).status == 303
    (window,) = await services.windows.list()
    assert window.updates[0].translations == {"de": "Fast fertig."}


async def test_a_template_fills_in_an_update_in_several_languages(panel: Browser, services: Services) -> None:
    """Behind what was typed before; of other languages that stays as it is. Nothing is lost by a preview, either."""
    update = {"status": "resolved", "body": "Over.", "translations": {"de": "Vorbei.", "fr": "Fini."}}
    await services.templates.add(checked(TemplateDraft, {"slug": "over", "name": "Over", "update": update}), WHO)
    path = f"/admin/windows/{(await a_window(services)).id}/updates/draft"
    typed = {"status": "verifying", "body": "Nearly.", "body.de": "Fast.", "body.es": "Casi."}
    filled = (await panel.post(path, typed | {"template": "over"})).page
    expected = {"body": "Nearly.\n\nOver.", "body.de": "Fast.\n\nVorbei.", "body.fr": "Fini.", "body.es": "Casi."}
    sent = filled.sent("/updates")
    assert {name: sent[name] for name in expected} == expected
    assert unfolded(filled) == ["all", "de", "fr", "es"]
    sent = (await panel.post(path, typed | {"preview": "yes"})).page.sent("/updates")
    assert {name: sent[name] for name in typed} == typed


async def test_a_template_is_kept_in_several_languages(panel: Browser, services: Services) -> None:
    """For windows and for updates; what is wrong is said at its field."""
    names = {"slug": "move", "name": "Move"}
    window = names | {"title": "Move", "title.de": "Umzug von {{what}}"}
    answer = await panel.post("/admin/templates/new/window", window | {"title.de": "{{What}}"})
    assert (answer.status, marked(answer.page)) == (422, ["title.de"])
    assert (await panel.post("/admin/templates/new/window", window)).status == 303
    assert unfolded((await panel.get("/admin/templates/move")).page) == ["all", "de"]
    assert (await services.templates.get("move")).variables == ("what",)
    update = names | {"slug": "done", "status": "resolved", "body": "Done.", "body.de": "Fertig."}
    answer = await panel.post("/admin/templates/new/update", update | {"body.de": "{{What}}"})
    assert (answer.status, marked(answer.page)) == (422, ["body.de"])
    assert (await panel.post("/admin/templates/new/update", update)).status == 303
    sent = (await panel.get("/admin/templates/done")).page.sent("/templates/done")
    assert (sent["body.de"], sent["body.fr"]) == ("Fertig.", "")


async def test_a_conflict_shows_both_texts_under_the_language_s_name(panel: Browser, services: Services) -> None:
    window = await a_window(services)
    sent = (await panel.get(f"/admin/windows/{window.id}/edit")).page.sent("/edit")
    other = checked(WindowChange, {"translations": {"de": {"title": "Neubau"}}})
    await services.windows.edit(window.id, other, WHO)
    answer = await panel.post(f"/admin/windows/{window.id}/edit", sent | {"title.de": "Abriss"})
    assert answer.status == 409
    assert "Title (Deutsch) saved now: Neubau typed: Abriss" in answer.page.text
    assert "Description (Deutsch) saved now: (empty) typed: **Bald** zurück." in answer.page.text


async def test_the_audit_log_shows_a_change_of_them(panel: Browser, services: Services) -> None:
    window = await a_window(services)
    sent = (await panel.get(f"/admin/windows/{window.id}/edit")).page.sent("/edit")
    assert (await panel.post(f"/admin/windows/{window.id}/edit", sent | {"title.de": "Neubau"})).status == 303
    assert re.search(r"translations \S.*Umbau.*Neubau", (await panel.get("/admin/audit")).page.text)


async def test_what_could_not_be_saved_is_shown_without_the_languages_that_have_nothing(
    panel: Browser, database: Database
) -> None:
    """Sent again, it is all there."""
    sent = (await panel.get("/admin/windows/new")).page.sent("/windows/new") | TYPED | GERMAN
    await database.close()
    page = (await panel.post("/admin/windows/new", sent)).page
    assert "title.de Umbau" in page.text
    assert "title.fr" not in page.text
    assert "hosts (empty)" in page.text
    again = page.sent("/windows/new")
    assert {name: text for name, text in again.items() if text} == {name: text for name, text in sent.items() if text}


async def test_an_sre_reads_what_was_written(panel: Browser, services: Services) -> None:
    """Not its English translation, though the panel itself is in English; customers who read English get that."""
    texts = {"title": "Umbau", "description": "Bald zurück.", "translations": {"en": {"title": "Rebuilding"}}}
    window = await services.windows.create(checked(WindowDraft, texts), WHO)
    for path in ("/admin/", "/admin/windows", f"/admin/windows/{window.id}"):
        headings = (await panel.get(path)).page.text
        assert "Umbau" in headings, path
    assert "Rebuilding" not in (await panel.get("/admin/windows")).page.text
    assert "Rebuilding" in (await panel.get("/")).page.text
