"""A crowd: many clients at once, some of whom keep their connections, and what became of each request."""

import http.client
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.commands.cli import LONGEST


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A request that got no whole answer."""

    at: float
    """Monotonic."""
    port: int
    """The client's end of the connection; 0 where there was none."""
    error: str


class Crowd:
    """Clients that ask as fast as answers come: `keeping` keep their connection as long as they may, `new` never do."""

    def __init__(
        self, port: int, target: str = "/status/200", *, keeping: int = 4, new: int = 2, until_refused: bool = False
    ) -> None:
        """Visit `port`; with `until_refused`, each leaves when it can't connect any more."""
        self.statuses: Counter[int] = Counter()
        self.broken: list[Broken] = []
        self.reconnected = 0
        """How often a client who keeps its connection was told to take a new one."""
        self._port = port
        self._target = target
        self._lock = threading.Lock()
        self._until_refused = until_refused
        self._leaving = False
        self._threads = [threading.Thread(target=self._keep) for _ in range(keeping)]
        self._threads += [threading.Thread(target=self._renew) for _ in range(new)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        self._leaving = True
        for thread in self._threads:
            thread.join()

    @property
    def served(self) -> int:
        return self.statuses.total()

    def _keep(self) -> None:
        while not self._leaving:
            with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=LONGEST)) as connection:
                while not self._leaving and self._ask(connection, {}):
                    if connection.sock is None:  # the answer said that it is the last one
                        self.reconnected += 1

    def _renew(self) -> None:
        while not self._leaving:
            with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=LONGEST)) as connection:
                self._ask(connection, {"Connection": "close"})

    def _ask(self, connection: http.client.HTTPConnection, headers: dict[str, str]) -> bool:
        port = 0
        try:
            if connection.sock is None:
                connection.connect()
            port = connection.sock.getsockname()[1]
            connection.request("GET", self._target, headers=headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            with self._lock:
                self.broken.append(Broken(at=time.monotonic(), port=port, error=repr(error)))
            self._leaving = self._leaving or (self._until_refused and isinstance(error, ConnectionRefusedError))
            return False
        with self._lock:
            self.statuses[response.status] += 1
        return True
