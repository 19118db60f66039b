"""A worker: the process that serves. It has its sockets from the master, and does what the master says."""

import asyncio
import gc
import signal
from collections.abc import Sequence
from contextlib import suppress

import uvloop

from gateway.app import Gateway, Membership, running
from gateway.config.settings import Settings
from gateway.domain.errors import GatewayError, InvalidError
from gateway.edge.listening import Binding
from gateway.observe.log import say
from gateway.observe.metrics import merged
from gateway.processes.channel import Channel, Word

_SCRAPE_WITHIN = 1.0
"""Seconds that the other workers have to tell their metrics; without those that don't, the answer goes out."""


def work(
    settings: Settings,
    *,
    number: int,
    bindings: Sequence[Binding],
    channel: Channel,
    log_turn: int,
    needs_database: bool = False,
) -> int:
    """Serve until the master says otherwise, or has gone; return the exit code."""
    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # a terminal or systemd tells all processes; the master decides
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            worker = _Worker(number, channel)
            membership = Membership(
                bindings=bindings,
                log_turn=log_turn,
                exposition=worker.exposition,
                worker=number,
                needs_database=needs_database,
            )
            runner.run(worker.run(settings, membership))
    except GatewayError as error:
        fields = error.fields if isinstance(error, InvalidError) else {}
        channel.say(Word.FAILED, message=str(error), fields=fields)
        return 1
    return 0


def settle_memory() -> None:
    """Take all that was made at the start out of the collector's sight: it stays, and need not be looked at."""
    gc.collect()
    gc.freeze()
    # Requests make no cycles, and those that wait to be logged are many: they need not be looked at again and again.
    # What does make cycles (asyncio's transports, the built-in site) is little, and is found soon enough by that.
    gc.set_threshold(5_000, 10, 20)


class _Worker:
    def __init__(self, number: int, channel: Channel) -> None:
        self._number = number
        self._channel = channel
        self._ended = asyncio.Event()
        self._gateway: Gateway | None = None
        self._early: list[tuple[Word, dict[str, object]]] = []
        """What the master said before this worker could do it."""
        self._announcing: asyncio.Task[None] | None = None
        self._scrape: _Scrape | None = None

    async def run(self, settings: Settings, membership: Membership) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._channel.socket, self._hear)
        async with running(settings, membership) as gateway:
            self._gateway = gateway
            settle_memory()
            self._channel.say(Word.READY)
            for word, values in self._early:
                self._obey(word, values)
            await self._ended.wait()
            if self._announcing is not None:
                self._announcing.cancel()

    def _hear(self) -> None:
        try:
            for word, values in self._channel.heard():
                self._obey(word, values)
        except EOFError:  # the master was killed: nobody would replace or stop this worker
            asyncio.get_running_loop().remove_reader(self._channel.socket)
            self._ended.set()

    def _obey(self, word: Word, values: dict[str, object]) -> None:
        gateway = self._gateway
        if gateway is None:
            self._early.append((word, values))
        elif word in (Word.DRAIN, Word.RETIRE):
            if word is Word.RETIRE:
                gateway.ending.retire()
            self._ended.set()
        elif word is Word.NOTICE:
            gateway.ending.announce()
        elif word is Word.ANNOUNCE:
            self._announcing = asyncio.get_running_loop().create_task(self._announce(gateway))
        elif word is Word.EXPOSE:
            text = gateway.metrics.text().decode()
            self._channel.say(Word.METRICS, of=self._number, to=values["to"], text=text)
        elif self._scrape is not None:
            self._scrape.hear(word, values)

    async def _announce(self, gateway: Gateway) -> None:
        await _announce(gateway)
        self._channel.say(Word.ANNOUNCED)

    async def exposition(self) -> bytes:
        """Ask all workers for their metrics, by way of the master; who asks at the same time gets the same answer."""
        scrape = self._scrape
        if scrape is None:
            scrape = self._scrape = _Scrape()
            self._channel.say(Word.SCRAPED)
        try:
            with suppress(TimeoutError):  # a worker has just died, or is stuck: the others' are worth telling
                async with asyncio.timeout(_SCRAPE_WITHIN):
                    await scrape.complete.wait()
        finally:
            self._scrape = None
        if self._gateway is not None:
            scrape.texts.setdefault(self._number, self._gateway.metrics.text().decode())
        return merged(scrape.texts, restarts=scrape.restarts)


class _Scrape:
    """The metrics of all workers, as they come."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.restarts = 0
        self.complete = asyncio.Event()
        self._expected: set[int] | None = None

    def hear(self, word: Word, values: dict[str, object]) -> None:
        match word, values:
            case Word.EXPECT, {"of": list(numbers), "restarts": int(restarts)}:
                self._expected = set(numbers)
                self.restarts = restarts
            case Word.METRICS, {"of": int(number), "text": str(text)}:
                self.texts[number] = text
        if self._expected is not None and self._expected <= self.texts.keys():
            self.complete.set()


async def _announce(gateway: Gateway) -> None:
    """Say how the first administrator gets in, once the database can be asked."""
    if not gateway.knows_operators():
        say("the database can't be reached yet, so nobody can sign in; traffic goes by the last known state")
    while True:
        try:
            link = await gateway.first_link()
        except GatewayError:
            await asyncio.sleep(1)  # it has gone again
            continue
        if link:
            say(f"no operator yet; the first administrator signs in once at {link}")
        return
