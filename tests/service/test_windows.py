"""Windows: what can be done to them; each write is whole, audited, and seen by who wrote it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.domain.access import Actor
from gateway.domain.component import ComponentStatus
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError, StoreError
from gateway.domain.window import Ends, Gate, Kind, State, UpdateStatus, Window
from gateway.service.clock import Clock
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.windows import UpdateDraft, WindowChange, WindowDraft
from gateway.service.state import State as StateService
from gateway.service.windows import Windows
from gateway.store import audit
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations

Psql = Callable[[str, str], str]
SRE = Actor(name="sre@example.com", address="203.0.113.9")
HOUR = timedelta(hours=1)
PAST = datetime(2026, 1, 1, tzinfo=UTC)


def draft(**values: Any) -> WindowDraft:
    return checked(WindowDraft, {"title": "Database upgrade"} | values)


def later(services: Services, by: timedelta = HOUR) -> datetime:
    return services.state.now() + by


async def test_without_a_time_a_window_starts_now_and_its_writer_sees_it(services: Services) -> None:
    """When the call returns, this gateway already gates."""
    window = await services.windows.create(draft(), SRE)
    assert window.state(services.state.now()) is State.ACTIVE
    assert services.state.moment.gates
    assert services.state.moment.active == (window,)


async def test_all_that_was_given_is_kept(services: Services) -> None:
    await services.components.add(ComponentDraft(slug="database", name="Database"), SRE)
    given = draft(
        kind="downtime",
        description="We *move*.",
        starts_at=later(services).isoformat(),
        estimated_duration="PT45M",
        ends="on_time",
        gate="read_only",
        scope={"hosts": ["Shop.example.com"], "paths": ["/checkout"], "excluded_paths": ["/checkout/help"]},
        components=[{"slug": "database", "status": "partial_outage"}],
        reminders=["PT24H", "1h"],
        reopen_over="90s",
    )
    created = await services.windows.create(given, SRE)
    window = await services.windows.get(created.id)
    assert window == created
    assert (window.kind, window.title, window.description) == (Kind.DOWNTIME, "Database upgrade", "We *move*.")
    assert (window.starts_at, window.estimated_duration) == (given.starts_at, timedelta(minutes=45))
    assert (window.ends, window.gate) == (Ends.ON_TIME, Gate.READ_ONLY)
    assert (window.scope.hosts, window.scope.paths) == (("shop.example.com",), ("/checkout",))
    assert window.scope.excluded_paths == ("/checkout/help",)
    assert [(e.slug, e.status) for e in window.components] == [("database", ComponentStatus.PARTIAL_OUTAGE)]
    assert (window.reminders, window.reopen_over) == ((timedelta(days=1), HOUR), timedelta(seconds=90))
    assert services.state.moment.upcoming == (window,)


@pytest.mark.parametrize(("kind", "gate"), [("maintenance", Gate.CLOSED), ("announcement", Gate.NONE)])
async def test_without_a_gate_the_kind_decides(services: Services, kind: str, gate: Gate) -> None:
    assert (await services.windows.create(draft(kind=kind), SRE)).gate is gate


async def test_every_write_leaves_its_audit_entry(services: Services) -> None:
    """Who, from where, what, before and after."""
    windows = services.windows
    window = await windows.create(draft(starts_at=later(services)), SRE)
    await windows.edit(window.id, WindowChange(title="Upgrade"), SRE)
    await windows.start(window.id, SRE)
    await windows.extend(window.id, HOUR, SRE)
    await windows.post(window.id, UpdateDraft(status=UpdateStatus.VERIFYING, body="Nearly."), SRE)
    await windows.end(window.id, SRE)
    await windows.reopen(window.id, SRE)
    await windows.end(window.id, SRE)
    other = await windows.create(draft(starts_at=later(services)), SRE)
    await windows.cancel(other.id, SRE)
    now = await windows.create(draft(), SRE)
    entries = [entry for entry in reversed(await services.audit.latest()) if entry.subject == "window"]
    assert [entry.action for entry in entries] == [
        "window.scheduled",
        "window.edited",
        "window.started",
        "window.extended",
        "window.posted",
        "window.ended",
        "window.reopened",
        "window.ended",
        "window.scheduled",
        "window.cancelled",
        "window.started",
    ]
    assert {(entry.actor, entry.address) for entry in entries} == {(SRE.name, SRE.address)}
    assert [entry.subject_id for entry in entries] == [str(window.id)] * 8 + [str(other.id)] * 2 + [str(now.id)]
    edited, ended = entries[1], entries[5]
    assert edited.before is not None
    assert edited.after is not None
    assert (edited.before["title"], edited.after["title"]) == ("Database upgrade", "Upgrade")
    assert ended.before is not None
    assert ended.after is not None
    assert (ended.before["fixed"], ended.after["fixed"]) == (False, True)
    assert entries[0].before is None


@pytest.mark.parametrize("name", ["create", "edit", "start", "extend", "end", "cancel", "reopen", "post"])
async def test_without_its_audit_entry_nothing_is_written(
    services: Services, database_url: str, psql: Psql, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Both are one transaction."""
    windows = services.windows
    active = (await windows.create(draft(), SRE)).id
    scheduled = (await windows.create(draft(starts_at=later(services)), SRE)).id
    ended = (await windows.end((await windows.create(draft(), SRE)).id, SRE)).id

    async def failing(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(audit, "record", failing)
    acts: dict[str, Callable[[], Awaitable[Window]]] = {
        "create": lambda: windows.create(draft(), SRE),
        "edit": lambda: windows.edit(active, WindowChange(title="x"), SRE),
        "start": lambda: windows.start(scheduled, SRE),
        "extend": lambda: windows.extend(active, HOUR, SRE),
        "end": lambda: windows.end(active, SRE),
        "cancel": lambda: windows.cancel(scheduled, SRE),
        "reopen": lambda: windows.reopen(ended, SRE),
        "post": lambda: windows.post(active, UpdateDraft(status=UpdateStatus.RESOLVED, body="x"), SRE),
    }
    windows_and_updates = "(select json_agg(w order by id) from windows w), (select count(*) from updates)"
    rows = f"select version, {windows_and_updates} from state_version"  # noqa: S608
    before = psql(database_url, rows)
    with pytest.raises(StoreError, match="the disk is full"):
        await acts[name]()
    assert psql(database_url, rows) == before


async def test_ending_lets_traffic_through_at_once(services: Services) -> None:
    window = await services.windows.create(draft(), SRE)
    ended = await services.windows.end(window.id, SRE)
    assert not services.state.moment.gates
    assert ended.fixed
    assert services.state.moment.past == (ended,)


async def test_ending_without_fixing(services: Services) -> None:
    window = await services.windows.create(draft(), SRE)
    assert not (await services.windows.end(window.id, SRE, fixed=False)).fixed
    assert not services.state.moment.gates


@pytest.mark.parametrize("fixed", [True, False])
async def test_reopening_closes_the_gate_again(services: Services, *, fixed: bool) -> None:
    """Before the call returns; the audit has what it was before, and the row that it never ended."""
    window = await services.windows.create(draft(reopen_over="10m"), SRE)
    ended = await services.windows.end(window.id, SRE, fixed=fixed)
    assert services.state.moment.reopening == (ended,)
    reopened = await services.windows.reopen(window.id, SRE)
    assert (reopened.ended_at, reopened.fixed, reopened.scheduled_until) == (None, False, window.scheduled_until)
    assert services.state.moment.active == (reopened,)
    assert services.state.moment.reopening == ()
    (entry,) = await services.audit.latest(1)
    assert (entry.action, entry.before["fixed"], entry.after["ended_at"]) == ("window.reopened", fixed, None)  # type: ignore[index]


async def test_what_has_run_out_is_reopened_for_a_time(services: Services) -> None:
    """And its estimate is then that long from now on."""
    window = await services.windows.create(
        draft(ends="on_time", starts_at=later(services, -HOUR), estimated_duration="30m"), SRE
    )
    assert not services.state.moment.gates
    with pytest.raises(InvalidError) as error:
        await services.windows.reopen(window.id, SRE)
    assert list(error.value.fields) == ["remaining"]
    reopened = await services.windows.reopen(window.id, SRE, remaining=HOUR)
    assert services.state.moment.gating == (reopened,)
    assert abs(reopened.scheduled_until - later(services)) < timedelta(seconds=10)


async def test_of_many_that_reopen_a_window_one_does(services: Services) -> None:
    """The others read that it is in force."""
    window = await services.windows.create(draft(), SRE)
    await services.windows.end(window.id, SRE)
    many = [services.windows.reopen(window.id, SRE) for _ in range(4)]
    results = await asyncio.gather(*many, return_exceptions=True)
    assert sum(isinstance(result, Window) for result in results) == 1
    refused = {str(result) for result in results if isinstance(result, ConflictError)}
    (said,) = refused
    assert said.startswith('the window "Database upgrade" is active, so it can\'t be reopened; it can be edited,')


async def test_starting_a_scheduled_window_now(services: Services) -> None:
    window = await services.windows.create(draft(starts_at=later(services), estimated_duration="2h"), SRE)
    started = await services.windows.start(window.id, SRE)
    assert services.state.moment.active == (started,)
    assert abs(started.starts_at - services.state.now()) < timedelta(seconds=10)
    assert started.estimated_duration == 2 * HOUR


async def test_extending_moves_the_estimate(services: Services) -> None:
    window = await services.windows.create(draft(estimated_duration="1h"), SRE)
    assert (await services.windows.extend(window.id, HOUR, SRE)).scheduled_until == window.starts_at + 2 * HOUR


async def test_a_cancelled_window_never_starts(services: Services) -> None:
    window = await services.windows.create(draft(starts_at=later(services)), SRE)
    cancelled = await services.windows.cancel(window.id, SRE)
    assert cancelled.cancelled_at is not None
    assert services.state.moment.upcoming == ()


async def test_what_the_state_does_not_allow_is_refused_and_changes_nothing(services: Services) -> None:
    active = await services.windows.create(draft(), SRE)
    scheduled = await services.windows.create(draft(starts_at=later(services)), SRE)
    version = services.state.version
    for act in (
        services.windows.start(active.id, SRE),
        services.windows.cancel(active.id, SRE),
        services.windows.end(scheduled.id, SRE),
        services.windows.edit(scheduled.id, WindowChange(fixed=True), SRE),
    ):
        with pytest.raises(ConflictError):
            await act
    assert await services.windows.get(active.id) == active
    assert await services.windows.get(scheduled.id) == scheduled
    assert services.state.version == version


async def test_an_unknown_window_is_not_found(services: Services) -> None:
    nowhere = uuid4()
    for act in (
        services.windows.get(nowhere),
        services.windows.start(nowhere, SRE),
        services.windows.end(nowhere, SRE),
        services.windows.cancel(nowhere, SRE),
        services.windows.extend(nowhere, HOUR, SRE),
        services.windows.edit(nowhere, WindowChange(title="x"), SRE),
        services.windows.post(nowhere, UpdateDraft(status=UpdateStatus.RESOLVED, body="x"), SRE),
    ):
        with pytest.raises(NotFoundError, match=str(nowhere)):
            await act


async def test_an_edit_changes_what_it_names_and_nothing_else(services: Services) -> None:
    await services.components.add(ComponentDraft(slug="api", name="API"), SRE)
    window = await services.windows.create(draft(components=[{"slug": "api"}], scope={"paths": ["/a"]}), SRE)
    change = checked(WindowChange, {"title": "Other", "estimated_duration": "2h"})
    edited = await services.windows.edit(window.id, change, SRE)
    assert (edited.title, edited.estimated_duration, edited.row_version) == ("Other", 2 * HOUR, 2)
    assert (edited.components, edited.scope, edited.starts_at) == (window.components, window.scope, window.starts_at)
    emptied = await services.windows.edit(window.id, checked(WindowChange, {"components": [], "scope": {}}), SRE)
    assert emptied.components == ()
    assert emptied.scope.is_everything
    assert services.state.moment.active == (emptied,)


async def test_issue_fixed_in_an_edit_ends_the_window(services: Services) -> None:
    """The seed's toggle; a change in the same form is kept."""
    window = await services.windows.create(draft(), SRE)
    edited = await services.windows.edit(window.id, WindowChange(fixed=True, description="It was the cable."), SRE)
    assert (edited.fixed, edited.description) == (True, "It was the cable.")
    assert edited.state(services.state.now()) is State.ENDED
    assert (await services.audit.latest(1))[0].action == "window.ended"


async def test_a_window_that_has_started_can_not_be_moved_into_the_future(services: Services) -> None:
    window = await services.windows.create(draft(), SRE)
    with pytest.raises(InvalidError) as error:
        await services.windows.edit(window.id, WindowChange(starts_at=later(services)), SRE)
    assert list(error.value.fields) == ["starts_at"]
    moved = await services.windows.edit(window.id, WindowChange(starts_at=later(services, -HOUR)), SRE)
    assert moved.is_active(services.state.now())


async def test_the_second_writer_is_told_not_overwritten_silently(services: Services) -> None:
    window = await services.windows.create(draft(), SRE)
    await services.windows.edit(window.id, WindowChange(title="First"), SRE, row_version=window.row_version)
    with pytest.raises(ConflictError, match="somebody else"):
        await services.windows.edit(window.id, WindowChange(title="Second"), SRE, row_version=window.row_version)
    assert (await services.windows.get(window.id)).title == "First"


async def test_of_many_that_end_a_window_at_once_one_does(services: Services) -> None:
    """And of many different writers, all do, one after the other."""
    window = await services.windows.create(draft(), SRE)
    many = [services.windows.extend(window.id, HOUR, SRE) for _ in range(8)]
    await asyncio.gather(*many)
    assert (await services.windows.get(window.id)).estimated_duration == window.estimated_duration + 8 * HOUR
    results = await asyncio.gather(*(services.windows.end(window.id, SRE) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(result, Window) for result in results) == 1
    assert sum(isinstance(result, ConflictError) for result in results) == 7


async def test_a_component_that_does_not_exist_is_named(services: Services, database_url: str, psql: Psql) -> None:
    await services.components.add(ComponentDraft(slug="api", name="API"), SRE)
    with pytest.raises(InvalidError) as error:
        await services.windows.create(draft(components=[{"slug": "api"}, {"slug": "nope"}]), SRE)
    told = 'there is no component "nope"; `gateway component list` shows them'
    assert error.value.fields == {"components.1.slug": told}
    assert psql(database_url, "select count(*) from windows") == "0"


async def test_what_the_database_refuses_is_named(services: Services) -> None:
    with pytest.raises(InvalidError) as error:
        await services.windows.create(draft(reopen_over="P2D"), SRE)
    assert list(error.value.fields) == ["reopen_over"]
    window = await services.windows.create(draft(estimated_duration="P3600D"), SRE)
    with pytest.raises(ConflictError, match="longer than ten years"):
        await services.windows.extend(window.id, timedelta(days=3600), SRE)


async def test_posts_stand_newest_first_also_after_the_end(services: Services) -> None:
    window = await services.windows.create(draft(), SRE)
    await services.windows.post(window.id, UpdateDraft(status=UpdateStatus.IDENTIFIED, body="Found."), SRE)
    await services.windows.end(window.id, SRE)
    posted = await services.windows.post(window.id, UpdateDraft(status=UpdateStatus.RESOLVED, body="Done."), SRE)
    assert [update.body for update in posted.updates] == ["Done.", "Found."]
    assert services.state.moment.past == (posted,)
    cancelled = await services.windows.create(draft(starts_at=later(services)), SRE)
    await services.windows.cancel(cancelled.id, SRE)
    with pytest.raises(ConflictError):
        await services.windows.post(cancelled.id, UpdateDraft(status=UpdateStatus.RESOLVED, body="x"), SRE)


async def test_lists_by_state(services: Services) -> None:
    """Those not over come in the order in which they will matter, the rest with the latest first."""
    create = services.windows.create
    far = await create(draft(title="far", starts_at=later(services, 2 * HOUR)), SRE)
    near = await create(draft(title="near", starts_at=later(services)), SRE)
    active = await create(draft(title="active"), SRE)
    over = await create(draft(title="over", starts_at=PAST, ends="on_time"), SRE)
    late = await create(draft(title="late", starts_at=PAST), SRE)
    ended = await services.windows.end((await create(draft(title="ended"), SRE)).id, SRE)
    gone = await services.windows.cancel((await create(draft(title="gone", starts_at=later(services)), SRE)).id, SRE)

    async def titles(*states: State) -> list[str]:
        return [window.title for window in await services.windows.list(states=frozenset(states) or None)]

    assert set(await titles()) == {w.title for w in (far, near, active, over, late, ended, gone)}
    assert (await titles())[0] == "far"
    assert await titles(State.SCHEDULED) == ["near", "far"]
    assert await titles(State.SCHEDULED, State.ACTIVE, State.OVERRUNNING) == ["late", "active", "near", "far"]
    assert set(await titles(State.ENDED)) == {"over", "ended"}
    assert await titles(State.CANCELLED) == ["gone"]
    assert len(await services.windows.list(limit=2)) == 2


async def test_reads_its_writes_also_while_it_does_not_hear(
    database: Database, observations: Observations, tmp_path: Path
) -> None:
    """Without a listener the writer fetches the state itself before it answers."""
    state = StateService(clock=Clock(), observe=observations, file=tmp_path / "unused.json", close_unknown=False)
    window = await Windows(database, state).create(draft(), SRE)
    assert [active.id for active in state.moment.active] == [window.id]


def test_ids_are_given_by_the_database(database_url: str, psql: Psql) -> None:
    ids = psql(database_url, "insert into windows (title) values ('a'), ('b') returning id").splitlines()
    assert len({UUID(text) for text in ids}) == 2
