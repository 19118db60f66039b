"""Components and the audit log in the panel; and what happens to a form when it can't be taken."""

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.component import ComponentStatus
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")
TYPED = {"kind": "downtime", "title": "Half a novel", "estimated_duration": "45m", "description": 'Long "text" <here>.'}


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.OPERATOR)


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
    assert elsewhere.location == f"{PREFIX}/admin/components?notice=status"


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
    assert "The API Major outage Shown so because of an active window; its own status is operational." in text


async def test_the_audit_log_says_who_did_what(panel: Browser, services: Services) -> None:
    """Every write of the panel is there: who, from where, what, and what changed."""
    await panel.post("/admin/windows/new", TYPED)
    (window,) = await services.windows.list()
    await panel.post(f"/admin/windows/{window.id}/extend", {"by": "15m"})
    await panel.post(f"/admin/windows/{window.id}/updates", {"status": "identified", "body": "We know."})
    text = (await panel.get("/admin/audit")).page.text
    assert "operator@acme.example 127.0.0.1 window started: Half a novel" in text
    assert "window posted: Half a novel" in text
    assert "estimated_duration PT45M PT1H" in text
    assert "row_version" not in text


async def test_without_the_database_nothing_typed_is_lost(
    panel: Browser, services: Services, database: Database
) -> None:
    """The database is away while an SRE sends a form: 503, all of it is shown, and one click sends it again."""
    await database.close()
    answer = await panel.post("/admin/windows/new", TYPED)
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    page = answer.page
    assert "It could not be saved" in page.text
    assert 'Long "text" <here>.' in page.text
    kept = {field["name"]: field["value"] for field in page.of("input") if field.get("type") == "hidden"}
    assert kept == TYPED
    (form,) = [form for form in page.of("form") if form["action"].endswith("/windows/new")]
    await database.open()
    again = await panel.post(form["action"].removeprefix(PREFIX), kept)
    assert again.status == 303
    assert [window.title for window in await services.windows.list()] == ["Half a novel"]


async def test_a_session_that_has_ended_costs_no_text(panel: Browser, services: Services) -> None:
    """The session ends while an SRE types: 401, all of it is shown, and can be sent again after signing in."""
    await services.operators.disable("operator@acme.example", WHO)
    answer = await panel.post("/admin/windows/new", TYPED)
    assert answer.status == 401
    page = answer.page
    assert "nothing was saved" in page.text
    assert 'Long "text" <here>.' in page.text
    assert f"{PREFIX}/admin/sign-in" in [link["href"] for link in page.of("a")]
    assert await services.windows.list() == []


async def test_a_password_is_never_shown_again(panel: Browser, database: Database) -> None:
    """A form with a password that fails for want of the database does not come back with it."""
    await database.close()
    answer = await panel.post("/admin/sign-in", {"email": "a@b.example", "password": "correct horse battery"})
    assert answer.status == 503
    assert "correct horse" not in answer.body


@pytest.mark.parametrize("notice", ["<script>alert(1)</script>", "saved%22%3E", "nothing"])
async def test_a_notice_is_chosen_by_name(panel: Browser, notice: str) -> None:
    """The address names a notice, it does not contain it: nobody can put words on the screen."""
    answer = await panel.get(f"/admin/?notice={notice}")
    assert 'role="status"' not in answer.body
    assert answer.page.of("script") == []
