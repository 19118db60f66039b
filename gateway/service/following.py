"""Read-your-writes: a writer answers once this gateway has what was written."""

import time
from contextlib import suppress

from gateway.domain.errors import StoreError
from gateway.service.state import State
from gateway.store.pool import Database
from gateway.store.snapshot import load_snapshot

# The listener mostly needs a few milliseconds; where it does not hear, the writer fetches the state itself.
_PATIENCE = 0.5


async def follow(state: State, database: Database, version: int) -> None:
    """Wait until at least `version` is in force here.

    The change is committed already, so nothing is raised: where the database goes away now, the listener catches up
    when it is back.
    """
    try:
        await state.wait_for(version, within=_PATIENCE)
    except TimeoutError:
        with suppress(StoreError):
            before = time.monotonic()
            async with database.session() as session:
                snapshot = await load_snapshot(session)
                history = session.history
            state.loaded(snapshot, before, time.monotonic(), history)
