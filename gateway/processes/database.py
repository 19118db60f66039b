"""The embedded PostgreSQL in the master's care: started before the workers, again when it dies, stopped at the end."""

import time
from pathlib import Path

from gateway.domain.errors import StoreError
from gateway.domain.observation import DatabaseServerLost, DatabaseServerStarted, Observer
from gateway.store.embedded import EmbeddedServer

_LOOK_EVERY = 0.5
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0


class KeptDatabase:
    """An embedded server that is kept running."""

    def __init__(self, directory: Path, observe: Observer) -> None:
        """Keep the server of `directory`."""
        self.directory = directory
        self._server = EmbeddedServer(directory)
        self._observe = observe
        self._delay = 0.0
        self._look_at = 0.0
        self.url = ""
        """Where it is, once it was started. It stays the same."""

    def start(self) -> None:
        """Start it.

        Raises:
            StoreError: it does not start.
        """
        self.url = self._server.start_and_wait()

    def tend(self) -> None:
        """Look whether it runs, and start it where not; often called, seldom looking."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY
        if self._server.is_running():
            self._delay = 0.0
            return
        if not self._delay:
            self._observe(DatabaseServerLost(reason="it has ended", retry_in=0.0))
        try:
            self._server.start_and_wait()
        except StoreError as error:
            self._delay = min(max(_FIRST_DELAY, 2 * self._delay), _LONGEST_DELAY)
            self._look_at = time.monotonic() + self._delay
            self._observe(DatabaseServerLost(reason=str(error), retry_in=self._delay))
        else:
            self._observe(DatabaseServerStarted())

    def stop(self) -> None:
        """Leave it; the last process to leave stops it."""
        self._server.stop_and_wait()
