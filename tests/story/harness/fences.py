"""The fence, asked over and over for every window that may gate: what it says is held against the application later."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.story.harness.hands import Api, MissedError, RefusedError

EVERY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer of the fence; times are monotonic."""

    window: str
    sent: float
    answered: float
    holds: bool


class Fences:
    """Asks. Where the API has no fence, `is_there` is false and nothing is asked."""

    def __init__(self, apis: Sequence[Api], alive: Mapping[str, int], seed: int) -> None:
        """Ask about the windows that are `alive`."""
        self.said: list[Said] = []
        self._apis = apis
        self._alive = alive
        self._chance = random.Random(f"{seed} fences")

    async def is_there(self) -> bool:
        """Tell whether the API has a fence at all: its description says so."""
        try:
            await self._apis[0].call("GET", "/00000000-0000-0000-0000-000000000000/fence")
        except MissedError as error:
            return "there is no window" in str(error)
        return True

    async def run(self) -> None:
        """Ask until cancelled."""
        if not await self.is_there():
            return
        while True:
            for window in [*self._alive][-10:]:
                await self._ask(window)
            await asyncio.sleep(EVERY)

    async def _ask(self, window: str) -> None:
        sent = time.monotonic()
        try:
            answer = await self._chance.choice(self._apis).call("GET", f"/{window}/fence")
        except RefusedError:  # deleted
            return
        except MissedError:  # nothing is said while something is away
            return
        self.said.append(Said(window=window, sent=sent, answered=time.monotonic(), holds=answer["holds"]))
