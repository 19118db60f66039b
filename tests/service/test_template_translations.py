"""Templates in several languages: the same variables, and no translation without the text that it is one of."""

from typing import Any

import pytest

from gateway.domain.access import Actor
from gateway.domain.errors import InvalidError
from gateway.service.drafts.fields import checked
from gateway.service.drafts.templates import RenderDraft, TemplateChange, TemplateDraft, UpdateRequest, WindowRequest
from gateway.service.drafts.windows import WindowDraft
from gateway.service.templates import Templates
from gateway.web.keys import Services

SRE = Actor(name="sre@example.com")
OUTAGE: dict[str, Any] = {
    "slug": "outage",
    "name": "Outage",
    "window": {
        "title": "{{what}} is down",
        "description": "We lost **{{what}}**.",
        "translations": {
            "de": {"title": "{{what}} fällt aus", "description": "**{{what}}** fehlt, {{product}}, {{grund}}."},
            "fr": {"title": "Panne : {{what}}"},
        },
    },
}
CAUSE: dict[str, Any] = {
    "slug": "cause",
    "name": "Cause",
    "update": {"status": "identified", "body": "It was {{cause}}.", "translations": {"de": "Es war {{cause}}."}},
}
VALUES = {"what": "a*b*c", "grund": "Strom"}


@pytest.fixture
async def templates(services: Services) -> Templates:
    for given in (OUTAGE, CAUSE):
        await services.templates.add(checked(TemplateDraft, given), SRE)
    return services.templates


async def translations(templates: Templates, **given: Any) -> dict[str, tuple[str, str]]:
    request = checked(WindowRequest, {"template": "outage", "variables": VALUES} | given)
    found = (await templates.window(request)).translations
    return {tag: (text.title, text.description) for tag, text in found.items()}


async def test_a_window_has_those_of_its_template(templates: Templates) -> None:
    """Filled in as the originals are: titles as text, descriptions as Markdown. Their variables are asked for, too."""
    assert (await templates.get("outage")).variables == ("what", "grund")
    assert await translations(templates) == {
        "de": ("a*b*c fällt aus", r"**a\*b\*c** fehlt, Acme Shop, Strom."),
        "fr": ("Panne : a*b*c", ""),
    }
    with pytest.raises(InvalidError) as error:
        await translations(templates, variables={"what": "x"})
    assert error.value.fields == {"variables.grund": "is missing: the template uses {{grund}}"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"title": "Own"}, {}),
        ({"description": "Own"}, {"de": ("a*b*c fällt aus", ""), "fr": ("Panne : a*b*c", "")}),
        (
            {"translations": {"de": {"title": "Eigenes {{what}}"}}},
            {"de": ("Eigenes {{what}}", ""), "fr": ("Panne : a*b*c", "")},
        ),
        ({"title": "Own", "translations": {"de": {"title": "Eigenes"}}}, {"de": ("Eigenes", "")}),
    ],
    ids=["title", "description", "language", "both"],
)
async def test_a_text_of_one_s_own_has_no_translation_of_another(
    templates: Templates, given: dict[str, Any], expected: dict[str, tuple[str, str]]
) -> None:
    """Customers would read something else in each language. What is given in one leaves the other languages."""
    assert await translations(templates, **given) == expected


async def test_an_update_has_those_of_its_template(templates: Templates, services: Services) -> None:
    """But none of another text; a language of one's own leaves the others."""
    window = await services.windows.create(WindowDraft(title="x"), SRE)
    for given, expected in (
        ({}, {"de": "Es war Rost."}),
        ({"body": "Own"}, {}),
        ({"translations": {"de": "Eigenes"}}, {"de": "Eigenes"}),
        ({"translations": {"fr": "Rouille"}}, {"de": "Es war Rost.", "fr": "Rouille"}),
    ):
        request = checked(UpdateRequest, {"template": "cause", "variables": {"cause": "Rost"}} | given)
        assert (await templates.update(window, request)).translations == expected


async def test_what_a_template_says_is_checked_in_each_language(templates: Templates) -> None:
    """When it is saved, and the length once more when it is filled in."""
    for fields, wrong, said in (
        ({"tlh": {"title": "x"}}, "window.translations.tlh", "is no language of the pages"),
        ({"de": {"title": ""}}, "window.translations.de.title", "must not be empty"),
        ({"de": {"title": "{{A}}"}}, "window.translations.de.title", "is no variable"),
        ({"de": {"title": "x", "description": "{{ x"}}, "window.translations.de.description", "is no variable"),
    ):
        with pytest.raises(InvalidError) as error:
            checked(TemplateChange, {"window": {"title": "x", "translations": fields}})
        assert error.value.fields.keys() == {wrong}
        assert said in error.value.fields[wrong]
    with pytest.raises(InvalidError) as error:
        checked(TemplateChange, {"update": CAUSE["update"] | {"translations": {"de": "{{A}}"}}})
    assert error.value.fields.keys() == {"update.translations.de"}
    with pytest.raises(InvalidError) as error:
        await translations(templates, title="x", translations={"de": {"title": "x" * 201}})
    assert error.value.fields.keys() == {"translations.de.title"}
    with pytest.raises(InvalidError) as error:
        await translations(templates, variables=VALUES | {"what": "x" * 191})
    assert error.value.fields.keys() == {"translations.de.title"}


async def test_one_in_every_language_can_be_saved(templates: Templates) -> None:
    """Each with the longest description."""
    texts = {
        tag: {"title": "x" * 200, "description": "ü" * 20_000} for tag in ("de", "fr", "es", "pt", "it", "nl", "pl")
    }
    change = checked(TemplateChange, {"window": {"title": "x", "description": "y" * 20_000, "translations": texts}})
    assert (await templates.edit("outage", change, SRE)).fields["translations"] == texts


async def test_one_is_tried_in_its_own_language(templates: Templates) -> None:
    """The variables of all languages are needed, as for a window."""
    shown = await templates.render("outage", RenderDraft(variables=VALUES))
    assert (shown.title, shown.text) == ("a*b*c is down", r"We lost **a\*b\*c**.")
    shown = await templates.render("cause", RenderDraft(variables={"cause": "rust"}))
    assert shown.text == "It was rust."
