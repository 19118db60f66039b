"""Series in the panel: made by the form of a window, seen ahead, moved, skipped, edited and ended."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.window import State, Window
from gateway.render.recurrence import local_words
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.series import SeriesChange
from gateway.service.drafts.windows import WindowChange, WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW
from tests.web.panel import Browser, ClientMaker, browser_on, signed_in

WHO = command_line("test")
# A Sunday that is the first one of its month, and later than every clock of a test.
FIRST = "2099-03-01T02:00"
TYPED = {
    "kind": "maintenance",
    "title": "Patching",
    "estimated_duration": "1h",
    "starts_at": FIRST,
    "confirm": "Acme Shop",
}
WEEKLY = TYPED | {"repeats": "weekly", "time_zone": "Europe/Berlin"}


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.OPERATOR)


async def ahead(services: Services) -> list[Window]:
    return await services.windows.list(states=frozenset({State.SCHEDULED}), limit=1000)


async def made(panel: Browser, **more: str) -> str:
    """Make a series by the form; return its path in the panel."""
    answer = await panel.post("/admin/windows/new", WEEKLY | more)
    assert answer.status == 303, answer.page.text
    return answer.location.partition("?")[0].removeprefix("/_maintenance")


@pytest.mark.parametrize(
    ("repeats", "rule"),
    [
        ("daily", "FREQ=DAILY"),
        ("weekly", "FREQ=WEEKLY;BYDAY=SU"),
        ("second-week", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU"),
        ("monthly", "FREQ=MONTHLY;BYDAY=1SU"),
        ("rule", "FREQ=YEARLY;BYMONTH=3;BYDAY=1SU"),
    ],
)
async def test_a_window_repeats_as_was_chosen(panel: Browser, services: Services, repeats: str, rule: str) -> None:
    """Counted from its start, which is on the clocks of the time zone; then the series shows what lies ahead."""
    values = WEEKLY | {"repeats": repeats, "rule": "FREQ=YEARLY;BYMONTH=3;BYDAY=1SU" if repeats == "rule" else ""}
    answer = await panel.follow(await panel.post("/admin/windows/new", values))
    assert "The series is scheduled. This is when its windows start." in answer.page.text
    assert "Sun 1 Mar 2099, 02:00" in answer.page.text
    window = (await ahead(services))[0]
    assert window.recurrence is not None
    assert (window.recurrence.rule, window.recurrence.time_zone) == (rule, "Europe/Berlin")
    assert window.starts_at == datetime(2099, 3, 1, 1, tzinfo=UTC)


async def test_the_fifth_of_a_month_means_the_last(panel: Browser, services: Services) -> None:
    """There is none in most months."""
    await made(panel, repeats="monthly", starts_at="2099-03-29T04:00")
    window = (await ahead(services))[0]
    assert window.recurrence is not None
    assert window.recurrence.rule == "FREQ=MONTHLY;BYDAY=-1SU"


async def test_it_ends_and_leaves_out_what_was_said(panel: Browser, services: Services) -> None:
    await made(panel, repeat_until="2099-03-22", excluded_dates="2099-03-08\r\n")
    assert [f"{window.starts_at:%d}" for window in await ahead(services)] == ["01", "15", "22"]


async def test_what_lies_ahead_is_shown_with_what_the_clocks_do(panel: Browser, services: Services) -> None:
    """Local time first, in UTC beside it; moving and skipping are buttons."""
    path = await made(panel, starts_at="2099-03-22T02:30")
    page = (await panel.get(path)).page
    assert "Every Sunday at 02:30 (Europe/Berlin)" in page.text
    assert "Sun 29 Mar 2099, 03:30 The clock is put forward: 03:30 instead of 02:30" in page.text
    assert "Sun 29 Mar 2099, 01:30 UTC" in page.text
    one = (await panel.get(f"/admin/windows/{(await ahead(services))[1].id}")).page.text
    assert "every Sunday at 02:30 (Europe/Berlin)" in one  # not 03:30, as it is on that one day
    for word in ("Move or change Sun 22 Mar 2099, 02:30", "Skip Sun 22 Mar 2099, 02:30", "As the series says"):
        assert word in page.text


async def test_one_is_moved_and_one_is_skipped(panel: Browser, services: Services) -> None:
    """The series says so, and goes on."""
    path = await made(panel)
    one, other, *_ = await ahead(services)
    await services.windows.edit(one.id, WindowChange(starts_at=one.starts_at + timedelta(hours=3)), WHO)
    answer = await panel.follow(await panel.post(f"{path}/skip", {"window": str(other.id)}))
    text = answer.page.text
    assert "Skipped: that window is cancelled, and the series goes on." in text
    assert "Sun 1 Mar 2099, 05:00 Moved; by the rule Sun 1 Mar 2099, 02:00." in text
    listed = (await panel.get("/admin/windows")).page.text
    assert "every Sunday at 02:00 (Europe/Berlin); moved from Sun 1 Mar 2099, 02:00 Scheduled" in listed
    assert text.index("Changed by hand") < text.index("Sun 8 Mar 2099, 02:00") < text.index("Skipped", 200)
    assert "Skip Sun 8 Mar" not in text
    again = await panel.post(f"{path}/skip", {"window": str(other.id)})
    assert again.status == 409
    assert 'Not done: the window "Patching" is cancelled' in again.page.text


async def test_only_a_window_of_the_series_is_skipped(panel: Browser) -> None:
    path = await made(panel)
    for window, said in (
        ("x", "there is no window 'x'"),
        (NO_WINDOW, "there is no window"),
        ("", "there is no window"),
    ):
        answer = await panel.post(f"{path}/skip", {"window": window})
        assert answer.status == 404
        assert said in answer.page.text
    answer = await panel.post("/admin/windows/new", TYPED)
    window = answer.location.rpartition("/")[2].partition("?")[0]
    answer = await panel.post(f"{path}/skip", {"window": window})
    assert (answer.status, "is none of this series" in answer.page.text) == (404, True)


async def test_the_series_is_edited(panel: Browser, services: Services) -> None:
    """The form shows what is saved, and the next start; all ahead is changed but what was changed by itself."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    path = await made(panel, **{"component.api": "partial_outage", "paths": "/shop", "description": "Soon"})
    one, *_ = await ahead(services)
    form = (await panel.get(f"{path}/edit")).body
    for shown in ('value="FREQ=WEEKLY;BYDAY=SU"', 'value="Europe/Berlin"', f'value="{FIRST}"', ">\n/shop<", "Soon"):
        assert shown in form, shown
    await services.windows.edit(one.id, WindowChange(title="Special"), WHO)
    values = WEEKLY | {"rule": "FREQ=WEEKLY;BYDAY=SU;COUNT=3", "title": "All", "gate": "none", "row_version": "1"}
    values |= {"component.api": "major_outage"}
    answer = await panel.follow(await panel.post(f"{path}/edit", values))
    assert "Windows that somebody has changed or skipped by hand stay as they are." in answer.page.text
    found = await ahead(services)
    assert [window.title for window in found] == ["Special", "All", "All"]
    assert (found[1].gate, found[1].scope.paths, found[1].components[0].status) == ("none", (), "major_outage")
    values |= {"starts_at": "2099-03-01T04:00", "row_version": "2"}
    answer = await panel.follow(await panel.post(f"{path}/edit", values))
    assert [f"{window.starts_at:%d %H:%M}" for window in await ahead(services)] == [
        "01 01:00",
        "08 03:00",
        "15 03:00",
    ]
    assert "Moved; by the rule Sun 1 Mar 2099, 04:00." in answer.page.text
    values |= {"rule": "FREQ=WEEKLY;BYDAY=MO;COUNT=3", "starts_at": "2099-03-02T04:00", "row_version": "3"}
    answer = await panel.follow(await panel.post(f"{path}/edit", values))
    assert [f"{window.starts_at:%d}" for window in await ahead(services)] == ["01", "02", "09", "16"]
    assert "The rule does not name it any more." in answer.page.text


async def test_the_second_writer_compares(panel: Browser, services: Services) -> None:
    """Both texts are shown; what was typed is still there, and can be sent again."""
    path = await made(panel)
    series = (await services.series.list())[0].series
    await services.series.edit(series.id, SeriesChange.model_validate({"window": {"title": "Theirs"}}), WHO)
    values = WEEKLY | {"rule": "FREQ=WEEKLY;BYDAY=SU", "title": "Mine", "row_version": "1"}
    answer = await panel.post(f"{path}/edit", values)
    assert answer.status == 409
    assert 'Not saved: the series "Theirs" was changed by somebody else' in answer.page.text
    assert "Title saved now: Theirs typed: Mine" in answer.page.text
    assert 'name="row_version" value="2"' in answer.body
    assert (await panel.post(f"{path}/edit", values | {"row_version": "2"})).status == 303


async def test_the_series_is_ended(panel: Browser, services: Services) -> None:
    path = await made(panel)
    answer = await panel.follow(await panel.post(f"{path}/end"))
    assert "The series has ended, and what had not begun is cancelled." in answer.page.text
    assert "Nothing: it was ended." in answer.page.text
    assert await ahead(services) == []
    assert f'<a href="/_maintenance{path}">Patching</a>' in (await panel.get("/admin/audit")).body
    again = await panel.post(f"{path}/end")
    assert (again.status, "was ended, so nothing can change it" in again.page.text) == (409, True)
    values = WEEKLY | {"rule": "FREQ=DAILY", "row_version": "2"}
    assert (await panel.post(f"{path}/edit", values)).status == 409


async def test_lists_show_the_next_of_each_series(panel: Browser, services: Services) -> None:
    """The windows that are in force, and the next one; it leads to the series."""
    path = await made(panel)
    await services.windows.start((await ahead(services))[0].id, WHO)
    page = (await panel.get("/admin/windows")).page
    assert page.text.count("Patching") == 2
    assert "every Sunday at 02:00 (Europe/Berlin)" in page.text
    assert path in (await panel.get("/admin/windows")).body
    listed = (await panel.get("/admin/series")).page.text
    assert "every Sunday at 02:00 (Europe/Berlin)" in listed
    assert "Sun 8 Mar 2099, 01:00 UTC" in listed
    assert "Patching" in (await panel.get("/admin/")).page.text


async def test_what_was_is_not_lost_among_what_a_series_had_ahead(panel: Browser, services: Services) -> None:
    """Neither while it recurs, nor when it was ended: one of the many that were cancelled is listed, the next."""
    over = await services.windows.create(WindowDraft(title="Yesterday's"), WHO)
    await services.windows.end(over.id, WHO)
    tomorrow = services.state.now() + timedelta(days=1)
    daily = {"repeats": "daily", "starts_at": f"{tomorrow:%Y-%m-%dT%H:%M}", "time_zone": "UTC"}
    paths = [await made(panel, **daily) for _ in range(3)]
    assert len(await ahead(services)) > 100
    listed = (await panel.get("/admin/windows")).page.text.partition("Over")[2]
    assert ("Yesterday's" in listed, listed.count("Patching")) == (True, 0)
    for path in paths:
        await panel.post(f"{path}/end")
    listed = (await panel.get("/admin/windows")).page.text.partition("Over")[2]
    assert ("Yesterday's" in listed, listed.count("Patching")) == (True, 3)
    assert listed.count(f"Cancelled {local_words(tomorrow)} UTC") == 3


async def test_there_is_no_series_yet(panel: Browser) -> None:
    assert "No window repeats." in (await panel.get("/admin/series")).page.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"starts_at": ""}, "a window that repeats needs the start of the first one"),
        ({"starts_at": "tomorrow"}, "'tomorrow' is not a time: write for example 2026-12-06T02:00"),
        ({"starts_at": "2020-03-01T02:00"}, "lies in the past, and a series begins with what is to come"),
        ({"time_zone": "Berlin"}, "there is no time zone 'Berlin'"),
        ({"repeats": "rule", "rule": ""}, "is empty: write for example FREQ=WEEKLY"),
        ({"repeats": "rule", "rule": "FREQ=MINUTELY"}, "FREQ=MINUTELY is too often"),
        ({"repeats": "rule", "rule": "FREQ=DAILY;BYHOUR=5"}, "is not among what the rule names; the first one after"),
        ({"repeats": "sometimes"}, "is empty: write for example FREQ=WEEKLY"),
        ({"repeat_until": "soon"}, "'soon' is not a date: write for example 2027-03-01"),
        ({"repeats": "rule", "rule": "FREQ=DAILY;COUNT=3", "repeat_until": "2099-04-01"}, "the rule says already when"),
        ({"excluded_dates": "1.4.2099"}, "'1.4.2099' is not a date: write for example 2026-12-27"),
        ({"excluded_dates": "2099-03-02"}, "nothing occurs on Mon 2099-03-02 by the rule"),
        ({"repeats": "daily", "estimated_duration": "25h"}, "are 24h apart and would overlap"),
        ({"title": ""}, "Please fill this in."),
    ],
)
async def test_a_wrong_form_comes_back_as_it_was_typed(
    panel: Browser, services: Services, wrong: dict[str, str], said: str
) -> None:
    """With what is wrong beside its field; nothing is made."""
    answer = await panel.post("/admin/windows/new", WEEKLY | wrong)
    assert answer.status == 422
    assert said in answer.page.text
    assert answer.body.count('class="wrong"') == 1
    for name, typed in (WEEKLY | wrong).items():
        assert name == "repeats" or typed in answer.body.replace("&#39;", "'")
    assert await services.series.list() == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rule": ""}, "is empty: write for example FREQ=WEEKLY"),
        ({"rule": "FREQ=DAILY;UNTIL=20200101"}, "nothing is left to come: end the series instead"),
        ({"time_zone": "Berlin"}, "there is no time zone 'Berlin'"),
        ({"starts_at": "2020-03-01T02:00"}, "lies in the past"),
        ({"starts_at": "2099-03-02T02:00"}, "is not among what the rule names"),
        ({"excluded_dates": "x"}, "'x' is not a date"),
        ({"estimated_duration": "200h"}, "would overlap"),
        ({"hosts": "http://x"}, "is not a host"),
        ({"title": ""}, "Please fill this in."),
        ({"row_version": ""}, "the form: says not from which version it was filled: open it again"),
    ],
)
async def test_a_wrong_edit_comes_back_as_it_was_typed(panel: Browser, wrong: dict[str, str], said: str) -> None:
    path = await made(panel)
    values = WEEKLY | {"rule": "FREQ=WEEKLY;BYDAY=SU", "row_version": "1"} | wrong
    answer = await panel.post(f"{path}/edit", values)
    assert answer.status == 422
    assert said in answer.page.text, answer.page.text


async def test_every_wrong_field_is_said_at_once(panel: Browser) -> None:
    """A zone that there is not hides no other error: whoever is in a hurry corrects them together."""
    wrong = {"time_zone": "Berlin", "starts_at": "soon", "title": "", "repeat_until": "spring"}
    answer = await panel.post("/admin/windows/new", WEEKLY | wrong)
    assert answer.status == 422
    for said in (
        "there is no time zone &#39;Berlin&#39;",
        "&#39;soon&#39; is not a time",
        "Please fill this in.",
        "&#39;spring&#39; is not a date",
    ):
        assert said in answer.body


async def test_a_rule_is_looked_at_before_it_is_saved(panel: Browser, services: Services) -> None:
    """In words, with the first starts on the clocks there and what is done to those; nothing typed is lost."""
    typed = WEEKLY | {
        "starts_at": "2099-03-22T02:30",
        "excluded_dates": "2099-04-05",
        "description": "**Soon** back.",
        "repeat_until": "2099-04-19",
        "paths": "/shop",
        "reminders": "1d",
        "trial": "POST /shop",
    }
    answer = await panel.post("/admin/windows/new", typed | {"preview": "yes"})
    assert answer.status == 200
    text = answer.page.text
    assert "Every Sunday at 02:30 (Europe/Berlin), until 19 April 2099" in text
    assert "Sun 22 Mar 2099, 02:30 Sun 22 Mar 2099, 01:30 UTC" in text
    note = "The clock is put forward: 03:30 instead of 02:30"
    assert f"Sun 29 Mar 2099, 03:30 {note} Sun 29 Mar 2099, 01:30 UTC" in text
    assert "Sun 12 Apr 2099, 02:30 Sun 12 Apr 2099, 00:30 UTC" in text
    assert ("Sun 5 Apr" in text, "Sun 26 Apr" in text) == (False, False)
    assert "<strong>Soon</strong> back." in answer.body
    kept = answer.page.sent("/windows/new")
    assert {name: kept[name] for name in typed} == typed
    assert await services.series.list() == []


async def test_a_clock_that_shows_a_time_twice_is_told(panel: Browser) -> None:
    typed = WEEKLY | {"starts_at": "2099-10-18T02:30", "preview": "yes"}
    text = (await panel.post("/admin/windows/new", typed)).page.text
    note = "The clock is put back and shows 02:30 twice: the first"
    assert f"Sun 25 Oct 2099, 02:30 {note} Sun 25 Oct 2099, 00:30 UTC" in text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"repeats": "rule", "rule": "FREQ=MINUTELY"}, "FREQ=MINUTELY is too often"),
        ({"starts_at": "2020-03-01T02:00"}, "lies in the past, and a series begins with what is to come"),
        ({"repeats": "daily", "estimated_duration": "25h"}, "are 24h apart and would overlap"),
        ({"time_zone": "Berlin"}, "there is no time zone 'Berlin'"),
    ],
)
async def test_what_could_not_be_saved_is_said_when_it_is_looked_at(
    panel: Browser, wrong: dict[str, str], said: str
) -> None:
    """In the words of saving, beside the field; what was typed stays, and the text is shown as customers read it."""
    typed = WEEKLY | {"description": "**Soon** back."} | wrong
    answer = await panel.post("/admin/windows/new", typed | {"preview": "yes"})
    assert answer.status == 422
    assert said in answer.page.text
    assert "<strong>Soon</strong> back." in answer.body
    kept = answer.page.sent("/windows/new")
    assert {name: kept[name] for name in typed} == typed


async def test_a_changed_rule_is_looked_at_before_it_is_saved(panel: Browser, services: Services) -> None:
    """From the next start on; the version that the form began from stays, and what is wrong is said as by saving."""
    path = await made(panel)
    sent = (await panel.get(f"{path}/edit")).page.sent("/edit")
    typed = sent | {"rule": "FREQ=WEEKLY;BYDAY=SU,WE", "description": "**Soon** back.", "trial": "/x"}
    await services.series.edit((await services.series.list())[0].series.id, SeriesChange(rule="FREQ=DAILY"), WHO)
    answer = await panel.post(f"{path}/edit", typed | {"preview": "yes"})
    assert answer.status == 200
    assert "Every Wednesday and Sunday at 02:00 (Europe/Berlin)" in answer.page.text
    assert "Wed 4 Mar 2099, 02:00 Wed 4 Mar 2099, 01:00 UTC" in answer.page.text
    assert "<strong>Soon</strong> back." in answer.body
    kept = answer.page.sent("/edit")
    assert {name: kept[name] for name in typed} == typed
    assert (await services.series.list())[0].series.rule == "FREQ=DAILY"
    wrong = await panel.post(f"{path}/edit", typed | {"preview": "yes", "estimated_duration": "100h"})
    assert (wrong.status, "would overlap" in wrong.page.text) == (422, True)
    await panel.post(f"{path}/end")
    over = await panel.post(f"{path}/edit", typed | {"preview": "yes"})
    assert (over.status, "was ended, so nothing can change it" in over.page.text) == (409, True)


async def test_requests_are_tried_with_a_series_before_it_is_saved(panel: Browser, services: Services) -> None:
    """What each of its windows would do to them, by what was typed; a wrong scope is marked, nothing typed is lost."""
    path = await made(panel)
    sent = (await panel.get(f"{path}/edit")).page.sent("/edit")
    typed = sent | {"paths": "/shop", "excluded_paths": "/shop/help", "trial": "/shop\n/shop/help"}
    answer = await panel.post(f"{path}/edit/preview", typed)
    assert answer.status == 200
    assert 'GET /shop Refused "this window" is closed for /shop, but not /shop/help.' in answer.page.text
    assert "GET /shop/help Forwarded" in answer.page.text
    kept = answer.page.sent("/edit")
    assert {name: kept[name] for name in typed} == typed
    wrong = await panel.post(f"{path}/edit/preview", typed | {"paths": "shop"})
    assert wrong.status == 422
    assert "is not a path" in wrong.page.text
    assert wrong.page.sent("/edit") == kept | {"paths": "shop"}
    assert (await services.series.list())[0].series.row_version == 1
    assert (await panel.post(f"/admin/series/{NO_WINDOW}/edit/preview", typed)).status == 404


async def test_series_are_in_the_navigation(panel: Browser) -> None:
    """On every screen; that of the series themselves is marked as the current one."""
    path = await made(panel)
    for screen, current in (("/admin/", "dashboard"), ("/admin/series", "series"), (path, "series")):
        [link] = [a for a in (await panel.get(screen)).page.of("a") if a["href"] == "/_maintenance/admin/series"][:1]
        assert ("aria-current" in link) == (current == "series")


async def test_there_is_no_such_series(panel: Browser) -> None:
    for which in ("x", NO_WINDOW):
        for answer in (
            await panel.get(f"/admin/series/{which}"),
            await panel.get(f"/admin/series/{which}/edit"),
            await panel.post(f"/admin/series/{which}/edit", WEEKLY),
            await panel.post(f"/admin/series/{which}/end"),
        ):
            assert (answer.status, "there is no series" in answer.page.text) == (404, True)


async def test_who_may_only_look_gets_no_buttons(
    aiohttp_client: ClientMaker, panel: Browser, services: Services, observations: Observations
) -> None:
    path = await made(panel)
    viewer = await signed_in(await browser_on(aiohttp_client, services, observations), services, Role.VIEWER)
    text = (await viewer.get(path)).page.text
    assert "Every Sunday" in text
    assert not [word for word in ("Skip Sun", "Move", "Edit the series", "End the series") if word in text]
    for action in ("end", "skip", "edit", "edit/preview"):
        assert (await viewer.post(f"{path}/{action}")).status == 403


async def test_what_can_not_be_read_is_shown_and_repaired(
    panel: Browser, services: Services, psql: Callable[[str, str], str], database_url: str
) -> None:
    """Somebody has written it by hand: the page says what is wrong, and the form corrects it."""
    path = await made(panel)
    psql(database_url, "update series set rule = 'NEVER', draft = '{}'")
    assert "Can't be read" in (await panel.get("/admin/series")).page.text
    text = (await panel.get(path)).page.text
    assert "what somebody has written by hand can't be read: window.title: " in text
    assert "1 Mar 2099" in text
    form = (await panel.get(f"{path}/edit")).body
    assert ('value="NEVER"' in form, 'value="(no title)"' in form) == (True, True)
    values = WEEKLY | {"rule": "NEVER", "row_version": "2", "starts_at": ""}
    refused = await panel.post(f"{path}/edit", values)
    assert (refused.status, "is no part of a rule" in refused.page.text) == (422, True)
    saved = await panel.post(f"{path}/edit", values | {"rule": "FREQ=WEEKLY;BYDAY=SU;COUNT=2"})
    assert saved.status == 303
    assert [f"{window.starts_at:%d %H:%M}" for window in await ahead(services)] == ["01 01:00", "08 01:00"]
