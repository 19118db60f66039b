"""Writing by hand, in psql: the functions, who may call them, and the audit of whatever is written there."""

import asyncio
import json
import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from gateway.domain.access import Actor
from gateway.domain.window import Gate, Kind, State
from gateway.service.drafts.windows import WindowDraft
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import wait_until
from tests.replication import Primary
from tests.schema import migrate_at

Sql = Callable[[str], str]
MANUAL = Path(__file__).parents[2] / "docs" / "operations.md"
NO_WINDOW = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


def audit(sql: Sql) -> list[dict[str, Any]]:
    """Return the audit, the oldest entry first."""
    entries: list[dict[str, Any]] = json.loads(sql("select coalesce(json_agg(a order by id), '[]') from audit a"))
    return entries


def actions(sql: Sql) -> list[str]:
    return [entry["action"] for entry in audit(sql)]


def refusal(sql: Sql, statement: str) -> str:
    """Return what psql says of a statement that is refused."""
    with pytest.raises(subprocess.CalledProcessError) as error:
        sql(statement)
    said: str = error.value.stderr
    return said


def test_the_manual_s_examples_work(sql: Sql) -> None:
    """Each statement of docs/operations.md, in order, through psql; the audit has an entry for each that writes."""
    section = MANUAL.read_text().partition("## By hand, in psql")[2].partition("\n## ")[0]
    statements = [text for block in re.findall(r"```sql\n(.*?)```", section, re.DOTALL) for text in block.split(";\n")]
    sql("insert into components (slug, name) values ('api', 'API')")
    try:
        for statement in filter(str.strip, statements):
            sql(statement)
    finally:
        sql("drop owned by gateway_operator; drop role ada; drop role gateway_operator")
    assert actions(sql) == [
        *("component.added", "window.started", "window.posted", "window.extended", "window.ended"),
        *("window.started", "window.ended", "window.scheduled", "window.cancelled", "window.started"),
        *("window.edited", "window.ended"),
    ]
    assert sql("select count(*), count(*) filter (where fixed), count(ended_at) from windows") == "4|2|3"


def test_the_manual_s_refusal_is_what_psql_says(sql: Sql) -> None:
    statement, error, hint = re.findall(r"^=> (.*)\n(ERROR: .*)\n(HINT: .*)$", MANUAL.read_text(), re.MULTILINE)[0]
    said = refusal(sql, statement)
    assert said.splitlines()[:2] == [error, hint]


async def test_a_window_started_by_hand_is_one_as_any_other(services: Services, sql: Sql) -> None:
    """It gates at once, with the default gate of its kind; what is left out is as in the API."""
    made = sql("select start_maintenance('  Upgrade ', interval '45 minutes')")
    await wait_until(lambda: services.state.moment.active)
    (window,) = await services.windows.list()
    draft = WindowDraft(title="Other")
    other = await services.windows.create(draft, Actor(name="test"))
    assert (str(window.id), window.title, window.kind, window.gate) == (made, "Upgrade", Kind.MAINTENANCE, Gate.CLOSED)
    assert window.estimated_duration.total_seconds() == 2700
    for name in ("ends", "scope", "components", "reminders", "reopen_over", "description", "fixed"):
        assert getattr(window, name) == getattr(other, name)


async def test_all_that_a_window_has_can_be_said(services: Services, sql: Sql) -> None:
    sql("insert into components (slug, name) values ('api', 'API'), ('db', 'DB'), ('web', 'Web')")
    for components, effects in {
        '["api", "db"]': {"api": "under_maintenance", "db": "under_maintenance"},
        '{"api": "major_outage"}': {"api": "major_outage"},
        '[{"slug": "web", "status": "partial_outage"}, "db"]': {"db": "under_maintenance", "web": "partial_outage"},
        "[]": {},
    }.items():
        made = sql(
            "select start_maintenance('x', '1h', 'downtime', 'read_only', 'Text', array['Shop.example', '*.b.example', "
            "'[::1]'], '{/a,/b/}', '{/a/help}', "
            f"components => '{components}', ends => 'on_time', reopen_over => '5 min')"
        )
        (window,) = [found for found in await services.windows.list() if str(found.id) == made]
        assert (window.kind, window.gate, window.ends, window.description) == (
            "downtime",
            "read_only",
            "on_time",
            "Text",
        )
        assert window.scope.hosts == ("shop.example", "*.b.example", "[::1]")
        assert window.scope.paths == ("/a", "/b/")
        assert sql(f"select excluded_paths from windows where id = '{made}'") == "{/a/help}"  # noqa: S608
        assert {effect.slug: effect.status for effect in window.components} == effects
        assert window.reopen_over.total_seconds() == 300


async def test_a_window_s_life_by_hand(services: Services, sql: Sql) -> None:
    """Scheduled, cancelled; started, extended, posted to, ended: each answers with the id, and is seen by gateways."""
    later = sql("select schedule_maintenance('Later', now() + interval '1 day', '1 hour')")
    now = sql("select start_maintenance('Now')")
    assert sql(f"select extend_maintenance('{later}', '30 min')") == later
    assert sql("select extend_maintenance(by => '90 min')") == now
    assert sql("select post_update(null, 'identified', '  We *know*. ')") == now
    assert sql("select cancel_maintenance()") == later
    assert sql("select end_maintenance(fixed => false)") == now
    assert sql(f"select post_update('{now}', 'resolved', 'Done.')") == now
    version = int(sql("select version from state_version"))
    await wait_until(lambda: services.state.version >= version)
    found = {str(window.id): window for window in await services.windows.list()}
    at = services.state.now()
    assert {window.title: window.state(at) for window in found.values()} == {
        "Later": State.CANCELLED,
        "Now": State.ENDED,
    }
    assert found[later].estimated_duration.total_seconds() == 5400
    assert found[now].estimated_duration.total_seconds() == 7200
    assert [update.body for update in found[now].updates] == ["Done.", "We *know*."]
    assert not found[now].fixed


async def test_a_scheduled_one_is_started_and_one_ended_by_mistake_is_reopened(services: Services, sql: Sql) -> None:
    """As the panel does both; one that ends on time needs to be told how long, and what is over for a day stays so."""
    later = sql("select schedule_maintenance('Later', now() + interval '1 day', '1 hour', ends => 'on_time')")
    assert sql("select start_scheduled_maintenance()") == later
    assert sql(f"select end_maintenance('{later}')") == later
    assert sql(f"select reopen_maintenance('{later}', '30 minutes')") == later
    version = int(sql("select version from state_version"))
    await wait_until(lambda: services.state.version >= version)
    window = await services.windows.get(UUID(later))
    assert (window.state(services.state.now()), window.fixed, window.ended_at) == (State.ACTIVE, False, None)
    assert 1800 <= window.estimated_duration.total_seconds() <= 1860
    assert sql("select string_agg(action, ' ' order by id) from audit where subject = 'window'") == (
        "window.scheduled window.started window.ended window.reopened"
    )
    sql("update windows set starts_at = now() - interval '2 hours', estimated_duration = '1 hour'")
    with pytest.raises(subprocess.CalledProcessError) as error:
        sql(f"select reopen_maintenance('{later}')")
    assert "remaining: is needed" in error.value.stderr
    sql("update windows set starts_at = now() - interval '2 days'")
    with pytest.raises(subprocess.CalledProcessError) as error:
        sql(f"select reopen_maintenance('{later}', '1 hour')")
    assert "id: has been over for more than a day" in error.value.stderr


def test_extending_one_that_overruns_counts_from_now(sql: Sql) -> None:
    """As everywhere: beyond the estimate, or beyond now where that has passed."""
    sql("insert into windows (title, starts_at) values ('Long', now() - interval '3 hours')")
    sql("select extend_maintenance(by => '10 minutes')")
    assert sql("select scheduled_until - now() between '9 min 50 s' and '10 min 10 s' from windows") == "t"
    assert sql("select extract(microseconds from estimated_duration)::bigint % 1000000 from windows") == "0"


def test_what_is_left_open_has_one_answer_or_none(sql: Sql) -> None:
    """Without an id the only window in force is meant; with several the list is told, with none it is said."""
    for call in ("end_maintenance()", "extend_maintenance()", "post_update(null, 'resolved', 'x')"):
        assert "ERROR:  no window is active or overrunning" in refusal(sql, f"select {call}")
    assert "ERROR:  no window is scheduled" in refusal(sql, "select cancel_maintenance()")
    one, two = sql("select start_maintenance('One')"), sql("select start_maintenance('Two')")
    for call in ("end_maintenance()", "extend_maintenance()", "post_update(null, 'resolved', 'x')"):
        said = refusal(sql, f"select {call}")
        assert "id: 2 windows are active or overrunning: say which one" in said
        assert f"{one}  active  One\n{two}  active  Two" in said
        assert f"HINT:  name it by its id, for example '{one}'" in said
    sql(f"select end_maintenance('{two}')")
    assert sql("select end_maintenance()") == one


REOPEN = "select reopen_maintenance((select id from windows where title = 'ended'), {})"
START, LATER = "select start_maintenance('x', {})", "now() + interval '1 day'"
WRONG = [
    ("select start_maintenance(' ')", "title: must have 1 to 200"),
    ("select start_maintenance(null)", "title: must have 1 to 200"),
    ("select start_maintenance(repeat('x', 201))", "title: must have 1 to 200"),
    *(
        (START.format(f"interval '{wrong}'"), "duration: must be longer than nothing")
        for wrong in ("0", "-1 h", "1 month", "3661 days", "infinity")
    ),
    (START.format("duration => null"), "duration: must"),
    (START.format("kind => 'party'"), "kind: 'party' is none of"),
    (START.format("kind => null"), "kind: NULL is none of"),
    (START.format("gate => 'open'"), "gate: 'open' is none of"),
    (START.format("ends => 'never'"), "ends: 'never' is none of"),
    (START.format("description => repeat('x', 20001)"), "description: must have"),
    (START.format("description => null"), "description: must have"),
    (START.format("hosts => '{http://x}'"), "hosts: 'http://x' is not a host"),
    (START.format("hosts => '{x:80}'"), "hosts: 'x:80' is not a host"),
    (START.format("hosts => array[null]"), "hosts: NULL is not a host"),
    (START.format("paths => '{checkout}'"), "paths, excluded_paths: 'checkout' is not a path"),
    (START.format("paths => array['/a b']"), "is not a path"),
    (START.format("paths => '{/a*}'"), "is not a path"),
    (START.format("paths => array[E'/a\\t']"), "is not a path"),
    (START.format("excluded_paths => '{x}'"), "is not a path"),
    (START.format("paths => '{/a}', excluded_paths => '{/ab}'"), "excluded_paths: '/ab' is not below"),
    *(
        (START.format(f"excluded_paths => '{{{wrong}}}'"), "is not a plain path below /")
        for wrong in ("/", "//", "//x", "/a;b", "/..", "/a/./b", "/a//b", "/\u00e9")
    ),
    (START.format("paths => '{/a}', excluded_paths => '{/a}'"), "excluded_paths: '/a' would leave out all of one"),
    (START.format("paths => '{/a/b}', excluded_paths => '{/a/}'"), "excluded_paths: '/a/' would leave out all of one"),
    (START.format("paths => array(select '/' || n from generate_series(1, 201) n)"), "must have 200 entries"),
    (START.format("components => '[\"nope\"]'"), "components: there is no component 'nope'"),
    (START.format("components => '[7]'"), "components: there is no component"),
    (START.format("components => '[\"old\"]'"), "components: there is no component 'old'"),
    (START.format("components => '\"api\"'"), "components: is neither a list nor an object"),
    (START.format('components => \'{"api": "broken"}\''), "components: 'broken' is none of"),
    (START.format('components => \'["api", "api"]\''), "components: name one twice"),
    (START.format("reopen_over => '25 hours'"), "reopen_over: must lie"),
    (START.format("reopen_over => '-1 s'"), "reopen_over: must lie"),
    (START.format("reopen_over => null"), "reopen_over: must lie"),
    ("select schedule_maintenance('x', now())", "starts_at: must lie in the future"),
    ("select schedule_maintenance('x', null)", "starts_at: must lie in the future"),
    ("select schedule_maintenance('x', '2300-01-01Z')", "starts_at: must be an instant between"),
    ("select schedule_maintenance('x', 'infinity')", "starts_at: must be an instant between"),
    (f"select schedule_maintenance('', {LATER})", "title: must"),
    *(
        (f"select extend_maintenance(null, {wrong})", "by: must be longer than nothing")
        for wrong in ("'0'", "'-1 h'", "'1 month'", "null", "'3661 days'")
    ),
    ("select extend_maintenance(by => '3660 days')", "by: would have it last longer than ten years"),
    (f"select extend_maintenance('{NO_WINDOW}', '1 h')", f"id: there is no window {NO_WINDOW}"),
    (f"select end_maintenance('{NO_WINDOW}')", f"id: there is no window {NO_WINDOW}"),
    ("select end_maintenance(fixed => null)", "fixed: must be true or false"),
    (f"select start_scheduled_maintenance('{NO_WINDOW}')", f"id: there is no window {NO_WINDOW}"),
    ("select start_scheduled_maintenance((select id from windows where title = 'now'))", '"now" is active, so it can'),
    (f"select reopen_maintenance('{NO_WINDOW}')", f"id: there is no window {NO_WINDOW}"),
    ("select reopen_maintenance(null)", "id: is missing"),
    ("select reopen_maintenance((select id from windows where title = 'now'))", '"now" is active, so it can'),
    *((REOPEN.format(wrong), "remaining: must be longer") for wrong in ("'0'", "'-1 h'", "'1 month'", "'367 days'")),
    (f"select cancel_maintenance('{NO_WINDOW}')", f"id: there is no window {NO_WINDOW}"),
    (f"select post_update('{NO_WINDOW}', 'resolved', 'x')", f"id: there is no window {NO_WINDOW}"),
    ("select post_update(null, 'done', 'x')", "status: 'done' is none of"),
    ("select post_update(null, 'resolved', ' ')", "body: must have"),
    ("select post_update(null, 'resolved', null)", "body: must have"),
    ("select post_update(null, 'resolved', repeat('x', 20001))", "body: must have"),
    ("select extend_maintenance((select id from windows where title = 'ended'), '1 h')", '"ended" is ended, so it can'),
    ("select end_maintenance((select id from windows where title = 'later'))", '"later" is scheduled, so it can'),
    ("select cancel_maintenance((select id from windows where title = 'now'))", '"now" is active, so it can'),
    (
        "select post_update((select id from windows where title = 'gone'), 'resolved', 'x')",
        '"gone" is cancelled, so it can',
    ),
]


def test_what_is_wrong_is_told_by_its_argument_with_a_hint(sql: Sql) -> None:
    """And nothing is changed: neither rows nor the version nor the audit."""
    sql("insert into components (slug, name, removed_at) values ('api', 'API', null), ('old', 'Old', now())")
    sql("insert into windows (title, ended_at) values ('ended', now()), ('now', null)")
    sql("insert into windows (title, starts_at) values ('later', now() + interval '1 day')")
    sql("insert into windows (title, starts_at, cancelled_at) values ('gone', now() + interval '1 day', now())")
    state = "select (select version from state_version), (select count(*) from audit), (select count(*) from windows)"
    before = sql(state)
    for statement, wrong in WRONG:
        said = refusal(sql, statement)
        assert wrong in said.splitlines()[0], (statement, said)
        assert "\nHINT:  " in said, said
    assert sql(state) == before


def test_the_audit_says_who_from_where_before_and_after(sql: Sql) -> None:
    """One entry for each call, with the role that has logged in."""
    sql("insert into components (slug, name) values ('api', 'API')")
    made = sql("select start_maintenance('x', components => '[\"api\"]')")
    sql("select extend_maintenance(by => '15 min')")
    _, started, extended = audit(sql)
    assert (started["actor"], started["address"]) == ("psql (role postgres)", "")
    assert (started["action"], started["subject"], started["subject_id"]) == ("window.started", "window", made)
    assert started["before"] is None
    assert started["after"]["title"] == "x"
    assert started["after"]["components"] == [{"slug": "api", "status": "under_maintenance"}]
    assert started["after"]["starts_at"].endswith("+00:00")
    assert extended["before"] == started["after"]
    assert extended["after"] == extended["before"] | {"estimated_duration": "PT45M"}


def test_it_is_one_transaction(sql: Sql) -> None:
    """Rolled back, nothing is left; together with other statements, all or none."""
    sql("begin; select start_maintenance('x'); rollback")
    refusal(sql, "begin; select start_maintenance('x'); select 1 / 0; commit")
    assert sql("select (select count(*) from windows), (select count(*) from audit)") == "0|0"


BY_HAND = [
    ("insert into windows (title) values ('w')", ["window.started"]),
    ("insert into windows (title, starts_at) values ('w', now() + interval '1 day')", ["window.scheduled"]),
    ("insert into windows (title, starts_at, ended_at) values ('w', '2020-01-01Z', '2020-01-02Z')", ["window.added"]),
    ("update windows set title = 'other'", ["window.edited"]),
    ('update windows set translations = \'{"de": {"title": "y"}}\'', ["window.edited"]),
    ("update windows set fixed = true", ["window.ended"]),
    ("update windows set ended_at = clock_timestamp()", ["window.ended"]),
    ("update windows set ended_at = now() + interval '1 s'; update windows set ended_at = null", 2),
    ("update windows set starts_at = now() + interval '1 day'; update windows set cancelled_at = now()", 2),
    ("update windows set title = title", []),
    ("delete from windows", ["window.deleted"]),
    ("truncate windows cascade", ["window.all_deleted"] * 3),
    ("insert into updates (window_id, status, body) select id, 'resolved', 'x' from windows", ["window.posted"]),
    ("update updates set body = 'x'", ["window.post_edited"]),
    ('update updates set translations = \'{"de": "y"}\'', ["window.post_edited"]),
    ("delete from updates", ["window.post_deleted"]),
    ("update window_components set status = 'major_outage'", ["window.component_edited"]),
    ("delete from window_components", ["window.component_deleted"]),
    ("insert into components (slug, name) values ('web', 'Web')", ["component.added"]),
    ("update components set status = 'major_outage'", ["component.edited"]),
    ("update components set removed_at = now()", ["component.removed"]),
    ("update components set removed_at = now(); update components set removed_at = null", 2),
    ("insert into series (rule, time_zone, first_start, draft) values ('x', 'UTC', now(), '{}')", 1),
    ("update templates set name = 'x' where slug = (select min(slug) from templates)", ["template.edited"]),
    ("delete from templates where slug = (select min(slug) from templates)", ["template.removed"]),
    ("insert into component_groups (name) values ('Core')", ["group.added"]),
    ("update bypass_links set revoked_at = now()", ["bypass_link.revoked"]),
    ("update bypass_links set first_used_at = now()", []),
    ("delete from bypass_links", ["bypass_link.deleted"]),
    ("delete from bypass_key", ["bypass_key.deleted"]),
    ("update tokens set revoked_at = now()", ["token.revoked"]),
    ("update tokens set scope = 'admin'", ["token.edited"]),
    ("update tokens set last_used_at = now()", []),
    ("update operators set role = 'administrator'", ["operator.edited"]),
    ("update operators set disabled_at = now()", ["operator.disabled"]),
    ("update operators set last_seen_at = now()", []),
    ("delete from authenticators", ["authenticator.deleted"]),
    ("update authenticators set wrong_codes = 1", []),
    ("update authenticators set secret = 'y'", ["authenticator.edited"]),
    ("delete from authenticator_key", ["authenticator_key.deleted"]),
    ("delete from operators", ["operator.deleted"]),
]


@pytest.mark.parametrize(("statement", "expected"), BY_HAND, ids=lambda value: str(value)[:60])
def test_plain_sql_is_audited_as_well(sql: Sql, statement: str, expected: list[str] | int) -> None:
    """Whoever writes a table by hand leaves who, from where, before and after: once for each row that changes."""
    sql(
        "select set_config('gateway.writer', 'test', false); insert into windows (title) values ('x'); "
        "insert into components (slug, name) values ('api', 'API'); "
        "insert into window_components (window_id, component_id) select w.id, c.id from windows w, components c; "
        "insert into updates (window_id, status, body) select id, 'resolved', 'Body' from windows; "
        "insert into bypass_key (secret) values (sha256('x')); "
        "insert into bypass_links (name, created_by, expires_at) values ('A', 'x', now() + interval '1 h'); "
        "insert into tokens (name, token_hash, scope) values ('ci', 'x', 'read'); "
        "insert into operators (email, role) values ('a@b.example', 'viewer'); "
        "insert into authenticators (operator_id, secret) select id, 'x' from operators; "
        "insert into authenticator_key (secret) values (sha256('x'))"
    )
    assert audit(sql) == []
    sql(statement)
    entries = audit(sql)
    if isinstance(expected, int):
        assert len(entries) == expected
        return
    assert [entry["action"] for entry in entries] == expected
    for entry in entries:
        verb = entry["action"].partition(".")[2]
        assert entry["actor"] == "psql (role postgres)"
        assert (entry["before"] is None) == (verb in ("started", "scheduled", "added", "posted"))
        assert (entry["after"] is None) == ("deleted" in verb or entry["action"] == "template.removed")


def test_no_secret_gets_into_the_audit(sql: Sql) -> None:
    """That one was changed is told, not what it is."""
    sql("insert into tokens (name, token_hash, scope) values ('ci', 'secret-hash', 'read')")
    sql("insert into operators (email, role, password_hash) values ('a@b.example', 'viewer', 'secret-hash')")
    sql("insert into bypass_key (secret) values (sha256('secret-hash'))")
    sql("update operators set password_hash = 'secret-hash-2'")
    sql("update tokens set token_hash = 'secret-hash-2'")
    text = sql("select json_agg(a) from audit a")
    assert "secret" not in text
    assert b"secret-hash".hex() not in text
    edited = audit(sql)[-2]
    assert (edited["action"], edited["after"]["password_hash"]) == ("operator.edited", "*, another one")


def test_every_table_that_people_write_is_audited(sql: Sql) -> None:
    """A new table needs `select audit_writes_by_hand(...)` in its migration, or a reason here why not."""
    bookkeeping = {"audit", "schema_migrations", "state_version", "jobs", "replicas", "idempotency_keys"}
    # What somebody signs in with. That they did is in the audit.
    bookkeeping |= {"sessions", "sign_in_links", "sign_in_networks"}
    bookkeeping |= {"sessions", "sign_in_links", "pending_sign_ins", "recovery_codes"}
    # What triggers note of changes that have an entry, and what gateways count.
    bookkeeping |= {"component_statuses", "window_effects", "window_refusals", "window_clients", "refusal_writers"}
    tables = sql("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
    audited = sql("select distinct tgrelid::regclass from pg_trigger where tgname = 'audited_by_hand'")
    assert set(tables.splitlines()) - set(audited.splitlines()) == bookkeeping


async def test_a_gateway_s_own_writes_have_its_entries_alone(services: Services, sql: Sql) -> None:
    """Its transactions say who writes, for themselves alone: the next one on the same connection is by hand again."""
    who = Actor(name="sre@example.com", address="203.0.113.9")
    window = await services.windows.create(WindowDraft(title="x"), who)
    await services.windows.end(window.id, who)
    assert [(entry["action"], entry["actor"]) for entry in audit(sql)] == [
        ("window.started", who.name),
        ("window.ended", who.name),
    ]


async def test_the_word_of_a_gateway_ends_with_its_transaction(database: Database, sql: Sql) -> None:
    async with database.transaction() as session:
        pid = await session.connection.fetchval("select pg_backend_pid()")
        await session.connection.execute("insert into windows (title) values ('x')")
    assert audit(sql) == []
    async with database.session() as session:
        assert await session.connection.fetchval("select pg_backend_pid()") == pid
        await session.connection.execute("insert into windows (title) values ('y')")
    assert actions(sql) == ["window.started"]


def test_what_follows_a_function_in_the_same_transaction_is_audited_by_itself(sql: Sql) -> None:
    """A function's word ends with the function."""
    sql("begin; select start_maintenance('x'); update windows set title = 'y'; commit")
    assert actions(sql) == ["window.started", "window.edited"]


@pytest.fixture
def operator_url(sql: Sql, database_url: str) -> Any:
    """The database as a role sees it that may call the functions and nothing else."""
    sql("create role gateway_operator nologin; create role ada login in role gateway_operator")
    manual = MANUAL.read_text()
    (grant,) = re.findall(r"^grant execute on function .*?;", manual, re.MULTILINE | re.DOTALL)
    sql(grant)
    yield database_url.replace("postgres@", "ada@", 1)
    sql("drop owned by ada, gateway_operator cascade; drop role ada; drop role gateway_operator")


def test_an_operator_by_hand_may_call_the_functions(
    operator_url: str, sql: Sql, psql: Callable[[str, str], str]
) -> None:
    """The audit has the role that has logged in, though the functions act as their owner."""
    made = psql(operator_url, "select start_maintenance('x')")
    psql(operator_url, f"select post_update('{made}', 'in_progress', 'Now.')")
    assert psql(operator_url, "select id, state from list_maintenance()") == f"{made}|active"
    assert psql(operator_url, "set role gateway_operator; select end_maintenance()") == made
    assert {entry["actor"] for entry in audit(sql)} == {"psql (role ada)"}


@pytest.mark.parametrize(
    "statement",
    [
        "select * from windows",
        "insert into windows (title) values ('x')",
        "update windows set fixed = true",
        "insert into audit (actor, action, subject) values ('x', 'y', 'z')",
        "select record_by_hand('window.ended', 'x', null, null)",
        "select new_window_by_hand('x', now(), '1 h', 'downtime', null, '', '{}', '{}', '{}', '[]', 'on_time', '0')",
        "select chosen_window(null, '{active}', '{active}', 'x')",
        "select window_by_hand(gen_random_uuid())",
        "select audit_writes_by_hand('windows', 'x', 'id')",
        "select * from tokens",
    ],
)
def test_and_nothing_else(operator_url: str, psql: Callable[[str, str], str], statement: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        psql(operator_url, statement)
    assert "permission denied" in error.value.stderr


def test_names_in_a_function_mean_ours(operator_url: str, sql: Sql, psql: Callable[[str, str], str]) -> None:
    """Whoever calls one can't have it read or write tables of their own, nor run what they made with its rights."""
    psql(
        operator_url,
        "create temp table windows as select 1 as one; create temp table audit as select 1 as one; "
        "create function pg_temp.lower(text) returns text language sql as 'select ''evil''::text'; "
        "set search_path = pg_temp, public; set gateway.writer = 'gateway'; set timezone = 'Asia/Tokyo'; "
        "select public.start_maintenance('x', hosts => '{Shop.example}')",
    )
    assert sql("select title, hosts from windows") == "x|{shop.example}"
    assert actions(sql) == ["window.started"]
    assert audit(sql)[0]["after"]["starts_at"].endswith("+00:00")


def test_nobody_may_call_them_by_default(sql: Sql, database_url: str, psql: Callable[[str, str], str]) -> None:
    """The public role has none of these rights."""
    sql("create role anybody login")
    try:
        for call in ("start_maintenance('x')", "end_maintenance()", "list_maintenance()"):
            with pytest.raises(subprocess.CalledProcessError) as error:
                psql(database_url.replace("postgres@", "anybody@", 1), f"select {call}")
            assert "permission denied" in error.value.stderr
    finally:
        sql("drop role anybody")


def test_the_client_s_address_is_told() -> None:
    """Over TCP the audit has it."""
    with Primary() as server:
        asyncio.run(migrate_at(server.url()))
        server.psql("select start_maintenance('x')")
        assert server.psql("select actor, address from audit") == "psql (role postgres)|127.0.0.1"


async def test_two_who_end_the_only_window_at_once(database_url: str, sql: Sql) -> None:
    """One ends it, the other is told that there is none: the second waits for the first, and then looks."""
    sql("select start_maintenance('x')")
    first, second = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    try:
        transaction = first.transaction()
        await transaction.start()
        await first.execute("select end_maintenance()")
        waiting = asyncio.ensure_future(second.execute("select end_maintenance()"))
        await wait_until(lambda: sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == "1")
        await transaction.commit()
        with pytest.raises(asyncpg.NoDataFoundError, match="no window is active"):
            await waiting
    finally:
        await first.close()
        await second.close()
    assert actions(sql) == ["window.started", "window.ended"]
