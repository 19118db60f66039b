"""A real PgBouncer in front of a server of the tests, with a small pool in transaction mode."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.observed import LONGEST
from tests.replication import ACCOUNT, Server

# In /usr/sbin, which is not in everybody's path.
_PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


@contextmanager
def pgbouncer(server: Server, database: str) -> Iterator[str]:
    """Run a PgBouncer in front of a database and lend the address that leads through it."""
    assert _PROGRAM, "pgbouncer is missing: on Debian, apt-get install pgbouncer"
    directory = Path(tempfile.mkdtemp(prefix="gateway-pgbouncer-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (directory / "users.txt").write_text('"postgres" ""\n')
    (directory / "pgbouncer.ini").write_text(f"""
[databases]
{database} = host=127.0.0.1 port={server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {directory}/users.txt
pool_mode = transaction
default_pool_size = 2
""")
    if ACCOUNT is not None:  # it refuses to run as root
        for path in (directory, *directory.iterdir()):
            shutil.chown(path, ACCOUNT)
    process = subprocess.Popen(
        [_PROGRAM, directory / "pgbouncer.ini"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=ACCOUNT
    )
    try:
        _wait_for(process, port)
        yield f"postgresql://postgres@127.0.0.1:{port}/{database}"
    finally:
        process.kill()
        process.wait(LONGEST)
        shutil.rmtree(directory)


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    listens = psutil.Process(process.pid)
    for _ in range(2000):
        if any(c.laddr.port == port and c.status == psutil.CONN_LISTEN for c in listens.net_connections()):
            return
        assert process.poll() is None, "PgBouncer has ended"
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
    raise TimeoutError("PgBouncer does not listen")
