"""The transfers: large bodies in both directions, one after the other, by a client that discards what it reads."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

from bench import BenchError
from bench.lab import HOST, Server
from bench.load import HEADERS

BODY_BYTES = 100_000_000
_PIECE = 256 * 1024


@contextmanager
def connected(server: Server) -> Iterator[http.client.HTTPConnection]:
    """Open a connection for transfers one after the other.

    Raises:
        BenchError: it broke.
    """
    connection = http.client.HTTPConnection(HOST, server.port, timeout=60)
    try:
        yield connection
    except (http.client.HTTPException, OSError) as error:
        raise BenchError(f"{server.name} broke a transfer: {error or type(error).__name__}") from error
    finally:
        connection.close()


def download(connection: http.client.HTTPConnection, path: str) -> int:
    """Read a body and discard it; return its length.

    Raises:
        BenchError: the answer was not 200.
    """
    connection.request("GET", path, headers=HEADERS)
    response = connection.getresponse()
    _check(response)
    buffer = bytearray(_PIECE)
    total = 0
    while got := response.readinto(buffer):
        total += got
    return total


def upload(connection: http.client.HTTPConnection, path: str, body: bytes) -> int:
    """Send a body; return how many bytes the upstream says that it got.

    Raises:
        BenchError: the answer was not 200.
    """
    connection.request("POST", path, body=body, headers=HEADERS | {"Content-Type": "application/octet-stream"})
    response = connection.getresponse()
    _check(response)
    return int(response.read())


def _check(response: http.client.HTTPResponse) -> None:
    if response.status != 200:
        raise BenchError(
            f"a transfer was answered with {response.status}: {response.read(200).decode(errors='replace')}"
        )
