"""Templates: kept, audited, and made into windows and updates; every wrong input named with its remedy."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest

from gateway.domain.access import Actor
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.domain.template import TemplateKind
from gateway.domain.window import Gate, Kind, UpdateStatus, Window
from gateway.render.language import language_of
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.templates import (
    RenderDraft,
    TemplateChange,
    TemplateDraft,
    UpdateRequest,
    WindowRequest,
)
from gateway.service.drafts.windows import WindowDraft
from gateway.service.template_variables import BuiltIn
from gateway.service.templates import Templates
from gateway.web.keys import Services
from tests.render.samples import EN, HOUR

SRE = Actor(name="sre@example.com", address="203.0.113.9")
Psql = Callable[[str, str], str]
OUTAGE: dict[str, Any] = {
    "slug": "outage",
    "name": "Outage",
    "window": {
        "kind": "downtime",
        "title": "{{what}} is down",
        "description": "We lost **{{what}}** at {{start}}, back by {{end}} ({{duration}}). "
        "{{product}}, ticket {{ticket}}.",
        "estimated_duration": "2h",
        "gate": "read_only",
        "scope": {"hosts": ["shop.example.com"], "paths": []},
        "components": [{"slug": "api", "status": "major_outage"}],
        "reopen_over": "5m",
    },
}
MOVE = {"slug": "move", "name": "Move"}
CAUSE: dict[str, Any] = {
    "slug": "cause",
    "name": "Cause",
    "update": {"status": "identified", "body": "{{title}}: it was {{cause}}. Done by {{end}}."},
}


@pytest.fixture
async def templates(services: Services) -> Templates:
    await services.components.add(ComponentDraft(slug="api", name="The API"), SRE)
    for given in (OUTAGE, CAUSE):
        await services.templates.add(checked(TemplateDraft, given), SRE)
    return services.templates


async def a_window(services: Services, **values: object) -> Window:
    return await services.windows.create(WindowDraft.model_validate({"title": "*Power* cut"} | values), SRE)


async def wrong(awaiting: Any) -> dict[str, str]:
    with pytest.raises(InvalidError) as error:
        await awaiting
    return error.value.fields


async def test_a_fresh_installation_has_good_ones(services: Services) -> None:
    """They are valid, need at most one variable each, and an incident can begin with them."""
    found = await services.templates.list()
    assert {
        "database-upgrade",
        "deploy",
        "unexpected-outage",
        "investigating",
        "identified",
        "monitoring",
        "resolved",
    } <= {template.slug for template in found}
    window = await a_window(services)
    for template in found:
        assert len(template.variables) <= 1
        variables = dict.fromkeys(template.variables, "v18")
        if template.kind is TemplateKind.WINDOW:
            made = await services.templates.window(WindowRequest(template=template.slug, variables=variables))
            assert "{{" not in made.title + made.description
        else:
            posted = await services.templates.update(window, UpdateRequest(template=template.slug, variables=variables))
            assert "{{" not in posted.body


async def test_a_window_is_made_from_one(templates: Templates, services: Services) -> None:
    """Every field of the template arrives, texts filled in: the title as text, the description as Markdown."""
    draft = await templates.window(WindowRequest(template="outage", variables={"what": "a*b*c", "ticket": " #7 "}))
    assert draft.title == "a*b*c is down"
    start = services.state.now()
    window = await services.windows.create(draft, SRE)
    assert (window.kind, window.gate) == (Kind.DOWNTIME, Gate.READ_ONLY)
    assert window.estimated_duration == timedelta(hours=2)
    assert window.reopen_over == timedelta(minutes=5)
    assert window.scope.hosts == ("shop.example.com",)
    assert [(effect.slug, effect.status.value) for effect in window.components] == [("api", "major_outage")]
    assert r"**a\*b\*c** at " in window.description
    assert EN.instant(start, UTC) in window.description
    assert f"back by {EN.instant(window.scheduled_until, UTC)} (2 hours). Acme Shop, ticket \\#7." in window.description


async def test_what_is_built_in_is_said_in_the_language_of_each_text(templates: Templates, services: Services) -> None:
    """Times and lengths have its form; of an overdue window no end is promised in any."""
    texts = {"title": "{{product}}, {{date}}", "description": "{{start}}, {{duration}}"}
    fields = {"window": {"title": "{{product}}", "estimated_duration": "90m", "translations": {"de": texts}}}
    await templates.add(checked(TemplateDraft, {"slug": "night", "name": "N"} | fields), SRE)
    draft = await templates.window(WindowRequest(template="night"))
    written = await services.windows.create(draft, SRE)
    window = written.in_language("de")
    german = language_of("de")
    assert window.title == f"Acme Shop, {german.date_of(window.created_at, UTC)}"
    assert window.description == f"{german.instant(window.starts_at, UTC)}, 1 Stunde 30 Minuten"
    translated = BuiltIn(product="Acme Shop", time_zone=UTC, now=window.starts_at, window=written)
    assert translated.values("de")["title"] == window.title
    assert translated.values("de", of_original=True)["title"] == "Acme Shop"
    overdue = BuiltIn(product="Acme Shop", time_zone=UTC, now=window.scheduled_until + HOUR, window=window)
    assert [overdue.values(tag)["end"] for tag in ("en", "de")] == ["as soon as possible", "so bald wie möglich"]


async def test_what_is_given_goes_before_what_the_template_says(templates: Templates, services: Services) -> None:
    """A text of one's own is taken as it is, braces and all; what is built in follows the values that hold."""
    at = services.state.now() + timedelta(days=1)
    given = {"template": "outage", "variables": {"what": "API", "ticket": "7"}, "title": "{{what}} {{x", "gate": "none"}
    request = checked(WindowRequest, given | {"starts_at": at.isoformat(), "estimated_duration": "1h"})
    draft = await templates.window(request)
    assert (draft.title, draft.gate, draft.starts_at) == ("{{what}} {{x", Gate.NONE, at)
    assert f"back by {EN.instant(at + timedelta(hours=1), UTC)} (1 hour)" in draft.description
    assert draft.kind is Kind.DOWNTIME


@pytest.mark.parametrize(
    ("given", "scope"),
    [
        ({}, ("a.example", "/a /b", "/a/x")),
        ({"hosts": ["b.example"]}, ("b.example", "/a /b", "/a/x")),
        ({"paths": ["/a"]}, ("a.example", "/a", "/a/x")),
        ({"hosts": [], "excluded_paths": ["/b/y"]}, ("", "/a /b", "/b/y")),
    ],
)
async def test_a_scope_is_filled_up(
    templates: Templates, given: dict[str, list[str]], scope: tuple[str, str, str]
) -> None:
    """What the request gives of a scope replaces that list alone, an empty list too; the others are the template's."""
    saved = {"hosts": ["a.example"], "paths": ["/a", "/b"], "excluded_paths": ["/a/x"]}
    await templates.add(checked(TemplateDraft, {**MOVE, "window": {"title": "Move", "scope": saved}}), SRE)
    made = (await templates.window(checked(WindowRequest, {"template": "move", "scope": given}))).scope
    assert (" ".join(made.hosts), " ".join(made.paths), " ".join(made.excluded_paths)) == scope


async def test_a_scope_that_is_filled_up_is_checked(templates: Templates) -> None:
    """An exclusion of the template that leaves out nothing of the paths given is refused, not dropped."""
    saved = {"paths": ["/a"], "excluded_paths": ["/a/x"]}
    await templates.add(checked(TemplateDraft, {**MOVE, "window": {"title": "Move", "scope": saved}}), SRE)
    with pytest.raises(InvalidError) as refused:
        await templates.window(checked(WindowRequest, {"template": "move", "scope": {"paths": ["/b"]}}))
    assert "/a/x leaves out nothing" in refused.value.fields["scope.excluded_paths"]


async def test_a_variable_that_is_not_used_need_not_be_given(templates: Templates) -> None:
    """It stands only in a text that the request replaces; it may be given all the same."""
    for variables in ({"what": "API"}, {"what": "API", "ticket": "7"}):
        draft = await templates.window(WindowRequest(template="outage", variables=variables, description="Own."))
        assert (draft.title, draft.description) == ("API is down", "Own.")


async def test_an_update_is_made_from_one(templates: Templates, services: Services) -> None:
    """It knows the window that it is posted on; the window's title is text there."""
    window = await a_window(services)
    draft = await templates.update(window, UpdateRequest(template="cause", variables={"cause": "a cable"}))
    assert draft.status is UpdateStatus.IDENTIFIED
    assert draft.body == rf"\*Power\* cut: it was a cable. Done by {EN.instant(window.scheduled_until, UTC)}."
    own = await templates.update(window, UpdateRequest(template="cause", body="Own {{cause}}."))
    assert (own.status, own.body) == (UpdateStatus.IDENTIFIED, "Own {{cause}}.")


async def test_of_an_overdue_window_no_end_is_promised(templates: Templates, services: Services) -> None:
    start = services.state.now() - timedelta(hours=2)
    window = await a_window(services, starts_at=start, estimated_duration="1h")
    draft = await templates.update(window, UpdateRequest(template="cause", variables={"cause": "a cable"}))
    assert draft.body.endswith("Done by as soon as possible.")


async def test_every_wrong_value_is_named(templates: Templates, services: Services) -> None:
    """The template, each variable, each field; with what would be right."""
    window, take = await a_window(services), templates.window
    assert await wrong(
        take(WindowRequest(template="outage", variables={"who": "x", "product": "y", "what": "a\nb"}))
    ) == {
        "variables.what": "must be one line of text, of 500 characters at most",
        "variables.ticket": "is missing: the template uses {{ticket}}",
        "variables.who": "the template has no such variable; it takes what, ticket",
        "variables.product": "is built in (the product's name): leave it out",
    }
    none = 'there is no template "no"; `gateway template list` shows them'
    assert await wrong(take(WindowRequest(template="no"))) == {"template": none}
    assert await wrong(templates.update(window, UpdateRequest(template="no"))) == {"template": none}
    assert await wrong(take(WindowRequest(template="cause"))) == {
        "template": '"cause" is a template for updates, not for windows'
    }
    assert await wrong(templates.update(window, UpdateRequest(template="outage"))) == {
        "template": '"outage" is a template for windows, not for updates'
    }
    without = WindowRequest(title="x", variables={"a": "b"})
    assert await wrong(take(without)) == {"variables": "belong to a template: name it as `template`"}
    assert set(await wrong(take(WindowRequest()))) == {"title"}
    assert set(await wrong(templates.update(window, UpdateRequest()))) == {"status", "body"}
    long = WindowRequest(template="outage", variables={"what": "x" * 200, "ticket": "7"})
    assert "at most 200" in (await wrong(take(long)))["title"]


async def test_a_wrong_template_is_not_saved(templates: Templates) -> None:
    """A typing error in a variable, a component that does not exist: found now, not at three in the morning."""
    for given, field, said in [
        ({"window": {"title": "{{What}}"}}, "window.title", "'{{What}}' is no variable: write {{name}}"),
        ({"window": {"title": "x", "description": "a {{b"}}, "window.description", "'{{b' is no variable"),
        ({"window": {"description": "x"}}, "window.title", "is missing: it is needed"),
        ({"window": {"title": "x", "starts_at": "2026-12-01T22:00:00Z"}}, "window.starts_at", "there is no such field"),
        ({"update": {"body": "x"}}, "update.status", "is missing: it is needed"),
        ({"update": {"status": "identified", "body": " "}}, "update.body", "must not be empty"),
        ({}, "body", 'give either "window" or "update": what the template is for'),
        ({"window": OUTAGE["window"], "update": CAUSE["update"]}, "body", 'give either "window" or "update"'),
        ({"window": OUTAGE["window"], "slug": "Two Words"}, "slug", "'Two Words' is not a short name"),
        ({"window": OUTAGE["window"], "name": ""}, "name", "must not be empty"),
    ]:
        with pytest.raises(InvalidError) as error:
            checked(TemplateDraft, {"slug": "new", "name": "New"} | given)
        assert error.value.fields[field].startswith(said), given
    gone = 'there is no component "gone"; `gateway component list` shows them'
    window = {"title": "x", "components": [{"slug": "api"}, {"slug": "gone"}]}
    draft = checked(TemplateDraft, {"slug": "new", "name": "New", "window": window})
    assert await wrong(templates.add(draft, SRE)) == {"window.components.1.slug": gone}
    change = checked(TemplateChange, {"window": window})
    assert await wrong(templates.edit("outage", change, SRE)) == {"window.components.1.slug": gone}


async def test_a_short_name_is_taken_once(templates: Templates) -> None:
    with pytest.raises(ConflictError, match="slug is taken by another template"):
        await templates.add(checked(TemplateDraft, OUTAGE), SRE)
    with pytest.raises(ConflictError, match="slug is taken by another template"):
        await templates.edit("outage", TemplateChange(slug="cause"), SRE)


async def test_one_is_edited(templates: Templates) -> None:
    """What is left out stays; the fields of its kind are replaced as a whole."""
    template = await templates.edit("outage", TemplateChange(name="Big outage", slug="big"), SRE)
    assert (template.name, template.slug, template.row_version) == ("Big outage", "big", 2)
    assert template.variables == ("what", "ticket")
    change = checked(TemplateChange, {"window": {"title": "Down: {{x}}"}})
    assert (await templates.edit("big", change, SRE)).fields == {"title": "Down: {{x}}"}
    other = checked(TemplateChange, {"update": CAUSE["update"]})
    with pytest.raises(ConflictError, match='"big" is a template for windows, and stays one'):
        await templates.edit("big", other, SRE)


async def test_the_second_writer_is_told(templates: Templates) -> None:
    """Nothing is overwritten or removed that somebody has changed since it was read."""
    read = await templates.get("outage")
    await templates.edit("outage", TemplateChange(name="First"), SRE, row_version=read.row_version)
    for second in (
        templates.edit("outage", TemplateChange(name="Second"), SRE, row_version=read.row_version),
        templates.remove("outage", SRE, row_version=read.row_version),
    ):
        with pytest.raises(ConflictError, match='the template "First" was changed by somebody else'):
            await second
    assert (await templates.get("outage")).name == "First"


async def test_one_is_removed_and_what_it_made_stays(templates: Templates, services: Services) -> None:
    request = WindowRequest(template="outage", variables={"what": "API", "ticket": "7"})
    window = await services.windows.create(await templates.window(request), SRE)
    await templates.remove("outage", SRE)
    with pytest.raises(NotFoundError, match='there is no template "outage"; `gateway template list` shows them'):
        await templates.get("outage")
    for gone in (templates.edit("outage", TemplateChange(), SRE), templates.remove("outage", SRE)):
        with pytest.raises(NotFoundError):
            await gone
    assert (await services.windows.get(window.id)).title == "API is down"


async def test_they_are_listed_in_pieces(templates: Templates) -> None:
    """By kind, and behind the one that was seen last: no piece has one twice, whatever is added meanwhile."""
    names = [template.slug for template in await templates.list()]
    assert names == sorted(names)
    first = await templates.list(limit=3)
    assert [*first, *(await templates.list(after=first[-1].slug))] == await templates.list()
    assert {template.kind for template in await templates.list(kind=TemplateKind.UPDATE)} == {TemplateKind.UPDATE}


async def test_every_write_is_audited(templates: Templates, services: Services) -> None:
    """Who, from where, before and after."""
    await templates.edit("outage", TemplateChange(name="Big outage"), SRE)
    await templates.remove("outage", SRE)
    removed, edited, _, added, *_ = await services.audit.latest()
    assert [entry.action for entry in (added, edited, removed)] == [
        "template.added",
        "template.edited",
        "template.removed",
    ]
    assert {(entry.actor, entry.address, entry.subject_id) for entry in (added, edited, removed)} == {
        (SRE.name, SRE.address, "outage")
    }
    assert added.after is not None
    assert added.after["fields"]["title"] == "{{what}} is down"
    assert edited.before is not None
    assert edited.after is not None
    assert (edited.before["name"], edited.after["name"]) == ("Outage", "Big outage")
    assert removed.before == edited.after


async def test_no_gateway_loads_its_state_for_a_template(templates: Templates, services: Services) -> None:
    """They are no part of the state: a write raises no version."""
    before = services.state.version
    await templates.edit("outage", TemplateChange(name="Big outage"), SRE)
    await services.components.add(ComponentDraft(slug="db", name="Database"), SRE)
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert before < services.state.version
    async with services.templates._database.session() as session:
        version = await session.run("state_version")
        await templates.edit("outage", TemplateChange(name="Bigger outage"), SRE)
        assert await session.run("state_version") == version


async def test_one_that_was_broken_by_hand_says_so(
    templates: Templates, services: Services, database_url: str, psql: Psql
) -> None:
    """It is still listed, can be corrected, and is never half used."""
    psql(database_url, """update templates set fields = '{"title": "{{Oops}}", "tea": 1}' where slug = 'outage'""")
    psql(database_url, """update templates set fields = '{"body": 5}' where slug = 'cause'""")
    assert len(await templates.list()) > 2
    [said] = (await wrong(templates.window(WindowRequest(template="outage")))).items()
    assert said[0] == "template"
    assert said[1].startswith('"outage" has to be corrected first: title: ')
    [said] = (await wrong(templates.update(await a_window(services), UpdateRequest(template="cause")))).items()
    assert said[1].startswith('"cause" has to be corrected first: status: ')
    change = checked(TemplateChange, {"window": OUTAGE["window"]})
    assert (await templates.edit("outage", change, SRE)).variables == ("what", "ticket")


async def test_a_rendering_shows_the_outcome(templates: Templates, services: Services) -> None:
    """Before anything is made of it; an update's, of the window that it would be posted on."""
    made = await templates.render("outage", RenderDraft(variables={"what": "API", "ticket": "7"}))
    assert made.title == "API is down"
    assert "**API**" in made.text
    window = await a_window(services)
    rendered = await templates.render("cause", RenderDraft(variables={"cause": "x"}, window_id=window.id))
    assert rendered.text.startswith(r"\*Power\* cut: it was x.")
    assert await wrong(templates.render("cause", RenderDraft(variables={"cause": "x"}))) == {
        "window_id": "the template uses {{title}}: name the window that it would be posted on"
    }
    assert (await templates.render("investigating", RenderDraft())).text
    with pytest.raises(NotFoundError, match="there is no template"):
        await templates.render("no", RenderDraft())
    assert set(await wrong(templates.render("outage", RenderDraft()))) == {"variables.what", "variables.ticket"}
    assert list(await services.windows.list()) == [window]
