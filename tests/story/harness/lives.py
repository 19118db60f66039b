"""The lives of windows: what happens to each from its making to its end, by chance, by any hand."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.story.harness.hands import Draft, Hand, MissedError, Psql, RefusedError
from tests.story.harness.load import HOSTS, PATHS
from tests.story.harness.model import Target
from tests.story.harness.probes import Probes

WATCH_BEFORE = 0.03
"""Seconds that probes run before a change."""
WATCH_AFTER = 0.4
_LONG = 600.0
_PATIENCE = 30.0
_AGAIN = 0.3


def probe_target(number: int) -> Target:
    """Return the target of one window alone, as far as scopes can say so; a write, so that read-only gates it."""
    return Target("POST", f"w{number}.example", "/cart")


@dataclass(slots=True)
class Deeds:
    """What was done, by name, and what was missed because something was away."""

    done: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Whom a life has to do with."""

    apis: Sequence[Hand]
    psql: Psql
    probes: Probes
    deeds: Deeds
    propagation: float
    """Seconds after which every gateway must know a change."""
    alive: dict[str, int]
    """The windows that may gate at the moment, by id."""


class Life:
    """One window's life."""

    def __init__(self, stage: Stage, number: int, seed: int) -> None:
        """Be decided by the seed and the number."""
        self._stage = stage
        self._number = number
        self._chance = random.Random(f"{seed} life {number}")
        self._title = f"Window {number}"

    async def live(self) -> None:
        """Live one of the lives."""
        live = self._chance.choice(_LIVES)
        try:
            await live(self)
        except MissedError as error:
            self._stage.deeds.missed[live.__name__] += 1
            self._stage.deeds.reasons.append(f"{live.__name__}: {error}")
            # It may have been made and changed all the same, and must not stay for ever.
            await self._persistently("abandon", lambda: self._stage.psql.abandon(self._title))

    async def started_and_ended(self) -> None:
        """Start now, end by hand."""
        window = await self._make(starts_in=None)
        await self._pause(0.2, 2.5)
        await self._do("end", lambda hand: hand.end(window))

    async def on_time(self) -> None:
        """Schedule for the near future; it starts and ends with nobody saying so."""
        # Not before every gateway knows it: then its start is a matter of time alone.
        starts_in, seconds = self._stage.propagation + self._chance.uniform(0.1, 1.5), self._chance.uniform(0.2, 2)
        await self._make(starts_in=starts_in, seconds=seconds, ends="on_time")
        for wait in (starts_in, seconds):
            await asyncio.sleep(wait - 2 * WATCH_BEFORE)
            self._watch()
            await asyncio.sleep(2 * WATCH_BEFORE)
        await self._pause(0.1, 0.3)

    async def cancelled(self) -> None:
        """Schedule, and cancel just before it would start, or just too late for that."""
        starts_in = self._chance.uniform(0.3, 1.0)
        window = await self._make(starts_in=starts_in)
        await asyncio.sleep(starts_in - self._chance.uniform(0.0, 0.2))
        try:
            await self._do("cancel", lambda hand: hand.cancel(window))
        except RefusedError:
            await self._do("end", lambda hand: hand.end(window))

    async def started_early(self) -> None:
        """Schedule for much later, start now, end by hand."""
        window = await self._make(starts_in=_LONG)
        await self._pause(0.1, 0.5)
        await self._do("start", lambda hand: hand.start(window))
        await self._pause(0.2, 1.5)
        await self._do("end", lambda hand: hand.end(window))

    async def extended(self) -> None:
        """End on time, but later than was said first; or as was said first, where the word comes too late."""
        seconds = self._chance.uniform(0.4, 1.0)
        over_at = time.monotonic() + seconds  # at the earliest: the window begins after this
        window = await self._make(starts_in=None, seconds=seconds, ends="on_time")
        more = self._chance.uniform(0.3, 1.0)
        await asyncio.sleep(self._chance.uniform(0.1, seconds - 0.2))
        try:
            await self._do("extend", lambda hand: hand.extend(window, more))
        except RefusedError:
            if time.monotonic() < over_at:
                raise
        await asyncio.sleep(seconds + more)

    async def rescoped(self) -> None:
        """Be about something else, and about the first thing again."""
        hosts, paths = self._scope()
        window = await self._make(starts_in=None, hosts=hosts, paths=paths)
        await self._pause(0.2, 0.8)
        elsewhere = (self._chance.choice(HOSTS),)
        await self._do("rescope", lambda hand: hand.rescope(window, elsewhere, ()))
        await self._pause(0.2, 0.8)
        await self._do("rescope", lambda hand: hand.rescope(window, hosts, paths))
        await self._pause(0.1, 0.5)
        await self._do("end", lambda hand: hand.end(window))

    async def regated(self) -> None:
        """Be closed, read-only and nothing, in any order."""
        window = await self._make(starts_in=None)
        for gate in self._chance.sample(["closed", "read_only", "none", "closed", "read_only"], 4):
            await self._pause(0.2, 0.6)
            await self._do("regate", lambda hand, gate=gate: hand.regate(window, gate))
        await self._do("end", lambda hand: hand.end(window))

    async def deleted(self) -> None:
        """Have the row taken out from under it."""
        window = await self._make(starts_in=None)
        await self._pause(0.2, 1.5)
        self._watch()
        await asyncio.sleep(WATCH_BEFORE)
        await self._persistently("delete", lambda: self._stage.psql.delete(window))

    async def _make(
        self,
        *,
        starts_in: float | None,
        seconds: float = _LONG,
        ends: str = "when_fixed",
        hosts: tuple[str, ...] | None = None,
        paths: tuple[str, ...] = (),
    ) -> str:
        if hosts is None:
            hosts, paths = self._scope()
        draft = Draft(
            title=self._title,
            starts_in=starts_in,
            seconds=seconds,
            ends=ends,
            gate=self._chance.choice(["closed", "closed", "read_only"]),
            hosts=hosts,
            paths=paths,
        )
        self._watch()
        await asyncio.sleep(WATCH_BEFORE)
        window = await self._hand().make(draft)
        self._stage.deeds.done["make"] += 1
        self._stage.alive[window] = self._number
        self._watch()
        return window

    def _scope(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Choose hosts and paths; the window's own probe target is always among them."""
        own = f"w{self._number}.example"
        hosts = self._chance.choice([(own,), (own, self._chance.choice(HOSTS)), (own, "*.shop.example"), ()])
        others = self._chance.sample(PATHS[1:], 2)
        # Everything, for a short while, is what is feared most; mostly it is a part.
        paths = self._chance.choice([(), ("/cart", others[0])]) if hosts or self._chance.random() < 0.3 else ("/cart",)
        return hosts, paths

    async def _do(self, name: str, deed: Callable[[Hand], Awaitable[None]]) -> None:
        self._watch()
        await asyncio.sleep(WATCH_BEFORE)
        await self._persistently(name, lambda: deed(self._hand()))
        self._watch()

    async def _persistently(self, name: str, deed: Callable[[], Awaitable[None]]) -> None:
        """Try again where something is away for the moment: a window must not stay for ever."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                await deed()
            except RefusedError:
                raise
            except MissedError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(_AGAIN)
            else:
                self._stage.deeds.done[name] += 1
                return

    def _hand(self) -> Hand:
        return self._chance.choice([*self._stage.apis, *[self._stage.psql] * (len(self._stage.apis) // 2)])

    def _watch(self) -> None:
        self._stage.probes.watch(self._number, WATCH_AFTER)

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self._chance.uniform(least, most))


_LIVES: tuple[Callable[[Life], Awaitable[None]], ...] = (
    Life.started_and_ended,
    Life.on_time,
    Life.cancelled,
    Life.started_early,
    Life.extended,
    Life.rescoped,
    Life.regated,
    Life.deleted,
)


async def live_all(stage: Stage, *, windows: int, seconds: float, seed: int) -> None:
    """Have all windows live, each from some instant of the time on; return when the last one is over."""
    chance = random.Random(f"{seed} births")
    births = sorted(chance.uniform(0, seconds) for _ in range(windows))

    async def live(number: int, birth: float) -> None:
        await asyncio.sleep(birth)
        await Life(stage, number, seed).live()

    async with asyncio.TaskGroup() as group:
        for number, birth in enumerate(births):
            group.create_task(live(number, birth))
