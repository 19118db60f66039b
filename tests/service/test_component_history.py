"""The history of components: what was shown is what is told, whoever changed it."""

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.access import Actor
from gateway.domain.component import ComponentStatus
from gateway.domain.component_history import History
from gateway.domain.errors import InvalidError, NotFoundError
from gateway.domain.window import Window
from gateway.service import component_history
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.windows import EffectDraft, WindowChange, WindowDraft
from gateway.store.pool import Database
from gateway.store.snapshot import database_clock
from gateway.web.keys import Services

SRE = Actor(name="sre@example.com", address="203.0.113.9")
OPERATIONAL, MAINTENANCE, DEGRADED, PARTIAL, MAJOR = ComponentStatus
HOUR = timedelta(hours=1)
Sql = Callable[[str], str]


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


@pytest.fixture
async def api(services: Services) -> str:
    await services.components.add(ComponentDraft(slug="api", name="API"), SRE)
    return "api"


async def now(database: Database) -> datetime:
    async with database.session() as session:
        return await database_clock(session)


async def window(services: Services, *effects: tuple[str, ComponentStatus], **values: Any) -> Window:
    components = [{"slug": slug, "status": status} for slug, status in effects]
    return await services.windows.create(
        checked(WindowDraft, {"title": "Work", "components": components} | values), SRE
    )


def effects(*given: tuple[str, ComponentStatus]) -> WindowChange:
    return WindowChange(components=tuple(EffectDraft(slug=slug, status=status) for slug, status in given))


def told(history: History, instant: datetime) -> ComponentStatus | None:
    found = [each.status for each in history.intervals if each.since <= instant < each.until]
    assert len(found) < 2
    return found[0] if found else None


def statuses(history: History) -> list[ComponentStatus]:
    return [interval.status for interval in history.intervals]


async def test_what_was_shown_is_what_is_told(services: Services, database: Database, sql: Sql) -> None:
    """After every kind of change, by service and by hand, the state shown then is in the history for that instant."""
    for slug in ("api", "db"):
        await services.components.add(ComponentDraft(slug=slug, name=slug.upper()), SRE)
    shown: list[tuple[datetime, dict[str, ComponentStatus]]] = []

    async def look() -> None:
        async with database.session() as session:
            version = await session.run("state_version")
        await services.state.wait_for(version, within=20)
        shown.append((await now(database), dict(services.state.moment.component_statuses)))

    await look()
    await services.components.set_status("api", PARTIAL, SRE)
    await look()
    first = await window(services, ("api", MAINTENANCE), ("db", MAINTENANCE))
    await look()
    second = await window(services, ("api", MAJOR), kind="downtime")
    await look()
    await services.windows.edit(second.id, effects(("api", DEGRADED), ("db", MAJOR)), SRE)
    await look()
    await services.components.set_status("api", OPERATIONAL, SRE)
    await look()
    await services.windows.edit(second.id, effects(("db", PARTIAL)), SRE)
    await look()
    sql("update window_components set status = 'major_outage' where status = 'under_maintenance'")
    await look()
    later = await window(services, ("db", MAJOR), starts_at=(await now(database) + HOUR).isoformat())
    await look()
    await services.windows.edit(later.id, effects(("api", MAJOR)), SRE)
    await services.windows.start(later.id, SRE)
    await look()
    await services.windows.end(first.id, SRE)
    await look()
    sql("update windows set fixed = true")
    await look()
    sql("update components set status = 'partial_outage' where slug = 'db'")
    await look()
    await services.components.remove("db", SRE)
    await look()
    await services.components.add(ComponentDraft(slug="db", name="DB again"), SRE)
    await look()
    found = await services.component_histories.all()
    for instant, then in shown:
        for slug in ("api", "db"):
            assert told(found[slug], instant) == then.get(slug), (slug, instant)
    assert found == {slug: await services.component_histories.of(slug, until=found[slug].until) for slug in found}


async def test_who_changed_it_is_known(services: Services, sql: Sql, api: str) -> None:
    """The actor of the API or panel, or the role of whoever types in psql."""
    await services.components.set_status(api, MAJOR, SRE)
    sql("update components set status = 'operational'")
    found = await services.component_histories.of(api)
    assert [interval.changed_by for interval in found.intervals] == [SRE.name, SRE.name, "psql (role postgres)"]
    assert statuses(found) == [OPERATIONAL, MAJOR, OPERATIONAL]


def test_the_history_is_kept_whoever_wants_it_away(sql: Sql) -> None:
    """Neither its rows nor a component can be deleted by hand; the message says what to do instead."""
    sql("insert into components (slug, name) values ('api', 'API')")
    for statement, says in [
        ("delete from component_statuses", "append-only"),
        ("update component_statuses set changed_by = 'x'", "append-only"),
        ("truncate component_statuses", "append-only"),
        ("delete from components", "update components set removed_at = clock_timestamp() where slug = 'api'"),
    ]:
        with pytest.raises(subprocess.CalledProcessError) as error:
            sql(statement)
        assert says in error.value.stderr
    sql("update components set removed_at = clock_timestamp() where slug = 'api'")
    assert sql("select status is null from component_statuses order by id") == "f\nt"


async def test_a_window_counts_from_its_start_however_it_is_moved(
    services: Services, database: Database, sql: Sql, api: str
) -> None:
    """What it was made with counts from the start that is known now: reported late, or corrected later on."""
    began = await now(database)
    late = await window(services, (api, MAJOR), starts_at=(began - HOUR).isoformat(), estimated_duration="3h")
    found = await services.component_histories.of(api)
    # The component itself is known from its adding on only.
    assert statuses(found) == [MAJOR]
    assert found.intervals[0].windows == (late.id,)
    await services.windows.end(late.id, SRE)
    found = await services.component_histories.of(api)
    assert statuses(found) == [MAJOR, OPERATIONAL]
    sql("update windows set starts_at = clock_timestamp(), ended_at = clock_timestamp() + interval '1 hour'")
    moved = await services.component_histories.of(api)
    assert statuses(moved) == [OPERATIONAL, MAJOR]


async def test_an_overrun_counts_until_the_real_end(services: Services, sql: Sql, api: str) -> None:
    """One that ends on time only until then; one without an end until now."""
    sql("alter table component_statuses disable trigger user")
    sql("update component_statuses set since = now() - interval '10 hours'")
    await window(services, (api, MAJOR))
    sql("update windows set starts_at = now() - interval '2 hours', estimated_duration = '1 hour'")
    found = await services.component_histories.of(api)
    assert statuses(found) == [OPERATIONAL, MAJOR]
    assert found.lasted[MAJOR] >= 2 * HOUR
    sql("update windows set ends = 'on_time'")
    found = await services.component_histories.of(api)
    assert statuses(found) == [OPERATIONAL, MAJOR, OPERATIONAL]
    assert found.lasted[MAJOR] == HOUR
    sql("update windows set ended_at = starts_at + interval '30 minutes'")
    assert (await services.component_histories.of(api)).lasted[MAJOR] == HOUR / 2


async def test_what_the_manual_says_to_type_is_right(services: Services, sql: Sql, api: str) -> None:
    """docs/operations.md: statuses and visibility by hand, and an outage that nobody reported."""
    manual = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    changes, outage = re.findall(r"```sql\n(update components.*?|with cut.*?)```", manual, re.DOTALL)
    sql("alter table component_statuses disable trigger user")
    sql("update component_statuses set since = '2026-11-01Z'")
    sql("alter table component_statuses enable trigger user")
    sql(outage)
    found = await services.component_histories.of(api, since=datetime(2026, 11, 1, tzinfo=UTC))
    assert [(i.status, i.lasted) for i in found.intervals[1:2]] == [(MAJOR, timedelta(minutes=40))]
    sql(changes)
    row = sql("select status, visibility, removed_at is not null from components")
    assert row == "partial_outage|hidden|t"


async def test_a_cancelled_window_never_counts(services: Services, sql: Sql, api: str) -> None:
    await window(services, (api, MAJOR))
    sql("update windows set cancelled_at = now()")
    assert statuses(await services.component_histories.of(api)) == [OPERATIONAL]


async def test_a_window_that_was_ended_by_mistake_was_never_over(services: Services, sql: Sql, api: str) -> None:
    """Put in force again, it counts without a gap."""
    made = await window(services, (api, MAJOR))
    await services.windows.end(made.id, SRE)
    assert statuses(await services.component_histories.of(api)) == [OPERATIONAL, MAJOR, OPERATIONAL]
    sql("update windows set fixed = false, ended_at = null")
    assert statuses(await services.component_histories.of(api)) == [OPERATIONAL, MAJOR]


async def test_an_edit_of_other_fields_changes_no_history(services: Services, sql: Sql, api: str) -> None:
    """Writers replace all rows of a window's components: what is the same afterwards was never away."""
    made = await window(services, (api, MAJOR))
    await services.windows.edit(made.id, WindowChange(title="Other", components=effects((api, MAJOR)).components), SRE)
    assert sql("select count(*), count(until) from window_effects") == "1|0"
    await services.windows.edit(made.id, effects((api, PARTIAL)), SRE)
    assert sql("select status from window_effects order by id") == "major_outage\npartial_outage"
    assert sql("select until = (select max(since) from window_effects) from window_effects order by id") == "t\n"


async def test_the_range_that_is_asked_for(services: Services, database: Database, sql: Sql, api: str) -> None:
    """Until now and of 90 days, unless told otherwise; what is to come is cut off."""
    sql("alter table component_statuses disable trigger user")
    sql("update component_statuses set since = now() - interval '200 days'")
    present = await now(database)
    found = await services.component_histories.of(api)
    assert found.until - found.since == timedelta(days=90)
    assert found.lasted[OPERATIONAL] == timedelta(days=90)
    assert found.share_up == 1
    week = timedelta(days=7)
    found = await services.component_histories.of(api, since=present - 2 * week, until=present - week)
    assert (found.since, found.until) == (present - 2 * week, present - week)
    found = await services.component_histories.of(api, until=present + week)
    assert present <= found.until < present + HOUR


async def test_a_range_that_can_not_be_is_refused(
    services: Services, database: Database, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the future, empty, or with more than one answer holds."""
    present = await now(database)
    histories = services.component_histories
    with pytest.raises(InvalidError, match="since: lies in the future: name a time that has been"):
        await histories.of(api, since=present + HOUR)
    with pytest.raises(InvalidError, match="until: must lie after since"):
        await histories.of(api, since=present - HOUR, until=present - 2 * HOUR)
    monkeypatch.setattr(component_history, "MOST", 3)
    for status in (MAJOR, PARTIAL, DEGRADED):
        await services.components.set_status(api, status, SRE)
    with pytest.raises(InvalidError, match="since: there are more than 3 changes since then: ask for a shorter time"):
        await histories.of(api)


async def test_a_component_that_never_was_has_none(services: Services, api: str) -> None:
    """One that was removed still has its own."""
    with pytest.raises(NotFoundError, match='there is no component "nope"'):
        await services.component_histories.of("nope")
    await services.components.remove(api, SRE)
    assert statuses(await services.component_histories.of(api)) == [OPERATIONAL]
