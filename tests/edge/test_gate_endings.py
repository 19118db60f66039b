"""What was admitted before a window: finished, and ended once `shutdown_grace` is over (rule 25)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.exceptions import ConnectionClosed

from gateway.domain.scope import Scope
from gateway.domain.window import Gate
from tests.edge.conftest import Gateway, Serve, window
from tests.edge.wire import LONGEST, OK, Application, End
from tests.observed import wait_until

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
GRACE = {"shutdown_grace": "0.2s"}
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n"


async def test_rule_25_a_request_that_waits_is_refused_when_its_time_is_up(
    serve: Serve, application: Application
) -> None:
    """Its own request is cancelled; one that ends in time is answered; others go on."""
    gateway = await serve(server=GRACE)
    finish = asyncio.Event()

    async def slow(application: Application, end: End) -> None:
        while True:
            received = await end.message()
            application.received.append(received)
            if b"/quick" in received.line:
                await finish.wait()
            else:
                await end.end()
            end.send(OK)

    application.script = slow
    quick, stuck, outside = [await gateway.connect() for _ in range(3)]
    quick.send(GET % b"/app/quick")
    stuck.send(GET % b"/app/stuck")
    outside.send(GET % b"/other")
    await wait_until(lambda: len(application.received) == 3)
    gateway.load(window(scope=Scope(paths=("/app",))))
    finish.set()
    assert (await quick.answer()).content == b"ok"
    assert (await quick.ask(GET % b"/app/quick")).status == 503
    answer = await stuck.answer()
    assert (answer.status, answer.get("retry-after") is not None) == (503, True)
    assert (await stuck.ask(GET % b"/app/stuck")).status == 503
    await wait_until(lambda: sum(bool(end.ended) for end in application.connections) >= 1)
    (kept,) = [c for c in gateway.front.connections if c._exchange is not None]
    assert kept._exchange is not None
    assert kept._exchange.request.path == b"/other"


@pytest.mark.parametrize("framing", [b"Transfer-Encoding: chunked\r\n", b""])
async def test_rule_25_a_stream_is_cut(serve: Serve, application: Application, framing: bytes) -> None:
    """Never with a clean end: the client knows that there would have been more, and comes back."""
    gateway = await serve(server=GRACE)

    async def events(_: Application, end: End) -> None:
        await end.message()
        piece = b"data: 1\n\n"
        end.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%b\r\n" % framing)
        end.send(b"9\r\n%b\r\n" % piece if framing else piece)
        await end.end()

    application.script = events
    client = await gateway.connect()
    client.send(GET % b"/events")
    await client.until(b"data: 1\n\n")
    gateway.load(window())
    if framing:
        assert b"0\r\n\r\n" not in await client.end()
    else:
        with pytest.raises(ConnectionError):
            await client.end()
    await wait_until(lambda: application.connections[0].ended)


async def test_rule_25_reading_goes_on_in_a_read_only_window(serve: Serve, application: Application) -> None:
    """What a window lets pass it does not end either."""
    gateway = await serve(server=GRACE)

    async def waits(application: Application, end: End) -> None:
        application.received.append(await end.message())
        await end.end()

    application.script = waits
    reading, writing = await gateway.connect(), await gateway.connect()
    reading.send(GET % b"/")
    writing.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    await wait_until(lambda: len(application.received) == 2)
    gateway.load(window(Gate.READ_ONLY))
    assert (await writing.answer()).status == 503
    assert [c._exchange.request.method for c in gateway.front.connections if c._exchange] == [b"GET"]


async def test_rule_25_a_window_that_ended_in_time_ends_nothing(serve: Serve, application: Application) -> None:
    gateway = await serve(server=GRACE)
    go_on = asyncio.Event()

    async def slow(_: Application, end: End) -> None:
        await end.message()
        await go_on.wait()
        end.send(OK)
        await end.end()

    application.script = slow
    client = await gateway.connect()
    client.send(GET % b"/")
    await wait_until(lambda: application.connections)
    gateway.load(window(starts_in=timedelta(seconds=-1), lasts=timedelta(seconds=1.05)))
    gateway.load()
    at = gateway.front.now
    await wait_until(lambda: gateway.front.now > at + 0.4)
    go_on.set()
    assert (await client.answer()).content == b"ok"


async def test_rule_25_a_tunnel_that_is_no_websocket_is_cut(serve: Serve, application: Application) -> None:
    gateway = await serve(server=GRACE)

    async def raw(_: Application, end: End) -> None:
        await end.message()
        end.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
        await end.end()

    application.script = raw
    client = await gateway.connect()
    client.send(UPGRADE)
    await client.until(b"\r\n\r\n")
    gateway.load(window())
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await client.exactly(1)
    await wait_until(lambda: application.connections[0].ended and not gateway.front.connections)


@pytest.fixture
async def chatty_url() -> AsyncIterator[tuple[str, list[ServerConnection]]]:
    """A WebSocket server that sends large messages without end, or just waits (`/quiet`)."""
    seen: list[ServerConnection] = []

    async def talk(connection: ServerConnection) -> None:
        seen.append(connection)
        assert connection.request is not None
        if connection.request.path == "/quiet":
            await connection.wait_closed()
        while True:
            await connection.send(b"x" * 300_000)

    async with serve_websocket(talk, "127.0.0.1", 0, compression=None) as server:
        yield f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", seen


async def _read_whole_messages(client: ClientConnection) -> None:
    while True:
        assert len(await client.recv()) == 300_000


@pytest.mark.parametrize("path", ["/quiet", "/chatty"])
async def test_rule_25_a_websocket_is_closed_with_1012(
    serve: Serve, chatty_url: tuple[str, list[ServerConnection]], path: str
) -> None:
    """Between two frames, also where the application never stops sending; both ends learn of it."""
    url, seen = chatty_url
    gateway = await serve(server=GRACE, upstream={"url": url})
    async with websocket(f"ws://127.0.0.1:{gateway.port}{path}", max_size=None, compression=None) as client:
        if path == "/chatty":
            assert len(await asyncio.wait_for(client.recv(), LONGEST)) == 300_000
        gateway.load(window())
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(_read_whole_messages(client), LONGEST)
        assert client.close_code == 1012
    await wait_until(lambda: not gateway.front.connections)
    await asyncio.wait_for(seen[0].wait_closed(), LONGEST)
    if path == "/quiet":
        assert seen[0].close_code == 1012
    with pytest.raises(Exception, match="503"):
        await websocket(f"ws://127.0.0.1:{gateway.port}/")


async def test_what_is_built_in_is_never_ended(gateway: Gateway) -> None:
    """An upload to the panel, a download from it: they are the way out of a window."""
    client = await gateway.connect()
    client.send(b"POST /_maintenance/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    await wait_until(lambda: any(c._exchange for c in gateway.front.connections))
    gateway.load(window())
    gateway.front.left_behind.end_what_is_due(float("inf"))
    gateway.open_upload.set()
    assert (await client.answer()).status == 200
