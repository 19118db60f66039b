"""The master: binds the addresses, keeps the embedded PostgreSQL, and has workers serve: as many as the settings say.

It serves nobody itself, has no event loop and no thread: it can fork whenever a worker is missing. Everything that
happens to workers follows from one rule (`_tend`): there are as many of the present plan as it wants, and those of a
former plan are retired, one for each new one that is ready.
"""

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable

from pydantic import SecretStr

from gateway.config.settings import Settings
from gateway.domain.errors import GatewayError, InvalidError
from gateway.domain.observation import (
    Listening,
    Observer,
    SettingsLoaded,
    SettingsRefused,
    WorkerDied,
    WorkerReady,
)
from gateway.edge.listening import Binding, bind
from gateway.observe.log import LogReader, configure_logging, say
from gateway.processes.channel import Word
from gateway.processes.crew import Crew, Plan, Worker, WorkerError
from gateway.processes.database import KeptDatabase

_TICK = 0.5
_LAST_ACCEPTS = 1.0
"""Seconds that workers have to accept the connections that wait when the ports are closed."""
_HANDSHAKE = 0.05
"""Seconds that a connection may take that has begun before."""
_EARLY = 10.0
"""Seconds: a worker that dies younger than this may die of what kills the next one, too."""
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Master:
    """Runs a gateway until SIGTERM or SIGINT."""

    def __init__(self, settings: Settings, load: Callable[[], Settings]) -> None:
        """Begin with `settings`; on SIGHUP, `load` reads them again, or raises InvalidError."""
        self._settings = settings
        self._load = load
        self._observe: Observer = LogReader()
        self._stops = False
        self._hurries = False
        """Without notice: whoever has sent SIGINT, or a second signal, waits for the end."""
        self._reloads = False
        self._serves = False
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._crew = Crew(self._selector, os.memfd_create("access log"))
        self._database: KeptDatabase | None = None
        self._plan = Plan(settings=settings, bindings=())
        self._announcer: Worker | None = None
        """Who is to say how the first administrator gets in, until it has."""
        self._respawn_at = self._delay = 0.0

    def run(self) -> int:
        """Serve; return the exit code.

        Raises:
            InvalidError: a setting can't be used.
            GatewayError: it could not start: an address is taken, the embedded PostgreSQL does not start.
        """
        self._hear_signals()
        try:
            self._start()
            while not self._stops:
                if self._reloads:
                    self._reload()
                self._tend()
                self._wait(_TICK)
            if self._serves:
                self._give_notice()
        finally:
            self._end()
        return 0

    # Events

    def _hear_signals(self) -> None:
        for end in (self._wake, self._woken):
            end.settimeout(0)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        for number in _HEARD:
            signal.signal(number, lambda *_: None)  # each also comes as a byte, which can't be missed while waiting
        self._selector.register(self._wake, selectors.EVENT_READ, None)

    def _forget(self) -> None:
        """Drop, in a new worker, what is the master's."""
        signal.set_wakeup_fd(-1)
        for number in _HEARD:
            signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else signal.SIG_IGN)
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def _wait(self, seconds: float) -> None:
        """Wait for something to happen, for at most so long, and note it."""
        for key, _ in self._selector.select(max(0.0, seconds)):
            worker: Worker | None = key.data
            if worker is None:
                self._take_signals()
                continue
            was_ready = worker.is_ready
            self._crew.hear(worker)
            if worker.is_ready and not was_ready:
                self._observe(WorkerReady(worker=worker.number, pid=worker.pid))
        for dead in self._crew.reap():
            # One that never served told why, to whoever waits for it: at the start, or to try new settings.
            if not dead.is_ending and (dead.is_ready or (self._serves and dead.plan is self._plan)):
                self._died(dead)

    def _take_signals(self) -> None:
        for number in self._wake.recv(256):
            if number in (signal.SIGTERM, signal.SIGINT):
                self._hurries = self._hurries or self._stops or number == signal.SIGINT
                self._stops = True
            elif number == signal.SIGHUP:
                self._reloads = True

    def _died(self, worker: Worker) -> None:
        now = time.monotonic()
        if now - worker.started < _EARLY:
            self._fork_later()
        else:
            self._delay, self._respawn_at = 0.0, now
        self._crew.restarts += 1
        self._observe(WorkerDied(worker=worker.number, pid=worker.pid, reason=worker.death, retry_in=self._delay))

    # Workers

    def _fork(self, plan: Plan, *, needs_database: bool = False) -> Worker:
        return self._crew.fork(plan, self._forget, needs_database=needs_database)

    def _fork_later(self) -> None:
        """Wait before the next worker, longer each time."""
        self._delay = min(max(_FIRST_DELAY, 2 * self._delay), _LONGEST_DELAY)
        self._respawn_at = time.monotonic() + self._delay

    def _replace(self, missing: int) -> None:
        """Start workers; where the system has no room for one, those that live serve on and it is tried again."""
        try:
            for _ in range(missing):
                self._fork(self._plan)
        except WorkerError as error:
            self._fork_later()
            self._observe(WorkerDied(worker=0, pid=0, reason=str(error), retry_in=self._delay))

    def _tend(self) -> None:
        """Start workers that are missing, retire those that are too many, and look after PostgreSQL."""
        serving = [worker for worker in self._crew.living if not worker.is_ending]
        present = [worker for worker in serving if worker.plan is self._plan]
        former = [worker for worker in serving if worker.plan is not self._plan]
        ready = [worker for worker in present if worker.is_ready]
        wanted = self._plan.settings.server.worker_count
        missing = wanted - len(present)
        if former:  # one after the other, while the former ones serve
            missing = min(missing, 1 - (len(present) - len(ready)))
        if time.monotonic() >= self._respawn_at:
            self._replace(missing)
        self._have_announced(ready)
        if ready:
            for worker in former[: max(0, len(ready) + len(former) - wanted)]:
                worker.end(Word.RETIRE)
        if self._database is not None:
            self._database.tend()

    def _have_announced(self, ready: list[Worker]) -> None:
        """Have another worker announce where the one that was to has gone before it could."""
        if self._announcer is None:
            return
        if self._announcer.has_announced:
            self._announcer = None
        elif ready and (self._announcer.is_ending or self._announcer not in self._crew.living):
            self._announcer = ready[0]
            self._announcer.channel.say(Word.ANNOUNCE)

    # From start to end

    def _start(self) -> None:
        self._plan = self._planned(self._settings)
        workers = [self._fork(self._plan) for _ in range(self._settings.server.worker_count)]
        if not self._are_ready(workers):
            return
        for binding in self._plan.bindings:
            if not binding.is_internal:
                say(f"{'the panel is only' if binding.is_panel else 'listening'} on {binding.url}")
                self._observe(Listening(url=binding.url))
        self._announcer = workers[0]
        self._announcer.channel.say(Word.ANNOUNCE)
        self._serves = True

    def _are_ready(self, workers: list[Worker]) -> bool:
        """Wait until all serve; False where the gateway was told to stop first.

        Raises:
            GatewayError: one could not start.
        """
        while not all(worker.is_ready for worker in workers):
            if self._stops:
                return False
            self._wait(_TICK)
            for worker in workers:
                if worker not in self._crew.living:
                    raise worker.failure or WorkerError(f"a worker could not start: {worker.death}")
        return True

    def _planned(self, settings: Settings) -> Plan:
        """Make what workers need: the database's address, and sockets, those that are there already and new ones.

        Raises:
            GatewayError: an address is taken, the embedded PostgreSQL does not start or can't follow.
        """
        if settings.database.is_embedded:
            directory = settings.database.embedded_directory
            if self._database is None:
                self._database = KeptDatabase(directory, self._observe)
                self._database.start()
            elif self._database.directory != directory:
                raise InvalidError(
                    {"database.embedded_directory": "can't change while the server runs: restart the gateway"}
                )
            database = settings.database.model_copy(update={"url": SecretStr(self._database.url)})
            settings = settings.model_copy(update={"database": database})
        return Plan(settings=settings, bindings=bind(settings.server, self._plan.bindings, panel=settings.admin.listen))

    def _reload(self) -> None:
        """Read the settings again, and have a first worker try them; if it serves, the others follow (`_tend`)."""
        self._reloads = False
        try:
            plan = self._planned(self._load())
        except Exception as error:  # noqa: BLE001  told; whatever is wrong with new settings, the present ones serve on
            self._refuse(error)
            return
        former = self._plan
        try:
            # Another database that can't be reached is a slip of the pen: nobody would know the windows in force.
            is_moved = plan.settings.database.url != former.settings.database.url
            worker = self._fork(plan, needs_database=is_moved)
            self._are_ready([worker])  # whoever dies meanwhile is replaced after that
        except Exception as error:  # noqa: BLE001  as above
            _close_others(plan.bindings, former.bindings)
            self._refuse(error)
            return
        if not worker.is_ready:
            return
        self._plan = plan
        configure_logging(plan.settings.log.format)
        self._observe(SettingsLoaded(workers=plan.settings.server.worker_count))
        for binding in plan.bindings:
            if not binding.is_internal and binding.address not in {kept.address for kept in former.bindings}:
                self._observe(Listening(url=binding.url))
        _close_others(former.bindings, plan.bindings)

    def _refuse(self, error: Exception) -> None:
        """Tell that the settings stay as they were, and why."""
        reasons = [f"{path}: {text}" for path, text in error.fields.items()] if isinstance(error, InvalidError) else []
        reasons = reasons or [str(error) if isinstance(error, GatewayError) else f"this is a bug: {error!r}"]
        for reason in reasons:
            say(f"the settings stay as they were; {reason}")
        self._observe(SettingsRefused(reason="; ".join(reasons)))

    def _give_notice(self) -> None:
        """Have `/ready` say no, and go on serving until balancers have noticed."""
        for worker in self._crew.living:
            worker.channel.say(Word.NOTICE)
        until = time.monotonic() + self._plan.settings.server.shutdown_notice.total_seconds()
        while not self._hurries and (left := until - time.monotonic()) > 0 and self._crew.living:
            self._wait(left)

    def _end(self) -> None:
        """Close the ports, have all workers finish what is open, and stop the embedded PostgreSQL."""
        self._stops = True
        outside = [binding for binding in self._plan.bindings if not binding.is_internal]
        for binding in outside:
            binding.ignore_newcomers()
        until = time.monotonic() + _LAST_ACCEPTS
        while self._serves and time.monotonic() < until:
            self._wait(_HANDSHAKE)
            if not any(binding.waiting for binding in outside):
                break
        for binding in self._plan.bindings:
            binding.close()
        for worker in self._crew.living:
            worker.end(Word.DRAIN)
        while self._crew.living:
            self._wait(_TICK)
        if self._database is not None:
            self._database.stop()
        signal.set_wakeup_fd(-1)
        self._selector.close()
        for end in (self._wake, self._woken):
            end.close()


def _close_others(bindings: tuple[Binding, ...], kept: tuple[Binding, ...]) -> None:
    """Close the sockets of `bindings` that `kept` does not have."""
    known = {listening for binding in kept for listening in binding.sockets}
    for listening in (listening for binding in bindings for listening in binding.sockets):
        if listening not in known:
            listening.close()
