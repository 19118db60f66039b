"""nginx, as a peer and as the upstream that serves files."""

import os
import pwd

from bench.lab import HOST, Lab, Server, free_port, program
from bench.peers.peer import Peer, said_by


class Nginx(Peer):
    """nginx as an operator sets it up, the access log buffered like the gateway's.

    Bodies of requests go on at once, as with all other peers; by itself nginx would spool them first.
    """

    name = "nginx"

    def version(self) -> str:
        """Return what `nginx -v` says."""
        return said_by(program("nginx", debian="nginx-light"), "-v").removeprefix("nginx version: nginx/")

    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Forward with `proxy_pass`."""
        return start_nginx(
            lab,
            self.name,
            http=f"""
                upstream application {{ server {HOST}:{upstream.port}; keepalive 64; keepalive_requests 1000000; }}
                access_log access.log combined buffer=64k flush=1s;
                client_max_body_size 0;
            """,
            server="""
                location / {
                    proxy_pass http://application;
                    proxy_http_version 1.1;
                    proxy_request_buffering off;
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
        program("nginx", debian="nginx-light"),
        "-e",
        "stderr",
        "-p",
        str(directory),
        "-c",
        str(directory / "nginx.conf"),
    ]
    return lab.start(name, command, port=port, cores=cores, directory=directory)
