"""HAProxy."""

import re

from bench.lab import HOST, Lab, Server, free_port, program
from bench.peers.peer import Peer, said_by

_COMMON = """
global
    nbthread 1
    maxconn 4096
    log stdout format raw local0 info

defaults
    mode http
    log global
    option httplog
    option dontlognull
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-request 10s
    timeout http-keep-alive 75s
"""


class HAProxy(Peer):
    """HAProxy with one thread. It opens no log file by itself: the access log is its standard output, which is one."""

    name = "haproxy"

    def version(self) -> str:
        """Return what `haproxy -v` says."""
        said = said_by(_program(), "-v")
        found = re.search(r"version (\S+)", said)
        return found[1] if found else said

    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Forward to a backend of one server."""
        return self._start(
            lab,
            f"""
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    default_backend application

backend application
    server application {HOST}:{upstream.port}
""",
        )

    def refuse(self, lab: Lab, page: bytes) -> Server:
        """Answer from memory with `http-request return`."""
        file = lab.directory / "haproxy-page.html"
        file.write_bytes(page)
        return self._start(
            lab,
            f"""
    http-request return status 503 content-type "text/html; charset=utf-8" file "{file}" \
hdr Retry-After 300 hdr Cache-Control no-store
""",
        )

    def _start(self, lab: Lab, rest: str) -> Server:
        port = free_port()
        directory = lab.subdirectory(f"{self.name}-{port}")
        settings = directory / "haproxy.cfg"
        settings.write_text(f"{_COMMON}\nfrontend gateway\n    bind {HOST}:{port}{rest}")
        command = [_program(), "-db", "-f", str(settings)]
        return lab.start(self.name, command, port=port, cores=lab.proxy_cores, directory=directory)


def _program() -> str:
    return program("haproxy", debian="haproxy")
