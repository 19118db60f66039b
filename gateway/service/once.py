"""Acts that happen once, however often they are sent: what was answered to each, for a day."""

from gateway.domain.access import Actor, Once
from gateway.store import once as store
from gateway.store.once import Done
from gateway.store.pool import Database

__all__ = ["Done", "Onces"]


class Onces:
    """What was done with a key. The claim itself is made in the change's transaction (store/audit.py)."""

    def __init__(self, database: Database) -> None:
        """Keep answers in `database`."""
        self._database = database

    async def find(self, actor: Actor, once: Once) -> Done | None:
        """Return what the actor has done with the key; None: nothing."""
        async with self._database.session() as session:
            return await store.find(session, actor, once)

    async def keep(self, actor: Actor, once: Once, done: Done) -> None:
        """Keep what was answered, to be answered again."""
        async with self._database.session() as session:
            await store.keep(session, actor, once, done)
