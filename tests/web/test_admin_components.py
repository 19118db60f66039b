"""Components and groups in the panel: lists, forms, order, history; complete without JavaScript."""

from uuid import UUID

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.component import ComponentStatus, Visibility
from gateway.service.drafts.components import ComponentChange, ComponentDraft, GroupChange, GroupDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW
from tests.web.panel import PREFIX, Answer, Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.OPERATOR)


@pytest.fixture
async def reporter(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.REPORTER)


async def add(services: Services, *slugs: str, group: str | None = None) -> None:
    for slug in slugs:
        await services.components.add(ComponentDraft(slug=slug, name=slug.upper(), group=group), WHO)


async def group_id(services: Services, name: str) -> UUID:
    (found,) = [group.id for group in await services.component_groups.list() if group.name == name]
    return found


def hidden_fields(answer: Answer) -> list[tuple[str, str]]:
    """Return the hidden fields of a page's forms."""
    return [
        (control["name"], control["value"]) for control in answer.page.of("input") if control.get("type") == "hidden"
    ]


async def test_a_component_is_added_with_its_group(panel: Browser, services: Services) -> None:
    """Name, short name, description, group (made on the way), status."""
    typed = {"name": "The API", "slug": "api", "group": "Shop", "description": "For apps", "status": "partial_outage"}
    answer = await panel.follow(await panel.post("/admin/components/new", typed))
    assert "The component has been added." in answer.page.text
    (component,) = await services.components.list()
    assert (component.slug, component.name, component.status) == ("api", "The API", ComponentStatus.PARTIAL_OUTAGE)
    assert "Shop The API For apps Partial outage" in (await panel.get("/")).page.text


@pytest.mark.parametrize(
    ("typed", "field", "status"),
    [
        ({"name": "The API", "slug": "Not A Slug"}, "slug", 422),
        ({"name": "", "slug": "api"}, "name", 422),
        ({"name": "Another", "slug": "taken"}, "slug", 409),
    ],
)
async def test_a_wrong_component_comes_back(
    panel: Browser, services: Services, typed: dict[str, str], field: str, status: int
) -> None:
    """The error stands beside its field, what was typed stays."""
    await services.components.add(ComponentDraft(slug="taken", name="Taken"), WHO)
    answer = await panel.post("/admin/components/new", typed)
    assert answer.status == status
    (marked,) = [control for control in answer.page.of("input") if control.get("aria-invalid") == "true"]
    assert (marked["name"], marked["value"]) == (field, typed[field])
    assert len(await services.components.list()) == 1


async def test_a_status_is_set_where_one_is(panel: Browser, services: Services) -> None:
    """From the dashboard and from the list; it leads back to where it was set, and nowhere else."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    typed = {"status": "major_outage", "back": "dashboard"}
    answer = await panel.post("/admin/components/api/status", typed)
    assert answer.location == f"{PREFIX}/admin/?notice=status"
    assert (await services.components.list())[0].status is ComponentStatus.MAJOR_OUTAGE
    elsewhere = await panel.post("/admin/components/api/status", typed | {"back": "https://evil.example/"})
    assert elsewhere.location == f"{PREFIX}/admin/components?notice=status#c-api"


async def test_a_wrong_status_or_component_changes_nothing(panel: Browser, services: Services) -> None:
    """An unknown status is 422, an unknown component 404."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    assert (await panel.post("/admin/components/api/status", {"status": "fine"})).status == 422
    assert (await panel.post("/admin/components/other/status", {"status": "operational"})).status == 404
    assert (await services.components.list())[0].status is ComponentStatus.OPERATIONAL


async def test_what_a_window_does_to_a_component_is_explained(panel: Browser, services: Services) -> None:
    """The panel sets a component's own status; where a window makes it worse for customers, both are shown."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    effects = [{"slug": "api", "status": "major_outage"}]
    await services.windows.create(WindowDraft.model_validate({"title": "Power cut", "components": effects}), WHO)
    text = (await panel.get("/admin/components")).page.text
    assert "The API api Major outage Shown so because of an active window; its own status is operational." in text


async def test_the_list_is_arranged_by_group(panel: Browser, services: Services) -> None:
    """Those without a group first; each group with its worst status; what customers do not see is said."""
    await add(services, "api", "db", group="Core")
    await add(services, "mail")
    await services.component_groups.add(GroupDraft(name="Empty", collapsed=True), WHO)
    await services.components.set_status("db", ComponentStatus.PARTIAL_OUTAGE, WHO)
    await services.components.edit("api", ComponentChange(visibility=Visibility.HIDDEN), WHO)
    await services.components.edit("mail", ComponentChange(visibility=Visibility.ONLY_WHEN_DEGRADED), WHO)
    text = (await panel.get("/admin/components")).page.text
    order = ["Without a group", "MAIL", "Customers see it only while it is not operational", "Core Partial outage"]
    order += ["API", "Hidden from customers", "DB", "Empty", "Folded away", "No component is in this group"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


async def test_components_are_moved_by_buttons(panel: Browser, services: Services) -> None:
    """Each says before or after whom; the page begins at what was moved. At the ends there is nowhere to go."""
    await add(services, "a", "b", "c", group="Core")
    page = (await panel.get("/admin/components")).page
    disabled = [button["aria-label"] for button in page.of("button") if "disabled" in button]
    assert disabled == ["Move the group Core up", "Move the group Core down", "Move A up", "Move C down"]
    answer = await panel.post("/admin/components/c/move", {"before": "b"})
    assert answer.location == f"{PREFIX}/admin/components?notice=moved#c-c"
    assert "The order is saved." in (await panel.follow(answer)).page.text
    await panel.post("/admin/components/a/move", {"after": "c"})
    assert [found.slug for found in await services.components.list()] == ["c", "a", "b"]
    await panel.post("/admin/components/a/move", {"after": "c"})  # pressed twice
    assert [found.slug for found in await services.components.list()] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [
        ({}, 422, "Not moved: before: name one other component"),
        ({"before": "x"}, 422, 'Not moved: before: there is no component "x"'),
        ({"before": "a"}, 422, "Not moved: before: is the component itself"),
        ({"after": "b"}, 422, 'Not moved: after: "b" is in no group: change the group of "a" first'),
    ],
)
async def test_a_move_that_can_not_be_is_explained(
    panel: Browser, services: Services, typed: dict[str, str], status: int, says: str
) -> None:
    """Somebody else has moved or removed the neighbour: the list as it is now, and why."""
    await add(services, "a", group="Core")
    await add(services, "b")
    answer = await panel.post("/admin/components/a/move", typed)
    assert answer.status == status
    assert says in answer.page.text
    assert (await panel.post("/admin/components/x/move", {"before": "a"})).status == 404


async def test_a_component_is_edited(panel: Browser, services: Services) -> None:
    """The form has what is saved; an empty group takes it out of its own."""
    await add(services, "api", group="Core")
    page = (await panel.get("/admin/components/api")).page
    values = {control["name"]: control["value"] for control in page.of("input") if "value" in control}
    assert (values["name"], values["group"], values["row_version"]) == ("API", "Core", "1")
    typed = {"name": "The API", "description": "x", "group": "", "visibility": "hidden", "row_version": "1"}
    answer = await panel.follow(await panel.post("/admin/components/api/edit", typed))
    assert "Saved." in answer.page.text
    component = await services.components.get("api")
    assert (component.name, component.description, component.group, component.visibility) == (
        "The API", "x", None, "hidden"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "Please fill this in."),
        ("name", "x" * 101, "at most 100 characters"),
        ("description", "x" * 2001, "at most 2,000 characters"),
        ("group", "x" * 101, "at most 100 characters"),
        ("visibility", "maybe", "must be one of"),
        ("row_version", "", "says not from which version it was filled"),
    ],
)
async def test_a_wrong_edit_comes_back(panel: Browser, services: Services, field: str, value: str, says: str) -> None:
    """What was typed stays, what is wrong is said, nothing is saved."""
    await add(services, "api")
    typed = {"name": "Mine", "description": "", "group": "", "visibility": "shown", "row_version": "1"}
    answer = await panel.post("/admin/components/api/edit", typed | {field: value})
    assert answer.status == 422
    assert says in answer.page.text
    assert field == "name" or "Mine" in answer.body
    assert (await services.components.get("api")).name == "API"


async def test_the_second_editor_sees_both_texts(panel: Browser, services: Services) -> None:
    """And saves again if need be: the form is filled with what was typed, at the version that is saved now."""
    await add(services, "api")
    await services.components.edit("api", ComponentChange(name="Theirs"), WHO)
    typed = {"name": "Mine", "description": "", "group": "", "visibility": "shown", "row_version": "1"}
    answer = await panel.post("/admin/components/api/edit", typed)
    assert answer.status == 409
    assert 'Not saved: the component "Theirs" was changed by somebody else' in answer.page.text
    assert "Name saved now: Theirs typed: Mine" in answer.page.text
    assert ("row_version", "2") in hidden_fields(answer)
    assert (await panel.post("/admin/components/api/edit", typed | {"row_version": "2"})).status == 303
    assert (await services.components.get("api")).name == "Mine"


async def test_a_component_is_removed(panel: Browser, services: Services) -> None:
    """Not while a window that is not over names it, and not what somebody else has changed since."""
    await add(services, "api")
    effects = [{"slug": "api", "status": "major_outage"}]
    window = await services.windows.create(WindowDraft.model_validate({"title": "Cut", "components": effects}), WHO)
    answer = await panel.post("/admin/components/api/remove", {"row_version": "1"})
    assert answer.status == 409
    assert "is named by windows that are not over (Cut)" in answer.page.text
    await services.windows.end(window.id, WHO)
    assert (await panel.post("/admin/components/api/remove", {"row_version": "9"})).status == 409
    assert (await panel.post("/admin/components/api/remove", {})).status == 422
    answer = await panel.follow(await panel.post("/admin/components/api/remove", {"row_version": "1"}))
    assert "The component is removed. Its history is kept" in answer.page.text
    assert await services.components.list() == []
    assert (await panel.get("/admin/components/api")).status == 404


async def test_the_history_of_a_component(panel: Browser, services: Services) -> None:
    """What customers saw, the latest first, with windows to look at and who set it."""
    await add(services, "api")
    effects = [{"slug": "api", "status": "major_outage"}]
    window = await services.windows.create(WindowDraft.model_validate({"title": "Cut", "components": effects}), WHO)
    await services.windows.end(window.id, WHO)
    await services.components.set_status("api", ComponentStatus.DEGRADED_PERFORMANCE, WHO)
    answer = await panel.get("/admin/components/api")
    told = answer.page.text.partition("without an outage")[2]
    places = [told.index(part) for part in ("Set by command line (test)", "By the window Cut")]
    assert places == sorted(places)
    assert f'href="{PREFIX}/admin/windows/{window.id}"' in answer.body


async def test_a_status_that_was_set_on_the_component_leads_back_there(panel: Browser, services: Services) -> None:
    await add(services, "api")
    answer = await panel.post("/admin/components/api/status", {"status": "major_outage", "back": "component"})
    assert answer.location == f"{PREFIX}/admin/components/api?notice=status"


async def test_a_group_is_added_edited_moved_and_removed(panel: Browser, services: Services) -> None:
    await add(services, "api", group="Core")
    typed = {"group_name": "Edge", "group_description": "x", "group_collapsed": "yes"}
    answer = await panel.post("/admin/groups/new", typed)
    edge, core = await group_id(services, "Edge"), await group_id(services, "Core")
    assert answer.location == f"{PREFIX}/admin/components?notice=group-added#g-{edge}"
    group = await services.component_groups.get(edge)
    assert (group.description, group.collapsed) == ("x", True)
    await panel.post(f"/admin/groups/{edge}/move", {"before": str(core)})
    assert [found.name for found in await services.component_groups.list()] == ["Edge", "Core"]
    page = (await panel.get(f"/admin/groups/{edge}")).page
    assert [control["id"] for control in page.of("input") if "checked" in control] == ["collapsed"]
    await panel.post(f"/admin/groups/{edge}/edit", {"name": "Network", "description": "", "row_version": "1"})
    group = await services.component_groups.get(edge)
    assert (group.name, group.description, group.collapsed) == ("Network", "", False)
    text = (await panel.get(f"/admin/groups/{core}")).page.text
    assert "Its components stay, without a group" in text
    answer = await panel.follow(await panel.post(f"/admin/groups/{core}/remove", {"row_version": "1"}))
    assert "The group is removed; its components stay." in answer.page.text
    assert (await services.components.get("api")).group is None


async def test_a_wrong_group_comes_back(panel: Browser, services: Services) -> None:
    """The error stands beside its field, what was typed stays."""
    await services.component_groups.add(GroupDraft(name="Core"), WHO)
    core = await group_id(services, "Core")
    for typed, status, says in [
        ({"group_name": "", "group_description": "kept"}, 422, "Please fill this in."),
        ({"group_name": "x" * 101, "group_description": "kept"}, 422, "at most 100 characters"),
        ({"group_name": "Core", "group_description": "kept"}, 409, 'there is a group "Core" already'),
    ]:
        answer = await panel.post("/admin/groups/new", typed)
        assert answer.status == status
        assert says in answer.page.text
        (marked,) = [control for control in answer.page.of("input") if control.get("aria-invalid") == "true"]
        assert marked["name"] == "group_name"
        assert "kept" in answer.body
    answer = await panel.post(f"/admin/groups/{core}/edit", {"name": "", "row_version": "1"})
    assert answer.status == 422
    assert "Please fill this in." in answer.page.text
    answer = await panel.post(f"/admin/groups/{core}/move", {"before": NO_WINDOW})
    assert answer.status == 422
    assert f'Not moved: before: there is no group "{NO_WINDOW}"' in answer.page.text
    for path in (f"/admin/groups/{NO_WINDOW}", "/admin/groups/core"):
        assert (await panel.get(path)).status == 404


async def test_the_second_editor_of_a_group_sees_both_texts(panel: Browser, services: Services) -> None:
    await services.component_groups.add(GroupDraft(name="Core"), WHO)
    core = await group_id(services, "Core")
    await services.component_groups.edit(core, GroupChange(name="Theirs", collapsed=True), WHO)
    answer = await panel.post(f"/admin/groups/{core}/edit", {"name": "Mine", "row_version": "1"})
    assert answer.status == 409
    assert "Name saved now: Theirs typed: Mine" in answer.page.text
    assert "Collapsed saved now: yes typed: (empty)" in answer.page.text
    assert (await panel.post(f"/admin/groups/{core}/remove", {"row_version": "1"})).status == 409
    assert (await services.component_groups.get(core)).name == "Theirs"


async def test_whoever_may_report_sees_and_sets_statuses_alone(reporter: Browser, services: Services) -> None:
    """There is no form for the rest, and no way around it."""
    await add(services, "api", group="Core")
    core = await group_id(services, "Core")
    for path in ("/admin/components", "/admin/components/api", f"/admin/groups/{core}"):
        answer = await reporter.get(path)
        assert answer.status == 200
        actions = {form["action"] for form in answer.page.of("form")}
        assert actions <= {f"{PREFIX}/admin/sign-out", f"{PREFIX}/admin/components/api/status"}
    for path in ("components/new", "components/api/edit", "components/api/move", "components/api/remove", "groups/new"):
        assert (await reporter.post(f"/admin/{path}", {"row_version": "1"})).status == 403
    for verb in ("edit", "move", "remove"):
        assert (await reporter.post(f"/admin/groups/{core}/{verb}", {"row_version": "1"})).status == 403
    assert (await reporter.post("/admin/components/api/status", {"status": "major_outage"})).status == 303
