"""What the database itself guarantees, whoever writes: the gateway or an SRE in psql."""

import asyncio
import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from gateway.domain.errors import ConflictError, InvalidError
from gateway.domain.window import State, WindowText
from gateway.store.pool import Database
from gateway.store.snapshot import database_clock, load_snapshot
from gateway.store.windows import WindowFilter, list_windows
from tests.observed import wait_until

Sql = Callable[[str], str]
LINK = "insert into bypass_links (name, created_by, expires_at) values"
INSERT = "insert into windows (title) values ('By hand') returning id"


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    """Run SQL by hand in the test's database."""
    return partial(psql, database_url)


def version(sql: Sql) -> int:
    return int(sql("select version from state_version"))


@pytest.mark.parametrize(
    ("kind", "gate"),
    [("maintenance", "closed"), ("downtime", "closed"), ("degradation", "none"), ("announcement", "none")],
)
def test_without_a_gate_the_kind_decides(sql: Sql, kind: str, gate: str) -> None:
    insert = "insert into windows (kind, title, gate) values ('{}', 'x', {}) returning gate"
    assert sql(insert.format(kind, "null")) == gate
    assert sql(insert.format(kind, "'read_only'")) == "read_only"


def test_a_title_is_enough_for_a_window_by_hand(sql: Sql) -> None:
    """It starts now, lasts half an hour and gates everything until somebody says fixed."""
    sql(INSERT)
    row = sql(
        "select kind, ends, gate, hosts, paths, fixed, ended_at is null, now() - starts_at < '10 s', "
        "scheduled_until = starts_at + '30 minutes', row_version from windows"
    )
    assert row == "maintenance|when_fixed|closed|{}|{}|f|t|t|t|1"


def test_the_estimated_end_follows_start_and_duration(sql: Sql) -> None:
    sql(INSERT)
    sql("update windows set estimated_duration = '2 hours'")
    assert sql("select scheduled_until = starts_at + '2 hours' from windows") == "t"
    sql("update windows set starts_at = starts_at + '1 day', scheduled_until = now()")
    assert sql("select scheduled_until = starts_at + '2 hours' from windows") == "t"


def test_the_emergency_line_of_the_readme_ends_what_is_in_force(sql: Sql) -> None:
    """As it stands there, whatever else is scheduled or cancelled: those stay as they are."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    [line] = re.findall(r"^update windows set fixed = true[^;]*;", readme, re.MULTILINE)
    sql("insert into windows (title) values ('now')")
    sql("insert into windows (title, starts_at) values ('later', now() + interval '1 day')")
    sql("insert into windows (title, starts_at, cancelled_at) values ('never', now() + interval '1 day', now())")
    sql(line)
    assert (
        sql("select title, fixed, ended_at is not null from windows order by title") == "later|f|f\nnever|f|f\nnow|t|t"
    )


def test_setting_fixed_ends_the_window(sql: Sql) -> None:
    sql(INSERT)
    assert sql("update windows set fixed = true returning clock_timestamp() - ended_at < '10 s'") == "t"
    ended = sql("select ended_at from windows")
    assert sql("update windows set description = 'Done.' returning ended_at") == ended


BY_HAND = "update windows set fixed = false, ended_at = null where title = 'By hand'"


@pytest.mark.parametrize("fixed", ["true", "false"])
def test_a_wrongly_ended_window_is_reopened_by_hand(sql: Sql, fixed: str) -> None:
    """Both columns are set back, and it is in force as before."""
    sql(INSERT)
    sql(f"update windows set ended_at = clock_timestamp(), fixed = {fixed}")  # noqa: S608
    assert sql("select state from window_documents") == "ended"
    sql(BY_HAND)
    assert sql("select d.state, w.fixed, w.ended_at from window_documents d join windows w using (id)") == "active|f|"


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("fixed = false", "ended|f|t"),  # ended, but not settled after all
        ("ended_at = null", "ended|t|t"),  # fixed still: that ends it, from now on
    ],
)
def test_half_of_a_reopening_by_hand_reopens_nothing(sql: Sql, change: str, left: str) -> None:
    """Traffic is not shut out by a slip."""
    sql(INSERT)
    sql("update windows set fixed = true")
    sql(f"update windows set {change}")  # noqa: S608
    columns = "d.state, w.fixed, w.ended_at is not null"
    assert sql(f"select {columns} from window_documents d join windows w using (id)") == left  # noqa: S608


def test_reopening_by_hand_what_ran_out_takes_a_longer_estimate(sql: Sql) -> None:
    """A window that ends on time is over by its estimate, whatever the two columns say."""
    sql(
        "insert into windows (title, ends, starts_at, estimated_duration) "
        "values ('By hand', 'on_time', now() - interval '2 hours', '1 hour')"
    )
    sql(BY_HAND)
    assert sql("select state from window_documents") == "ended"
    sql("update windows set estimated_duration = now() - starts_at + interval '30 minutes'")
    assert sql("select state from window_documents") == "active"


def test_each_change_raises_the_row_s_version(sql: Sql) -> None:
    """Also where somebody tries to set it."""
    sql(INSERT)
    assert sql("update windows set title = 'y' returning row_version") == "2"
    assert sql("update windows set title = 'z', row_version = 99 returning row_version") == "3"
    sql("insert into components (slug, name) values ('api', 'API')")
    assert sql("update components set status = 'major_outage' returning row_version, updated_at > created_at") == "2|t"


WINDOW_REFUSED = [
    ("title", "''", "windows_title_check"),
    ("title", "repeat('x', 201)", "windows_title_check"),
    ("title", "null", "not-null"),
    ("description", "repeat('x', 20001)", "windows_description_check"),
    ("kind", "'party'", "invalid input value for enum"),
    ("gate", "'open'", "invalid input value for enum"),
    ("ends", "'never'", "invalid input value for enum"),
    ("estimated_duration", "'0'", "window_ends_after_it_starts"),
    ("estimated_duration", "'-1 hour'", "window_ends_after_it_starts"),
    ("estimated_duration", "'1 month'", "window_lasts_days_not_months"),
    ("estimated_duration", "'1 year'", "window_lasts_days_not_months"),
    ("estimated_duration", "'3661 days'", "window_lasts_days_not_months"),
    ("estimated_duration", "'infinity'", "window"),
    ("reopen_over", "'-1 s'", "window_reopens_in_time"),
    ("reopen_over", "'25 hours'", "window_reopens_in_time"),
    ("starts_at", "'infinity'", "window_is_of_our_times"),
    ("starts_at", "'-infinity'", "window_is_of_our_times"),
    ("starts_at", "'9999-12-31Z'", "window_is_of_our_times"),
    ("starts_at", "'20000-01-01Z'", "window_is_of_our_times"),
    ("starts_at", "'0044-03-15 BC'", "window_is_of_our_times"),
    ("ended_at", "'2000-01-01Z'", "window_ended_after_it_started"),
    ("ended_at", "'infinity'", "window_is_of_our_times"),
    ("cancelled_at", "'infinity'", "window_is_of_our_times"),
    ("hosts", "array[null]", "window_names_hosts_and_paths"),
    ("paths", "array['/a', null]", "window_names_hosts_and_paths"),
    ("paths", "array[['/a'], ['/b']]", "window_names_hosts_and_paths"),
    ("reminders", "array[null]::interval[]", "window_reminds_before_it_starts"),
    ("reminders", "array['-1 h']::interval[]", "window_reminds_before_it_starts"),
    ("reminders", "array['infinity']::interval[]", "window_reminds_before_it_starts"),
    *(
        ("translations", value, "window_translations_are_texts")
        for value in (
            "'[]'",
            "'null'",
            '\'[{"title": "x"}]\'',
            """'{"de": "x"}'""",
            """'{"de": ["title"]}'""",
            """'{"de": {}}'""",
            """'{"de": {"title": null}}'""",
            """'{"de": {"title": ""}}'""",
            """'{"de": {"title": 7}}'""",
            """'{"de": {"title": "x", "description": null}}'""",
            """'{"de": {"title": "x", "description": 7}}'""",
            """'{"fr": {"title": "x"}, "de": {"description": "x"}}'""",
            "jsonb_build_object('de', jsonb_build_object('title', repeat('x', 201)))",
            "jsonb_build_object('de', jsonb_build_object('title', 'x', 'description', repeat('x', 20001)))",
        )
    ),
    ("translations", "null", "not-null"),
]


def test_a_window_with_a_wrong_value_is_refused(sql: Sql) -> None:
    """On the way in and on every change, by the right constraint; the version stays."""
    sql(INSERT)
    before = version(sql)
    for column, value, reason in WINDOW_REFUSED:
        into = (column, value) if column == "title" else (f"title, {column}", f"'x', {value}")
        statements = "insert into windows ({}) values ({})".format(*into), f"update windows set {column} = {value}"  # noqa: S608
        for statement in statements:
            with pytest.raises(subprocess.CalledProcessError) as error:
                sql(statement)
            assert reason in error.value.stderr, statement
    assert version(sql) == before


OTHERS_REFUSED = [
    "update windows set ended_at = clock_timestamp(), cancelled_at = clock_timestamp()",
    "insert into updates (window_id, status, body) values (gen_random_uuid(), 'resolved', 'x')",
    "insert into updates (window_id, status, body) select id, 'done', 'x' from windows",
    "insert into updates (window_id, status, body) select id, 'resolved', '' from windows",
    *(
        f"insert into updates (window_id, status, body, translations) select id, 'resolved', 'x', {value} from windows"  # noqa: S608
        for value in (
            "'[]'",
            "null",
            """'{"de": ""}'""",
            """'{"de": 7}'""",
            """'{"de": null}'""",
            """'{"fr": "x", "de": {"title": "x"}}'""",
            "jsonb_build_object('de', repeat('x', 20001))",
        )
    ),
    "insert into components (slug, name) values ('api', 'Again')",
    "insert into components (slug, name) values ('API', 'x')",
    "insert into components (slug, name) values ('a b', 'x')",
    "insert into components (slug, name) values ('-a', 'x')",
    "insert into components (slug, name) values ('', 'x')",
    "insert into components (slug, name) values ('x', '')",
    "insert into components (slug, name, status) values ('x', 'x', 'fine')",
    "insert into components (slug, name, group_id) values ('x', 'x', gen_random_uuid())",
    "insert into window_components (window_id, component_id) select w.id, gen_random_uuid() from windows w",
    "insert into state_version (only_row) values (true)",
    "insert into state_version (only_row) values (false)",
    "insert into operators (email, role) values ('SRE@example.com', 'viewer')",
    "insert into operators (email, role) values ('nobody', 'viewer')",
    "insert into operators (email, role) values ('x@example.com', 'king')",
    "insert into tokens (name, token_hash, scope) values ('ci', 'x', 'all')",
    "insert into bypass_links (name, expires_at) values ('x', now() + interval '1 h')",
    f"{LINK} ('', 'x', now() + interval '1 h')",
    f"{LINK} ('x', 'x', null)",
    f"{LINK} ('x', 'x', now() - interval '1 s')",
    f"{LINK} ('x', 'x', now() + interval '31 days')",
    f"{LINK} ('x', 'x', 'infinity')",
    (
        "insert into bypass_links (name, created_by, created_at, expires_at) values "
        "('x', 'x', '9999-12-31Z', '10000-01-01Z')"
    ),
    "update bypass_links set expires_at = expires_at + interval '30 days'",
    "update bypass_links set revoked_at = 'infinity'",
    "update bypass_links set first_used_at = '-infinity'",
    "insert into bypass_key (secret) values ('short')",
    "insert into bypass_key (only_row, secret) values (false, sha256('x'))",
]


def test_what_can_not_be_is_refused(sql: Sql) -> None:
    sql(INSERT)
    sql("insert into components (slug, name) values ('api', 'API')")
    sql("insert into operators (email, role) values ('sre@example.com', 'operator')")
    sql(f"{LINK} ('Anna', 'sre', now() + interval '8 h')")
    for statement in OTHERS_REFUSED:
        with pytest.raises(subprocess.CalledProcessError):
            sql(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into windows (title) select 'x' from generate_series(1, 5)",
        "update windows set description = 'x'",
        "delete from windows",
        "truncate windows cascade",
        "insert into updates (window_id, status, body) select id, 'identified', 'x' from windows",
        "insert into components (slug, name) values ('cdn', 'CDN'), ('mail', 'Mail')",
        "update components set status = 'major_outage'",
        "insert into component_groups (name) values ('Core')",
        "insert into window_components (window_id, component_id) select w.id, c.id from windows w, components c",
        f"{LINK} ('Bert', 'sre', now() + interval '8 h'), ('Carl', 'sre', now() + interval '8 h')",
        "update bypass_links set revoked_at = now()",
        "delete from bypass_links",
        "truncate bypass_links",
        "insert into bypass_key (secret) values (sha256('x'))",
    ],
)
async def test_each_statement_tells_once_and_raises_the_version(sql: Sql, database_url: str, statement: str) -> None:
    """However many rows it touches; the payload is the version, and nothing else."""
    sql("insert into windows (title) values ('a'), ('b')")
    sql("insert into components (slug, name) values ('api', 'API'), ('db', 'DB')")
    sql(f"{LINK} ('Anna', 'sre', now() + interval '8 h')")
    before = version(sql)
    heard: list[str] = []
    connection = await asyncpg.connect(database_url)
    await connection.add_listener("gateway_state", lambda *message: heard.append(message[3]))
    sql(statement)
    after = version(sql)
    sql("notify gateway_state, 'end'")
    await wait_until(lambda: "end" in heard)
    assert heard[-2:] == [str(after), "end"]
    # What is deleted with a window has a statement of its own, inside PostgreSQL.
    cascades = statement.startswith(("delete", "truncate"))
    # Components that are written by hand are a change of their windows, which is a statement of its own as well.
    own = 2 if "into window_components" in statement else 1
    assert cascades or len(heard) == own + 1
    assert after > before
    await connection.close()


def test_versions_only_rise_also_in_a_database_that_was_made_anew(sql: Sql) -> None:
    """They count microseconds, so a restored database does not fall behind what gateways know."""
    now = int(float(sql("select extract(epoch from clock_timestamp())")) * 1e6)
    assert abs(version(sql) - now) < 3600e6
    sql("update state_version set version = 7")
    sql(INSERT)
    assert version(sql) >= now
    sql("update state_version set version = version + 3600000000")
    ahead = version(sql)
    sql("update windows set title = 'x'")
    assert version(sql) == ahead + 1


def test_what_is_no_part_of_the_state_does_not_raise_its_version(sql: Sql) -> None:
    sql(f"{LINK} ('Anna', 'sre', now() + interval '8 h')")
    before = version(sql)
    sql("insert into operators (email, role) values ('sre@example.com', 'operator')")
    sql("insert into audit (actor, action, subject) values ('x', 'y', 'z')")
    sql("update bypass_links set first_used_at = now()")
    assert version(sql) == before


@pytest.mark.parametrize("statement", ["update audit set actor = 'y'", "delete from audit", "truncate audit"])
def test_the_audit_is_append_only(sql: Sql, statement: str) -> None:
    sql("insert into audit (actor, action, subject) values ('x', 'window.started', 'window')")
    with pytest.raises(subprocess.CalledProcessError) as error:
        sql(statement)
    assert "append-only" in error.value.stderr
    assert sql("select actor from audit") == "x"


async def test_writers_by_hand_and_by_the_gateway_do_not_deadlock(database: Database, sql: Sql) -> None:
    """Whoever changes a row takes the version first; the others queue, and none is turned away."""
    sql(INSERT)

    async def by_hand() -> None:
        async with database.transaction() as session:
            for _ in range(5):
                await session.connection.execute("update windows set title = title")

    async def by_the_gateway() -> None:
        async with database.transaction() as session:
            await session.run("lock_state_version")
            await session.connection.execute("update windows set title = title")

    async with asyncio.TaskGroup() as writers:
        for _ in range(40):
            writers.create_task(by_hand())
            writers.create_task(by_the_gateway())
    assert sql("select row_version from windows") == str(1 + 40 * 6)


async def test_a_snapshot_is_of_one_instant(database: Database) -> None:
    """Its version and its rows belong together, also while others write."""
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            async with database.transaction() as session:
                await session.connection.execute("insert into windows (title) values ('x')")
                await session.connection.execute(
                    "insert into components (slug, name) select 's' || count(*), 'x' from components"
                )

    async with asyncio.TaskGroup() as writers:
        writers.create_task(write())
        seen: dict[int, tuple[int, int]] = {}
        for _ in range(30):
            async with database.session() as session:
                snapshot = await load_snapshot(session)
            counts = len(snapshot.windows), len(snapshot.components)
            assert counts[0] == counts[1]
            assert seen.setdefault(snapshot.version, counts) == counts
        stop.set()
    assert len(seen) > 1


async def test_a_snapshot_keeps_what_is_not_over_and_the_latest_of_what_is(database: Database, sql: Sql) -> None:
    """Ten thousand windows in history cost a request nothing."""
    sql("insert into windows (title) values ('active')")
    sql("insert into windows (title, starts_at) values ('overrunning', now() - interval '3 days')")
    sql("insert into windows (title, starts_at) values ('scheduled', now() + interval '3 days')")
    sql("insert into windows (title, starts_at, cancelled_at) values ('cancelled', now() + interval '1 day', now())")
    past = "select 'x' || n, now() - n * interval '1 day'"
    sql(f"insert into windows (title, starts_at, ended_at) {past}, now() - n * interval '1 day' + interval '1 s' "
        "from generate_series(1, 200) n")  # fmt: skip
    sql(f"insert into windows (title, starts_at, ends) {past}, 'on_time' from generate_series(201, 400) n")
    async with database.session() as session:
        snapshot = await load_snapshot(session)
    titles = {window.title for window in snapshot.windows}
    ended, ran_out = {f"x{n}" for n in range(1, 11)}, {f"x{n}" for n in range(201, 211)}
    assert titles == {"active", "overrunning", "scheduled"} | ended | ran_out


async def test_translations_by_hand_are_read(database: Database, sql: Sql) -> None:
    """The longest ones, too; and one of a language that the pages do not have holds nothing up."""
    sql(
        "insert into windows (title, translations) values ('x', jsonb_build_object("
        "'de', jsonb_build_object('title', repeat('x', 200), 'description', repeat('y', 20000)), "
        "'tlh', jsonb_build_object('title', 'z')))"
    )
    sql(
        "insert into updates (window_id, status, body, translations) "
        "select id, 'resolved', 'x', jsonb_build_object('de', repeat('y', 20000), 'tlh', 'z') from windows"
    )
    async with database.session() as session:
        (window,) = (await load_snapshot(session)).windows
    assert window.translations == {
        "de": WindowText(title="x" * 200, description="y" * 20_000),
        "tlh": WindowText(title="z"),
    }
    assert window.updates[0].translations == {"de": "y" * 20_000, "tlh": "z"}


@pytest.mark.parametrize(
    ("statement", "error", "says"),
    [
        ("insert into windows (title, estimated_duration) values ('x', '0')", InvalidError, "estimated_duration: must"),
        ("insert into windows (title, starts_at) values ('x', '20000-01-01Z')", InvalidError, "starts_at: must lie"),
        ("insert into windows (title, starts_at) values ('x', 'soon')", InvalidError, "soon"),
        ("insert into components (slug, name) values ('api', 'API'), ('api', 'API')", ConflictError, "slug is taken"),
        ("insert into windows (title) values (null)", InvalidError, "title"),
        ("insert into component_groups (name) values ('a'), ('a')", ConflictError, "group exists"),
        ("insert into operators (email, role) values ('a@b', 'viewer'), ('A@b', 'viewer')", ConflictError, "email is"),
    ],
)
async def test_a_refused_value_is_told_by_field_and_remedy(
    database: Database, statement: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        async with database.session() as session:
            await session.connection.execute(statement)


async def test_the_database_and_the_gateway_agree_on_every_state(database: Database, sql: Sql) -> None:
    """The view's `state` is `Window.state`, for each combination of start, length, end and cancellation."""
    sql("""
        insert into windows (title, starts_at, estimated_duration, ends, ended_at, cancelled_at)
        select 'x', now() + start * interval '1 day', length * interval '1 day', ends,
               now() + ended * interval '1 day', now() + cancelled * interval '1 day'
        from unnest(array[-9, -2, 2]) start, unnest(array[1, 5, 30]) length, unnest(enum_range(null::window_ends)) ends,
             unnest(array[null, -1, 4]) ended, unnest(array[null, -3, 3]) cancelled
        where (ended is null or cancelled is null) and coalesce(ended >= start, true)
    """)
    async with database.session() as session:
        now = await database_clock(session)
        everything = await list_windows(session, WindowFilter(), soonest_first=True, most=1000)
        found = {
            state: await list_windows(session, WindowFilter(states=frozenset({state})), soonest_first=True, most=1000)
            for state in State
        }
    assert len(everything) > 50
    for state in State:
        assert found[state] == [window for window in everything if window.state(now) is state]
        assert found[state]
