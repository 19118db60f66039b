"""Upgrades: the application is asked first; after 101 the bytes are the two ends' own (rule 23)."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect as websocket
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.typing import Subprotocol

from tests.edge.conftest import SOON, Gateway, Serve
from tests.edge.wire import LONGEST, OK, Application, Client, End
from tests.observed import wait_until

UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: %b\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\nX: 1\r\n\r\n"


async def _echo(connection: ServerConnection) -> None:
    async for message in connection:
        if message == "close":
            await connection.close(4321, "enough")
        else:
            await connection.send(message)


@pytest.fixture
async def echo_url() -> AsyncIterator[str]:
    """A WebSocket server that echoes."""
    async with serve_websocket(_echo, "127.0.0.1", 0, subprotocols=[Subprotocol("chat")]) as server:
        yield f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


async def test_rule_23_a_websocket_works_as_without_a_gateway(serve: Serve, echo_url: str) -> None:
    """Subprotocol, compression, pings, large messages, and the close code are the two ends' own."""
    gateway = await serve(upstream={"url": echo_url})
    url = f"ws://127.0.0.1:{gateway.port}/chat"
    extensions = [ClientPerMessageDeflateFactory()]
    async with websocket(url, subprotocols=[Subprotocol("chat")], extensions=extensions, max_size=None) as client:
        assert client.subprotocol == "chat"
        assert [extension.name for extension in client.protocol.extensions] == ["permessage-deflate"]
        for message in ("hello", "x" * 100_000, bytes(range(256)) * 3_000):
            await client.send(message)
            assert await asyncio.wait_for(client.recv(), LONGEST) == message
        await asyncio.wait_for(await client.ping(), LONGEST)
        await client.send("close")
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(client.recv(), LONGEST)
        assert (client.close_code, client.close_reason) == (4321, "enough")
    await wait_until(lambda: not gateway.front.connections)
    assert [(told.status, told.target) for told in await gateway.told()] == [(101, b"/chat")]


async def test_rule_23_a_tunnel_outlives_every_timeout(application: Application, serve: Serve) -> None:
    gateway = await serve(
        limits={"body_timeout": SOON, "keepalive_timeout": SOON, "header_timeout": SOON},
        upstream={"response_timeout": SOON, "idle_timeout": SOON},
    )
    application.script = _raw
    client = await gateway.connect()
    client.send(UPGRADE % b"raw")
    await client.until(b"\r\n\r\n")
    at = gateway.front.now
    await wait_until(lambda: gateway.front.now > at + 0.2)
    client.send(b"still there?")
    assert await client.exactly(12) == b"still there?"


async def _raw(application: Application, end: End) -> None:
    """Switch to a protocol that echoes bytes until it is told nothing more."""
    application.received.append(await end.message())
    end.send(SWITCH)
    while data := await end.read():
        await end.send_all(data)


async def test_rule_23_any_protocol_is_switched_to(client: Client, application: Application) -> None:
    """Bytes that are sent behind the request, before the answer, are not lost; nor is what comes with the 101."""
    application.script = _raw
    client.send(UPGRADE % b"raw", b"\x00\xffearly")
    assert await client.until(b"\r\n\r\n") == SWITCH.replace(
        b"Connection: Upgrade\r\nUpgrade: raw\r\nX: 1\r\n", b"X: 1\r\nConnection: Upgrade\r\nUpgrade: raw\r\n"
    )
    assert await client.exactly(7) == b"\x00\xffearly"
    assert application.last.get("upgrade") == b"raw"
    assert application.last.get("connection") == b"Upgrade"
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    assert await client.exactly(18) == b"GET / HTTP/1.1\r\n\r\n"


async def test_rule_23_each_direction_ends_by_itself(
    gateway: Gateway, client: Client, application: Application
) -> None:
    """A half-close is passed on; when both have ended, nothing is left open."""

    async def answering_the_end(_: Application, end: End) -> None:
        await end.message()
        end.send(SWITCH)
        said = await end.end()
        end.send(b"you said " + said)
        end.writer.write_eof()
        await end.writer.wait_closed()

    application.script = answering_the_end
    client.send(UPGRADE % b"raw")
    await client.until(b"\r\n\r\n")
    client.send(b"bye")
    client.writer.write_eof()
    assert await client.end() == b"you said bye"
    await wait_until(lambda: not gateway.front.connections)
    assert gateway.front.pool._servers[0].outstanding == 0


async def test_rule_23_a_tunnel_has_back_pressure(gateway: Gateway, client: Client, application: Application) -> None:
    sent = 0
    pieces = 800

    async def flood(_: Application, end: End) -> None:
        nonlocal sent
        await end.message()
        await end.send_all(SWITCH)
        for _ in range(pieces):
            await end.send_all(b"x" * 65_536)
            sent += 1

    application.script = flood
    client.send(UPGRADE % b"raw")
    await client.until(b"\r\n\r\n")
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    (downstream,) = gateway.front.connections
    upstream = downstream.transport.get_protocol()._other
    await wait_until(lambda: not upstream.is_reading())
    await wait_until(lambda: application.connections[0].writer.transport.get_write_buffer_size() > 0)
    assert downstream.transport.get_write_buffer_size() < 2**20
    assert sent < pieces // 2
    client.reader._transport.resume_reading()  # type: ignore[attr-defined]
    assert len(await client.end()) == pieces * 65_536


@pytest.mark.parametrize("who", ["client", "application"])
async def test_rule_23_one_end_that_breaks_off_ends_the_other(
    gateway: Gateway, client: Client, application: Application, who: str
) -> None:
    application.script = _raw
    client.send(UPGRADE % b"raw")
    await client.until(b"\r\n\r\n")
    if who == "client":
        client.abort()
        await wait_until(lambda: application.connections[0].ended)
    else:
        application.connections[0].abort()
        assert await client.end() == b""
        client.close()
    await wait_until(lambda: not gateway.front.connections)


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 403 Forbidden\r\nX-Why: no\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nno",
    ],
)
async def test_rule_23_a_refusal_is_relayed_whole(client: Client, application: Application, answer: bytes) -> None:
    """And the connection goes on with ordinary requests."""
    application.answer = answer
    assert (await client.ask(UPGRADE % b"raw")).head + b"no" in (answer, OK[:-2] + b"no")
    application.answer = OK
    assert (await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).content == b"ok"


async def test_rule_23_a_websocket_library_sees_the_refusal(serve: Serve, application: Application) -> None:
    application.answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nwho"
    gateway = await serve()
    with pytest.raises(InvalidStatus) as refused:
        await websocket(f"ws://127.0.0.1:{gateway.port}/")
    assert (refused.value.response.status_code, refused.value.response.body) == (401, b"who")


@pytest.mark.parametrize(
    "request_",
    [
        UPGRADE % b"h2c",
        UPGRADE % b"websocket, H2C",
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: raw\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade, keep-alive\r\nUpgrade: raw\r\n\r\n",
    ],
)
async def test_rule_23_what_is_no_upgrade_is_not_offered(
    client: Client, application: Application, request_: bytes
) -> None:
    """Never h2c, nothing that Connection does not name, nothing from HTTP/1.0."""
    assert (await client.ask(request_)).status == 200
    assert application.last.get("upgrade") is None
    assert application.last.get("connection") is None


async def test_rule_23_a_switch_that_nobody_asked_for_is_an_error(client: Client, application: Application) -> None:
    application.answer = SWITCH
    assert (await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).status == 502


async def test_rule_23_a_tunnel_whose_client_stalls_is_given_up(serve: Serve, application: Application) -> None:
    """Both connections: who does not take what it is sent for `body_timeout` is not waited for."""
    gateway = await serve(limits={"body_timeout": "0.3s"})

    async def flood(_: Application, end: End) -> None:
        await end.message()
        end.send(SWITCH)
        while True:
            await end.send_all(b"x" * 65_536)

    application.script = flood
    client = await gateway.connect()
    client.send(UPGRADE % b"raw")
    await client.until(b"\r\n\r\n")
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await wait_until(lambda: not gateway.front.connections)
    await wait_until(lambda: gateway.front.pool._servers[0].outstanding == 0)


async def test_rule_23_no_switch_before_the_whole_request(client: Client, application: Application) -> None:
    """Else what is left of the body would be taken for the other protocol."""

    async def hasty(_: Application, end: End) -> None:
        await end.until(b"\r\n\r\n")
        end.send(SWITCH)
        await end.end()

    application.script = hasty
    client.send(UPGRADE.replace(b"GET", b"POST")[:-2] % b"raw", b"Transfer-Encoding: chunked\r\n\r\n3\r\nhe")
    assert (await client.answer()).status == 502


async def test_rule_23_a_tunnel_whose_client_reads_slowly_is_kept(serve: Serve, application: Application) -> None:
    """As long as it takes something between two looks."""
    gateway = await serve(limits={"body_timeout": "0.3s"})

    async def flood(_: Application, end: End) -> None:
        await end.message()
        end.send(SWITCH)
        while True:
            await end.send_all(b"x" * 65_536)

    application.script = flood
    loop = asyncio.get_running_loop()
    with socket.socket() as raw:  # of its own: a stream reads ahead
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        raw.setblocking(False)  # noqa: FBT003
        await loop.sock_connect(raw, ("127.0.0.1", gateway.port))
        await loop.sock_sendall(raw, UPGRADE % b"raw")
        (downstream,) = await wait_until(lambda: [c for c in gateway.front.connections if c.deadline < float("inf")])
        await wait_until(lambda: downstream.tunnel)
        began = gateway.front.now
        while gateway.front.now < began + 1.5:  # five times the time-out, a little each time
            assert await asyncio.wait_for(loop.sock_recv(raw, 65_536), LONGEST)
            at = gateway.front.now
            await wait_until(lambda at=at: gateway.front.now > at + 0.05)
        assert downstream in gateway.front.connections
