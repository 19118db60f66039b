"""`kill -9` at any point of a write: row, audit entry and version are all there, or none; a job is done once."""

import json
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from tests.commands.cli import run_gateway
from tests.observed import wait_until
from tests.story.conftest import StartGateway
from tests.story.customers import fetch
from tests.story.processes import Gateway, eventually

pytestmark = pytest.mark.story

Sql = Callable[[str], str]

API = "/_maintenance/api/v1"
HOLD = 4711
"""The advisory lock that holds up a commit."""

# A transaction that has written an audit entry waits at its COMMIT while the test holds the lock.
HELD_COMMIT = f"""
create function hold_commit() returns trigger language plpgsql as $$
begin perform pg_advisory_xact_lock_shared({HOLD}); return null; end $$;
create constraint trigger hold_commit after insert on audit deferrable initially deferred
    for each row execute function hold_commit();
"""
# What each stage of a write waits for. Reading goes on in all of them.
LOCKS = {
    "version": "select from state_version for update",
    "windows": "lock table windows in exclusive mode",
    "components": "lock table window_components in exclusive mode",
    "updates": "lock table updates in exclusive mode",
    "audit": "lock table audit in exclusive mode",
    "commit": f"select pg_advisory_xact_lock({HOLD})",
}
EFFECTS = [{"slug": "api", "status": "partial_outage"}]
WRITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "create": ("POST", "/windows", {"title": "Written", "components": EFFECTS}),
    "edit": ("PATCH", "/windows/{id}", {"title": "Written", "components": EFFECTS}),
    "end": ("POST", "/windows/{id}/end", {}),
    "post": ("POST", "/windows/{id}/updates", {"status": "identified", "body": "Written"}),
}
STAGES = [
    *(("create", stage) for stage in ("version", "windows", "components", "audit", "commit")),
    *(("edit", stage) for stage in ("version", "windows", "components", "audit", "commit")),
    *(("end", stage) for stage in ("version", "windows", "audit", "commit")),
    *(("post", stage) for stage in ("version", "updates", "audit", "commit")),
]
# Counts what a write of each kind leaves in its tables.
ROWS = {
    "create": "select count(*) from windows join window_components on window_id = id where title = 'Written'",
    "edit": "select count(*) from windows join window_components on window_id = id where title = 'Written'",
    "end": "select count(*) from windows where fixed and ended_at is not null",
    "post": "select count(*) from updates where body = 'Written'",
}
ENTRIES = {"create": "window.started", "edit": "window.edited", "end": "window.ended", "post": "window.posted"}


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


@pytest.fixture
def start(start_gateway: StartGateway, tmp_path: Path, database_url: str, httpbin_url: str) -> Callable[[], Gateway]:
    def start() -> Gateway:
        file = str(tmp_path / "snapshot.json")
        settings = {"DATABASE__URL": database_url, "UPSTREAM__URL": httpbin_url, "MAINTENANCE__SNAPSHOT_FILE": file}
        return start_gateway(tmp_path, **settings)

    return start


@pytest.fixture
def token(tmp_path: Path, database_url: str) -> str:
    made = run_gateway(tmp_path, "token", "create", "writer", "--scope", "write", DATABASE_URL=database_url)
    assert made.code == 0, made
    return made.out.strip()


def kill(gateway: Gateway) -> None:
    """Kill all of its processes at once, as the kernel does when memory is short: nobody says farewell."""
    parent = psutil.Process(gateway.process.pid)
    for process in [*parent.children(recursive=True), parent]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    gateway.ended()


def write(port: int, token: str, method: str, path: str, body: object) -> int | None:
    """Call the API; None where the gateway died over it."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        return fetch(port, API + path, method=method, body=json.dumps(body), headers=headers).status
    except (OSError, HTTPException):
        return None


@contextmanager
def calling(port: int, token: str, method: str, path: str, body: object) -> Iterator[list[int | None]]:
    """Have a write under way; its answer is in the list once the context is left."""
    answers: list[int | None] = []
    thread = threading.Thread(target=lambda: answers.append(write(port, token, method, path, body)))
    thread.start()
    try:
        yield answers
    finally:
        thread.join()


def version(sql: Sql) -> int:
    return int(sql("select version from state_version"))


def waiting(sql: Sql) -> bool:
    """Tell whether a gateway's transaction waits for a lock."""
    return sql(f"select exists (select {_OF_GATEWAYS} and wait_event_type = 'Lock')") == "t"


def gone(sql: Sql) -> bool:
    """Tell whether PostgreSQL has noticed that every gateway is dead."""
    return sql(f"select exists (select {_OF_GATEWAYS})") == "f"


_OF_GATEWAYS = "from pg_stat_activity where datname = current_database() and application_name = 'maintenance-gateway'"


@pytest.mark.parametrize("held_up", STAGES, ids="-".join)
async def test_a_write_whose_gateway_is_killed_is_whole_or_was_never_there(
    held_up: tuple[str, str], sql: Sql, database_url: str, start: Callable[[], Gateway], token: str
) -> None:
    """Killed while it waits at each step: nothing of it is there. Killed while PostgreSQL commits: all of it is."""
    kind, stage = held_up
    sql(HELD_COMMIT)
    sql("insert into components (slug, name) values ('api', 'The API')")
    window = sql("insert into windows (title, gate) values ('Before', 'none') returning id")
    # Told already, so that no job writes meanwhile.
    sql(
        "insert into audit (actor, action, subject, subject_id) "
        "select 't', 'window.started', 'window', id::text from windows"
    )
    gateway = start().listening()
    before = version(sql)
    method, path, body = WRITES[kind]
    holder = await asyncpg.connect(database_url)
    try:
        holding = holder.transaction()
        await holding.start()
        await holder.execute(LOCKS[stage])
        with calling(gateway.port, token, method, path.format(id=window), body) as answers:
            await wait_until(lambda: waiting(sql))
            kill(gateway)
        assert answers == [None]
        await holding.rollback()
    finally:
        await holder.close()
    await wait_until(lambda: gone(sql))
    entries = sql("select action from audit where actor = 'token writer'").splitlines()
    there = (int(sql(ROWS[kind])), entries, version(sql) > before)
    assert there == ((1, [ENTRIES[kind]], True) if stage == "commit" else (0, [], False))
    if stage == "commit":
        assert sql("select s.xmin = a.xmin from state_version s, audit a where a.actor = 'token writer'") == "t"
    # Whoever is started next finds nothing locked, and can do it.
    again = write(start().listening().port, token, method, path.format(id=window), body)
    ended_already = (kind, stage) == ("end", "commit")
    assert again == (409 if ended_already else 201 if method == "POST" and kind != "end" else 200)


@pytest.mark.long
def test_writes_killed_at_random_are_whole_or_were_never_there(
    sql: Sql, start: Callable[[], Gateway], token: str
) -> None:
    """Four writers post as fast as they can; the gateway is killed again and again at a random moment.

    Each post that is there has an audit entry from the same transaction (xmin; PostgreSQL manual, 5.6), and the other
    way round; the version is of the last of them; and what was answered is there.
    """
    seed = time.time_ns()
    chance = random.Random(seed)  # noqa: S311  a schedule of faults
    window = sql("insert into windows (title, gate) values ('Long', 'none') returning id")
    answered: list[str] = []
    tried: list[str] = []

    def keep_posting(port: int, name: str) -> None:
        for number in range(10_000):
            body = f"{name}-{number}"
            tried.append(body)
            status = write(port, token, "POST", f"/windows/{window}/updates", {"status": "identified", "body": body})
            if status is None:
                return
            assert status == 201
            answered.append(body)

    rounds = 8
    for turn in range(rounds):
        gateway = start().listening()
        writers = [threading.Thread(target=keep_posting, args=(gateway.port, f"{turn}-{n}")) for n in range(4)]
        for writer in writers:
            writer.start()
        enough = len(answered) + chance.randrange(1, 40)
        eventually(lambda enough=enough: len(answered) >= enough)
        kill(gateway)
        for writer in writers:
            writer.join()
    eventually(lambda: gone(sql))
    posted = set(sql("select xmin || ' ' || body from updates").splitlines())
    audited = set(sql("select xmin || ' ' || (after->>'body') from audit where action = 'window.posted'").splitlines())
    assert posted == audited, f"seed {seed}"
    bodies = {line.split(" ", 1)[1] for line in posted}
    assert set(answered) <= bodies <= set(tried), f"seed {seed}"
    assert len(tried) - len(answered) >= rounds, "no write was under way when its gateway was killed"
    last = "select xmin from updates order by created_at desc limit 1"
    assert sql(last) == sql("select xmin from state_version"), f"seed {seed}"


async def test_a_job_whose_gateway_is_killed_is_done_by_the_next_once(
    sql: Sql, database_url: str, start: Callable[[], Gateway]
) -> None:
    """Killed between the claim and the commit: the claim is gone with it, and the other gateways do it, one of them."""
    first = start().listening()
    sql("insert into windows (title, gate, starts_at) values ('Tonight', 'none', now() + interval '3 s')")
    holder = await asyncpg.connect(database_url)
    try:
        holding = holder.transaction()
        await holding.start()
        await holder.execute(
            LOCKS["audit"]
        )  # what is written by hand is in the audit, too: so the window is there before
        await wait_until(lambda: waiting(sql))
        kill(first)
        others = [start().listening(), start().listening()]
        await holding.rollback()
    finally:
        await holder.close()
    told = "select count(*) from audit where action = 'window.began'"
    await wait_until(lambda: sql(told) == "1")
    claimed_by = sql("select claimed_by from jobs where name = 'window.began'")
    assert claimed_by.rpartition(":")[2] != str(first.process.pid)
    # Both look again when something changes, and leave it alone.
    sql("insert into windows (title, gate, starts_at) values ('Later', 'none', now() + interval '0.5 s')")
    await wait_until(lambda: sql(told) == "2")
    for gateway in others:
        assert gateway.stop() == 0
    assert sql(told) == "2"
