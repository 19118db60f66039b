"""The log: one line per observation, for people or as JSON, on standard error; requests on standard output."""

import json
import logging
import queue
import re
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, BinaryIO

import structlog

from gateway.domain.observation import (
    CertificateFailed,
    HandlerFailed,
    ListenerConnected,
    ListenerLost,
    LoopCrashed,
    Observation,
    RequestServed,
    RequestsUntold,
    ServerEjected,
    SignInFailed,
    SnapshotFileFailed,
    UpstreamFailed,
)

_WARNINGS = (
    CertificateFailed,
    ListenerLost,
    RequestsUntold,
    ServerEjected,
    SignInFailed,
    SnapshotFileFailed,
    UpstreamFailed,
)
_TELL_AGAIN = 60.0
_MOST_BATCHES = 120
_ERRORS = (LoopCrashed, HandlerFailed)


def configure_logging(form: str, *, level: int = logging.INFO) -> None:
    """Send structlog and the standard library's warnings to standard error, as `console` or `json` lines.

    What is below `level` is left out.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=24,
            exception_formatter=structlog.dev.plain_traceback,  # the rich ones print variables: cookies, tokens
        )
    )
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


class LogReader:
    """Writes each observation as a line; the event's name is the observation's."""

    def __init__(self) -> None:
        """Use the configured logger."""
        self._log = structlog.get_logger()
        self._loss: ListenerLost | None = None
        self._loss_told_at = 0.0

    def __call__(self, observation: Observation) -> None:
        """Write one observation; of a loss that lasts, one line a minute."""
        if isinstance(observation, ListenerLost):
            if self._is_told(observation):
                return
        elif isinstance(observation, ListenerConnected):
            self._loss = None
        if isinstance(observation, _ERRORS):
            write = self._log.error
        elif isinstance(observation, _WARNINGS):
            write = self._log.warning
        else:
            write = self._log.info
        write(type(observation).__name__, **asdict(observation))

    def _is_told(self, loss: ListenerLost) -> bool:
        """Tell whether a line of the last minute says so already."""
        now = time.monotonic()
        if self._loss is not None and self._loss.reason == loss.reason and now - self._loss_told_at < _TELL_AGAIN:
            return True
        self._loss, self._loss_told_at = loss, now
        return False


class AccessLog:
    """Writes requests, a batch at a time: as JSON, or a line each for people."""

    def __init__(self, form: str, stream: BinaryIO) -> None:
        """Write to `stream`, which should have no buffer of its own, in the form `console` or `json`."""
        self._render = _json_line if form == "json" else _console_line
        self._stream = stream
        self._batches: queue.Queue[Sequence[RequestServed] | None] = queue.Queue(_MOST_BATCHES)
        # A thread, for whoever reads the log may stall; a daemon, for that must not hold up the end either.
        self._writer = threading.Thread(target=self._write, name="access log", daemon=True)
        self._writer.start()

    def __call__(self, batch: Sequence[RequestServed]) -> int:
        """Have a batch written; return how many requests are dropped, because the reader of the log has stalled."""
        try:
            self._batches.put_nowait(batch)
        except queue.Full:
            return len(batch)
        return 0

    def close(self, *, within: float = 1.0) -> None:
        """Write what is left, for at most `within` seconds."""
        with suppress(queue.Full):
            self._batches.put_nowait(None)
        self._writer.join(within)

    def _write(self) -> None:
        while (batch := self._batches.get()) is not None:
            left = memoryview(b"".join(map(self._render, batch)))
            try:
                while left:
                    left = left[self._stream.write(left) :]
            except OSError as error:  # the reader has gone, the disk is full: the next batch may fare better
                structlog.get_logger().warning("AccessLogFailed", reason=str(error), lost=len(batch))


@lru_cache(maxsize=8)
def _second(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


def _instant(at: float) -> bytes:
    second = int(at)
    return b"%b.%03dZ" % (_second(second), (at - second) * 1000)


def _json_line(served: RequestServed) -> bytes:
    event = {
        "event": "RequestServed",
        "timestamp": _instant(served.at).decode(),
        "client": served.client,
        "method": _text(served.method),
        "host": _text(served.host),
        "target": _text(_SIGN_IN.sub(rb"\1***", served.target)),
        "status": served.status,
        "verdict": served.verdict,
        "sent": served.sent,
        "seconds": round(served.seconds, 6),
        "request_id": _text(served.request_id),
    }
    return json.dumps(event).encode() + b"\n"


def _console_line(served: RequestServed) -> bytes:
    at, client, method, target, host, status, verdict, sent, seconds, request_id = served
    return b'%b [%b] %b "%b %b" %d %d %.1fms %b %b\n' % (
        client.encode() or b"-",
        _instant(at),
        host or b"-",
        method or b"-",
        _safe(_SIGN_IN.sub(rb"\1***", target)) or b"-",
        status,
        sent,
        seconds * 1000,
        verdict.encode(),
        _safe(request_id) or b"-",
    )


# What could break a line, or fool a terminal or a reader of logs.
_UNSAFE = re.compile(rb'["\x00-\x20\x7f-\xff]')


# A one-time link is as good as a password until it is used.
_SIGN_IN = re.compile(rb"(/admin/sign-in/)[^/?]+")


def _safe(value: bytes) -> bytes:
    return _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], value) if _UNSAFE.search(value) else value


def _text(value: bytes) -> str:
    return value.decode("ascii", "backslashreplace")
