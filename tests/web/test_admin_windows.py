"""Windows in the panel: every use case by its form, errors beside their fields, conflicts, and nothing typed lost."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.window import Ends, Gate, Kind, State, Window
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import WindowChange, WindowDraft
from gateway.web.admin.forms import local_time
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.reading import Page
from tests.render.test_escaping import PAYLOADS
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")
CONFIRMED = {"confirm": "Acme Shop"}
TYPED = {
    "kind": "maintenance",
    "title": "Database upgrade",
    "estimated_duration": "45m",
    "description": "**Soon** back.",
} | CONFIRMED


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.OPERATOR)


async def started(services: Services, **values: object) -> Window:
    draft = WindowDraft.model_validate({"title": "Database upgrade", "estimated_duration": "45m"} | values)
    return await services.windows.create(draft, WHO)


async def only(services: Services) -> Window:
    (window,) = await services.windows.list()
    return window


def selected(body: str, name: str) -> str:
    """Return what a select of a form shows."""
    options = body.split(f'name="{name}"')[1].split("</select>", maxsplit=1)[0]
    return options.split('" selected')[0].rpartition('value="')[2] if '" selected' in options else ""


async def test_a_window_reopens_over_the_time_that_was_typed(panel: Browser, services: Services) -> None:
    """It is shown again, and can be taken back."""
    await panel.post("/admin/windows/new", TYPED | {"reopen_over": "10m"})
    window = await only(services)
    assert window.reopen_over == timedelta(minutes=10)
    form = await panel.get(f"/admin/windows/{window.id}/edit")
    assert 'name="reopen_over" value="10m"' in re.sub(r"\s+", " ", form.body)
    values = TYPED | {"reopen_over": "", "row_version": "1", "starts_at": local_time(window.starts_at)}
    assert (await panel.post(f"/admin/windows/{window.id}/edit", values)).status == 303
    assert (await only(services)).reopen_over == timedelta()


async def test_a_window_starts_now_where_no_time_is_given(panel: Browser, services: Services) -> None:
    """The seed's fields: type, estimated duration, description; an empty start time means now."""
    answer = await panel.follow(await panel.post("/admin/windows/new", TYPED | {"starts_at": ""}))
    window = await only(services)
    assert window.is_active(services.state.now())
    assert (window.kind, window.gate, window.estimated_duration) == (
        Kind.MAINTENANCE,
        Gate.CLOSED,
        timedelta(minutes=45),
    )
    assert window.description == "**Soon** back."
    assert "The window has started." in answer.page.text
    assert services.state.moment.gates


async def test_a_window_is_scheduled_in_utc(panel: Browser, services: Services) -> None:
    """A start time is read as UTC, as the form says; all other fields arrive, too."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    more = {
        "kind": "degradation",
        "starts_at": "2099-03-29T02:30",
        "gate": "read_only",
        "ends": "on_time",
        "component.api": "partial_outage",
        "hosts": "shop.example.com\r\n*.example.org\r\n",
        "paths": "/checkout",
        "excluded_paths": "/checkout/help\r\n/checkout/terms",
    }
    answer = await panel.follow(await panel.post("/admin/windows/new", TYPED | more))
    window = await only(services)
    assert window.starts_at == datetime(2099, 3, 29, 2, 30, tzinfo=UTC)
    assert (window.kind, window.gate, window.ends) == (Kind.DEGRADATION, Gate.READ_ONLY, Ends.ON_TIME)
    assert [(effect.slug, effect.status) for effect in window.components] == [("api", "partial_outage")]
    assert (window.scope.hosts, window.scope.paths) == (("shop.example.com", "*.example.org"), ("/checkout",))
    assert window.scope.excluded_paths == ("/checkout/help", "/checkout/terms")
    assert "but not /checkout/help, /checkout/terms" in answer.page.text
    assert "The window is scheduled." in answer.page.text
    assert "Sun 29 Mar 2099, 02:30 UTC" in answer.page.text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", " ", "Please fill this in"),
        ("title", "x" * 201, "at most 200 characters"),
        ("estimated_duration", "soon", "is not a duration: write for example"),
        ("estimated_duration", "0m", "must be longer than nothing"),
        ("reopen_over", "slowly", "is not a duration: write for example"),
        ("reopen_over", "2d", "nothing and one day"),
        ("starts_at", "tomorrow", "is not a time: write for example"),
        ("hosts", "not a host", "is not a host"),
        ("paths", "checkout", "is not a path"),
        ("excluded_paths", "/", "would leave out every request"),
        ("kind", "party", "must be one of"),
        ("component.nothing", "major_outage", 'there is no component "nothing"'),
    ],
)
async def test_a_wrong_field_is_marked_and_nothing_is_lost(
    panel: Browser, services: Services, field: str, value: str, said: str
) -> None:
    """The form comes back with 422, the error beside its field, and everything that was typed."""
    answer = await panel.post("/admin/windows/new", TYPED | {field: value})
    assert answer.status == 422
    page = answer.page
    assert said in page.text
    assert "**Soon** back." in answer.body
    assert await services.windows.list() == []
    if field in {"title", "estimated_duration", "reopen_over", "starts_at", "hosts", "paths", "excluded_paths", "kind"}:
        (marked,) = [control for _, control in page.elements if control.get("aria-invalid") == "true"]
        assert marked["name"] == field
        assert f"wrong-{field}" in marked["aria-describedby"]


async def test_several_errors_are_told_at_once(panel: Browser) -> None:
    """Nobody has to guess one by one."""
    text = (await panel.post("/admin/windows/new", {"title": "", "estimated_duration": "x"})).page.text
    assert "Please fill this in" in text
    assert "is not a duration" in text


async def test_the_form_shows_what_is_saved(panel: Browser, services: Services) -> None:
    """Editing begins with what is there."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    components = [{"slug": "api", "status": "major_outage"}]
    window = await started(services, gate="read_only", components=components, scope={"paths": ["/a", "/b"]})
    answer = await panel.get(f"/admin/windows/{window.id}/edit")
    assert 'value="Database upgrade"' in answer.body
    assert 'value="45m"' in answer.body
    assert "/a\n/b</textarea>" in answer.body
    assert selected(answer.body, "gate") == "read_only"
    assert selected(answer.body, "component.api") == "major_outage"


def edit_fields(window: Window, **values: str) -> dict[str, str]:
    return {
        "row_version": str(window.row_version),
        "kind": window.kind,
        "title": window.title,
        "description": window.description,
        "starts_at": window.starts_at.strftime("%Y-%m-%dT%H:%M"),
        "estimated_duration": "45m",
        "gate": window.gate,
        "ends": window.ends,
    } | values


async def test_an_edit_changes_what_was_changed(panel: Browser, services: Services) -> None:
    """The start keeps its seconds when it was not touched: the field has none."""
    window = await started(services, scope={"paths": ["/a"]})
    assert window.starts_at.microsecond or window.starts_at.second
    fields = edit_fields(window, title="Upgrade, part two", paths="/a\n/b")
    answer = await panel.follow(await panel.post(f"/admin/windows/{window.id}/edit", fields))
    assert "Saved." in answer.page.text
    changed = await services.windows.get(window.id)
    assert (changed.title, changed.starts_at) == ("Upgrade, part two", window.starts_at)
    assert changed.scope.paths == ("/a", "/b")


async def test_what_is_over_has_no_form(panel: Browser, services: Services) -> None:
    """Its page offers none; whoever kept the address is told why, and what can be done."""
    window = await started(services)
    await services.windows.end(window.id, WHO)
    answer = await panel.get(f"/admin/windows/{window.id}/edit")
    assert answer.status == 409
    assert "is ended, so it can't be edited; it can be reopened, posted to" in answer.page.text


async def test_the_toggle_ends_the_window(panel: Browser, services: Services) -> None:
    """The toggle "Issue fixed" of the form: the window is over, traffic flows."""
    window = await started(services)
    answer = await panel.post(f"/admin/windows/{window.id}/edit", edit_fields(window, fixed="yes"))
    assert "Fixed: the window has ended." in (await panel.follow(answer)).page.text
    ended = await services.windows.get(window.id)
    assert ended.fixed
    assert ended.state(services.state.now()) is State.ENDED
    assert not services.state.moment.gates


async def test_a_conflict_shows_both_texts(panel: Browser, services: Services) -> None:
    """Somebody else saved in between: nothing is overwritten, both texts are shown, saving again is possible."""
    window = await started(services, description="As it was.")
    await services.windows.edit(window.id, WindowChange(description="Theirs.", title="Their title"), WHO)
    mine = edit_fields(window, description="Mine, and long.")
    answer = await panel.post(f"/admin/windows/{window.id}/edit", mine)
    assert answer.status == 409
    text = answer.page.text
    assert "was changed by somebody else" in text
    assert "Description saved now: Theirs. typed: Mine, and long." in text
    assert "Title saved now: Their title typed: Database upgrade" in text
    assert "Mine, and long.</textarea>" in answer.body
    assert (await services.windows.get(window.id)).description == "Theirs."
    now = await services.windows.get(window.id)
    assert f'name="row_version" value="{now.row_version}"' in answer.body
    again = await panel.post(f"/admin/windows/{window.id}/edit", mine | {"row_version": str(now.row_version)})
    assert again.status == 303
    assert (await services.windows.get(window.id)).description == "Mine, and long."


async def test_a_form_without_its_version_is_refused(panel: Browser, services: Services) -> None:
    """Without the version there is no telling what would be overwritten."""
    window = await started(services)
    answer = await panel.post(f"/admin/windows/{window.id}/edit", edit_fields(window, row_version="x", title="Blind"))
    assert answer.status == 422
    assert (await services.windows.get(window.id)).title == "Database upgrade"


async def test_an_update_is_posted(panel: Browser, services: Services) -> None:
    """Status and text, at once on the customers' page."""
    window = await started(services)
    typed = {"status": "monitoring", "body": "It *runs* again."}
    answer = await panel.follow(await panel.post(f"/admin/windows/{window.id}/updates", typed))
    assert "Monitoring" in answer.page.text
    assert "<em>runs</em>" in (await panel.get("/")).body


async def test_an_empty_update_is_not_posted(panel: Browser, services: Services) -> None:
    """An update without words comes back, with its status still chosen."""
    window = await started(services)
    answer = await panel.post(f"/admin/windows/{window.id}/updates", {"status": "verifying", "body": "  "})
    assert answer.status == 422
    assert selected(answer.body, "status") == "verifying"
    assert (await services.windows.get(window.id)).updates == ()


async def test_extending_moves_the_estimate(panel: Browser, services: Services) -> None:
    """By a length; what is none comes back."""
    window = await started(services)
    answer = await panel.post(f"/admin/windows/{window.id}/extend", {"by": "1h30m"})
    assert "The estimated end has been moved." in (await panel.follow(answer)).page.text
    assert (await services.windows.get(window.id)).estimated_duration == timedelta(minutes=135)
    for wrong, said in (("a while", "is not a duration"), ("0m", "longer than nothing")):
        answer = await panel.post(f"/admin/windows/{window.id}/extend", {"by": wrong})
        assert answer.status == 422
        assert said in answer.page.text
        assert f'value="{wrong}"' in answer.body


@pytest.mark.parametrize(
    ("verb", "when", "becomes", "fixed"),
    [
        ("fixed", None, State.ENDED, True),
        ("end", None, State.ENDED, False),
        ("start", "2099-01-01T00:00:00Z", State.ACTIVE, False),
        ("cancel", "2099-01-01T00:00:00Z", State.CANCELLED, False),
    ],
)
async def test_one_click_is_enough(
    panel: Browser, services: Services, verb: str, when: str | None, becomes: State, *, fixed: bool
) -> None:
    """The buttons of a window do what they say, and show it."""
    window = await started(services, starts_at=when)
    answer = await panel.follow(await panel.post(f"/admin/windows/{window.id}/{verb}", CONFIRMED))
    after = await services.windows.get(window.id)
    assert (after.state(services.state.now()), after.fixed) == (becomes, fixed)
    assert answer.status == 200


async def test_a_wrongly_ended_window_is_reopened(panel: Browser, services: Services) -> None:
    """From its page: as it was planned, or for a time that is typed."""
    window = await started(services)
    await services.windows.end(window.id, WHO)
    page = (await panel.get(f"/admin/windows/{window.id}")).page
    assert "Ended by mistake?" in page.text
    assert "as it was planned." in page.text
    answer = await panel.post(f"/admin/windows/{window.id}/reopen", {"remaining": ""} | CONFIRMED)
    assert "The window is in force again." in (await panel.follow(answer)).page.text
    assert services.state.moment.gates
    assert (await only(services)).scheduled_until == window.scheduled_until
    again = await panel.post(f"/admin/windows/{window.id}/reopen")
    assert again.status == 409
    assert "is active, so it can't be reopened" in again.page.text
    await services.windows.end(window.id, WHO)
    await panel.post(f"/admin/windows/{window.id}/reopen", {"remaining": "3h"} | CONFIRMED)
    assert (await only(services)).scheduled_until > window.scheduled_until


async def test_a_wrong_time_to_reopen_for_is_marked(panel: Browser, services: Services) -> None:
    """Also none at all, where the window ends on time and its time is up."""
    begins = services.state.now() - timedelta(hours=2)
    window = await started(services, ends="on_time", starts_at=begins.isoformat())
    page = (await panel.get(f"/admin/windows/{window.id}")).page
    assert "Its time is up, and it ends on time." in page.text
    for typed, said in (
        ("", "say how long it lasts from now on"),
        ("x", "is not a duration"),
        ("0m", "longer than noth"),
    ):
        answer = await panel.post(f"/admin/windows/{window.id}/reopen", {"remaining": typed} | CONFIRMED)
        assert answer.status == 422
        assert said in answer.page.text
    assert not services.state.moment.gates


async def test_what_has_been_over_for_long_is_not_offered_again(panel: Browser, services: Services) -> None:
    """It is history after a day."""
    window = await started(services, ends="on_time", starts_at="2026-01-01T00:00:00Z")
    assert "Ended by mistake?" not in (await panel.get(f"/admin/windows/{window.id}")).page.text


async def test_a_second_click_is_explained(panel: Browser, services: Services) -> None:
    """Two SREs press "Issue fixed": the second reads that it has ended, on the window's own screen."""
    window = await started(services)
    await panel.post(f"/admin/windows/{window.id}/fixed")
    answer = await panel.post(f"/admin/windows/{window.id}/fixed")
    assert answer.status == 409
    assert "is ended, so it can't be ended" in answer.page.text
    assert "Timeline" in answer.page.text


async def test_only_possible_verbs_are_offered(panel: Browser, services: Services) -> None:
    """A scheduled window can be started and cancelled, an active one ended; one that is over can be posted to."""

    async def verbs(window: Window) -> set[str]:
        page = (await panel.get(f"/admin/windows/{window.id}")).page
        return {form["action"].rpartition("/")[2] for form in page.of("form")} - {"sign-out", "preview"}

    scheduled = await started(services, starts_at="2099-01-01T00:00:00Z")
    assert await verbs(scheduled) == {"start", "cancel", "extend", "updates"}
    active = await started(services)
    assert await verbs(active) == {"fixed", "end", "extend", "updates"}
    await services.windows.end(active.id, WHO)
    assert await verbs(active) == {"updates", "reopen"}


@pytest.mark.parametrize("given", ["00000000-0000-0000-0000-000000000000", "x", "%00", "new%2F"])
async def test_an_unknown_window_is_a_404(panel: Browser, given: str) -> None:
    """For every screen and every verb; the page leads back to the panel."""
    for path in ("", "/edit"):
        answer = await panel.get(f"/admin/windows/{given}{path}")
        assert answer.status == 404
        assert "Back to the panel" in answer.page.text
    for verb in ("fixed", "end", "start", "cancel"):
        assert (await panel.post(f"/admin/windows/{given}/{verb}")).status == 404


async def test_the_dashboard_shows_what_customers_see(panel: Browser, services: Services) -> None:
    """The headline of the status page, the active window with its button, what is next."""
    assert "No active window" in (await panel.get("/admin/")).page.text
    window = await started(services)
    await started(services, title="Network maintenance", starts_at="2099-01-01T00:00:00Z")
    page = (await panel.get("/admin/")).page
    assert "Acme Shop is down for maintenance" in page.text
    assert f"{PREFIX}/admin/windows/{window.id}/fixed" in [form["action"] for form in page.of("form")]
    assert "Network maintenance Thu 1 Jan 2099, 00:00 UTC" in page.text


async def test_the_list_has_what_is_and_what_was(panel: Browser, services: Services) -> None:
    """Active and scheduled windows stand apart from those that are over."""
    window = await started(services, title="Yesterday's")
    await services.windows.end(window.id, WHO)
    await started(services, title="Today's")
    text = (await panel.get("/admin/windows")).page.text
    assert text.index("Active and scheduled") < text.index("Today's") < text.index("Over Window")
    assert text.index("Over Window") < text.index("Yesterday's")


async def test_no_text_becomes_markup_in_the_panel(panel: Browser, services: Services) -> None:
    """What is stored, and what comes back from a form that was wrong, is text on every screen."""
    for number, payload in enumerate(PAYLOADS):
        title = payload.replace("\n", " ").replace("\t", " ")
        await services.components.add(ComponentDraft(slug=f"part-{number}", name=title, group=title), WHO)
        window = await started(services, title=title, description=payload)
        await panel.post(f"/admin/windows/{window.id}/updates", {"status": "monitoring", "body": payload})
        for path in (f"/admin/windows/{window.id}", f"/admin/windows/{window.id}/edit"):
            assert_text_only((await panel.get(path)).page)
        wrong = {"title": title, "estimated_duration": payload, "hosts": payload}
        assert_text_only((await panel.post("/admin/windows/new", wrong)).page)
        wrong = {"name": title, "slug": payload, "description": payload}
        assert_text_only((await panel.post("/admin/components/new", wrong)).page)
    for path in ("/admin/", "/admin/windows", "/admin/components", "/admin/audit"):
        assert_text_only((await panel.get(path)).page)


def assert_text_only(page: Page) -> None:
    scripts = page.of("script")
    assert [script for script in scripts if not script["src"].startswith(f"{PREFIX}/assets/fence.js?v=")] == []
    for tag in ("iframe", "img", "math", "base", "style", "object"):
        assert page.of(tag) == []
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert not attributes.get("href", "").lower().startswith(("javascript", "vbscript", "data:text"))
        assert not attributes.get("action", PREFIX).startswith("http")
