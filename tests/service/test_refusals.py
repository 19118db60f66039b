"""The counts of refusals in PostgreSQL: exact over all writers, whatever happens to them and to the database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from gateway.domain.errors import StoreError
from gateway.domain.observation import RefusalsLost, RefusalsUnwritten, RefusalsWritten
from gateway.domain.refusals import Refusals
from gateway.domain.window import Gate, Window
from gateway.service import refusals as refusals_service
from gateway.service.clock import Clock
from gateway.service.refusals import RefusalWriter
from gateway.service.state import State
from gateway.store import jobs
from gateway.store.pool import Database
from tests.edge.conftest import window as make_window
from tests.observed import Observations, wait_until
from tests.postgres import Postgres
from tests.schema import migrate_at

Sql = Callable[[str], str]
INSERT = "insert into windows (id, title) values ('{}', 'Upgrade {}')"
END = "update windows set starts_at = now() - interval '2 days', {}"
ROW = "select requests, clients, is_at_least from window_refusals where window_id = '{}'"


@pytest.fixture
def sql(psql: Callable[[str, str], str], database_url: str) -> Sql:
    return partial(psql, database_url)


class Gateway:
    """What one gateway process counts, and its writer."""

    def __init__(self, database: Database, directory: Path, observations: Observations) -> None:
        self.refusals = Refusals()
        file = directory / "snapshot.json"
        state = State(clock=Clock(), observe=observations, file=file, close_unknown=False)
        self.writer = RefusalWriter(database, state, self.refusals, every=5, observe=observations)

    def refuse(self, window: Window, *clients: str) -> None:
        """Count a refusal for each client."""
        for client in clients:
            self.refusals.add(window, client)


@pytest.fixture
def gateways(database: Database, tmp_path: Path, observations: Observations) -> list[Gateway]:
    """Eight processes of gateways."""
    return [Gateway(database, tmp_path, observations) for _ in range(8)]


@pytest.fixture
def window(sql: Sql) -> Window:
    return on_record(sql, 1)


def on_record(sql: Sql, number: int) -> Window:
    """Return a window that is in the database."""
    made = make_window(Gate.CLOSED, number=number)
    sql(INSERT.format(made.id, number))
    return made


def row(sql: Sql, window: Window) -> str:
    """Return requests, clients, and whether there may have been more."""
    return sql(ROW.format(window.id))


async def test_many_gateways_write_at_once_and_each_client_counts_once(
    gateways: list[Gateway], window: Window, sql: Sql
) -> None:
    """Requests are added up; a client that met several gateways, or came again, is one."""
    other = on_record(sql, 2)
    for _ in range(3):
        for number, gateway in enumerate(gateways):
            gateway.refuse(window, *(f"10.0.0.{client}" for client in range(number, number + 100)))
            gateway.refuse(other, "10.0.0.1")
        await asyncio.gather(*(gateway.writer.write() for gateway in gateways))
    assert row(sql, window) == f"{3 * 8 * 100}|107|f"
    assert row(sql, other) == "24|1|f"
    assert sql("select counted_until between now() - interval '1 minute' and now() from window_refusals limit 1") == "t"


async def test_writing_is_no_change_of_the_state(gateways: list[Gateway], window: Window, sql: Sql) -> None:
    """No version is raised: else all gateways would load everything anew every few seconds."""
    version = sql("select version from state_version")
    gateways[0].refuse(window, "10.0.0.1")
    await gateways[0].writer.write()
    await gateways[0].writer.write()
    assert sql("select version from state_version") == version
    assert sql("select written from refusal_writers") == "1"


async def test_no_address_is_kept(gateways: list[Gateway], window: Window, sql: Sql) -> None:
    """A client is 16 bytes that differ in each window, so that nobody can be followed from one to the next."""
    other = on_record(sql, 2)
    gateways[0].refuse(window, "10.0.0.1")
    gateways[0].refuse(other, "10.0.0.1")
    await gateways[0].writer.write()
    assert (
        sql("select count(distinct client), min(length(client)), max(length(client)) from window_clients") == "2|16|16"
    )
    assert sql("select count(distinct client_key), min(length(client_key)) from window_refusals") == "2|32"


async def test_what_the_database_does_not_take_is_kept_and_written_once(
    own_postgres: Postgres, psql: Callable[[str, str], str], tmp_path: Path, observations: Observations
) -> None:
    """PostgreSQL is away for a while: it is told once, nothing is lost, and nothing is counted twice."""
    url = own_postgres.url()
    await migrate_at(url)
    database = Database(url)
    await database.open()
    gateway = Gateway(database, tmp_path, observations)
    sql = partial(psql, url)
    window = on_record(sql, 1)
    gateway.refuse(window, "10.0.0.1", "10.0.0.2")
    await gateway.writer.write()
    own_postgres.stop()
    for last in range(3, 6):
        gateway.refuse(window, "10.0.0.1", f"10.0.0.{last}")
        with pytest.raises(StoreError):
            await gateway.writer.write()
    assert [told.requests for told in observations.of(RefusalsUnwritten)] == [2]
    assert gateway.writer.unwritten() == 6
    own_postgres.start()
    await gateway.writer.write()
    assert observations.of(RefusalsWritten)
    assert row(sql, window) == "8|5|f"
    assert gateway.writer.unwritten() == 0
    await database.close()


class LosesAnswers:
    """Stands between a gateway and PostgreSQL; once it is armed, a commit arrives, and its answer is lost."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self.is_armed = False
        self._loses = False
        self.lost = 0
        self.ended = 0

    async def serve(self) -> tuple[asyncio.Server, int]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return server, server.sockets[0].getsockname()[1]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket)
        try:
            await asyncio.gather(self._pass_on(reader, back), self._pass_back(there, writer))
        finally:
            back.close()
            writer.close()
            self.ended += 1

    async def _pass_on(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                self._loses = self.is_armed and b"COMMIT" in data
                back.write(data)
        back.close()

    async def _pass_back(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await there.read(65536):
            if self._loses:
                self._loses = self.is_armed = False
                self.lost += 1
                break
            writer.write(data)
        writer.close()


@pytest.fixture
async def lossy(database_url: str) -> AsyncIterator[tuple[Database, LosesAnswers]]:
    """A database whose commits can be made to get no answer."""
    url = urlsplit(database_url)
    relay = LosesAnswers(f"{url.query.removeprefix('host=')}/.s.PGSQL.5432")
    server, port = await relay.serve()
    database = Database(f"postgresql://postgres@127.0.0.1:{port}{url.path}?sslmode=disable")
    await database.open()
    yield database, relay
    await database.close()
    server.close()
    await wait_until(lambda: relay.ended >= 1)


async def test_a_commit_whose_answer_is_lost_is_not_added_twice(
    lossy: tuple[Database, LosesAnswers], window: Window, sql: Sql, tmp_path: Path, observations: Observations
) -> None:
    """The batch is offered again under the same number, and what came meanwhile is written beside it."""
    database, relay = lossy
    gateway = Gateway(database, tmp_path, observations)
    gateway.refuse(window, "10.0.0.1", "10.0.0.1", "10.0.0.2")
    relay.is_armed = True
    with pytest.raises(StoreError):
        await gateway.writer.write()
    assert relay.lost == 1
    assert row(sql, window) == "3|2|f", "it was committed"
    assert gateway.writer.unwritten() == 3
    gateway.refuse(window, "10.0.0.3")
    await gateway.writer.write()
    assert row(sql, window) == "4|3|f"
    assert gateway.writer.unwritten() == 0


async def test_a_deleted_window_is_counted_no_more(gateways: list[Gateway], window: Window, sql: Sql) -> None:
    """An SRE deletes it by hand: its counts go with it, and those of other windows are written as ever."""
    other = on_record(sql, 2)
    gateways[0].refuse(window, "10.0.0.1")
    await gateways[0].writer.write()
    gateways[0].refuse(window, "10.0.0.2")
    gateways[0].refuse(other, "10.0.0.2")
    sql("delete from windows where title = 'Upgrade 1'")
    await gateways[0].writer.write()
    assert row(sql, window) == ""
    assert row(sql, other) == "1|1|f"
    assert sql("select count(*) from window_clients") == "1"


async def test_more_clients_than_a_process_can_keep_are_at_least_so_many(
    gateways: list[Gateway], window: Window, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of addresses fills no memory: requests stay exact, and the number of clients is told as a lower bound."""
    monkeypatch.setattr("gateway.domain.refusals.MOST_CLIENTS", 3)
    gateways[0].refuse(window, *(f"10.0.0.{client}" for client in range(3)), "10.0.0.0")
    await gateways[0].writer.write()
    assert row(sql, window) == "4|3|f"
    gateways[0].refuse(window, *(f"10.0.0.{client}" for client in range(9)))
    await gateways[0].writer.write()
    assert row(sql, window) == "13|3|t"


async def test_more_clients_than_the_table_takes_are_at_least_so_many(
    gateways: list[Gateway], window: Window, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over all gateways together: the table of hashes has an end, too."""
    monkeypatch.setattr(refusals_service, "MOST_WRITTEN", 5)
    monkeypatch.setattr(refusals_service, "_STATEMENT", 2)
    gateways[0].refuse(window, *(f"10.0.0.{client}" for client in range(5)))
    await gateways[0].writer.write()
    assert row(sql, window) == "5|5|f"
    other = on_record(sql, 2)
    gateways[0].refuse(other, *(f"10.0.0.{client}" for client in range(9)))
    await gateways[0].writer.write()
    assert row(sql, other) == "9|5|t"
    sql("delete from windows where title = 'Upgrade 2'")
    gateways[1].refuse(window, "10.0.0.99")
    await gateways[1].writer.write()
    assert row(sql, window) == "6|5|t"
    assert sql("select count(*) from window_clients") == "5"


async def test_after_a_move_of_the_database_all_clients_are_offered_anew(
    gateways: list[Gateway], database: Database, window: Window, sql: Sql
) -> None:
    """A promoted standby may lack the last commits: who was written there is not known."""
    gateways[0].refuse(window, "10.0.0.1")
    await gateways[0].writer.write()
    sql("delete from window_clients")
    sql("update window_refusals set clients = 0")
    database.moves += 1
    gateways[0].refuse(window, "10.0.0.1")
    await gateways[0].writer.write()
    assert row(sql, window) == "2|1|f"


async def test_a_known_client_is_not_offered_again(
    gateways: list[Gateway], window: Window, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Customers look again every few seconds: only those that are new cost the database anything; all stays exact."""
    gateways[0].refuse(window, "10.0.0.1")
    await gateways[0].writer.write()
    sql("delete from window_clients")
    gateways[0].refuse(window, "10.0.0.1")
    await gateways[0].writer.write()
    assert sql("select count(*) from window_clients") == "0"
    sql("update window_refusals set clients = 0")
    monkeypatch.setattr(refusals_service, "_MOST_KNOWN", 1)
    for _ in range(2):
        gateways[0].refuse(window, "10.0.0.1", "10.0.0.2", "10.0.0.3")
        await gateways[0].writer.write()
    assert row(sql, window) == "8|3|f"


@pytest.mark.parametrize(
    ("end", "is_forgotten"),
    [
        ("ended_at = now() - interval '25 hours'", True),
        ("ended_at = now() - interval '23 hours'", False),
        ("ended_at = now() - interval '25 hours', reopen_over = '2 hours'", False),
        ("ends = 'on_time', estimated_duration = '23 hours'", True),
        ("ends = 'when_fixed', estimated_duration = '23 hours'", False),
    ],
)
async def test_a_day_after_the_window_clients_are_forgotten_and_their_number_stays(  # noqa: PLR0917
    end: str,
    is_forgotten: bool,  # noqa: FBT001
    gateways: list[Gateway],
    database: Database,
    window: Window,
    sql: Sql,
) -> None:
    """The hashes go, and with them what they were made with; a window that is not over keeps them."""
    gateways[0].refuse(window, "10.0.0.1", "10.0.0.2")
    await gateways[0].writer.write()
    sql(END.format(end))
    async with database.transaction() as session:
        await jobs.sweep(session)
    assert row(sql, window) == "2|2|f"
    assert sql("select count(*) from window_clients") == ("0" if is_forgotten else "2")
    assert sql("select client_key is null from window_refusals") == ("t" if is_forgotten else "f")


async def test_who_comes_after_clients_were_forgotten_makes_the_number_a_lower_bound(
    gateways: list[Gateway], database: Database, window: Window, sql: Sql
) -> None:
    """A gateway was cut off for days, or the window was reopened: its requests count, its clients may be the same."""
    gateways[0].refuse(window, "10.0.0.1", "10.0.0.2")
    await gateways[0].writer.write()
    sql("update windows set starts_at = now() - interval '3 days', ended_at = now() - interval '2 days'")
    async with database.transaction() as session:
        await jobs.sweep(session)
    gateways[1].refuse(window, "10.0.0.1")
    await gateways[1].writer.write()
    assert row(sql, window) == "3|2|t"


async def test_at_the_end_what_is_left_is_written(gateways: list[Gateway], window: Window, sql: Sql) -> None:
    gateways[0].refuse(window, "10.0.0.1")
    await gateways[0].writer.finish()
    assert row(sql, window) == "1|1|f"


async def test_at_the_end_what_can_not_be_written_is_told(
    tmp_path: Path, window: Window, observations: Observations
) -> None:
    """The database is away while a gateway stops: the log says what the history lacks."""
    database = Database("postgresql://127.0.0.1:1/x")
    await database.open()
    gateway = Gateway(database, tmp_path, observations)
    gateway.refuse(window, "10.0.0.1", "10.0.0.1")
    await gateway.writer.finish()
    assert [lost.requests for lost in observations.of(RefusalsLost)] == [2]
    await database.close()


async def test_many_clients_let_requests_in_between(gateways: list[Gateway], window: Window, sql: Sql) -> None:
    """20,000 new clients are hashed in slices: nothing else of the process waits longer than a few milliseconds."""
    clients = [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(20_000)]
    gateways[0].refuse(window, *clients)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await gateways[0].writer.write()
    counting.cancel()
    assert turns > 20
    assert row(sql, window) == "20000|20000|f"


async def test_a_writer_has_a_name_of_its_own(gateways: list[Gateway], window: Window, sql: Sql) -> None:
    """Two processes may have written as many batches: each is judged by its own."""
    for gateway in gateways[:2]:
        gateway.refuse(window, "10.0.0.1")
        await gateway.writer.write()
    assert row(sql, window) == "2|1|f"
    assert len({UUID(line) for line in sql("select id from refusal_writers").splitlines()}) == 2
