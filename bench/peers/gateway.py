"""The gateway."""

import json
import os
import random
import re
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from contextlib import suppress
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from string import ascii_lowercase

import psutil

from bench import BenchError
from bench.lab import HOST, Lab, Server, free_port
from bench.load import ask_once
from bench.peers.peer import Peer


class Gateway(Peer):
    """The gateway, as `gateway serve` with everything switched on and its own PostgreSQL."""

    name = "gateway"

    def version(self) -> str:
        """Return the gateway's version."""
        return version("maintenance-gateway")

    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Forward while no window is active."""
        return self.serve(lab, self.prepare(lab, upstream.url("")))

    def refuse(self, lab: Lab, page: bytes) -> Server:  # noqa: ARG002
        """Start a maintenance window over the API; the page is the gateway's own."""
        server = self.serve(lab, self.prepare(lab, f"http://{HOST}:{free_port()}"))
        token = self._command(server.directory, "token", "create", "bench", "--scope", "write")
        _start_window(server, token)
        _wait_until_gated(server)
        return server

    def prepare(self, lab: Lab, upstream: str, *, database: str = "embedded") -> Path:
        """Make a directory with settings, and return it."""
        port = free_port()
        directory = lab.subdirectory(f"{self.name}-{port}")
        (directory / "gateway.toml").write_text(f"""
            [server]
            listen = "{HOST}:{port}"
            internal_listen = "{HOST}:{free_port()}"
            shutdown_notice = "0s"
            shutdown_grace = "5s"
            [upstream]
            url = "{upstream}"
            [database]
            url = "{database}"
            [log]
            access = true
        """)
        return directory

    def serve(self, lab: Lab, directory: Path, *, cores: set[int] | None = None) -> Server:
        """Start it in a prepared directory, on the proxies' core unless others are named."""
        settings = tomllib.loads((directory / "gateway.toml").read_text())
        return lab.start(
            self.name,
            [sys.executable, "-m", "gateway", "serve"],
            port=int(settings["server"]["listen"].rpartition(":")[2]),
            cores=cores or lab.proxy_cores,
            directory=directory,
            environment=_own_environment(),
        )

    def database_url(self, server: Server) -> str:
        """Return the address of the embedded PostgreSQL of a gateway that runs."""
        # The fifth line of the lock is the directory of the socket: not the data's where that path would be too long.
        sockets = _postmaster(server)[4]
        return f"postgresql://postgres@/postgres?host={sockets}"

    def database_bytes(self, server: Server) -> int:
        """Return the memory of the embedded PostgreSQL: what its processes share is counted once."""
        postmaster = psutil.Process(int(_postmaster(server)[0]))
        total = 0
        for process in (postmaster, *postmaster.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss
        return total

    def _command(self, directory: Path, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            cwd=directory,
            env=_own_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BenchError(f"gateway {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()


def _postmaster(server: Server) -> list[str]:
    return (server.directory / ".gateway" / "postgres" / "postmaster.pid").read_text().splitlines()


def _own_environment() -> dict[str, str]:
    """Return the environment without settings of a gateway that is meant for elsewhere."""
    return {name: value for name, value in os.environ.items() if not re.match(r"GATEWAY_|DATABASE_URL$", name)}


# Random letters hardly compress: with them the page has about 8 KB as it is sent, in gzip.
_DESCRIPTION = " ".join("".join(random.Random(number).choices(ascii_lowercase, k=9)) for number in range(710))  # noqa: S311


def _start_window(server: Server, token: str) -> None:
    window = {
        "kind": "maintenance",
        "title": "Database upgrade",
        "description": _DESCRIPTION,
        "estimated_duration": "PT1H",
    }
    request = urllib.request.Request(
        server.url("/_maintenance/api/v1/windows"),
        data=json.dumps(window).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=30):
            pass
    except urllib.error.HTTPError as error:
        raise BenchError(f"the gateway started no window: {error.code} {error.read().decode()}") from error


def _wait_until_gated(server: Server) -> None:
    deadline = time.monotonic() + 5
    while ask_once(server).status != HTTPStatus.SERVICE_UNAVAILABLE:
        if time.monotonic() > deadline:
            raise BenchError("the gateway did not gate within 5 s of the window's start")
        time.sleep(0.01)
