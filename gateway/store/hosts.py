"""Opening connections: the hosts one by one, to the one that takes writes and is no former primary."""

import asyncio
import socket
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from gateway.domain.errors import GatewayError, InvalidError, StoreError
from gateway.domain.history import UNKNOWN, History
from gateway.store.errors import mapped_errors

CONNECT_TIMEOUT = 5.0
"""Seconds for all hosts together; each has its share, so that one that swallows packets does not eat everything."""
COMMAND_TIMEOUT = 5.0

# What a connection needs so that documents come out alike everywhere.
_SERVER_SETTINGS = {"application_name": "maintenance-gateway", "timezone": "UTC"}

_KEEPALIVE_IDLE = 10
_KEEPALIVE_EVERY = 5
_KEEPALIVE_PROBES = 3

_HISTORY = """
select system_identifier as system,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint as timeline
from pg_control_system()
"""
_NOT_TOLD = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.FeatureNotSupportedError,
    asyncpg.UndefinedFunctionError,
    asyncpg.ObjectNotInPrerequisiteStateError,
)

Host = tuple[str, int | None]


class Connection(asyncpg.Connection):
    """A connection that knows whom it has reached."""

    host: Host | None = None
    """Where it leads; None where the address names no host."""
    history: History = UNKNOWN


class Hosts:
    """The hosts of an address, in the order in which they are tried: first the one that was good last."""

    def __init__(self, url: str) -> None:
        """Read the address; what can't be read in it is told by `connect`."""
        self._url = url
        self._order: list[Host | None] = []
        self.history = UNKNOWN
        """The newest known; servers that it has superseded are refused."""

    def check(self) -> None:
        """Read the hosts.

        Raises:
            InvalidError: the address can't be read.
        """
        try:
            self._order = [*hosts_of(self._url)] or [None]
        except ValueError as error:
            raise InvalidError({"database.url": str(error)}) from error

    def put_last(self, host: Host | None) -> None:
        """Try this one after all others, from now on."""
        if host in self._order:
            self._order.remove(host)
            self._order.append(host)

    async def connect(self, **options: Any) -> Connection:
        """Open a connection to the first host that is good; `options` are those of asyncpg.

        Raises:
            InvalidError: the address can't be read.
            StoreError: no host is good; it says why each is not.
        """
        if not self._order:
            self.check()
        reasons = []
        share = CONNECT_TIMEOUT / len(self._order)
        for host in [*self._order]:
            try:
                async with asyncio.timeout(share):
                    with mapped_errors():
                        connection = await self._connect_to(host, options)
            except TimeoutError:
                reasons.append((host, f"the database can't be reached: no answer within {share:.2g} s"))
            except StoreError as error:
                reasons.append((host, str(error)))
            else:
                if self._order[0] != host:
                    self._order.remove(host)
                    self._order.insert(0, host)
                return connection
        if len(reasons) == 1:
            raise StoreError(reasons[0][1])
        raise StoreError("; ".join(f"{_written(host)}: {reason}" for host, reason in reasons))

    async def _connect_to(self, host: Host | None, options: dict[str, Any]) -> Connection:
        if host is not None:
            options = options | {"host": host[0]} | ({"port": host[1]} if host[1] else {})
        try:
            connection: Connection = await asyncpg.connect(
                self._url,
                **options,
                connection_class=Connection,
                command_timeout=COMMAND_TIMEOUT,
                server_settings=_SERVER_SETTINGS,
                statement_cache_size=0,  # a transaction pooler in between does not know prepared statements
                target_session_attrs=SessionAttribute.read_write,
            )
        except (ValueError, OverflowError, asyncpg.ClientConfigurationError) as error:
            raise InvalidError({"database.url": str(error)}) from error
        try:
            _notice_loss(connection)
            connection.host = host
            connection.history = await _ask_for_history(connection)
            if connection.history.is_superseded_by(self.history):
                raise StoreError(
                    f"the server is a former primary: it is on timeline {connection.history.timeline}, "
                    f"timeline {self.history.timeline} was seen already; if it was restored from a backup on purpose, "
                    "stop all gateways, remove maintenance.snapshot_file and start them again"
                )
        except (GatewayError, asyncpg.PostgresError, OSError, asyncio.CancelledError):
            connection.terminate()
            raise
        return connection


def hosts_of(url: str) -> list[Host]:
    """Return the hosts that a libpq address names, before its path or as `host=` and `port=`; none: libpq's defaults.

    Raises:
        ValueError: the numbers of hosts and ports differ, or a port is none.
    """
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    # As asyncpg reads it: the account ends at the first @.
    named = parts.netloc.partition("@")[2] if "@" in parts.netloc else parts.netloc
    texts = [unquote(text) for text in named.split(",")] if named else options.get("host", "").split(",")
    if texts == [""]:
        return []
    found = [_host(text) for text in texts]
    ports = [int(text) for text in options["port"].split(",")] if options.get("port") else []
    if len(ports) == 1:
        ports *= len(found)
    if ports and len(ports) != len(found):
        raise ValueError(f"{len(ports)} ports do not fit {len(found)} hosts")
    return [(name, ports[number] if ports else port) for number, (name, port) in enumerate(found)]


def _host(text: str) -> Host:
    if text.startswith("/"):
        return text, None
    name, _, port = text.rpartition(":") if text.rpartition(":")[2].isdecimal() else (text, "", "")
    name = name or "localhost"
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif ":" in name:
        raise ValueError(f"{text!r} is no host with a port: write host:5432 or [::1]:5432")
    return name, int(port) if port else None


def _written(host: Host | None) -> str:
    return "the default host" if host is None else f"{host[0]}:{host[1]}" if host[1] else host[0]


async def _ask_for_history(connection: Connection) -> History:
    try:
        (row,) = await connection.fetch(_HISTORY)
    except _NOT_TOLD:
        return UNKNOWN
    return History(system=row["system"], timeline=row["timeline"])


def _notice_loss(connection: Connection) -> None:
    """Have the kernel ask whether the server's host is still there: one that vanished says nothing by itself."""
    transport: asyncio.Transport = connection._transport  # type: ignore[attr-defined]  # noqa: SLF001  no public way
    its = transport.get_extra_info("socket")
    if its is None or its.family not in (socket.AF_INET, socket.AF_INET6):
        return
    its.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    its.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE)
    its.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_EVERY)
    its.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_PROBES)
