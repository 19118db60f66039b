"""Series: each occurrence is an ordinary window; which ones a change of the series touches; and all of it once."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gateway.domain import recurrence
from gateway.domain.access import command_line
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError, StaleError
from gateway.domain.observation import SeriesFailed, SeriesIncomplete
from gateway.domain.recurrence import AHEAD_LEAST, AHEAD_MOST, ahead_share
from gateway.domain.series import SeriesState
from gateway.domain.window import Ends, Gate, Kind, State, UpdateStatus, Window
from gateway.service import series as series_service
from gateway.service.clock import Clock
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.series import SeriesChange, SeriesPreview
from gateway.service.drafts.windows import UpdateDraft, WindowChange, WindowDraft
from gateway.service.jobs import Jobs
from gateway.service.state import State as LiveState
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW

WHO = command_line("test")
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
FIRST = (datetime.now(UTC) + timedelta(days=2)).replace(hour=2, minute=0, second=0, microsecond=0)
Sql = Callable[[str], str]


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


def draft(
    rule: str = "FREQ=WEEKLY", *, excluded: tuple[str, ...] = (), zone: str = "UTC", **fields: Any
) -> WindowDraft:
    recurring = {"rule": rule, "time_zone": zone, "excluded_dates": excluded}
    return checked(
        WindowDraft,
        {"title": "Patching", "starts_at": FIRST, "estimated_duration": "1h", "recurrence": recurring, **fields},
    )


def change(**fields: Any) -> SeriesChange:
    return checked(SeriesChange, fields)


async def ahead(services: Services) -> list[Window]:
    """Return the windows that are scheduled, the next one first."""
    return await services.windows.list(states=frozenset({State.SCHEDULED}), limit=1000)


def starts(windows: list[Window]) -> list[timedelta]:
    return [window.starts_at - FIRST for window in windows]


async def refusal(doing: Any) -> dict[str, str]:
    with pytest.raises(InvalidError) as raised:
        await doing
    return raised.value.fields


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        ("FREQ=WEEKLY", 13),  # ninety days, less the two until the first
        ("FREQ=WEEKLY;COUNT=4", 4),
        ("FREQ=YEARLY", AHEAD_LEAST),
        ("FREQ=HOURLY", AHEAD_MOST),
        ("FREQ=DAILY;COUNT=1", 1),
    ],
)
async def test_windows_are_made_for_what_lies_ahead(services: Services, rule: str, made: int) -> None:
    """Ninety days of it, at least three, at most fifty; each is a window like any other, and in the snapshot."""
    first = await services.windows.create(draft(rule, gate="read_only", components=()), WHO)
    found = await ahead(services)
    assert len(found) == made
    assert (first.id, first.starts_at) == (found[0].id, FIRST)
    assert {(w.title, w.gate, w.estimated_duration, w.kind) for w in found} == {
        ("Patching", Gate.READ_ONLY, HOUR, Kind.MAINTENANCE)
    }
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert [window.starts_at for window in snapshot.windows] == [window.starts_at for window in found]
    recurring = snapshot.windows[0].recurrence
    assert recurring is not None
    assert (recurring.rule, recurring.time_zone, recurring.occurs_at) == (rule, "UTC", FIRST)
    assert recurring.occurs_on == FIRST.replace(tzinfo=None)


async def test_local_time_is_kept_when_the_clocks_change(services: Services) -> None:
    """Every day at 02:30 in Berlin, across the end of winter time."""
    start = datetime(2099, 3, 28, 1, 30, tzinfo=UTC)
    await services.windows.create(draft("FREQ=DAILY;COUNT=3", zone="Europe/Berlin", starts_at=start.isoformat()), WHO)
    assert [f"{window.starts_at:%d %H:%M}" for window in await ahead(services)] == ["28 01:30", "29 01:30", "30 00:30"]


async def test_the_next_alone_is_told_as_upcoming(services: Services) -> None:
    """A page that listed thirteen Sundays would hide what else is planned."""
    await services.windows.create(draft(), WHO)
    other = await services.windows.create(WindowDraft(title="Move", starts_at=FIRST + 8 * DAY, gate=Gate.NONE), WHO)
    upcoming = services.state.moment.upcoming
    assert [(window.title, window.starts_at) for window in upcoming] == [
        ("Patching", FIRST),
        ("Move", other.starts_at),
    ]


async def test_each_use_of_the_series_is_audited_once(services: Services, sql: Sql) -> None:
    """Who has made, changed and ended it, with every window that was made or cancelled by that."""
    first = await services.windows.create(draft("FREQ=WEEKLY;COUNT=3"), WHO)
    assert first.recurrence is not None
    series_id = first.recurrence.series
    await services.series.edit(series_id, change(window={"title": "Patching all"}), WHO)
    await services.series.end(series_id, WHO)
    entries = [
        (row["action"], row["after"])
        for row in json.loads(sql("select json_agg(a order by id) from audit a where subject = 'series'"))
    ]
    assert [action for action, _ in entries] == ["series.scheduled", "series.edited", "series.ended"]
    assert [
        len(after["occurrences"][what]) for (_, after), what in zip(entries, ("made", "changed"), strict=False)
    ] == [
        3,
        3,
    ]
    assert len(entries[2][1]["cancelled"]) == 3
    assert entries[0][1]["title"] == "Patching"


@pytest.fixture
async def series(services: Services) -> Any:
    """A weekly series of four."""
    first = await services.windows.create(draft("FREQ=WEEKLY;COUNT=4"), WHO)
    assert first.recurrence is not None
    return first.recurrence.series


async def test_an_occurrence_is_moved_and_another_is_skipped(
    services: Services, series: Any, sql: Sql, observations: Observations
) -> None:
    """By editing and cancelling their windows; neither is made again, and the others stay where they are."""
    one, other, *_ = await ahead(services)
    moved = await services.windows.edit(one.id, WindowChange(starts_at=FIRST + 5 * HOUR), WHO)
    assert moved.recurrence is not None
    assert moved.recurrence.occurs_at == FIRST
    await services.windows.cancel(other.id, WHO)
    await jobs_of(services, observe=observations).do_due()
    assert observations.of(SeriesFailed) == []
    assert starts(await ahead(services)) == [5 * HOUR, 2 * WEEK, 3 * WEEK]
    seen = await services.series.get(series)
    assert [(each.starts_at - FIRST, each.made and each.made.is_cancelled) for each in seen.ahead] == [
        (5 * HOUR, False),
        (WEEK, True),
        (2 * WEEK, False),
        (3 * WEEK, False),
    ]
    assert sql("select count(*) from windows") == "4"


async def test_what_is_done_to_one_touches_no_other(services: Services, series: Any) -> None:
    """Started, extended, ended: the rest of the series goes on."""
    one, *others = await ahead(services)
    await services.windows.start(one.id, WHO)
    await services.windows.extend(one.id, HOUR, WHO)
    await services.windows.end(one.id, WHO)
    assert [(w.id, w.row_version) for w in await ahead(services)] == [(w.id, w.row_version) for w in others]
    seen = await services.series.get(series)
    assert (seen.state, [each.made and each.made.window_id for each in seen.ahead]) == (
        SeriesState.RUNNING,
        [window.id for window in others],
    )
    await services.windows.cancel(others[0].id, WHO)
    [listed] = await services.series.list()
    assert [each.starts_at - FIRST for each in listed.ahead] == [2 * WEEK]


async def test_a_change_of_the_series_changes_what_nobody_has_touched(services: Services, series: Any) -> None:
    """In place, so that links to them hold. What was edited or posted to stays, and is named."""
    await services.components.add(ComponentDraft(slug="database", name="Database"), WHO)
    before = await ahead(services)
    edited = await services.windows.edit(before[1].id, WindowChange(title="A longer one"), WHO)
    await services.windows.post(before[2].id, UpdateDraft(status=UpdateStatus.SCHEDULED, body="Soon"), WHO)
    wanted = {
        "title": "Patching all",
        "estimated_duration": "2h",
        "gate": "none",
        "ends": "on_time",
        "scope": {"paths": ["/shop"]},
        "components": [{"slug": "database"}],
        "reopen_over": "5m",
        "reminders": ["1h"],
    }
    seen = await services.series.edit(series, change(window=wanted), WHO)
    assert [made.window_id for made in seen.kept] == [before[1].id, before[2].id]
    found = await ahead(services)
    assert [window.id for window in found] == [window.id for window in before]
    assert [window.title for window in found] == ["Patching all", "A longer one", "Patching", "Patching all"]
    changed = found[0]
    assert (changed.gate, changed.ends, changed.reopen_over) == (Gate.NONE, Ends.ON_TIME, timedelta(minutes=5))
    assert (changed.estimated_duration, changed.scope.paths, changed.reminders) == (2 * HOUR, ("/shop",), (HOUR,))
    assert [effect.slug for effect in changed.components] == ["database"]
    assert found[1] == edited
    # And the series can change them once more: its own writing is no touch.
    await services.series.edit(series, change(window={"title": "Again"}), WHO)
    assert [window.title for window in await ahead(services)] == ["Again", "A longer one", "Patching", "Again"]


async def test_a_change_by_hand_counts_as_a_touch(services: Services, series: Any, sql: Sql) -> None:
    """SQL by hand is a supported way."""
    sql("update windows set title = 'By hand' where id = (select id from windows order by starts_at limit 1)")
    await services.series.edit(series, change(window={"title": "All"}), WHO)
    assert [window.title for window in await ahead(services)] == ["By hand", "All", "All", "All"]


_NEXT = "(select id from windows order by starts_at limit 1)"


@pytest.mark.parametrize(
    "by_hand",
    [
        f"update window_components set status = 'major_outage' where window_id = {_NEXT}",  # noqa: S608
        f"delete from window_components where window_id = {_NEXT}",  # noqa: S608
        f"insert into window_components select {_NEXT}, id from components where slug = 'database'",  # noqa: S608
    ],
)
async def test_a_change_of_its_components_by_hand_counts_as_a_touch(services: Services, sql: Sql, by_hand: str) -> None:
    """Neither the series nor a form that was opened before writes over it."""
    for slug in ("api", "database"):
        await services.components.add(ComponentDraft(slug=slug, name=slug), WHO)
    first = await services.windows.create(draft("FREQ=WEEKLY;COUNT=2", components=[{"slug": "api"}]), WHO)
    assert first.recurrence is not None
    sql(by_hand)
    one, other = await ahead(services)
    assert (one.row_version, other.row_version) == (2, 1)
    seen = await services.series.edit(first.recurrence.series, change(window={"title": "All"}), WHO)
    assert [made.window_id for made in seen.kept] == [one.id]
    assert [window.title for window in await ahead(services)] == ["Patching", "All"]
    assert (await ahead(services))[0].components == one.components
    with pytest.raises(StaleError):
        await services.windows.edit(one.id, WindowChange(title="x"), WHO, row_version=1)


async def test_another_rule_makes_other_windows(services: Services, series: Any, sql: Sql) -> None:
    """What it names as well stays; the rest goes, but for what somebody has touched."""
    before = await ahead(services)
    await services.windows.edit(before[1].id, WindowChange(title="Touched"), WHO)
    seen = await services.series.edit(series, change(rule="FREQ=WEEKLY;INTERVAL=2;COUNT=3"), WHO)
    found = await ahead(services)
    assert starts(found) == [timedelta(), WEEK, 2 * WEEK, 4 * WEEK]
    assert [window.id for window in found[:3]] == [window.id for window in before[:3]]
    assert [made.window_id for made in seen.kept] == [before[1].id]
    assert [(each.is_named, each.starts_at - FIRST) for each in seen.ahead][:3] == [
        (True, timedelta()),
        (False, WEEK),
        (True, 2 * WEEK),
    ]
    after = json.loads(sql("select after from audit where action = 'series.edited'"))["occurrences"]
    assert {name: len(each) for name, each in after.items()} == {"made": 1, "removed": 1, "kept": 1}
    # Back again: what was removed is made anew.
    await services.series.edit(series, change(rule="FREQ=WEEKLY;COUNT=4"), WHO)
    assert starts(await ahead(services)) == [timedelta(), WEEK, 2 * WEEK, 3 * WEEK]


async def test_another_first_start_is_another_time_of_day(services: Services, series: Any) -> None:
    """From now on; each of them keeps nothing of the former time."""
    later = FIRST + 3 * HOUR
    await services.series.edit(series, change(starts_at=later), WHO)
    assert starts(await ahead(services)) == [3 * HOUR + each * WEEK for each in range(4)]


async def test_what_is_skipped_or_moved_does_not_come_back_at_another_time(
    services: Services, series: Any, sql: Sql
) -> None:
    """A series of four stays one of four; the answer names both, and so does the audit."""
    one, other, *_ = await ahead(services)
    await services.windows.cancel(one.id, WHO)
    await services.windows.edit(other.id, WindowChange(starts_at=FIRST + WEEK + HOUR), WHO)
    for later in (2 * HOUR, 5 * HOUR):
        seen = await services.series.edit(series, change(starts_at=FIRST + later), WHO)
        assert starts(await ahead(services)) == [WEEK + HOUR, 2 * WEEK + later, 3 * WEEK + later]
        assert ([made.window_id for made in seen.skipped], [made.window_id for made in seen.kept]) == (
            [one.id],
            [other.id],
        )
        assert [(each.occurs_at - FIRST, each.starts_at - FIRST, each.is_moved) for each in seen.ahead] == [
            (later, timedelta(), False),
            (WEEK + later, WEEK + HOUR, True),
            (2 * WEEK + later, 2 * WEEK + later, False),
            (3 * WEEK + later, 3 * WEEK + later, False),
        ]
    sql("delete from jobs")
    await jobs_of(services).do_due()
    assert sql("select count(*) from windows") == "4"
    after = json.loads(sql("select after from audit where action = 'series.edited' order by id desc limit 1"))
    assert [each["window"] for each in after["occurrences"]["skipped"]] == [str(one.id)]


async def test_another_zone_keeps_the_time_on_the_clock(services: Services) -> None:
    """02:00 in Tokyo is nine hours earlier than 02:00 in UTC."""
    first = await services.windows.create(draft("FREQ=WEEKLY;COUNT=2"), WHO)
    assert first.recurrence is not None
    await services.series.edit(first.recurrence.series, change(time_zone="Asia/Tokyo"), WHO)
    assert starts(await ahead(services)) == [-9 * HOUR, WEEK - 9 * HOUR]


async def test_dates_are_left_out(services: Services, series: Any) -> None:
    """Those that are left out later go; those that are not any more come back."""
    day = (FIRST + WEEK).date()
    await services.series.edit(series, change(excluded_dates=[day]), WHO)
    assert starts(await ahead(services)) == [timedelta(), 2 * WEEK, 3 * WEEK]
    await services.series.edit(series, change(excluded_dates=[]), WHO)
    assert starts(await ahead(services)) == [timedelta(), WEEK, 2 * WEEK, 3 * WEEK]
    await services.windows.create(draft("FREQ=DAILY;COUNT=2", excluded=(str(FIRST.date()),)), WHO)
    assert len(await ahead(services)) == 5


async def test_the_series_is_ended(services: Services, series: Any) -> None:
    """What has not begun is cancelled, what is in force goes on, and nothing changes it or makes it again."""
    one, *_ = await ahead(services)
    await services.windows.start(one.id, WHO)
    seen = await services.series.end(series, WHO)
    assert (seen.state, seen.ahead) == (SeriesState.ENDED, ())
    assert await ahead(services) == []
    assert [window.id for window in services.state.moment.active] == [one.id]
    await jobs_of(services).do_due()
    assert await ahead(services) == []
    for doing in (services.series.end(series, WHO), services.series.edit(series, change(window={"title": "x"}), WHO)):
        with pytest.raises(ConflictError, match='the series "Patching" was ended, so nothing can change it'):
            await doing
    assert [each.series.id for each in await services.series.list(ended=True)] == [series]
    assert await services.series.list(ended=False) == []


async def test_the_second_writer_is_refused(services: Services, series: Any) -> None:
    await services.series.edit(series, change(window={"title": "One"}), WHO, row_version=1)
    for doing in (
        services.series.edit(series, change(window={"title": "Two"}), WHO, row_version=1),
        services.series.end(series, WHO, row_version=1),
    ):
        with pytest.raises(StaleError, match='the series "One" was changed by somebody else'):
            await doing


async def test_what_is_written_by_hand_is_audited(services: Services, series: Any, sql: Sql) -> None:
    """And what gateways write is audited once, not by each of its rows."""
    await services.series.edit(series, change(rule="FREQ=DAILY;COUNT=30"), WHO)
    await services.series.end(series, WHO)
    actions = "select string_agg(action, ' ' order by id) from audit"
    assert sql(actions) == "series.scheduled series.edited series.ended"
    sql("update series set ended_at = null")
    assert sql("select count(*) from audit where subject = 'series' and actor like 'psql%'") == "1"


async def test_a_series_that_has_run_out_is_finished(services: Services, series: Any, sql: Sql) -> None:
    """Nothing lies ahead; it may be given more."""
    sql("update series set first_start = first_start - interval '70 days'")
    sql("delete from windows")
    seen = await services.series.get(series)
    assert (seen.state, seen.ahead) == (SeriesState.FINISHED, ())
    await services.series.edit(series, change(rule="FREQ=WEEKLY"), WHO)
    assert (await services.series.get(series)).state is SeriesState.RUNNING
    assert len(await ahead(services)) == 13


async def test_what_can_not_be_had(services: Services, series: Any) -> None:
    """Each wrong value is named as it was sent, and nothing is written."""
    yesterday = FIRST - 3 * DAY
    create = services.windows.create
    for drafted, said in [
        (
            draft("FREQ=WEEKLY", starts_at=yesterday),
            {"starts_at": "lies in the past, and a series begins with what is"},
        ),
        (draft("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2"), {"recurrence.rule": "names no time at or after the first sta"}),
        (draft("FREQ=DAILY;BYHOUR=5"), {"starts_at": " is not among what the rule names; the first one after it is"}),
        (draft("FREQ=DAILY", estimated_duration="25h"), {"estimated_duration": "are 24h apart and would overlap"}),
        (draft("FREQ=WEEKLY", excluded=("2020-01-01",)), {"recurrence.excluded_dates": "nothing occurs on Wed 2020"}),
        (
            draft("FREQ=DAILY;COUNT=1", excluded=(str(FIRST.date()),)),
            {"recurrence.excluded_dates": "every date of the rule is left out"},
        ),
        (draft(components=[{"slug": "nowhere"}]), {"components.0.slug": 'there is no component "nowhere"'}),
    ]:
        fields = await refusal(create(drafted, WHO))
        assert fields.keys() == said.keys()
        assert next(iter(said.values())) in next(iter(fields.values())), fields
    for changed, said in [
        (change(starts_at=yesterday), {"starts_at": "lies in the past"}),
        (change(rule="FREQ=DAILY;BYHOUR=5", starts_at=FIRST), {"starts_at": "is not among what the rule names"}),
        (change(rule="FREQ=DAILY;UNTIL=20200101"), {"rule": "nothing is left to come: end the series instead"}),
        (change(window={"estimated_duration": "200h"}), {"window.estimated_duration": "would overlap"}),
        (change(excluded_dates=["2020-01-01"]), {"excluded_dates": "nothing occurs on Wed 2020-01-01"}),
        (change(window={"components": [{"slug": "nowhere"}]}), {"window.components.0.slug": "there is no component"}),
    ]:
        fields = await refusal(services.series.edit(series, changed, WHO))
        assert fields.keys() == said.keys()
        assert next(iter(said.values())) in next(iter(fields.values())), fields
    assert starts(await ahead(services)) == [timedelta(), WEEK, 2 * WEEK, 3 * WEEK]
    assert len(await services.series.list()) == 1
    for doing in (
        services.series.get(UUID(NO_WINDOW)),
        services.series.end(UUID(NO_WINDOW), WHO),
        services.series.edit(UUID(NO_WINDOW), change(), WHO),
    ):
        with pytest.raises(NotFoundError, match=f"there is no series {NO_WINDOW}; `gateway series list` shows them"):
            await doing


async def test_there_are_not_too_many_series(services: Services, series: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that they make ahead is in every snapshot."""
    monkeypatch.setattr(series_service, "MOST_RUNNING", 1)
    with pytest.raises(ConflictError, match="there are 1 series already that were not ended"):
        await services.windows.create(draft(), WHO)
    await services.series.end(series, WHO)
    await services.windows.create(draft(), WHO)


async def test_a_preview_writes_nothing(services: Services, sql: Sql) -> None:
    """It tells the next ones, with what the clocks do."""
    wanted = {"rule": "FREQ=DAILY", "time_zone": "Europe/Berlin", "starts_at": "2027-03-27T01:30:00Z", "limit": 2}
    _, found = await services.series.preview(checked(SeriesPreview, wanted))
    assert [(f"{each.at:%d %H:%M}", bool(each.shift)) for each in found] == [("27 01:30", False), ("28 01:30", True)]
    assert sql("select count(*) from series") == "0"


def jobs_of(services: Services, name: str = "one", observe: Any = None) -> Jobs:
    return Jobs(services.series._database, services.state, name=name, observe=observe or Observations())


async def test_what_comes_near_is_made_by_the_job(services: Services, sql: Sql) -> None:
    """Once an hour, whoever comes first; the audit tells of it."""
    await services.windows.create(draft("FREQ=DAILY"), WHO)
    far = f"delete from windows where starts_at > '{(FIRST + 8 * DAY).isoformat()}'"  # noqa: S608  an instant of ours
    sql(far)
    before = len(await ahead(services))
    await jobs_of(services).do_due()
    assert (before, len(await ahead(services))) == (9, AHEAD_MOST)
    assert starts(await ahead(services)) == [each * DAY for each in range(AHEAD_MOST)]
    told = (
        "select actor, after->>'title', jsonb_array_length(after->'made') from audit where action = 'series.continued'"
    )
    assert sql(told) == f"schedule|Patching|{AHEAD_MOST - 9}"
    sql(far)
    await jobs_of(services).do_due()
    assert len(await ahead(services)) == 9  # it has been this hour
    sql("delete from jobs")
    await jobs_of(services).do_due()
    assert len(await ahead(services)) == AHEAD_MOST


async def test_where_nothing_is_to_be_made_nobody_has_to_load_anything(services: Services, sql: Sql) -> None:
    await services.windows.create(draft("FREQ=WEEKLY"), WHO)
    version = sql("select version from state_version")
    await jobs_of(services).do_due()
    assert sql("select version from state_version") == version
    assert sql("select count(*) from audit where action = 'series.continued'") == "0"


@pytest.mark.usefixtures("series")
async def test_a_country_changes_its_mind_about_its_clocks(services: Services, sql: Sql) -> None:
    """Then another instant belongs to the same local time: what nobody has touched is moved, and none comes twice."""
    one, other, *_ = await ahead(services)
    await services.windows.edit(other.id, WindowChange(title="Touched"), WHO)
    # As if they had been made when the zone was an hour off.
    sql(
        "update windows set starts_at = starts_at + interval '1 hour', occurs_at = occurs_at + interval '1 hour', "
        "made_version = made_version + 1"
    )
    assert starts(await ahead(services)) == [HOUR + each * WEEK for each in range(4)]
    await jobs_of(services).do_due()
    found = await ahead(services)
    assert starts(found) == [timedelta(), WEEK + HOUR, 2 * WEEK, 3 * WEEK]
    assert (found[0].id, found[1].id) == (one.id, other.id)


@pytest.mark.usefixtures("series")
async def test_a_series_that_is_none_holds_up_no_other(
    services: Services, sql: Sql, observations: Observations
) -> None:
    """Somebody has written it by hand: it is told by name, and it is listed with the others, with what is wrong."""
    sql("insert into series (rule, time_zone, first_start, draft) values ('NEVER', 'UTC', now(), '{\"title\": \"X\"}')")
    sql("delete from windows")
    await jobs_of(services, observe=observations).do_due()
    assert len(await ahead(services)) == 4
    [failed] = observations.of(SeriesFailed)
    assert (failed.title, "'NEVER' is no part of a rule" in failed.reason) == ("X", True)
    listed = {seen.series.title: (seen.state, seen.problem[:14]) for seen in await services.series.list()}
    assert listed == {"X": (SeriesState.UNREADABLE, "rule: 'NEVER' "), "Patching": (SeriesState.RUNNING, "")}


@pytest.mark.parametrize(
    ("broken", "repair", "refused"),
    [
        ("update series set rule = 'FREQ=NEVER'", {"rule": "FREQ=DAILY;COUNT=4"}, "rule"),
        ("update series set time_zone = 'Nowhere'", {"time_zone": "UTC"}, "time_zone"),
        ("update series set draft = '{}'", {"window": {"title": "Again"}}, "window.title"),
        (
            """update series set draft = '{"estimated_duration": [], "x": 1}'""",
            {"window": {"title": "A", "estimated_duration": "1h"}},
            "",
        ),
    ],
)
async def test_a_series_that_is_none_can_be_shown_repaired_and_ended(  # noqa: PLR0917  as the table has them
    services: Services, series: Any, sql: Sql, broken: str, repair: dict[str, Any], refused: str
) -> None:
    """Its windows stay where they are; a change that does not repair it is told what else is wrong."""
    sql(broken)
    seen = await services.series.get(series)
    assert (seen.state, len(seen.ahead), bool(seen.problem)) == (SeriesState.UNREADABLE, 4, True)
    assert all(each.is_named for each in seen.ahead)
    if refused:
        other = {"excluded_dates": [str((FIRST + WEEK).date())]}
        assert [*await refusal(services.series.edit(series, change(**other), WHO))] == [refused]
    seen = await services.series.edit(series, change(**repair), WHO)
    assert (seen.state, seen.problem, len(seen.ahead)) == (SeriesState.RUNNING, "", 4)
    sql(broken)
    assert (await services.series.end(series, WHO)).state is SeriesState.ENDED
    assert await ahead(services) == []


@pytest.mark.usefixtures("series")
async def test_what_a_series_makes_is_an_object(sql: Sql) -> None:
    """Anything else is refused as it is written."""
    for value in ("update series set draft = '[]'", "update series set draft = 'null'"):
        with pytest.raises(subprocess.CalledProcessError) as raised:
            sql(value)
        assert "series_has_a_draft" in raised.value.stderr


@pytest.fixture
async def gateways(database_url: str, tmp_path: Path, observations: Observations) -> AsyncIterator[list[Jobs]]:
    """The jobs of six gateways, each with connections of its own."""
    async with AsyncExitStack() as stack:
        found = []
        for number in range(6):
            database = Database(database_url)
            await database.open()
            stack.push_async_callback(database.close)
            state = LiveState(clock=Clock(), observe=observations, file=tmp_path / f"{number}", close_unknown=False)
            found.append(Jobs(database, state, name=f"gateway {number}", observe=observations))
        yield found


async def test_many_gateways_make_each_occurrence_once(services: Services, gateways: list[Jobs], sql: Sql) -> None:
    """Also where the claim does not keep them apart, and while an operator changes the series."""
    first = await services.windows.create(draft("FREQ=DAILY"), WHO)
    assert first.recurrence is not None
    series = (await services.series.get(first.recurrence.series)).series
    for _ in range(3):
        sql("delete from windows where starts_at > now() + interval '5 days'")
        changing = services.series.edit(series.id, change(window={"title": "All"}), WHO)
        await asyncio.gather(changing, *(each._series.make_ahead(series, WHO) for each in gateways))
        assert starts(await ahead(services)) == [each * DAY for each in range(AHEAD_MOST)]
    assert {window.title for window in await ahead(services)} == {"All"}


async def test_a_component_that_a_series_names_is_not_removed(services: Services) -> None:
    """Also where no window names it at the moment: the next ones would. Until it is taken out there, or ended."""
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    first = await services.windows.create(draft(components=[{"slug": "api"}]), WHO)
    assert first.recurrence is not None
    for window in await ahead(services):
        await services.windows.cancel(window.id, WHO)
    said = r'the component "The API" is named by series that go on making windows \(Patching\): take it out'
    with pytest.raises(ConflictError, match=said):
        await services.components.remove("api", WHO)
    await services.series.edit(first.recurrence.series, change(window={"components": []}), WHO)
    await services.components.remove("api", WHO)
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    await services.series.edit(first.recurrence.series, change(window={"components": [{"slug": "api"}]}), WHO)
    await services.series.end(first.recurrence.series, WHO)
    await services.components.remove("api", WHO)


async def test_a_component_that_is_gone_is_left_out(services: Services, sql: Sql, observations: Observations) -> None:
    """Somebody has removed it by hand: windows without it are better than none, and the log says so."""
    for slug in ("api", "database"):
        await services.components.add(ComponentDraft(slug=slug, name=slug), WHO)
    first = await services.windows.create(draft(components=[{"slug": "api"}, {"slug": "database"}]), WHO)
    assert first.recurrence is not None
    sql("delete from windows")
    sql("update components set removed_at = now() where slug = 'api'")
    await jobs_of(services, observe=observations).do_due()
    found = await ahead(services)
    assert [[each.slug for each in window.components] for window in found] == [["database"]] * 13
    [told] = observations.of(SeriesIncomplete)
    assert (told.title, told.components) == ("Patching", "api")
    assert observations.of(SeriesFailed) == []
    # Whoever changes something else is not held up by it; whoever names it, is told.
    await services.series.edit(first.recurrence.series, change(window={"title": "All"}), WHO)
    assert {window.title for window in await ahead(services)} == {"All"}
    named = change(window={"components": [{"slug": "api"}]})
    assert [*await refusal(services.series.edit(first.recurrence.series, named, WHO))] == ["window.components.0.slug"]


async def test_a_series_that_is_changed_by_hand_is_followed(services: Services, sql: Sql) -> None:
    """At the next look of the job, not in an hour: what nobody has touched becomes what it says now."""
    await services.windows.create(draft(), WHO)
    jobs = jobs_of(services)
    await jobs.do_due()
    one, *_ = await ahead(services)
    await services.windows.edit(one.id, WindowChange(title="Touched"), WHO)
    sql("""update series set draft = draft || '{"title": "New"}', rule = 'FREQ=WEEKLY;INTERVAL=2;COUNT=3'""")
    version = sql("select row_version from series")
    await jobs.do_due()
    assert [window.title for window in await ahead(services)] == ["Touched", "New", "New"]
    assert starts(await ahead(services)) == [timedelta(), 2 * WEEK, 4 * WEEK]
    told = "select actor, after->>'title' from audit where action = 'series.continued'"
    assert sql(told) == "schedule|New"
    # It is done once, and is no change of the series itself.
    assert sql("select row_version from series") == version
    loaded = sql("select version from state_version")
    await jobs.do_due()
    assert sql("select version from state_version") == loaded


async def test_a_series_that_is_entered_by_hand_makes_windows(services: Services, sql: Sql) -> None:
    jobs = jobs_of(services)
    await jobs.do_due()
    sql(
        "insert into series (rule, time_zone, first_start, draft) values ('FREQ=DAILY;COUNT=2', 'UTC', "
        """date_trunc('day', now() at time zone 'UTC') + interval '2 days 2 hours', '{"title": "By hand"}')"""
    )
    await jobs.do_due()
    assert [(window.title, window.starts_at) for window in await ahead(services)] == [
        ("By hand", FIRST),
        ("By hand", FIRST + DAY),
    ]


async def test_what_is_written_wrongly_by_hand_is_told_once(
    services: Services, series: Any, sql: Sql, observations: Observations
) -> None:
    """Not at each change of whatever; and again every hour, until it is corrected."""
    jobs = jobs_of(services, observe=observations)
    await jobs.do_due()
    sql("update series set rule = 'NEVER'")
    for _ in range(3):
        await jobs.do_due()
    [failed] = observations.of(SeriesFailed)
    assert failed.series == str(series)
    sql("delete from jobs where name = 'series'")
    await jobs.do_due()
    assert len(observations.of(SeriesFailed)) == 2
    assert len(await ahead(services)) == 4
    sql("update series set rule = 'FREQ=WEEKLY;COUNT=2'")
    await jobs.do_due()
    assert len(await ahead(services)) == 2


async def test_a_series_that_is_ended_by_hand_cancels_what_has_not_begun(
    services: Services, series: Any, sql: Sql
) -> None:
    """At once: its windows would gate."""
    one, *_ = await ahead(services)
    await services.windows.start(one.id, WHO)
    sql("update series set ended_at = now()")
    assert await ahead(services) == []
    assert (await services.windows.get(one.id)).state(services.state.now()) is State.ACTIVE
    actions = "select action, count(*) from audit where actor like 'psql%' group by action order by action"
    assert sql(actions).splitlines() == ["series.ended|1", "window.cancelled|3"]
    assert (await services.series.get(series)).state is SeriesState.ENDED
    # What was cancelled stays skipped where somebody takes the end back.
    sql("update series set ended_at = null, rule = 'FREQ=WEEKLY;COUNT=5'")
    await jobs_of(services).do_due()
    assert starts(await ahead(services)) == [4 * WEEK]


async def test_all_series_together_have_a_share_of_what_is_made_ahead(
    services: Services, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more series puts off what is farthest of the others, but for what somebody has touched; later it is made."""
    monkeypatch.setattr(recurrence, "AHEAD_TOTAL", 20)
    await services.windows.create(draft("FREQ=DAILY"), WHO)
    jobs = jobs_of(services)
    await jobs.do_due()
    found = await ahead(services)
    assert starts(found) == [each * DAY for each in range(20)]
    await services.windows.edit(found[15].id, WindowChange(title="Touched"), WHO)
    second = await services.windows.create(draft("FREQ=DAILY", title="Second", starts_at=FIRST + 2 * HOUR), WHO)
    assert second.recurrence is not None
    found = await ahead(services)
    assert starts([window for window in found if window.title == "Second"]) == [
        2 * HOUR + each * DAY for each in range(10)
    ]
    others = [window for window in found if window.title != "Second"]
    assert starts(others) == [*(each * DAY for each in range(10)), 15 * DAY]
    put_off = "select jsonb_array_length(after->'occurrences'->'put_off') from audit where action = 'series.scheduled'"
    assert sql(put_off + " order by id desc limit 1") == "9"
    version = sql("select version from state_version")
    sql("delete from jobs where name = 'series'")
    await jobs.do_due()
    assert sql("select version from state_version") == version
    await services.series.end(second.recurrence.series, WHO)
    sql("delete from jobs where name = 'series'")
    await jobs.do_due()
    assert starts(await ahead(services)) == [each * DAY for each in range(20)]


@pytest.mark.parametrize(("running", "share"), [(0, 50), (1, 50), (10, 50), (11, 45), (100, 5), (400, 3)])
def test_the_share_of_each(running: int, share: int) -> None:
    """All of them together make 500 ahead, each at least three."""
    assert ahead_share(running) == share
    assert share * running <= 500 or share == AHEAD_LEAST
