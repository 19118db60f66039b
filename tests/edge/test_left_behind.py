"""What was admitted before a window and is still in the application, counted for the fence."""

import asyncio
from dataclasses import replace

import pytest

from gateway.domain.fence import Gated
from gateway.domain.scope import Scope
from gateway.domain.window import Gate
from tests.edge.conftest import Gateway, Serve, window
from tests.edge.wire import OK, Application, Client, End
from tests.observed import wait_until

ASK = b"%b %b HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
SHOP = Scope(paths=("/shop",))


class Slow:
    """An application that answers each request once its path is let go."""

    def __init__(self, application: Application) -> None:
        self._let_go: dict[bytes, asyncio.Event] = {}
        self.application = application
        application.script = self.serve

    async def serve(self, application: Application, end: End) -> None:
        while not end.reader.at_eof():
            received = await end.message()
            application.received.append(received)
            await self.event(received.line.split(b" ")[1]).wait()
            end.send(OK)

    def event(self, path: bytes) -> asyncio.Event:
        return self._let_go.setdefault(path, asyncio.Event())

    async def asked(self, gateway: Gateway, *requests: tuple[bytes, bytes]) -> list[Client]:
        """Send requests, each on a connection of its own, and wait until the application has them."""
        clients = []
        for method, path in requests:
            client = await gateway.connect()
            client.send(ASK % (method, path))
            clients.append(client)
        await wait_until(lambda: len(self.application.received) >= len(requests))
        return clients


@pytest.fixture
def slow(application: Application) -> Slow:
    return Slow(application)


def left(gateway: Gateway) -> dict[int, int]:
    return {window_id.int: gated.left for window_id, gated in gateway.front.left_behind.counts().items()}


async def test_each_window_counts_what_it_would_have_refused(gateway: Gateway, slow: Slow) -> None:
    clients = await slow.asked(gateway, (b"GET", b"/shop"), (b"POST", b"/shop"), (b"POST", b"/other"))
    gateway.load(
        window(number=1),
        window(scope=SHOP, number=2),
        window(Gate.READ_ONLY, number=3),
        window(Gate.NONE, number=4),
    )
    assert left(gateway) == {1: 3, 2: 2, 3: 2}
    slow.event(b"/other").set()
    assert (await clients[2].answer()).status == 200
    assert left(gateway) == {1: 2, 2: 2, 3: 1}
    slow.event(b"/shop").set()
    for client in clients[:2]:
        assert (await client.answer()).status == 200
    assert left(gateway) == {1: 0, 2: 0, 3: 0}
    assert all(gated.given_up == 0 for gated in gateway.front.left_behind.counts().values())


async def test_the_next_request_of_a_connection_is_not_taken_for_the_one_that_was_left(
    gateway: Gateway, slow: Slow
) -> None:
    (client,) = await slow.asked(gateway, (b"GET", b"/shop"))
    gateway.load(window(scope=SHOP))
    slow.event(b"/shop").set()
    assert (await client.answer()).status == 200
    client.send(ASK % (b"GET", b"/other"))
    await wait_until(lambda: len(slow.application.received) == 2)
    assert left(gateway) == {1: 0}


async def test_a_wider_scope_finds_more_and_its_row_is_named(gateway: Gateway, slow: Slow) -> None:
    await slow.asked(gateway, (b"GET", b"/shop"), (b"GET", b"/other"))
    narrow = window(scope=SHOP)
    gateway.load(narrow)
    assert gateway.front.left_behind.counts() == {narrow.id: Gated(row_version=1, left=1, given_up=0)}
    gateway.load(replace(window(), row_version=2))
    assert gateway.front.left_behind.counts() == {narrow.id: Gated(row_version=2, left=2, given_up=0)}


async def test_a_narrower_scope_lets_go_of_what_it_no_longer_covers(serve: Serve, slow: Slow) -> None:
    """Neither counted nor ended: new requests for it are let through, too."""
    gateway = await serve(server={"shutdown_grace": "0.3s"})
    clients = await slow.asked(gateway, (b"GET", b"/shop"), (b"GET", b"/other"))
    gateway.load(window())
    gateway.load(replace(window(scope=SHOP), row_version=2))
    assert left(gateway) == {1: 1}
    assert (await clients[0].answer()).status == 503
    slow.event(b"/other").set()
    assert (await clients[1].answer()).status == 200


async def test_who_goes_away_unanswered_is_told_as_given_up(gateway: Gateway, slow: Slow) -> None:
    """The gateway has cancelled its request; what the application makes of that, nobody knows."""
    (client,) = await slow.asked(gateway, (b"GET", b"/shop"))
    gateway.load(window())
    client.abort()
    await wait_until(lambda: left(gateway) == {1: 0})
    (gated,) = gateway.front.left_behind.counts().values()
    assert gated.given_up == 1


async def test_what_is_ended_at_the_end_of_its_time_is_given_up(serve: Serve, slow: Slow) -> None:
    gateway = await serve(server={"shutdown_grace": "0.1s"})
    (client,) = await slow.asked(gateway, (b"GET", b"/shop"))
    gateway.load(window())
    assert (await client.answer()).status == 503
    (gated,) = gateway.front.left_behind.counts().values()
    assert (gated.left, gated.given_up) == (0, 1)


async def test_what_is_exempt_or_begins_later_is_not_counted(serve: Serve, slow: Slow) -> None:
    gateway = await serve(maintenance={"never_gate": ["/hooks"]})
    await slow.asked(gateway, (b"GET", b"/hooks"))
    gateway.load(window())
    other = await gateway.connect()
    other.send(ASK % (b"GET", b"/hooks"))
    await wait_until(lambda: len(slow.application.received) == 2)
    assert left(gateway) == {1: 0}
    gateway.load()
    assert left(gateway) == {}


async def test_a_tunnel_counts_until_it_ends(serve: Serve, application: Application) -> None:
    gateway = await serve()

    async def switch(_: Application, end: End) -> None:
        await end.message()
        end.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
        await end.end()

    application.script = switch
    client = await gateway.connect()
    client.send(b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
    await wait_until(lambda: application.connections)
    gateway.load(window())
    assert left(gateway) == {1: 1}
    await client.until(b"\r\n\r\n")
    assert left(gateway) == {1: 1}
    client.close()
    await wait_until(lambda: left(gateway) == {1: 0})
    (gated,) = gateway.front.left_behind.counts().values()
    assert gated.given_up == 0
