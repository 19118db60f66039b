"""The client's side of a connection: one request at a time, its answer read as it comes; fast, for load."""

import asyncio
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from tests.story.harness.model import Target, Verdict


class Outcome(IntEnum):
    """How a request ended. The first three are verdicts; the others are never right."""

    FORWARDED = Verdict.FORWARDED
    READ_ONLY = Verdict.READ_ONLY
    CLOSED = Verdict.CLOSED
    LOST = 3
    """The connection ended before the whole answer was there."""
    STRANGE = 4
    """Anything else: another status, another request's answer."""
    UNANSWERED = 5
    """Nothing came within the time that the load waits for its last answers."""


_READ_ONLY = b"/problems/read-only"
_MAINTENANCE = b"/problems/maintenance"
_MOST_KEPT = 600
_BODY = b"Content-Length: 9\r\n\r\nsome body"

Ended = Callable[["Connection", Outcome, bytes], None]


def message(target: Target) -> tuple[bytes, bytes]:
    """Return what stands before and after the request's number, which is its query."""
    head = f" HTTP/1.1\r\nHost: {target.host}\r\nAccept: application/json\r\nUser-Agent: storm\r\n".encode()
    body = b"\r\n" if target.method in ("GET", "HEAD") else _BODY
    return f"{target.method} {target.path}?".encode(), head + body


class Connection(asyncio.Protocol):
    """One connection; `ended` is called with each answer, and where the connection breaks with a request under way."""

    def __init__(self, gateway: int, ended: Ended) -> None:
        """Belong to the gateway with this index."""
        self.gateway = gateway
        self.number = -1
        """Of the request under way; -1: none is."""
        self.is_open = False
        self._ended = ended
        self._is_head = False
        self._received = b""
        self._transport: Any = None

    def ask(self, number: int, target: Target, before: bytes, after: bytes) -> None:
        """Send a request; `before` and `after` are its message."""
        self.number = number
        self._is_head = target.method == "HEAD"
        self._transport.write(b"%b%d%b" % (before, number, after))

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        begin = end + 4
        length = 0
        if not self._is_head:
            # Both the application and the gateway write this field in this way.
            at = received.find(b"Content-Length: ", 0, end)
            length = int(received[at + 16 : received.find(b"\r", at)]) if at >= 0 else 0
        if len(received) < begin + length:
            return
        self._received = b""
        if self.number < 0 or len(received) > begin + length:
            self._finish(Outcome.STRANGE, received)
            return
        if received.find(b"\r\nConnection: close", 0, end) >= 0:
            self.is_open = False
            self._transport.close()
        self._finish(self._outcome(received, end), received)

    def _outcome(self, received: bytes, end: int) -> Outcome:
        status = received[9:12]
        if status == b"200":
            # The application says which request it answers: proof that this one has reached it.
            proof = b"\r\nX-Storm: %d\r\n" % self.number
            return Outcome.FORWARDED if received.find(proof, 0, end + 2) >= 0 else Outcome.STRANGE
        if status == b"503":
            if self._is_head:  # no body that says more; reading is refused by closed windows alone
                return Outcome.CLOSED if received.find(b"application/problem+json", 0, end) >= 0 else Outcome.STRANGE
            if received.find(_READ_ONLY, end) >= 0:
                return Outcome.READ_ONLY
            if received.find(_MAINTENANCE, end) >= 0:
                return Outcome.CLOSED
        return Outcome.STRANGE

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self.number >= 0:
            self._finish(Outcome.LOST, self._received + repr(error).encode())

    def close(self) -> None:
        """Leave."""
        self.is_open = False
        self._transport.close()

    def _finish(self, outcome: Outcome, received: bytes) -> None:
        self._ended(self, outcome, received[:_MOST_KEPT])
        self.number = -1
