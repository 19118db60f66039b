"""The crew: the workers of a gateway as its master has them. Forks them, hears them, and notices that they end."""

import gc
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.config.settings import Settings
from gateway.domain.errors import GatewayError, InvalidError
from gateway.edge.front import RETIREMENT_IDLE
from gateway.edge.listening import Binding
from gateway.observe.log import configure_logging
from gateway.processes.channel import Channel, Word
from gateway.processes.worker import work

READY_WITHIN = 30.0
"""Seconds that a worker has to start."""
_ENDING = 10.0
"""Seconds beyond what it waits for by itself after which a worker that was told to end is killed."""


class WorkerError(GatewayError):
    """A worker could not start."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What workers are started with; each SIGHUP makes a new one."""

    settings: Settings
    bindings: tuple[Binding, ...]

    @property
    def for_worker(self) -> Settings:
        """The settings of one worker: it has its share of the connections."""
        limits = self.settings.limits
        if not limits.connections:
            return self.settings
        share = max(1, limits.connections // self.settings.server.worker_count)
        return self.settings.model_copy(update={"limits": limits.model_copy(update={"connections": share})})


@dataclass(kw_only=True, eq=False)
class Worker:
    """A process that serves, or will, or did. Times are monotonic."""

    number: int
    """The lowest that no other process has: a label of metrics."""
    pid: int
    plan: Plan
    channel: Channel
    started: float = field(default_factory=time.monotonic)
    is_ready: bool = False
    is_ending: bool = False
    kill_at: float = float("inf")
    """When it had all its time to start, or to end."""
    has_announced: bool = False
    """It has said how the first administrator gets in."""
    failure: GatewayError | None = None
    """Why it could not start, in its own words."""
    status: int = 0
    """How it ended, as `waitpid` tells."""

    def end(self, word: Word) -> None:
        """Tell it to finish what is open, and end."""
        if not self.is_ending:
            self.is_ending = True
            grace = self.plan.settings.server.shutdown_grace.total_seconds()
            idle = min(grace, RETIREMENT_IDLE) if word is Word.RETIRE else 0.0
            self.kill_at = time.monotonic() + idle + grace + _ENDING
            self.channel.say(word)

    @property
    def death(self) -> str:
        """How it ended, in words."""
        if self.failure is not None:
            return str(self.failure)
        code = os.waitstatus_to_exitcode(self.status)
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:  # real-time signals have no name
            return f"killed by signal {-code}"


class Crew:
    """All living workers."""

    def __init__(self, selector: selectors.BaseSelector, log_turn: int) -> None:
        """Hear the workers by `selector`: its keys' `data` is the worker. `log_turn`: see `AccessLog`."""
        self.living: list[Worker] = []
        self.restarts = 0
        """How many workers died."""
        self._selector = selector
        self._log_turn = log_turn

    def fork(self, plan: Plan, forget: Callable[[], None], *, needs_database: bool = False) -> Worker:
        """Start a worker. In the new process, `forget` drops what is the master's alone.

        With `needs_database` it fails to start where it can't reach the database.

        Raises:
            WorkerError: the system has no room for another process.
        """
        taken = {worker.number for worker in self.living}
        number = next(number for number in range(1, len(taken) + 2) if number not in taken)
        try:
            ours, theirs = Channel.pair()
        except OSError as error:
            raise WorkerError(f"no worker can be started: {error.strerror}") from error
        sys.stdout.flush()
        sys.stderr.flush()
        # What is shared stays so while nobody writes to it: also not the collector.
        gc.freeze()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            ours.close()
            theirs.close()
            raise WorkerError(f"no worker can be started: {error.strerror}") from error
        if pid == 0:
            forget()
            ours.close()
            self._serve(plan, number, theirs, blocked, needs_database=needs_database)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        theirs.close()
        worker = Worker(number=number, pid=pid, plan=plan, channel=ours, kill_at=time.monotonic() + READY_WITHIN)
        self.living.append(worker)
        self._selector.register(ours.socket, selectors.EVENT_READ, worker)
        return worker

    def _serve(self, plan: Plan, number: int, channel: Channel, blocked: set[int], *, needs_database: bool) -> NoReturn:
        """Be the worker, from the fork to its end: nothing of the master's may run here, not even its exit."""
        code = 1
        try:
            for worker in self.living:  # the master's end of their channels: who has it keeps them from the end
                worker.channel.close()
            mine = {id(listening) for binding in plan.bindings for listening in binding.sockets}
            for binding in (binding for worker in self.living for binding in worker.plan.bindings):
                for listening in binding.sockets:
                    if id(listening) not in mine:
                        listening.close()
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            configure_logging(plan.settings.log.format)
            code = work(
                plan.for_worker,
                number=number,
                bindings=plan.bindings,
                channel=channel,
                log_turn=self._log_turn,
                needs_database=needs_database,
            )
        except BaseException as error:  # noqa: BLE001  a bug: there is nobody above who could tell of it
            channel.say(Word.FAILED, message=f"this is a bug: {error!r}", fields={})
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def hear(self, worker: Worker) -> None:
        """Take what a worker says."""
        try:
            for word, values in worker.channel.heard():
                match word:
                    case Word.READY:
                        worker.is_ready = True
                        worker.kill_at = float("inf") if not worker.is_ending else worker.kill_at
                    case Word.ANNOUNCED:
                        worker.has_announced = True
                    case Word.FAILED:
                        fields = values["fields"]
                        worker.failure = InvalidError(fields) if fields else WorkerError(values["message"])
                    case Word.SCRAPED:
                        self._scrape(worker)
                    case Word.METRICS:
                        for asker in (asker for asker in self.living if asker.number == values["to"]):
                            asker.channel.say(word, **values)
        except EOFError:
            if worker.channel.socket in self._selector.get_map():
                self._selector.unregister(worker.channel.socket)  # it has ended, or is about to

    def _scrape(self, asker: Worker) -> None:
        """Have all workers tell their metrics to one."""
        told = [worker for worker in self.living if worker.is_ready]
        asker.channel.say(Word.EXPECT, of=[worker.number for worker in told], restarts=self.restarts)
        for worker in told:
            worker.channel.say(Word.EXPOSE, to=asker.number)

    def reap(self) -> Sequence[Worker]:
        """Return the workers that have ended since the last call; kill those that had all their time."""
        dead = []
        now = time.monotonic()
        for worker in list(self.living):
            if worker.kill_at <= now:
                os.kill(worker.pid, signal.SIGKILL)
            pid, worker.status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                self.hear(worker)  # its last words
                worker.channel.close()
                self.living.remove(worker)
                dead.append(worker)
        return dead
