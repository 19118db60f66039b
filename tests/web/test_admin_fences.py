"""Fences in the panel: whole at the load, the same piece alone for the script, and forgetting a silent gateway."""

import re
from datetime import timedelta

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.window import Gate, Window
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW
from tests.web.fleet import reported
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.OPERATOR)


@pytest.fixture
async def window(services: Services) -> Window:
    return await services.windows.create(WindowDraft(title="Database upgrade"), WHO)


async def test_dashboard_and_window_say_where_the_gateways_stand(
    panel: Browser, services: Services, window: Window
) -> None:
    """In words, with the script that keeps them true and the policy that lets it run; no script stands in the page."""
    await reported(services, "<b>web-1</b>", window, left=5)
    await reported(services, "web-2", window, silent=14)
    for path in ("/admin/", f"/admin/windows/{window.id}"):
        answer = await panel.get(path)
        text = answer.page.text
        assert "Not yet safe to begin" in text
        assert "1 of 2 gateways gate, 5 requests left in the application; web-2 has not been heard of for 1" in text
        assert "Gates, draining" in text
        assert "Silent" in text
        assert "<b>web-1" not in answer.body
        assert "script-src 'self'; connect-src 'self'" in answer.headers["Content-Security-Policy"]
        (script,) = answer.page.of("script")
        asset = await panel.get(script["src"].removeprefix(PREFIX))
        assert (asset.status, asset.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
        (box,) = [found for _, found in answer.page.elements if "data-fence" in found]
        alone = await panel.get(box["data-fence"].removeprefix(PREFIX))
        assert "<html" not in alone.body
        shown, told = (re.sub(r"\b\d+ s\b", "some s", " ".join(each.split())) for each in (text, alone.page.text))
        assert told in shown


async def test_when_it_holds_it_says_so(panel: Browser, services: Services, window: Window) -> None:
    await reported(services, "web-1", window)
    text = (await panel.get(f"/admin/windows/{window.id}")).page.text
    assert "Safe to begin 1 of 1 gateway gates, 0 requests left in the application: safe to begin." in text
    assert "Forget" not in text


async def test_there_is_none_without_a_gate_in_force(panel: Browser, services: Services) -> None:
    """And then no script and no policy for one."""
    later = services.state.now() + timedelta(days=1)
    for draft in (WindowDraft(title="Free", gate=Gate.NONE), WindowDraft(title="Later", starts_at=later)):
        made = await services.windows.create(draft, WHO)
        for path in ("/admin/", f"/admin/windows/{made.id}"):
            answer = await panel.get(path)
            assert answer.page.of("script") == []
            assert "script-src" not in answer.headers["Content-Security-Policy"]


async def test_the_piece_of_a_window_that_has_ended_says_so(panel: Browser, services: Services, window: Window) -> None:
    """Whoever still has the screen open reads it there."""
    await reported(services, "web-1", window)
    await services.windows.end(window.id, WHO)
    text = (await panel.get(f"/admin/windows/{window.id}/fence")).page.text
    assert "No fence The window is over: traffic goes through." in text
    assert (await panel.get(f"/admin/windows/{NO_WINDOW}/fence")).status == 404
    assert (await panel.get("/admin/windows/nowhere/fence")).status == 404


async def test_a_silent_gateway_is_forgotten(panel: Browser, services: Services, window: Window) -> None:
    """One that is alive is not; the way back leads to the window, or to the dashboard, nowhere else."""
    alive = await reported(services, "web-1", window)
    silent = await reported(services, "web-2", window, silent=11)
    form = {"window": str(window.id)}
    assert (await panel.post(f"/admin/replicas/{alive}/forget", form)).status == 409
    answer = await panel.post(f"/admin/replicas/{silent}/forget", form)
    assert answer.location == f"{PREFIX}/admin/windows/{window.id}?notice=forgotten"
    assert "The gateway is forgotten." in (await panel.follow(answer)).page.text
    assert [report.name for report in (await services.fences.replicas()).reports] == ["web-1"]
    assert (await panel.post(f"/admin/replicas/{silent}/forget", form)).status == 404
    assert (await panel.post("/admin/replicas/nowhere/forget", form)).status == 404
    again = await reported(services, "web-3", silent=11)
    elsewhere = await panel.post(f"/admin/replicas/{again}/forget", {"window": "//evil.example"})
    assert elsewhere.location == f"{PREFIX}/admin/?notice=forgotten"


async def test_a_viewer_sees_it_and_forgets_nobody(
    aiohttp_client: ClientMaker, services: Services, observations: Observations, window: Window
) -> None:
    viewer = await signed_in(await browser_on(aiohttp_client, services, observations), services, Role.VIEWER)
    silent = await reported(services, "web-2", window, silent=11)
    answer = await viewer.get(f"/admin/windows/{window.id}")
    assert "Silent" in answer.page.text
    assert "Forget" not in answer.page.text
    assert (await viewer.get(f"/admin/windows/{window.id}/fence")).status == 200
    assert (await viewer.post(f"/admin/replicas/{silent}/forget")).status == 403
