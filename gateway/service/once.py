"""Acts that happen once, however often they are sent: what was answered to each, for a day."""

import asyncio

from gateway.domain.access import Actor, Once
from gateway.service.following import follow
from gateway.service.state import State
from gateway.store import once as store
from gateway.store.once import Done
from gateway.store.pool import Database

__all__ = ["Done", "Onces"]

_LOOKS = 10
_PAUSE = 0.1


class Onces:
    """What was done with a key. The claim itself is made in the change's transaction (store/audit.py)."""

    def __init__(self, database: Database, state: State) -> None:
        """Keep answers in `database`, and wait for `state` to follow what was done."""
        self._database = database
        self._state = state

    async def find(self, actor: Actor, once: Once) -> Done | None:
        """Return what the actor has done with the key; None: nothing. This gateway follows it then, whoever did it.

        The first answer may be on its way: it is waited for, for a moment.
        """
        for _ in range(_LOOKS):
            async with self._database.session() as session:
                done = await store.find(session, actor, once)
                version = await session.run("state_version")
            if done is None:
                return None
            if done.status is not None or done.act == once.act:
                break
            await asyncio.sleep(_PAUSE)
        await follow(self._state, self._database, version)
        return done

    async def keep(self, actor: Actor, once: Once, done: Done) -> None:
        """Keep what was answered, to be answered again."""
        async with self._database.session() as session:
            await store.keep(session, actor, once, done)
