"""The audit log in the panel; and what happens to a form when it can't be taken."""

import pytest

from gateway.domain.access import Role, command_line
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")
TYPED = {
    "kind": "downtime",
    "title": "Half a novel",
    "estimated_duration": "45m",
    "description": 'Long "text" <here>.',
    "confirm": "Acme Shop",
}


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.OPERATOR)


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
