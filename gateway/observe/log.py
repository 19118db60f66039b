"""The log: one line per observation, for people or as JSON, on standard error; requests on standard output."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from gateway.domain.observation import (
    HandlerFailed,
    ListenerLost,
    LoopCrashed,
    Observation,
    RequestServed,
    SignInFailed,
    SnapshotFileFailed,
    UpstreamFailed,
)

_WARNINGS = (ListenerLost, SnapshotFileFailed, UpstreamFailed, SignInFailed)
_ERRORS = (LoopCrashed, HandlerFailed)


def configure_logging(form: str) -> None:
    """Send structlog and the standard library's warnings to standard error, as `console` or `json` lines."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
    )
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, renderer],
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

    def __call__(self, observation: Observation) -> None:
        """Write one observation."""
        if isinstance(observation, _ERRORS):
            write = self._log.error
        elif isinstance(observation, _WARNINGS):
            write = self._log.warning
        else:
            write = self._log.info
        write(type(observation).__name__, **asdict(observation))


class AccessLog:
    """Writes requests, a batch at a time: as JSON, or in the combined format that log readers know."""

    def __init__(self, form: str, stream: TextIO) -> None:
        """Write to `stream` in the form `console` or `json`."""
        self._render = _json_line if form == "json" else _combined_line
        self._stream = stream

    def __call__(self, batch: Sequence[RequestServed]) -> None:
        """Write a batch of requests."""
        self._stream.write("".join(map(self._render, batch)))
        self._stream.flush()


_json = structlog.processors.JSONRenderer()


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _json_line(served: RequestServed) -> str:
    event = {
        "event": "RequestServed",
        "timestamp": _instant(served.at),
        "client": served.client,
        "method": _text(served.method),
        "host": _text(served.host),
        "target": _text(served.target),
        "status": served.status,
        "verdict": served.verdict,
        "sent": served.sent,
        "seconds": round(served.seconds, 6),
        "request_id": _text(served.request_id),
    }
    return f"{_json(None, '', event)!s}\n"


def _combined_line(served: RequestServed) -> str:
    return (
        f"{served.client or '-'} [{_instant(served.at)}] {_text(served.host) or '-'} "
        f'"{_text(served.method)} {_quoted(served.target)}" {served.status} {served.sent} '
        f"{served.seconds * 1000:.1f}ms {served.verdict} {_text(served.request_id)}\n"
    )


def _text(value: bytes) -> str:
    """Show bytes from outside so that no terminal or log reader is fooled by them."""
    return value.decode("ascii", "backslashreplace")


def _quoted(value: bytes) -> str:
    return _text(value).replace('"', "%22")
