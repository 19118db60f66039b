"""The peers: nginx, the plain aiohttp proxy, and the gateway; each one process, on one core, with its access log on."""

import json
import os
import pwd
import random
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from string import ascii_lowercase
from typing import ClassVar

from bench import BenchError
from bench.lab import HOST, Lab, Server, free_port, program
from bench.load import ask_once

_CHECKOUT = Path(__file__).resolve().parent.parent


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
        """Start it so that it answers everything with 503 and a page: this one, unless it has its own."""


class Nginx(Peer):
    """nginx as an operator sets it up: upstream connections kept alive, the access log buffered like the gateway's."""

    name = "nginx"

    def version(self) -> str:
        """Return what `nginx -v` says."""
        said = subprocess.run(
            [program("nginx", "nginx-light"), "-v"], capture_output=True, text=True, check=True
        ).stderr
        return said.strip().removeprefix("nginx version: nginx/")

    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Forward with `proxy_pass`."""
        return start_nginx(
            lab,
            self.name,
            http=f"""
                upstream application {{ server {HOST}:{upstream.port}; keepalive 64; keepalive_requests 1000000; }}
                access_log access.log combined buffer=64k flush=1s;
            """,
            server="""
                location / {
                    proxy_pass http://application;
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_set_header Host $http_host;
                    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                    proxy_set_header X-Forwarded-Proto $scheme;
                }
            """,
            cores=lab.proxy_cores,
        )

    def refuse(self, lab: Lab, page: bytes) -> Server:
        """Answer with a file, the way of nginx: `return 503` and `error_page`."""
        return start_nginx(
            lab,
            self.name,
            http="access_log access.log combined buffer=64k flush=1s;",
            server="""
                error_page 503 /maintenance.html;
                location / { return 503; }
                location = /maintenance.html {
                    internal;
                    add_header Retry-After 300 always;
                    add_header Cache-Control no-store always;
                }
            """,
            files={"maintenance.html": page},
            cores=lab.proxy_cores,
        )


def start_nginx(
    lab: Lab, name: str, *, http: str, server: str, cores: set[int], files: dict[str, bytes] | None = None
) -> Server:
    """Start an nginx with one worker; `files` are in its root."""
    port = free_port()
    directory = lab.subdirectory(f"{name}-{port}")
    for file, content in (files or {}).items():
        (directory / file).write_bytes(content)
    # As root, workers would become www-data, who may not read the work directory.
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
    spools = "".join(f"{kind}_temp_path spool;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (directory / "nginx.conf").write_text(f"""
        {user}
        daemon off; worker_processes 1; pid nginx.pid; error_log stderr warn;
        events {{ worker_connections 1024; }}
        http {{
            {spools}
            sendfile on; tcp_nopush on; default_type text/html; open_file_cache max=16;
            keepalive_requests 1000000;
            {http}
            server {{ listen {HOST}:{port}; root {directory}; {server} }}
        }}
    """)
    command = [
        program("nginx", "nginx-light"),
        "-e",
        "stderr",
        "-p",
        str(directory),
        "-c",
        str(directory / "nginx.conf"),
    ]
    return lab.start(name, command, port=port, cores=cores)


class PlainAiohttp(Peer):
    """The proxy of `plain_aiohttp.py`."""

    name = "aiohttp"

    def version(self) -> str:
        """Return aiohttp's version."""
        return version("aiohttp")

    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Forward through a `ClientSession`."""
        return self._start(lab, "--upstream", upstream.url(""))

    def refuse(self, lab: Lab, page: bytes) -> Server:
        """Answer from a handler."""
        file = lab.directory / "aiohttp-page.html"
        file.write_bytes(page)
        return self._start(lab, "--page", str(file))

    def _start(self, lab: Lab, *job: str) -> Server:
        port = free_port()
        command = [sys.executable, "-m", "bench.plain_aiohttp", "--port", str(port), *job]
        return lab.start(self.name, command, port=port, cores=lab.proxy_cores, directory=_CHECKOUT)


class Gateway(Peer):
    """The gateway, as `gateway serve` with everything switched on and its own PostgreSQL."""

    name = "gateway"

    def version(self) -> str:
        """Return the gateway's version."""
        return version("maintenance-gateway")

    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Forward while no window is active."""
        server, _ = self._start(lab, upstream.url(""))
        return server

    def refuse(self, lab: Lab, page: bytes) -> Server:  # noqa: ARG002
        """Start a maintenance window over the API; the page is the gateway's own."""
        server, directory = self._start(lab, f"http://{HOST}:{free_port()}")
        token = self._command(directory, "token", "create", "bench", "--scope", "write")
        _start_window(server, token)
        _wait_until_gated(server)
        return server

    def _start(self, lab: Lab, upstream: str) -> tuple[Server, Path]:
        port = free_port()
        directory = lab.subdirectory(f"{self.name}-{port}")
        (directory / "gateway.toml").write_text(f"""
            [server]
            listen = "{HOST}:{port}"
            internal_listen = "{HOST}:{free_port()}"
            shutdown_grace = "5s"
            [upstream]
            url = "{upstream}"
            [log]
            access = true
        """)
        server = lab.start(
            self.name,
            [sys.executable, "-m", "gateway", "serve"],
            port=port,
            cores=lab.proxy_cores,
            directory=directory,
            environment=_own_environment(),
        )
        return server, directory

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


PEERS: tuple[Peer, ...] = (Nginx(), PlainAiohttp(), Gateway())
