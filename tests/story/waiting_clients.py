"""Clients that wait for a page, and the application that it belongs to, as two programs.

`waiting_clients.py application` says `Serving on http://...`; `/arrivals` lists when requests have come (monotonic).
`waiting_clients.py clients PORT COUNT PATH` waits at the gateway's `/events`, and says `waiting` once all do; each
client comes back when it was told to, and the last line is a JSON object about all of them.
"""

import asyncio
import json
import re
import socket
import sys
import time

import uvloop

_COME_BACK = re.compile(rb'event: reopen\ndata: \{"in": ([0-9.]+)\}')
_COOKIE = re.compile(rb"Set-Cookie: (gateway_place=[0-9a-f]+);")
# Each address has some 28,000 ports to connect from.
_ADDRESSES = [f"127.0.0.{number}" for number in range(2, 8)]
_BIND_ADDRESS_NO_PORT = 24
"""Of Linux: ip(7)."""
_AT_ONCE = 200
_LOOK_EVERY = 0.1
_LIKE_A_BROWSER = (
    b"Host: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/120.0 Safari/537.36\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip, deflate, br\r\n"
    b"Accept-Language: en-GB,en;q=0.9\r\nCookie: session=0123456789abcdef0123456789abcdef\r\n\r\n"
)


class Waiting(asyncio.Protocol):
    """One client: first it waits, then it comes back. What it is told is read later: now others are told."""

    __slots__ = ("path", "received", "told_at", "transport")

    def __init__(self, path: str) -> None:
        self.path = path
        self.received = b""
        self.told_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(b"GET /_maintenance/events?for=%b HTTP/1.1\r\n" % self.path.encode() + _LIKE_A_BROWSER)

    def data_received(self, data: bytes) -> None:
        if not self.told_at and b"event: reopen" in data:
            self.told_at = time.monotonic()
        self.received += data

    @property
    def waits(self) -> bool:
        return b"event: state" in self.received

    @property
    def comes_at(self) -> float:
        told = _COME_BACK.search(self.received)
        assert told is not None
        return self.told_at + float(told[1])

    @property
    def cookie(self) -> bytes:
        cookie = _COOKIE.search(self.received)
        assert cookie is not None
        return cookie[1]


async def clients(port: int, count: int, path: str) -> None:
    crowd = [Waiting(path) for _ in range(count)]
    for start in range(0, count, _AT_ONCE):
        some = enumerate(crowd[start : start + _AT_ONCE], start)
        await asyncio.gather(*(_arrive(client, port, number) for number, client in some))
    while not all(client.waits for client in crowd):  # noqa: ASYNC110  an event each would cost what is measured
        await asyncio.sleep(_LOOK_EVERY)
    _say("waiting")
    while not all(client.told_at for client in crowd):  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_EVERY)
    tasks = []
    for number, client in sorted(enumerate(crowd), key=lambda numbered: numbered[1].comes_at):
        await asyncio.sleep(max(0.0, client.comes_at - time.monotonic()))
        tasks.append(asyncio.create_task(_come_back(client, port, number)))
    statuses = await asyncio.gather(*tasks)
    document = {
        "told": sorted(client.told_at for client in crowd),
        "refused": sum(1 for status in statuses if status != 200),
    }
    sys.stdout.write(f"{json.dumps(document)}\n")


async def _arrive(client: Waiting, port: int, number: int) -> None:
    connection = await _connected(port, number)
    await asyncio.get_running_loop().create_connection(lambda: client, sock=connection)


async def _connected(port: int, number: int) -> socket.socket:
    connection = socket.socket()
    connection.settimeout(0)
    # The port is chosen for the connection. For the address alone, the system searches for one that nobody has:
    # where ten thousand are taken, that is most of what this program would do.
    connection.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
    connection.bind((_ADDRESSES[number % len(_ADDRESSES)], 0))
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    return connection


async def _come_back(client: Waiting, port: int, number: int) -> int:
    """Ask for the page; return the status."""
    client.transport.close()
    reader, writer = await asyncio.open_connection(sock=await _connected(port, number))
    head = b"GET %b HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nCookie: %b\r\n\r\n"
    writer.write(head % (client.path.encode(), client.cookie))
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


async def application() -> None:
    arrivals: list[float] = []

    class Shop(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if data.startswith(b"GET /arrivals "):
                body = json.dumps(arrivals).encode()
            else:
                arrivals.append(time.monotonic())
                body = b"hello"
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    server = await asyncio.get_running_loop().create_server(Shop, "127.0.0.1", 0)
    _say(f"Serving on http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await server.serve_forever()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    work = application() if sys.argv[1] == "application" else clients(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)
