"""Waiting for what is observed, with a deadline, instead of sleeping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.domain.observation import Observation

T = TypeVar("T")
Kind = TypeVar("Kind")

# Far beyond what is expected: a slow machine is no failure, a hang is.
LONGEST = 20.0


async def wait_until(predicate: Callable[[], T | Awaitable[T]], within: float = LONGEST) -> T:
    """Ask `predicate` (plain or async) until it answers something true, and return that.

    Raises:
        TimeoutError: it did not within `within` seconds.
    """
    deadline = time.monotonic() + within
    while True:
        answer = predicate()
        found: T = await answer if inspect.isawaitable(answer) else answer
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so within {within} s: {inspect.getsource(predicate).strip()}")
        await asyncio.sleep(0.005)


class Observations(list[Observation]):
    """An observer that keeps everything it is told, in order."""

    def __call__(self, observation: Observation) -> None:
        self.append(observation)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return what was observed of one kind."""
        return [seen for seen in self if isinstance(seen, kind)]

    async def one_more(self, kind: type[Kind], *, after: int = 0, within: float = LONGEST) -> Kind:
        """Wait until more than `after` of a kind were observed, and return the newest."""
        try:
            await wait_until(lambda: len(self.of(kind)) > after, within)
        except TimeoutError:
            raise TimeoutError(f"no more {kind.__name__} within {within} s; seen: {[*self]}") from None
        return self.of(kind)[-1]
