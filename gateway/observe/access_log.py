"""The access log: a line per request on standard output, for people or as JSON, written by a thread of its own."""

import fcntl
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from re import compile as pattern
from typing import BinaryIO

import structlog

from gateway.domain.observation import RequestServed

_MOST_WAITING = 200_000


class AccessLog:
    """Writes requests, a batch at a time: as JSON, or a line each for people."""

    def __init__(self, form: str, stream: BinaryIO, turn: int | None = None) -> None:
        """Write to `stream`, which should have no buffer of its own, in the form `console` or `json`.

        `turn` is a file that processes which write to the same stream lock in turn: a pipe takes a batch in pieces, and
        lines of two processes would be mixed.
        """
        self._turn = turn
        self._render = _json_lines if form == "json" else _console_lines
        self._stream = stream
        self._batches: queue.SimpleQueue[Sequence[RequestServed] | None] = queue.SimpleQueue()
        # Requests that were put into the queue, by those who log, and taken out, by the thread: beyond a limit they are
        # dropped, and counted.
        self._put = self._taken = 0
        # A thread, for whoever reads the log may stall; a daemon, for that must not hold up the end either.
        self._writer = threading.Thread(target=self._write, name="access log", daemon=True)
        self._writer.start()

    def __call__(self, batch: Sequence[RequestServed]) -> int:
        """Have a batch written; return how many requests are dropped, because the reader of the log has stalled."""
        if self._put - self._taken > _MOST_WAITING:
            return len(batch)
        self._put += len(batch)
        self._batches.put(batch)
        return 0

    def close(self, *, within: float = 1.0) -> None:
        """Write what is left, for at most `within` seconds."""
        self._batches.put(None)
        self._writer.join(within)

    def _write(self) -> None:
        while (batch := self._batches.get()) is not None:
            left = memoryview("".join(self._render(batch)).encode("ascii", "backslashreplace"))
            self._taken += len(batch)
            try:
                with self._own_turn():
                    while left:
                        left = left[self._stream.write(left) :]
            except OSError as error:  # the reader has gone, the disk is full: the next batch may fare better
                structlog.get_logger().warning("AccessLogFailed", reason=str(error), lost=len(batch))

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        """Wait until no other process writes; the kernel ends the turn of one that dies."""
        if self._turn is None:
            yield
            return
        fcntl.lockf(self._turn, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._turn, fcntl.LOCK_UN)


@lru_cache(maxsize=8)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _console_lines(batch: Sequence[RequestServed]) -> Iterator[str]:
    for at, client, method, target, host, status, verdict, sent, seconds, request_id in batch:
        second = int(at)
        # Method and host are what the parser lets pass: safe as they are.
        yield (
            f"{client or '-'} [{_second(second)}.{int((at - second) * 1000):03d}Z] {host.decode() or '-'} "
            f'"{method.decode() or "-"} {_safe(target)}" {status} {sent} {seconds * 1000:.1f}ms {verdict} '
            f"{_safe(request_id)}\n"
        )


def _json_lines(batch: Sequence[RequestServed]) -> Iterator[str]:
    for at, client, method, target, host, status, verdict, sent, seconds, request_id in batch:
        second = int(at)
        yield (
            f'{{"event": "RequestServed", "timestamp": "{_second(second)}.{int((at - second) * 1000):03d}Z", '
            f'"client": {quoted(client)}, '
            f'"method": {_string(method)}, "host": {_string(host)}, "target": {_string(target)}, "status": {status}, '
            f'"verdict": "{verdict}", "sent": {sent}, "seconds": {seconds:.6f}, "request_id": {_string(request_id)}}}\n'
        )


# What could break a line, or fool a terminal or a reader of logs.
_UNSAFE = pattern(rb'["\x00-\x20\x7f-\xff]')
_SAFE = bytes(byte for byte in range(0x21, 0x7F) if byte != ord('"'))
# A one-time link is as good as a password until it is used, a bypass link until it expires: its id alone is told.
_SECRET = pattern(rb"(/admin/sign-in/|gwb_[0-9a-f]*\.)[^/?]+")


def _safe(value: bytes) -> str:
    """Write bytes from outside so that they are one word for people."""
    if b"/sign-in/" in value or b"gwb_" in value:
        value = _SECRET.sub(rb"\1***", value)
    if value.translate(None, _SAFE):  # quicker than the pattern, and mostly nothing is left
        value = _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], value)
    return value.decode("ascii") or "-"


def _string(value: bytes) -> str:
    """Write bytes from outside as a JSON string."""
    if b"/sign-in/" in value or b"gwb_" in value:
        value = _SECRET.sub(rb"\1***", value)
    return quoted(value.decode("ascii", "backslashreplace"))
