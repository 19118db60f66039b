"""Customers: single requests, and one who asks over and over and keeps what came."""

import http.client
import itertools
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.commands.cli import LONGEST
from tests.story.processes import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that was read to its end; `headers` in their order, repeated ones too."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first value of a field."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def text(self) -> str:
        return self.body.decode()


def fetch(
    port: int,
    target: str = "/",
    *,
    method: str = "GET",
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    chunked: bool = False,
) -> Answer:
    """Send one request on a connection of its own, and read the answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)) as connection:
        connection.request(method, target, body=body, headers=dict(headers or {}), encode_chunked=chunked)
        response = connection.getresponse()
        # `read` raises IncompleteRead where the body is shorter than its head says.
        return Answer(
            status=response.status, reason=response.reason, headers=response.getheaders(), body=response.read()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request: when it was sent and answered (seconds since the epoch), and how."""

    sent: float
    answered: float
    status: int


class Customer:
    """Asks over and over, as fast as answers come, on one connection that is never opened again."""

    def __init__(self, gateway: Gateway, target: str = "/status/200") -> None:
        self.visits: list[Visit] = []
        self._target = target
        self._connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=LONGEST)
        self._connection.connect()
        self._connection.auto_open = 0
        self._came = threading.Condition()
        self._leaving = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        self.sees(200)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        self._thread.join()
        self._connection.close()
        if self._error is not None and error is None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._leaving:
                visit = self._visit()
                with self._came:
                    self.visits.append(visit)
                    self._came.notify_all()
        except Exception as error:  # noqa: BLE001  raised in the test, by `sees` or at the end
            with self._came:
                self._error = error
                self._came.notify_all()

    def _visit(self) -> Visit:
        sent = time.time()
        self._connection.request("GET", self._target)
        response = self._connection.getresponse()
        response.read()
        return Visit(sent=sent, answered=time.time(), status=response.status)

    def sees(self, status: int, *, since: float = 0.0, within: float = LONGEST) -> Visit:
        """Wait for the first visit answered with `status` after `since`, also if it was long ago; return it.

        Raises:
            TimeoutError: none came within `within` seconds.
        """
        searched = 0
        deadline = time.monotonic() + within
        with self._came:
            while True:
                for visit in itertools.islice(self.visits, searched, None):
                    if visit.status == status and visit.answered >= since:
                        return visit
                searched = len(self.visits)
                if self._error is not None:
                    raise self._error
                if not self._came.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"no {status} within {within} s; seen {self.story}")

    @property
    def story(self) -> list[int]:
        """The statuses in order, each once until it changes."""
        with self._came:
            return [status for status, _ in itertools.groupby(visit.status for visit in self.visits)]
