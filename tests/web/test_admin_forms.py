"""The forms that describe a window: each holds all that a window can be given, and none overwrites unseen."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.window import Window
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.series import SeriesChange
from gateway.service.drafts.templates import TemplateChange, TemplateDraft, WindowFields
from gateway.service.drafts.windows import ScopeDraft, WindowChange, WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.panel import Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")
# Of everything, something that is no default: a form that forgets a field changes it.
FULL: dict[str, Any] = {
    "title": "Upgrade",
    "description": "**Soon** back.",
    "translations": {
        "de": {"title": "Umbau", "description": "**Bald** zurück."},
        "zh-Hans": {"title": "\u5347\u7ea7", "description": ""},
        "ar": {"title": "\u062a\u0631\u0642\u064a\u0629", "description": ""},
    },
    "kind": "degradation",
    "estimated_duration": "PT1H30M",
    "ends": "on_time",
    "gate": "read_only",
    "scope": {
        "hosts": ["shop.example.com", "*.example.org"],
        "paths": ["/checkout", "/pay"],
        "excluded_paths": ["/checkout/help", "/pay/terms"],
    },
    "components": [{"slug": "api", "status": "partial_outage"}],
    "reminders": ["P1D", "PT1H30M"],
    "reopen_over": "PT5M",
}
RECURS = {"starts_at": "2099-03-01T01:00:00Z", "recurrence": {"rule": "FREQ=DAILY", "time_zone": "Europe/Berlin"}}
TOLD = (
    "shop.example.com, *.example.org, /checkout, /pay, but not /checkout/help, /pay/terms",
    "Reminders 1d, 1h30m before the start",
    "Reopens evenly over 5m",
)


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    return await signed_in(browser, services, Role.OPERATOR)


async def a_template(services: Services) -> str:
    await services.templates.add(checked(TemplateDraft, {"slug": "full", "name": "Full", "window": FULL}), WHO)
    return "/admin/templates/full"


async def a_window(services: Services) -> str:
    window = await services.windows.create(checked(WindowDraft, FULL | {"starts_at": "2099-01-01T00:00:00Z"}), WHO)
    return f"/admin/windows/{window.id}"


async def a_series(services: Services) -> str:
    window = await services.windows.create(checked(WindowDraft, FULL | RECURS), WHO)
    assert window.recurrence is not None
    return f"/admin/series/{window.recurrence.series}"


def described(window: Window) -> dict[str, Any]:
    """Return what was given of a window, as FULL has it."""
    values = {name: getattr(window, name) for name in WindowFields.model_fields}
    scope = {name: getattr(window.scope, name) for name in ScopeDraft.model_fields}
    components = [{"slug": each.slug, "status": each.status} for each in window.components]
    translations = {tag: asdict(text) for tag, text in window.translations.items()}
    parts = {"scope": scope, "components": components, "translations": translations}
    draft = checked(WindowDraft, values | parts)
    return draft.model_dump(mode="json", include=set(FULL))


def test_the_example_has_every_field() -> None:
    """So a field that a window gets later is not forgotten in one of the forms."""
    assert set(FULL) == set(WindowFields.model_fields)
    assert set(FULL) == set(WindowDraft.model_fields) - {"starts_at", "recurrence"}
    assert set(FULL) == set(WindowChange.model_fields) - {"starts_at", "fixed"}
    assert set(FULL["scope"]) == set(ScopeDraft.model_fields)
    draft = checked(WindowDraft, FULL)
    assert draft.model_dump(mode="json", include=set(FULL)) == FULL
    for name, field in WindowDraft.model_fields.items():
        assert name not in FULL or getattr(draft, name) != field.default, name


async def test_all_of_a_template_is_carried_over_to_the_form_of_a_window(panel: Browser, services: Services) -> None:
    """Sent as it opens by "Change more first", it makes the window that the template makes; repeating has its zone."""
    path = await a_template(services)
    used = {"estimated_duration": "1h30m", "starts_at": "2099-12-01T22:00"}
    opened = await panel.post(f"{path}/use", used | {"form": "yes"})
    sent = opened.page.sent("/windows/new")
    assert sent["time_zone"] == "UTC"
    assert (await panel.post("/admin/windows/new", sent)).status == 303
    assert (await panel.post(f"{path}/use", used)).status == 303
    [one, other] = await services.windows.list()
    assert described(one) == described(other) == FULL
    assert one.starts_at == other.starts_at


async def test_the_form_of_a_template_holds_all_of_it(panel: Browser, services: Services) -> None:
    """Saved as it opens, nothing is changed."""
    path = await a_template(services)
    sent = (await panel.get(path)).page.sent("/templates/full")
    assert (await panel.post(path, sent)).status == 303
    saved = await services.templates.get("full")
    assert (saved.fields, saved.row_version) == (FULL, 2)


async def test_the_form_of_a_window_holds_all_of_it(panel: Browser, services: Services) -> None:
    """Saved as it opens, nothing is changed."""
    path = await a_window(services)
    sent = (await panel.get(f"{path}/edit")).page.sent("/edit")
    assert (await panel.post(f"{path}/edit", sent)).status == 303
    [window] = await services.windows.list()
    assert (described(window), window.row_version) == (FULL, 2)


async def test_the_form_of_a_series_holds_all_of_it(panel: Browser, services: Services) -> None:
    """Saved as it opens, nothing is changed: neither what its windows are made from nor when they start."""
    path = await a_series(services)
    [before] = await services.series.list()
    sent = (await panel.get(f"{path}/edit")).page.sent("/edit")
    assert (await panel.post(f"{path}/edit", sent)).status == 303
    [after] = await services.series.list()
    assert after.series.draft == before.series.draft == FULL
    assert (after.series.rule, after.series.first_start) == (before.series.rule, before.series.first_start)
    assert after.series.row_version == 2


@pytest.mark.parametrize("make", [a_template, a_window, a_series])
async def test_what_is_left_out_and_what_reminds_is_told(
    panel: Browser, services: Services, make: Callable[[Services], Awaitable[str]]
) -> None:
    """Which requests, reminders and the reopening: where a template is used, of a window, of a series."""
    path = await make(services)
    text = (await panel.get(f"{path}/use" if make is a_template else path)).page.text
    for said in TOLD:
        assert said in text


async def change_template(services: Services) -> None:
    await services.templates.edit("full", TemplateChange(name="Theirs"), WHO)


async def change_window(services: Services) -> None:
    [window] = await services.windows.list()
    await services.windows.edit(window.id, WindowChange(title="Theirs"), WHO)


async def change_series(services: Services) -> None:
    [seen] = await services.series.list()
    await services.series.edit(seen.series.id, SeriesChange.model_validate({"window": {"title": "Theirs"}}), WHO)


@pytest.mark.parametrize(
    ("make", "change", "field"),
    [(a_template, change_template, "name"), (a_window, change_window, "title"), (a_series, change_series, "title")],
)
async def test_who_edits_what_somebody_else_has_changed_sees_both_texts(
    panel: Browser,
    services: Services,
    make: Callable[[Services], Awaitable[str]],
    change: Callable[[Services], Awaitable[None]],
    field: str,
) -> None:
    """The form says from which version it was filled, and is refused without; sent again from there, it is saved."""
    path = await make(services) + ("" if make is a_template else "/edit")
    sent = (await panel.get(path)).page.sent(path) | {field: "Mine"}
    await change(services)
    answer = await panel.post(path, sent)
    assert answer.status == 409
    assert "saved now: Theirs typed: Mine" in answer.page.text
    blind = await panel.post(path, {name: value for name, value in sent.items() if name != "row_version"})
    assert (blind.status, "says not from which version it was filled" in blind.page.text) == (422, True)
    assert (await panel.post(path, answer.page.sent(path))).status == 303
