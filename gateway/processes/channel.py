"""What master and workers say to each other: a word and its values, one message each, over a pair of sockets."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Any

# A worker's metrics are the longest message: some tens of KB.
_LONGEST = 1 << 20


class Word(StrEnum):
    """What is said."""

    # By a worker
    READY = "ready"
    """It serves."""
    FAILED = "failed"
    """It can't start: `message`, and `fields` with each wrong setting."""
    SCRAPED = "scraped"
    """Somebody asks it for the metrics of all."""
    ANNOUNCED = "announced"
    """It has said how the first administrator gets in, or there is one."""
    # By the master
    ANNOUNCE = "announce"
    """Say how the first administrator gets in."""
    NOTICE = "notice"
    """Tell clients to go elsewhere, and go on serving."""
    DRAIN = "drain"
    """Finish what is open and end; so does the end of the channel."""
    RETIRE = "retire"
    """The same, while others go on."""
    EXPOSE = "expose"
    """Give the own metrics, for the worker number `to`."""
    EXPECT = "expect"
    """The metrics of the workers `of` will come; `restarts` is a metric of the master."""
    # By a worker, and handed on by the master
    METRICS = "metrics"
    """The metrics `text` of the worker `of`, for the worker `to`."""


class Channel:
    """One end. Nothing here waits: a message is lost where the other end has no room for it, or is dead."""

    def __init__(self, end: socket.socket) -> None:
        """Speak over one end of a pair of SOCK_SEQPACKET sockets."""
        end.settimeout(0)
        self.socket = end

    @classmethod
    def pair(cls) -> tuple["Channel", "Channel"]:
        """Make both ends."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(one), cls(other)

    def say(self, word: Word, **values: Any) -> None:
        """Send a message."""
        with suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            self.socket.send(json.dumps([word, values]).encode())

    def heard(self) -> Iterator[tuple[Word, dict[str, Any]]]:
        """Yield the messages that have come.

        Raises:
            EOFError: the other end has gone, and there is no more.
        """
        while True:
            try:
                message = self.socket.recv(_LONGEST)
            except BlockingIOError:
                return
            except ConnectionResetError:
                message = b""
            if not message:
                raise EOFError
            word, values = json.loads(message)
            yield Word(word), values

    def close(self) -> None:
        """Speak no more."""
        self.socket.close()
