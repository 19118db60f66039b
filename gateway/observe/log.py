"""The log: one line per observation, for people or as JSON, on standard error. For requests see `access_log.py`."""

import logging
import sys
import time
from dataclasses import asdict
from typing import Any

import structlog

from gateway.domain.observation import (
    CertificateFailed,
    DatabaseServerLost,
    HandlerFailed,
    ListenerConnected,
    ListenerLost,
    LoopCrashed,
    NotificationsMissing,
    Observation,
    RefusalsLost,
    RefusalsUnwritten,
    ReplicaDied,
    ReplicaUnregistered,
    RequestsLimited,
    RequestsUntold,
    SeriesFailed,
    SeriesIncomplete,
    ServerEjected,
    SettingsRefused,
    SignInFailed,
    SnapshotFileFailed,
    StateWentBack,
    TemplateFailed,
    UpstreamFailed,
    WatcherFailed,
    WorkerDied,
)

_WARNINGS = (
    CertificateFailed,
    DatabaseServerLost,
    ListenerLost,
    RequestsLimited,
    ReplicaDied,
    ReplicaUnregistered,
    RefusalsLost,
    RefusalsUnwritten,
    NotificationsMissing,
    RequestsUntold,
    SeriesFailed,
    SeriesIncomplete,
    ServerEjected,
    SettingsRefused,
    SignInFailed,
    SnapshotFileFailed,
    StateWentBack,
    UpstreamFailed,
    WorkerDied,
)
_TELL_AGAIN = 60.0
_ERRORS = (LoopCrashed, HandlerFailed, TemplateFailed, WatcherFailed)


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
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def say(line: str) -> None:
    """Write a line for whoever has started the program to standard error, at once."""
    # In one piece: `print` writes the end of the line by itself, and another process may come between.
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


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
