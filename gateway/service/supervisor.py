"""The supervisor: every background loop runs under it; one that crashes is told, backed off and started again."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from gateway.domain.observation import LoopCrashed, Observer

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
_TELL_AGAIN = 1.0

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
        """End all loops; a loop may lose its cancellation to an error of its own, and is told again."""
        ending = set(self._tasks)
        while ending:
            for task in ending:
                task.cancel()
            _, ending = await asyncio.wait(ending, timeout=_TELL_AGAIN)

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
