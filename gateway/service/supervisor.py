"""The supervisor: every background loop runs under it; one that crashes is told, backed off and started again."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from gateway.domain.observation import LoopCrashed, Observer

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0

Loop = Callable[[], Awaitable[None]]


class Supervisor:
    """An async context: loops started in it run until it is left."""

    def __init__(self, observe: Observer) -> None:
        """Tell crashes to `observe`."""
        self._observe = observe
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Enter; nothing runs yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all loops."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, loop: Loop, name: str) -> None:
        """Run `loop` in the background, for ever."""
        self._tasks.append(asyncio.create_task(self._keep(loop, name), name=name))  # noqa: TID251  this is the place

    async def _keep(self, loop: Loop, name: str) -> None:
        clock = asyncio.get_running_loop().time
        delay = FIRST_DELAY
        while True:
            reason, started = "it returned", clock()
            try:
                await loop()
            except Exception as error:  # noqa: BLE001  whatever it is: it is told, and the loop goes on
                reason = repr(error)
            if clock() - started > LONGEST_DELAY:  # it has run well
                delay = FIRST_DELAY
            self._observe(LoopCrashed(name=name, reason=reason, retry_in=delay))
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
