"""The database as the rest of the gateway sees it: named queries, transactions, and errors of our own tree."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import aiosql
import asyncpg

from gateway.domain.errors import InvalidError, StoreError
from gateway.domain.history import History
from gateway.resources import sql_directory
from gateway.store.errors import mapped_errors
from gateway.store.hosts import CONNECT_TIMEOUT, Connection, Hosts


@cache
def load_queries() -> Any:
    """Load every named query of `sql/queries/`, once; parameters are keywords."""
    return aiosql.from_path(sql_directory() / "queries", "asyncpg")


def storable(text: str) -> str:
    """Replace what PostgreSQL can't store in a text: NUL, and lone surrogates (bytes that were no UTF-8)."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Session:
    """One connection in use, with the named queries bound to it: `await session.run("state_version")`."""

    connection: Any
    queries: Any

    @property
    def history(self) -> History:
        """Of the database that answers."""
        history: History = self.connection.history
        return history

    async def run(self, query: str, /, **arguments: Any) -> Any:
        """Run a named query of `sql/queries/` and return what its kind returns (value, row, rows, count)."""
        with self._in_time():
            return await getattr(self.queries, query)(self.connection, **arguments)

    async def rows(self, query: str, /, **arguments: Any) -> list[Any]:
        """Run a named query that returns rows."""
        with self._in_time():
            return [row async for row in getattr(self.queries, query)(self.connection, **arguments)]

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Give the connection up where the server does not answer in time: it would not answer a rollback, either."""
        try:
            yield
        except TimeoutError:
            self.connection.terminate()
            raise


class Database:
    """The pool of the control plane. Opening it needs no server: each use fails by itself while that is away."""

    def __init__(self, url: str) -> None:
        """Remember where the database is; `open` makes the pool."""
        self.url = url
        self.queries = load_queries()
        self._hosts = Hosts(url)
        self._pool: Any = None
        self.moves = 0
        """How often the listener has left a server or met a new history: connections that are kept are made anew."""

    async def open(self, *, most: int = 5) -> None:
        """Make the pool, of at most `most` connections, without connecting yet.

        Raises:
            InvalidError: the address can't be read.
        """
        self._hosts.check()
        try:
            self._pool = await asyncpg.create_pool(
                self.url, min_size=0, max_size=most, connect=self._connect_for_pool, connection_class=Connection
            )
        except (ValueError, OverflowError, asyncpg.ClientConfigurationError) as error:
            raise InvalidError({"database.url": str(error)}) from error

    async def close(self) -> None:
        """Close the pool; connections that hang are cut."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Lend a connection for reading."""
        with mapped_errors():
            if self._pool is None:
                raise StoreError
            async with self._pool.acquire(timeout=CONNECT_TIMEOUT) as connection:
                try:
                    yield Session(connection, self.queries)
                except TimeoutError:
                    # Given back as it is, it would be asked once more whether it answers.
                    connection.terminate()
                    raise

    @asynccontextmanager
    async def transaction(self, writer: str = "gateway") -> AsyncIterator[Session]:
        """Lend a connection inside one transaction: committed at the end, rolled back on any error.

        Who writes in it writes the audit's entry, too: the triggers that do so for writes by hand leave it alone.
        `writer` is for tables that note themselves who has written.
        """
        async with self.session() as session, session.connection.transaction():
            await session.run("write_as", writer=writer)
            yield session

    async def connect(self) -> Connection:
        """Open a connection outside the pool (the listener's, the migrations'); the caller closes it.

        Raises:
            InvalidError: the address can't be read.
            StoreError: no host of it is a primary that answers.
        """
        return await self._hosts.connect()

    def follow(self, history: History) -> None:
        """Refuse servers that `history` has superseded, from now on; an unknown history changes nothing."""
        if history.system is not None and history != self._hosts.history:
            self.moves += 1
            self._hosts.history = history

    async def lost(self, connection: Connection) -> None:
        """Note that a session broke: its host is tried last, and the pool's connections are made anew before use."""
        self.moves += 1
        self._hosts.put_last(connection.host)
        if self._pool is not None:
            await self._pool.expire_connections()

    async def _connect_for_pool(self, *_: object, **options: Any) -> Connection:
        # The pool passes the address and the loop, too: ours stand fast.
        return await self._hosts.connect(record_class=options["record_class"])
