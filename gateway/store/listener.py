"""The listener: one session of its own that hears of changes, loads the snapshot, and doubts itself.

NOTIFY gives speed, never correctness (state.md): the session LISTENs *before* it loads, loads again after every
connect, and asks every few seconds for the version, the server's role and its own subscription.
"""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime

from gateway.domain.errors import GatewayError, StoreError
from gateway.domain.history import History
from gateway.domain.observation import (
    ListenerConnected,
    ListenerLost,
    Migrated,
    NotificationLost,
    NotificationsHeard,
    NotificationsMissing,
    Observer,
)
from gateway.domain.snapshot import Snapshot
from gateway.store.errors import mapped_errors
from gateway.store.hosts import Connection
from gateway.store.migrate import migrate
from gateway.store.pool import Database, Session
from gateway.store.snapshot import load_snapshot

CHANNEL = "gateway_state"
# Short enough that gateways are in step within two seconds after the database is back.
LONGEST_DELAY = 1.5
FIRST_DELAY = 0.1
# Where notifications do not come: how often the version is asked for, and after how long they are tried again.
_POLL_EVERY = 1.0
_TRY_AGAIN = 60.0
_HEARD_WITHIN = 1.0

Loaded = Callable[[Snapshot, float, float, History], None]
Confirmed = Callable[[datetime, float, float], None]


class Listener:
    """Follows the database for ever; hands every snapshot to `loaded` with the local monotonic times around it."""

    def __init__(
        self, database: Database, *, loaded: Loaded, confirmed: Confirmed, observe: Observer, probe_every: float = 2.0
    ) -> None:
        """Follow `database`, and call `confirmed` with PostgreSQL's clock when a probe found nothing new.

        `probe_every` is also the time limit of one probe, in seconds.
        """
        self._database = database
        self._loaded = loaded
        self._confirmed = confirmed
        self._observe = observe
        self._probe_every = probe_every
        self._changed = asyncio.Event()
        self._hears: bool | None = None
        self._try_at = 0.0
        self.is_connected = False
        self.settled = asyncio.Event()
        """Set once the first attempt has succeeded or failed."""
        self.reached = asyncio.Event()
        """Set once the database was followed for the first time."""

    async def run(self) -> None:
        """Connect, follow, and start over whenever that breaks, until cancelled."""
        delay = FIRST_DELAY
        while True:
            try:
                await self._follow()
            except GatewayError as error:
                delay = FIRST_DELAY if self.is_connected else min(delay * 2, LONGEST_DELAY)
                self.is_connected = False
                pause = delay * random.uniform(0.5, 1.0)  # noqa: S311  jitter, no secret
                self.settled.set()
                self._observe(ListenerLost(reason=str(error), retry_in=round(pause, 3)))
                await asyncio.sleep(pause)

    async def _follow(self) -> None:
        connection = await self._database.connect()
        try:
            with mapped_errors():
                for migration in await migrate(connection):
                    self._observe(Migrated(name=migration.name))
                await self._listen(connection)
        finally:
            # `close` would wait for a server that may be frozen.
            connection.terminate()
            await self._database.lost(connection)

    async def _listen(self, connection: Connection) -> None:
        session = Session(connection, self._database.queries)
        self._changed.clear()
        connection.add_termination_listener(self._heard)
        # LISTEN first, then load: a change in between is heard of, at worst twice.
        await connection.add_listener(CHANNEL, self._heard)
        version = await self._load(session)
        self.is_connected = True
        self.settled.set()
        self.reached.set()
        self._observe(ListenerConnected())
        await self._try_notifications(connection)
        while True:
            if await self._wait():
                version = await self._load(session)
                continue
            if await self._probe(session) != version:
                version = await self._load(session)
                if self._hears and not self._changed.is_set():
                    self._observe(NotificationLost(version=version))
            if not self._hears and time.monotonic() >= self._try_at:
                await self._try_notifications(connection)

    def _heard(self, *_: object) -> None:
        self._changed.set()

    async def _wait(self) -> bool:
        """Wait for a notification; False where none came within the probe interval."""
        try:
            async with asyncio.timeout(self._probe_every if self._hears else min(_POLL_EVERY, self._probe_every)):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    async def _load(self, session: Session) -> int:
        before = time.monotonic()
        async with asyncio.timeout(self._probe_every * 2):
            snapshot = await load_snapshot(session)
        self._database.follow(session.history)
        self._loaded(snapshot, before, time.monotonic(), session.history)
        return snapshot.version

    async def _probe(self, session: Session) -> int:
        """Ask the session itself for the version.

        Raises:
            StoreError: the server is no primary any more, or the session does not listen.
        """
        before = time.monotonic()
        async with asyncio.timeout(self._probe_every):
            row = await session.run("probe")
        if row["in_recovery"]:
            raise StoreError("the server is a standby now")
        if self._hears and not row["listening"]:
            raise StoreError("the session does not listen any more")
        self._confirmed(row["now"], before, time.monotonic())
        version: int = row["version"]
        return version

    async def _try_notifications(self, connection: Connection) -> None:
        """Find out whether notifications reach the session, and tell where that has changed.

        One is sent from another session: behind a transaction pooler, one's own might come although no other does.
        """
        self._try_at = time.monotonic() + _TRY_AGAIN
        heard = asyncio.Event()
        channel = f"gateway_try_{random.getrandbits(64):x}"

        def hear(*_: object) -> None:
            heard.set()

        async with asyncio.timeout(self._probe_every):
            await connection.add_listener(channel, hear)
        hears = await self._is_notified(channel, heard)
        # Also behind a pooler: each try would leave one more behind in a session that others use.
        async with asyncio.timeout(self._probe_every):
            await connection.remove_listener(channel, hear)
        if hears is None:
            return  # nothing is known, so the version is asked for, and this is tried again
        if self._hears is not False and not hears:
            self._observe(
                NotificationsMissing(
                    reason=f"a notification from another session did not come within {_HEARD_WITHIN:g} s; "
                    "is there a transaction pooler (PgBouncer) in between?",
                    remedy="give the gateway a direct connection, or the pooler a pool in session mode: database.url",
                    asking_every=_POLL_EVERY,
                )
            )
        elif self._hears is False and hears:
            self._observe(NotificationsHeard())
        self._hears = hears

    async def _is_notified(self, channel: str, heard: asyncio.Event) -> bool | None:
        """Send a notification and wait for it; None where it could not be sent."""
        try:
            async with asyncio.timeout(self._probe_every):
                await self._notify(channel)
        except (StoreError, TimeoutError):
            return None
        try:
            async with asyncio.timeout(_HEARD_WITHIN):
                await heard.wait()
        except TimeoutError:
            return False
        return True

    async def _notify(self, channel: str) -> None:
        other = await self._database.connect()
        try:
            with mapped_errors():
                await other.execute(f"notify {channel}")
        finally:
            other.terminate()
