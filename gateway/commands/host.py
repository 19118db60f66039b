"""The host's side: the database that the settings name, with the use cases that need no running gateway."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.commands.failures import WrongSettingsError, tell
from gateway.config.settings import Settings
from gateway.domain.access import Actor, command_line
from gateway.domain.errors import InvalidError
from gateway.domain.observation import Observation
from gateway.service.operators import Operators
from gateway.service.second_factors import SecondFactors
from gateway.service.sessions import Sessions
from gateway.service.tokens import Tokens
from gateway.store.embedded import EmbeddedServer
from gateway.store.migrate import migrate
from gateway.store.pool import Database

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What commands on the host work with. `actor` is who the audit names."""

    operators: Operators
    sessions: Sessions
    second_factors: SecondFactors
    tokens: Tokens
    actor: Actor


def on_host(settings: Settings, work: Callable[[Host], Awaitable[T]]) -> T:
    """Do one piece of work with the host's database, and return what it returns."""

    async def done() -> T:
        async with open_host(settings) as host:
            return await work(host)

    return asyncio.run(done())


@asynccontextmanager
async def open_host(settings: Settings) -> AsyncIterator[Host]:
    """Open the database, bring its schema up to date, and lend the use cases.

    Raises:
        StoreError: the database is away or refuses.
        WrongSettingsError: its address can't be read.
    """
    async with open_database(settings) as database:
        async with open_connection(database) as connection:
            for migration in await migrate(connection):
                tell(f"applied the migration {migration.name}")
        admin = settings.admin
        sessions = Sessions(database, lifetime=admin.session_lifetime, idle=admin.session_idle)
        yield Host(
            operators=Operators(database, sessions=sessions, product=settings.maintenance.product, observe=_observe),
            sessions=sessions,
            second_factors=SecondFactors(database, sessions=sessions, observe=_observe),
            tokens=Tokens(database),
            actor=command_line(login_name()),
        )


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Lend the database of the settings; an embedded server runs meanwhile, shared with a running gateway.

    Raises:
        StoreError: the embedded server does not start.
        WrongSettingsError: the address can't be read.
    """
    embedded = EmbeddedServer(settings.database.embedded_directory) if settings.database.is_embedded else None
    url = await embedded.start() if embedded else settings.database.url.get_secret_value()
    try:
        database = Database(url)
        try:
            await database.open()
        except InvalidError as error:
            raise WrongSettingsError(error.fields) from error
        try:
            yield database
        finally:
            await database.close()
    finally:
        if embedded:
            await embedded.stop()


@asynccontextmanager
async def open_connection(database: Database) -> AsyncIterator[Any]:
    """Lend a connection of its own, as migrations need it.

    Raises:
        StoreError: the database is away or refuses.
        WrongSettingsError: the address can't be read.
    """
    try:
        connection = await database.connect()
    except InvalidError as error:
        raise WrongSettingsError(error.fields) from error
    try:
        yield connection
    finally:
        await connection.close()


def login_name() -> str:
    """Return who is logged in; the number where the account has no name, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _observe(observation: Observation) -> None:
    """Tell what happens while a command works."""
    tell(str(observation))
