"""Templates in the panel: kept, used in three clicks, and nothing typed is ever lost."""

from collections.abc import Callable

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.errors import NotFoundError
from gateway.domain.template import TemplateKind
from gateway.domain.window import Gate, Kind, UpdateStatus, Window
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.templates import TemplateChange, TemplateDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")
TYPED = {
    "name": "Payment outage",
    "slug": "payments",
    "title": "{{what}} is down",
    "description": "**{{what}}** does not answer. Ticket {{ticket}}.",
    "kind": "downtime",
    "estimated_duration": "90m",
    "gate": "read_only",
    "ends": "when_fixed",
    "reopen_over": "5m",
    "hosts": "shop.example.com\n",
    "paths": "/checkout\n/pay",
    "component.api": "major_outage",
}


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    return await signed_in(browser, services, Role.OPERATOR)


async def saved(panel: Browser) -> None:
    assert (await panel.post("/admin/templates/new/window", TYPED)).status == 303


async def a_window(services: Services) -> Window:
    return await services.windows.create(WindowDraft(title="Power cut"), WHO)


async def test_one_is_added_shown_and_used(panel: Browser, services: Services) -> None:
    """Every field of the form arrives in the window that is made from it, texts filled in."""
    answer = await panel.follow(await panel.post("/admin/templates/new/window", TYPED))
    assert "The template is saved." in answer.page.text
    assert "Payment outage payments {{what}} is down what, ticket" in answer.page.text
    form = (await panel.get("/admin/templates/payments/use")).page.text
    for words in ("Downtime Notice", "shop.example.com, /checkout, /pay", "The API: major outage", "What", "Ticket"):
        assert words in form
    used = {"var.what": "*Card* payment", "var.ticket": "#7", "estimated_duration": "2h", "starts_at": ""}
    answer = await panel.follow(await panel.post("/admin/templates/payments/use", used))
    assert "The window has started." in answer.page.text
    (window,) = await services.windows.list()
    assert (window.title, window.kind, window.gate) == ("*Card* payment is down", Kind.DOWNTIME, Gate.READ_ONLY)
    assert window.description == r"**\*Card\* payment** does not answer. Ticket \#7."
    assert (window.estimated_duration.total_seconds(), window.reopen_over.total_seconds()) == (7200, 300)
    assert (window.scope.hosts, window.scope.paths) == (("shop.example.com",), ("/checkout", "/pay"))
    assert [(effect.slug, effect.status.value) for effect in window.components] == [("api", "major_outage")]


async def test_from_the_dashboard_it_is_three_clicks(panel: Browser, services: Services) -> None:
    """Each template for windows has its button; its screen asks for nothing but what is missing."""
    dashboard = (await panel.get("/admin/")).page
    [link] = [link["href"] for link in dashboard.of("a") if "unexpected-outage" in link["href"]]
    screen = (await panel.get(link.removeprefix(PREFIX))).page
    assert [field["name"] for field in screen.of("input") if "required" in field] == ["var.what", "estimated_duration"]
    sent = {field["name"]: field.get("value", "") for field in screen.of("input")} | {
        "var.what": "The shop",
        "confirm": "Acme Shop",
    }
    assert (await panel.post(link.removeprefix(PREFIX), sent)).status == 303
    assert [window.title for window in await services.windows.list()] == ["The shop is not available"]


async def test_a_window_is_scheduled_from_one(panel: Browser, services: Services) -> None:
    used = {"estimated_duration": "45m", "starts_at": "2099-12-01T22:00", "confirm": "Acme Shop"}
    answer = await panel.post("/admin/templates/database-upgrade/use", used)
    assert answer.location.endswith("?notice=scheduled")
    assert (await services.windows.list())[0].starts_at.isoformat() == "2099-12-01T22:00:00+00:00"


async def test_a_preview_makes_nothing_and_keeps_everything(panel: Browser, services: Services) -> None:
    """What customers would read is shown, as they would read it; every field keeps what was typed."""
    await saved(panel)
    used = {
        "var.what": "<b>Card</b> *x*",
        "var.ticket": "7",
        "estimated_duration": "2h",
        "starts_at": "2099-12-01T22:00",
    }
    answer = await panel.post("/admin/templates/payments/use", used | {"preview": "yes"})
    assert answer.status == 200
    assert "<strong>&lt;b&gt;Card&lt;/b&gt; *x*</strong> does not answer." in answer.body
    kept = {field["name"]: field["value"] for field in answer.page.of("input") if field["name"] in used}
    assert kept == used
    assert await services.windows.list() == []


async def test_more_can_be_changed_first(panel: Browser, services: Services) -> None:
    """The form of a window opens with all of it, and is saved as any other."""
    await saved(panel)
    used = {"var.what": "Card", "var.ticket": "7", "estimated_duration": "2h", "starts_at": "2099-12-01T22:00"}
    page = (await panel.post("/admin/templates/payments/use", used | {"form": "yes"})).page
    values = {field["name"]: field.get("value", "") for field in page.of("input")}
    assert (values["title"], values["starts_at"], values["estimated_duration"], values["reopen_over"]) == (
        "Card is down",
        "2099-12-01T22:00",
        "2h",
        "5m",
    )
    [form] = [form for form in page.of("form") if form["action"].endswith("/windows/new")]
    assert form["method"] == "post"
    assert await services.windows.list() == []


WRONG_USE = [
    ({"var.ticket": ""}, "var.ticket", "is missing: the template uses {{ticket}}"),
    ({"var.what": "x" * 501}, "var.what", "must be one line of text, of 500 characters at most"),
    ({"estimated_duration": "soon"}, "estimated_duration", "is not a duration"),
    ({"estimated_duration": ""}, "estimated_duration", "is not a duration"),
    ({"starts_at": "tomorrow"}, "starts_at", "is not a time: write for example 2026-12-01T22:00, in UTC"),
]


@pytest.mark.parametrize(("typed", "field", "said"), WRONG_USE)
async def test_a_wrong_value_comes_back_marked(
    panel: Browser, services: Services, typed: dict[str, str], field: str, said: str
) -> None:
    """Beside its field, with everything typed; nothing is made."""
    await saved(panel)
    used = {"var.what": "Card", "var.ticket": "7", "estimated_duration": "2h", "starts_at": ""} | typed
    answer = await panel.post("/admin/templates/payments/use", used)
    assert answer.status == 422
    [marked] = [control for control in answer.page.of("input") if control.get("aria-invalid") == "true"]
    assert (marked["name"], marked["value"]) == (field, used[field])
    assert said in answer.page.text
    assert await services.windows.list() == []


async def test_what_has_no_field_there_is_said_above(panel: Browser, services: Services) -> None:
    """A title that gets too long, a template broken by hand: with the way on."""
    await saved(panel)
    used = {"var.what": "x" * 300, "var.ticket": "7", "estimated_duration": "2h"}
    answer = await panel.post("/admin/templates/payments/use", used)
    assert answer.status == 422
    assert "title: " in answer.page.text
    assert "at most 200" in answer.page.text
    assert "opens the form with every field" in answer.page.text
    assert await services.windows.list() == []


WRONG_TEMPLATES = [
    ({"title": ""}, "title", "Please fill this in."),
    ({"title": "{{What}} is down"}, "title", "'{{What}} is down' is no variable: write {{name}}"),
    ({"description": "{{a"}, "description", "'{{a' is no variable: write {{name}}"),
    ({"slug": "Two Words"}, "slug", "is not a short name"),
    ({"slug": "deploy"}, "slug", "is taken by another template; choose another"),
    ({"name": ""}, "name", "Please fill this in."),
    ({"estimated_duration": "soon"}, "estimated_duration", "is not a duration"),
    ({"reopen_over": "soon"}, "reopen_over", "is not a duration"),
    ({"hosts": "http://x"}, "hosts", "is not a host"),
    ({"paths": "shop"}, "paths", "is not a path"),
    ({"excluded_paths": "/checkout;a"}, "excluded_paths", "can't be left out: servers read"),
    ({"excluded_paths": "/help"}, "excluded_paths", "leaves out nothing"),
    ({"reminders": "1d\nsoon"}, "reminders", "is not a duration"),
]


@pytest.mark.parametrize(("typed", "field", "said"), WRONG_TEMPLATES)
async def test_a_wrong_template_comes_back_marked(
    panel: Browser, services: Services, typed: dict[str, str], field: str, said: str
) -> None:
    """Also when one is edited that was right before."""
    await saved(panel)
    for path, slug in (("/admin/templates/new/window", "new"), ("/admin/templates/payments", "payments")):
        values = TYPED | {"slug": slug, "row_version": "1"} | typed
        answer = await panel.post(path, values)
        assert answer.status in (409, 422)
        controls = [*answer.page.of("input"), *answer.page.of("textarea")]
        assert [control["name"] for control in controls if control.get("aria-invalid") == "true"] == [field]
        assert said in answer.page.text
    assert (await services.templates.get("payments")).row_version == 1


async def test_a_component_that_is_gone_is_named(panel: Browser) -> None:
    answer = await panel.post("/admin/templates/new/window", TYPED | {"component.gone": "major_outage"})
    assert answer.status == 422
    assert 'there is no component "gone"' in answer.page.text


async def test_one_is_edited_and_what_is_left_empty_is_not_said(panel: Browser, services: Services) -> None:
    """The form shows what is saved; an empty field leaves it to the window."""
    window = {"title": "x", "gate": "closed", "reopen_over": "PT5M", "estimated_duration": "PT1H30M"}
    await services.templates.add(checked(TemplateDraft, {"slug": "plan", "name": "Plan", "window": window}), WHO)
    values = (await panel.get("/admin/templates/plan")).page.sent("/templates/plan")
    assert (values["title"], values["estimated_duration"], values["row_version"]) == ("x", "1h30m", "1")
    values |= {"title": "y", "gate": "", "reopen_over": ""}
    assert (await panel.post("/admin/templates/plan", values)).status == 303
    template = await services.templates.get("plan")
    assert (template.fields["title"], template.fields["estimated_duration"]) == ("y", "PT1H30M")
    assert {"gate", "reopen_over"} & set(template.fields) == set()


async def test_one_that_was_broken_by_hand_is_corrected_in_its_form(
    panel: Browser, psql: Callable[[str, str], str], database_url: str
) -> None:
    """Whatever stands in it: the screen that uses it says what is wrong, and the form saves it in order."""
    await saved(panel)
    psql(
        database_url,
        """update templates set fields = '{"title": "x", "tea": 1, "scope": [1], "reminders": 5, "components": {},
        "kind": null}' where slug = 'payments'""",
    )
    used = (await panel.get("/admin/templates/payments/use")).page.text
    assert "Has to be corrected first" in used
    assert "tea: " in used
    values = (await panel.get("/admin/templates/payments")).page.sent("/templates/payments")
    assert (await panel.post("/admin/templates/payments", values)).status == 303
    assert "Requests all requests" in (await panel.get("/admin/templates/payments/use")).page.text


async def test_an_edit_that_is_looked_at_keeps_the_version_that_it_began_from(
    panel: Browser, services: Services
) -> None:
    """By Preview, or because a field was wrong; else what somebody else has saved meanwhile would be overwritten."""
    await saved(panel)
    values = (await panel.get("/admin/templates/payments")).page.sent("/templates/payments")
    await services.templates.edit("payments", TemplateChange(name="Theirs"), WHO)
    for more in ({"preview": "yes"}, {"title": ""}):
        page = (await panel.post("/admin/templates/payments", values | more)).page
        assert page.sent("/templates/payments")["row_version"] == "1"
        assert page.sent("/templates/payments/remove")["row_version"] == "1"
    assert (await panel.post("/admin/templates/payments", values)).status == 409


async def test_two_sres_do_not_overwrite_each_other(panel: Browser, services: Services) -> None:
    """The second one sees both texts; neither saving nor removing happens unseen."""
    await saved(panel)
    await services.templates.edit("payments", TemplateChange(name="Changed"), WHO)
    answer = await panel.post("/admin/templates/payments", TYPED | {"row_version": "1", "title": "Mine"})
    assert answer.status == 409
    assert "was changed by somebody else" in answer.page.text
    assert "Name saved now: Changed typed: Payment outage" in answer.page.text
    assert "Title saved now: {{what}} is down typed: Mine" in answer.page.text
    answer = await panel.post("/admin/templates/payments/remove", {"row_version": "1"})
    assert answer.status == 409
    again = TYPED | {"row_version": "2", "title": "Mine"}
    assert (await panel.post("/admin/templates/payments", again)).status == 303
    assert (await services.templates.get("payments")).fields["title"] == "Mine"
    assert (await panel.post("/admin/templates/payments", TYPED | {"row_version": ""})).status == 422


async def test_one_is_removed(panel: Browser, services: Services) -> None:
    await saved(panel)
    answer = await panel.follow(await panel.post("/admin/templates/payments/remove", {"row_version": "1"}))
    assert "The template is removed." in answer.page.text
    with pytest.raises(NotFoundError):
        await services.templates.get("payments")
    for path in ("", "/use", "/remove"):
        answer = await panel.post(f"/admin/templates/payments{path}", {"row_version": "1"})
        assert answer.status == 404
        assert "there is no template" in answer.page.text


async def test_a_template_is_previewed_as_it_is_written(panel: Browser, services: Services) -> None:
    """Of a window and of an update: variables stay, Markdown is rendered, nothing is saved, nothing typed lost."""
    page = await panel.post("/admin/templates/new/window", TYPED | {"preview": "yes"})
    assert "<strong>{{what}}</strong> does not answer." in page.body
    assert "Payment outage" in [field.get("value") for field in page.page.of("input")]
    update = {"name": "N", "slug": "n", "status": "identified", "body": "It *is* {{x}}"}
    page = await panel.post("/admin/templates/new/update", update | {"preview": "yes"})
    assert "It <em>is</em> {{x}}" in page.body
    assert "n" not in [template.slug for template in await services.templates.list()]
    assert (await panel.post("/admin/templates/new/update", update)).status == 303
    assert (await services.templates.get("n")).kind is TemplateKind.UPDATE
    assert (await panel.post("/admin/templates/new/update", update | {"slug": "m", "body": " "})).status == 422
    assert (await panel.get("/admin/templates/new/other")).status == 404
    assert (await panel.get("/admin/templates/n/use")).status == 404


async def test_a_template_fills_an_update_in(panel: Browser, services: Services) -> None:
    """It asks for its variables, then its text is in the form, to be changed and posted."""
    window = await a_window(services)
    draft = f"/admin/windows/{window.id}/updates/draft"
    typed = {"status": "in_progress", "body": "Typed before.", "template": "identified"}
    asked = await panel.post(draft, typed)
    assert asked.status == 200
    assert "var.cause" in [field["name"] for field in asked.page.of("input")]
    assert "Typed before." in asked.body
    filled = await panel.post(draft, typed | {"var.cause": "a *cable*"})
    text = "Typed before.\n\nWe have found the cause: a \\*cable\\*. We are working on it."
    assert text in filled.body
    assert "We have found the cause: a *cable*." in filled.page.text
    assert '<option value="identified" selected>' in filled.body
    assert (await services.windows.get(window.id)).updates == ()
    posted = await panel.post(f"/admin/windows/{window.id}/updates", {"status": "identified", "body": text})
    assert posted.status == 303
    [update] = (await services.windows.get(window.id)).updates
    assert (update.status, update.body) == (UpdateStatus.IDENTIFIED, text)


async def test_a_template_without_variables_fills_in_at_once(panel: Browser, services: Services) -> None:
    window = await a_window(services)
    answer = await panel.post(f"/admin/windows/{window.id}/updates/draft", {"template": "resolved", "body": ""})
    assert "It is over: Acme Shop works as it should." in answer.body


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"template": ""}, 422, "choose one of these first"),
        ({"template": "deploy"}, 422, "choose one of these first"),
        ({"template": "identified", "var.cause": " "}, 422, "is missing: the template uses {{cause}}"),
        ({"preview": "yes"}, 200, "Nothing is saved yet."),
    ],
)
async def test_what_was_typed_of_an_update_is_never_lost(
    panel: Browser, services: Services, typed: dict[str, str], status: int, said: str
) -> None:
    """Whatever button is pressed, and whatever is wrong."""
    window = await a_window(services)
    sent = {"status": "verifying", "body": "Half a *novel*."} | typed
    answer = await panel.post(f"/admin/windows/{window.id}/updates/draft", sent)
    assert answer.status == status
    assert said in answer.page.text
    assert "Half a *novel*.</textarea>" in answer.body
    assert '<option value="verifying" selected>' in answer.body
    assert ("Half a <em>novel</em>." in answer.body) is ("preview" in typed)
    assert (await services.windows.get(window.id)).updates == ()


async def test_a_window_is_previewed_before_it_is_saved(panel: Browser, services: Services) -> None:
    """New or edited: the text as customers read it, every field as typed, nothing saved."""
    window = await a_window(services)
    for path in ("/admin/windows/new", f"/admin/windows/{window.id}/edit"):
        typed = {
            "title": "<b>New</b>",
            "description": "Soon **back**",
            "estimated_duration": "soon",
            "row_version": "1",
        }
        answer = await panel.post(path, typed | {"preview": "yes"})
        assert answer.status == 200
        assert "Soon <strong>back</strong>" in answer.body
        assert "<h2>&lt;b&gt;New&lt;/b&gt;</h2>" in answer.body
        assert "soon" in [field.get("value") for field in answer.page.of("input")]
    assert [each.row_version for each in await services.windows.list()] == [1]


async def test_who_may_do_what(panel: Browser, services: Services) -> None:
    """A reporter uses templates for updates, and sees the list; windows and templates are an operator's."""
    window = await a_window(services)
    reporter = await signed_in(panel, services, Role.REPORTER)
    listed = await reporter.get("/admin/templates")
    assert listed.status == 200
    assert "/use" not in listed.body
    draft = await reporter.post(f"/admin/windows/{window.id}/updates/draft", {"template": "resolved", "body": ""})
    assert draft.status == 200
    for path in ("/templates/deploy/use", "/templates/deploy", "/templates/deploy/remove", "/templates/new/window"):
        assert (await reporter.post(f"/admin{path}")).status == 403
