"""Nobody gates everything by a slip of the hand: the product's name is typed first. And where one is, is told."""

import pytest

from gateway.config.settings import Admin
from gateway.domain.access import Role, command_line
from gateway.domain.window import Gate, Window
from gateway.service.drafts.fields import checked
from gateway.service.drafts.templates import TemplateDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import SETTINGS, Answer, Browser, ClientMaker, application, browser_on, signed_in

WHO = command_line("test")
NAME = {"confirm": " acme shop "}  # any case, and what a hand leaves around it
LATER = "2099-03-01T02:00"
TYPED = {"kind": "maintenance", "title": "Upgrade", "estimated_duration": "45m"}
ASKED = "This gates all requests. If you mean that, type Acme Shop here."


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    return await signed_in(await browser_on(aiohttp_client, services, observations), services, Role.OPERATOR)


async def a_window(services: Services, **fields: object) -> Window:
    return await services.windows.create(checked(WindowDraft, {"title": "Upgrade"} | fields), WHO)


def assert_asked(answer: Answer) -> None:
    assert answer.status == 422
    assert ASKED in answer.page.text


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"starts_at": LATER},
        {"gate": "read_only"},
        {"kind": "downtime"},
        {"excluded_paths": "/help"},
        {"confirm": "Acme"},
        {"starts_at": LATER, "repeats": "weekly", "time_zone": "UTC"},
    ],
    ids=str,
)
async def test_a_new_window_for_all_requests_takes_the_name(
    panel: Browser, services: Services, more: dict[str, str]
) -> None:
    """Nothing that was typed is lost meanwhile."""
    asked = await panel.post("/admin/windows/new", TYPED | more)
    assert_asked(asked)
    assert await services.windows.list() == []
    sent = asked.page.sent("/windows/new")
    assert sent.items() >= (TYPED | more).items() - {"confirm": ""}.items()
    assert (await panel.post("/admin/windows/new", sent | NAME)).status == 303
    assert await services.windows.list() != []


@pytest.mark.parametrize("more", [{"gate": "none"}, {"kind": "announcement"}, {"hosts": "a.example"}, {"paths": "/a"}])
async def test_one_for_a_part_takes_none(panel: Browser, more: dict[str, str]) -> None:
    assert (await panel.post("/admin/windows/new", TYPED | more)).status == 303


async def test_an_edit_takes_it_where_it_gates_everything_from_now_on(panel: Browser, services: Services) -> None:
    """What was so before is not asked again."""
    window = await a_window(services, starts_at="2099-01-01T00:00:00Z", scope={"paths": ["/shop"]})
    path = f"/admin/windows/{window.id}/edit"
    wider = (await panel.get(path)).page.sent("/edit") | {"paths": ""}
    assert_asked(await panel.post(path, wider))
    assert (await services.windows.get(window.id)).scope.paths == ("/shop",)
    assert (await panel.post(path, wider | NAME)).status == 303
    renamed = (await panel.get(path)).page.sent("/edit") | {"title": "Renamed"}
    assert (await panel.post(path, renamed)).status == 303


async def test_starting_and_reopening_take_it(panel: Browser, services: Services) -> None:
    """Each puts it in force at once; what can't be done at all is refused for that."""
    window = await a_window(services, starts_at="2099-01-01T00:00:00Z")
    path = f"/admin/windows/{window.id}"
    assert "Type Acme Shop." in (await panel.get(path)).page.text
    assert_asked(await panel.post(f"{path}/start"))
    assert not services.state.moment.gates
    assert (await panel.post(f"{path}/start", NAME)).status == 303
    assert (await panel.post(f"{path}/start")).status == 409
    assert (await panel.post(f"{path}/fixed")).status == 303
    assert_asked(await panel.post(f"{path}/reopen"))
    assert not services.state.moment.gates
    assert (await panel.post(f"{path}/reopen", NAME)).status == 303
    part = await a_window(services, starts_at="2099-01-01T00:00:00Z", gate=Gate.READ_ONLY, scope={"paths": ["/a"]})
    assert (await panel.post(f"/admin/windows/{part.id}/start")).status == 303


async def test_templates_and_series_take_it(panel: Browser, services: Services) -> None:
    template = {"slug": "all", "name": "All", "window": {"title": "All"}}
    await services.templates.add(checked(TemplateDraft, template), WHO)
    used = {"estimated_duration": "30m"}
    assert_asked(await panel.post("/admin/templates/all/use", used))
    assert await services.windows.list() == []
    assert (await panel.post("/admin/templates/all/use", used | NAME)).status == 303
    weekly = TYPED | {"starts_at": LATER, "repeats": "weekly", "time_zone": "UTC", "paths": "/shop"}
    location = (await panel.post("/admin/windows/new", weekly)).headers["Location"]
    path = location.removeprefix("/_maintenance").partition("?")[0] + "/edit"
    wider = (await panel.get(path)).page.sent("/edit") | {"paths": ""}
    assert_asked(await panel.post(path, wider))
    assert (await panel.post(path, wider | NAME)).status == 303
    again = (await panel.get(path)).page.sent("/edit") | {"title": "Renamed"}
    assert (await panel.post(path, again)).status == 303


async def test_every_screen_says_which_environment_this_is(
    aiohttp_client: ClientMaker, services: Services, observations: Observations
) -> None:
    """In a banner of its colour and in the title, also before one is signed in; without the setting there is none."""
    named = SETTINGS.model_copy(update={"admin": Admin(environment="Production <EU>", environment_colour="red")})
    browser = Browser(await aiohttp_client(application(services, observations, named)))
    answers = [await browser.get("/admin/sign-in")]
    await signed_in(browser, services, Role.VIEWER)
    answers += [await browser.get(path) for path in ("/admin/", "/admin/windows", "/admin/account")]
    for answer in answers:
        assert '<p class="environment bad" role="note"' in answer.body
        assert "<title>[Production &lt;EU&gt;] " in answer.body
    assert 'class="environment' not in (await browser.get("/")).body
    unnamed = await browser_on(aiohttp_client, services, observations)
    assert 'class="environment' not in (await unnamed.get("/admin/sign-in")).body
