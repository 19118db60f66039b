"""Jobs: whatever many gateways do at once, each is done once; and what was cut off is done by the next."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.errors import StoreError
from gateway.domain.observation import LoopCrashed
from gateway.domain.window import Ends
from gateway.service.clock import Clock
from gateway.service.drafts.windows import WindowChange, WindowDraft
from gateway.service.jobs import Jobs
from gateway.service.state import State
from gateway.service.supervisor import Supervisor
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations, wait_until

WHO = command_line("test")
Sql = Callable[[str], str]
TOLD = "select action || ' ' || (after->>'title') from audit where actor = 'schedule' order by id"


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


def told(sql: Sql) -> list[str]:
    """Return what the audit says that happened by time, in order."""
    return sql(TOLD).splitlines()


@pytest.fixture
def runner(database: Database, tmp_path: Path, observations: Observations) -> Jobs:
    return runner_on(database, tmp_path, observations)


def runner_on(database: Database, directory: Path, observations: Observations, name: str = "one") -> Jobs:
    """Make the jobs of a gateway whose state nobody feeds."""
    state = State(clock=Clock(), observe=observations, file=directory / f"{name}.json", close_unknown=False)
    return Jobs(database, state, name=name, observe=observations)


@pytest.fixture
async def runners(database_url: str, tmp_path: Path, observations: Observations) -> AsyncIterator[list[Jobs]]:
    """Eight gateways' jobs, each with connections of its own."""
    async with AsyncExitStack() as stack:
        found = []
        for number in range(8):
            database = Database(database_url)
            await database.open()
            stack.push_async_callback(database.close)
            found.append(runner_on(database, tmp_path, observations, f"runner {number}"))
        yield found


async def test_eight_gateways_tell_of_fifty_windows_once_each(runners: list[Jobs], sql: Sql) -> None:
    """All begin to tell at the same moment; each window has one entry for its beginning and one for its end."""
    sql(
        "insert into windows (title, starts_at, estimated_duration, ends) "
        "select 'w' || n, now() - interval '1 hour', '30 minutes', 'on_time' from generate_series(1, 50) n"
    )
    version = sql("select version from state_version")
    await asyncio.gather(*(runner.do_due() for runner in runners))
    expected = [f"{action} w{n}" for action in ("window.began", "window.ran_out") for n in range(1, 51)]
    assert sorted(told(sql)) == sorted(expected)
    # Nothing has changed for customers: no gateway has to load anything.
    assert sql("select version from state_version") == version
    await asyncio.gather(*(runner.do_due() for runner in runners))
    assert len(told(sql)) == 100


async def test_what_happened_while_every_gateway_was_down_is_told_later(runner: Jobs, sql: Sql) -> None:
    """With the instant at which it happened; in the order in which it did."""
    sql(
        "insert into windows (title, starts_at, estimated_duration, ends) values "
        "('Tonight', '2000-01-01Z', '1 hour', 'on_time')"
    )
    await runner.do_due()
    assert told(sql) == []  # older than claims are kept
    sql("update windows set starts_at = date_trunc('minute', now()) - interval '3 days'")
    await runner.do_due()
    assert told(sql) == ["window.began Tonight", "window.ran_out Tonight"]
    row = sql(
        "select bool_and((a.after->>'at')::timestamptz = case action when 'window.began' then w.starts_at else "
        "w.scheduled_until end), string_agg(distinct a.address, '') from audit a join windows w on "
        "w.id::text = a.subject_id"
    )
    assert row == "t|"


async def test_who_starts_or_ends_by_hand_is_in_the_audit_already(runner: Jobs, services: Services, sql: Sql) -> None:
    """What an operator does is told as that alone, in psql too; a window that ends when fixed never runs out."""
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    now = await services.windows.create(WindowDraft(title="Now", estimated_duration=hour), WHO)
    later = datetime.now(UTC) + hour
    draft = WindowDraft(title="Later", starts_at=later, estimated_duration=minute, ends=Ends.ON_TIME)
    early = await services.windows.create(draft, WHO)
    away = await services.windows.create(WindowDraft(title="Away", starts_at=later, estimated_duration=hour), WHO)
    await services.windows.start(early.id, WHO)
    await services.windows.end(now.id, WHO)
    await services.windows.end(early.id, WHO)
    await services.windows.cancel(away.id, WHO)
    sql("insert into windows (title) values ('By hand'); select start_maintenance('By hand, too')")
    await runner.do_due()
    assert told(sql) == []


async def test_a_rescheduled_window_is_told_once_for_each_beginning(runner: Jobs, services: Services, sql: Sql) -> None:
    """Put off before it began: one beginning. Put off by hand in psql after it began: it begins twice.

    A start that is only corrected, within the past, is no beginning.
    """
    later = datetime.now(UTC) + timedelta(hours=1)
    window = await services.windows.create(
        WindowDraft(title="Moved", starts_at=later, estimated_duration=timedelta(hours=1)), WHO
    )
    await services.windows.edit(window.id, WindowChange(starts_at=later + timedelta(hours=1)), WHO)
    await runner.do_due()
    assert told(sql) == []
    sql("update windows set starts_at = now() - interval '1 s'")
    await runner.do_due()
    assert told(sql) == ["window.began Moved"]
    await services.windows.edit(window.id, WindowChange(starts_at=datetime.now(UTC) - timedelta(hours=3)), WHO)
    await runner.do_due()
    assert told(sql) == ["window.began Moved"]
    sql("update windows set starts_at = now() + interval '0.2 s'")
    await wait_until(lambda: sql("select starts_at < now() from windows") == "t")
    await runner.do_due()
    assert told(sql) == ["window.began Moved"] * 2


async def test_what_began_before_there_were_jobs_is_left_alone(
    empty_database_url: str, psql: Callable[[str, str], str], tmp_path: Path, observations: Observations
) -> None:
    """The migration takes the past for told: an upgrade writes no entries of weeks ago."""
    first, *others = sorted((Path(__file__).parents[2] / "sql" / "migrations").glob("*.sql"))
    psql(empty_database_url, first.read_text())
    psql(
        empty_database_url,
        "insert into windows (title, starts_at, estimated_duration, ends) "
        "values ('Old', now() - interval '1 day', '1 hour', 'on_time')",
    )
    for later in others:
        psql(empty_database_url, later.read_text())
    database = Database(empty_database_url)
    await database.open()
    try:
        await runner_on(database, tmp_path, observations).do_due()
    finally:
        await database.close()
    assert psql(empty_database_url, TOLD) == ""


async def test_a_job_that_fails_gives_its_claim_back(runner: Jobs, sql: Sql) -> None:
    """The claim and what is done stand in one transaction: who comes next does it."""
    sql("insert into windows (title, starts_at) values ('Tonight', now() - interval '1 hour')")
    sql("alter table audit add constraint full_disk check (action <> 'window.began')")
    with pytest.raises(Exception, match="full_disk"):
        await runner.do_due()
    assert sql("select count(*) from jobs where name = 'window.began'") == "0"
    sql("alter table audit drop constraint full_disk")
    await runner.do_due()
    assert told(sql) == ["window.began Tonight"]


async def test_a_change_at_the_same_moment_comes_first(runner: Jobs, sql: Sql, database: Database) -> None:
    """A window that is being cancelled as its time comes has not begun: the runner waits for that transaction."""
    sql("insert into windows (title, starts_at) values ('Tonight', now() - interval '1 hour')")
    async with database.transaction() as session:
        await session.connection.execute("update windows set cancelled_at = starts_at - interval '1 s'")
        telling = asyncio.ensure_future(runner.do_due())
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        await wait_until(lambda: sql(waiting) == "1")
    await telling
    assert told(sql) == []


async def test_what_has_expired_goes_once_an_hour(runners: list[Jobs], services: Services, sql: Sql) -> None:
    """Sessions, sign-in links and claims of long ago; what is still good stays."""
    await services.operators.add("a@acme.example", Role.VIEWER, WHO, password="correct horse battery")
    lifetimes = "(values ('a'::bytea, interval '-1 s'), ('b', interval '1 hour')) v(hash, lifetime)"
    insert = (
        "insert into sessions (token_hash, operator_id, expires_at) select hash, id, now() + lifetime from operators, "
    )
    sql(insert + lifetimes)
    insert = "insert into sign_in_links (token_hash, expires_at) select hash, now() + lifetime from "
    sql(insert + lifetimes)
    sql(
        "insert into jobs (name, due_at, claimed_by, claimed_at) "
        "select 'housekeeping', t, 'x', t from (values (now() - interval '91 days'), (now() - interval '89 days')) v(t)"
    )
    await asyncio.gather(*(runner.do_due() for runner in runners))
    left = (
        "select (select count(*) from sessions), (select count(*) from sign_in_links), count(*) from jobs "
        "where name = 'housekeeping'"
    )
    assert sql(left) == "1|1|2"  # the claim of this hour, and that of 89 days ago
    sql("update sessions set expires_at = now()")
    await asyncio.gather(*(runner.do_due() for runner in runners))
    assert sql(left) == "1|1|2"
    sql("update jobs set due_at = due_at - interval '1 hour'")
    await runners[0].do_due()
    assert sql(left) == "0|1|3"


async def test_it_is_told_soon_and_an_outage_only_puts_it_off(
    database: Database, state: State, observations: Observations, sql: Sql
) -> None:
    """A window that starts by time is told within seconds; an outage crashes nothing, and it is told afterwards."""
    jobs = Jobs(database, state, name="one", observe=observations)
    async with Supervisor(observations) as supervisor:
        supervisor.start(jobs.keep_doing, "jobs")
        sql("insert into windows (title, starts_at) values ('Soon', now() + interval '1.5 s')")
        await wait_until(lambda: told(sql) == ["window.began Soon"])
        await database.close()
        with pytest.raises(StoreError):
            await jobs.do_due()
        sql("insert into windows (title, starts_at) values ('Meanwhile', now() + interval '0.3 s')")
        await wait_until(lambda: len(state.moment.active) == 2)
        assert told(sql) == ["window.began Soon"]
        await database.open()
        sql("insert into windows (title, starts_at) values ('Afterwards', now() + interval '0.3 s')")
        await wait_until(lambda: len(told(sql)) == 3)
    assert observations.of(LoopCrashed) == []
