"""What a peer is."""

import subprocess
from abc import ABC, abstractmethod
from typing import ClassVar

from bench import BenchError
from bench.lab import Lab, Server


class Peer(ABC):
    """A program that can stand in front of an application."""

    name: ClassVar[str]

    @abstractmethod
    def version(self) -> str:
        """Return the program's version.

        Raises:
            BenchError: it is not installed.
        """

    @abstractmethod
    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Start it so that it forwards everything to `upstream`."""

    @abstractmethod
    def refuse(self, lab: Lab, page: bytes) -> Server:
        """Start it so that it answers everything with 503 and a page of ASCII: this one, unless it has its own."""


def said_by(*command: str) -> str:
    """Return what a program says about its version, on either output.

    Raises:
        BenchError: it can't be run.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BenchError(f"{command[0]} can't be run: {error.strerror}") from error
    if done.returncode != 0:
        raise BenchError(f"{command[0]} ended with status {done.returncode}: {done.stderr.strip()}")
    return (done.stdout or done.stderr).strip()
