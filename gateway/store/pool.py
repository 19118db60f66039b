"""The database as the rest of the gateway sees it: named queries, transactions, and errors of our own tree."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import aiosql
import asyncpg
from asyncpg.connect_utils import SessionAttribute

from gateway.domain.errors import ConflictError, InvalidError, StoreError
from gateway.resources import sql_directory

CONNECT_TIMEOUT = 5.0
COMMAND_TIMEOUT = 10.0

# What a connection needs so that documents come out alike everywhere.
SERVER_SETTINGS = {"application_name": "maintenance-gateway", "timezone": "UTC"}

_GONE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
)

# What a constraint that a form or an API call can violate means to the caller: field and remedy.
_CONSTRAINTS: dict[str, tuple[str, str]] = {
    "window_ends_after_it_starts": ("estimated_duration", "must be longer than nothing"),
    "window_lasts_days_not_months": ("estimated_duration", "must be given in days or less, ten years at most"),
    "window_is_of_our_times": ("starts_at", "must lie between 1970 and 9000"),
    "window_reminds_before_it_starts": ("reminders", "must each lie between nothing and a year"),
    "window_reopens_in_time": ("reopen_over", "must lie between nothing and one day"),
    "window_ended_after_it_started": ("ended_at", "lies before the start: cancel a window that has not started"),
    "components_slug_key": ("slug", "is taken by another component"),
    "component_groups_name_key": ("group", "exists already"),
    "operators_by_email": ("email", "is taken by another operator"),
    "bypass_link_expires_in_time": ("expires_in", "must lie between nothing and 30 days"),
    "tokens_name_key": ("name", "is taken by another token, perhaps a revoked one: choose another name"),
}


def load_queries() -> Any:
    """Load every named query of `sql/queries/`; parameters are keywords."""
    return aiosql.from_path(sql_directory() / "queries", "asyncpg")


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn asyncpg's errors into ours.

    Raises:
        StoreError: the database is away, refuses, or has another schema than this gateway expects.
        InvalidError, ConflictError: a constraint of the database does not allow the values.
    """
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        field, remedy = _CONSTRAINTS.get(error.constraint_name or "", ("", ""))
        if not field:
            raise InvalidError({error.column_name or error.constraint_name or "value": str(error)}) from error
        if isinstance(error, asyncpg.UniqueViolationError):
            raise ConflictError(f"{field} {remedy}") from error
        raise InvalidError({field: remedy}) from error
    except asyncpg.DataError as error:
        raise InvalidError({"value": str(error)}) from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError) as error:
        raise StoreError(
            f"the database has another schema than this gateway ({error}); run: gateway migrate"
        ) from error
    except _GONE as error:
        raise StoreError(f"the database can't be reached: {_reason(error)}") from error
    except asyncpg.PostgresError as error:
        raise StoreError(f"the database refused: {_reason(error)}") from error


def storable(text: str) -> str:
    """Replace what PostgreSQL can't store in a text: NUL, and lone surrogates (bytes that were no UTF-8)."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


@dataclass(frozen=True, slots=True)
class Session:
    """One connection in use, with the named queries bound to it: `await session.run("state_version")`."""

    connection: Any
    queries: Any

    async def run(self, query: str, /, **arguments: Any) -> Any:
        """Run a named query of `sql/queries/` and return what its kind returns (value, row, rows, count)."""
        return await getattr(self.queries, query)(self.connection, **arguments)

    async def rows(self, query: str, /, **arguments: Any) -> list[Any]:
        """Run a named query that returns rows."""
        return [row async for row in getattr(self.queries, query)(self.connection, **arguments)]


class Database:
    """The pool of the control plane. Opening it needs no server: each use fails by itself while that is away."""

    def __init__(self, url: str) -> None:
        """Remember where the database is; `open` makes the pool."""
        self.url = url
        self.queries = load_queries()
        self._pool: Any = None

    async def open(self, *, most: int = 5) -> None:
        """Make the pool, of at most `most` connections, without connecting yet.

        Raises:
            InvalidError: the address can't be read.
        """
        try:
            self._pool = await asyncpg.create_pool(
                self.url,
                min_size=0,
                max_size=most,
                timeout=CONNECT_TIMEOUT,
                command_timeout=COMMAND_TIMEOUT,
                server_settings=SERVER_SETTINGS,
                statement_cache_size=0,  # a transaction pooler in between does not know prepared statements
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
                yield Session(connection, self.queries)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Lend a connection inside one transaction: committed at the end, rolled back on any error."""
        async with self.session() as session, session.connection.transaction():
            yield session

    async def connect(self) -> Any:
        """Open a connection outside the pool (the listener's, the migrations'); the caller closes it."""
        with mapped_errors():
            try:
                return await asyncpg.connect(
                    self.url,
                    timeout=CONNECT_TIMEOUT,
                    command_timeout=COMMAND_TIMEOUT,
                    server_settings=SERVER_SETTINGS,
                    statement_cache_size=0,
                    target_session_attrs=SessionAttribute.read_write,
                )
            except (ValueError, OverflowError, asyncpg.ClientConfigurationError) as error:
                raise InvalidError({"database.url": str(error)}) from error
