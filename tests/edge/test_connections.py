"""Connections of clients: kept, pipelined, limited, timed, drained (rules 17, 22; state.md: SIGTERM)."""

import asyncio
import json
import socket

import pytest

from tests.edge.conftest import SOON, Gateway, Serve
from tests.edge.wire import LONGEST, OK, Application, Client, End
from tests.observed import wait_until

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_rule_22_both_sides_are_kept(gateway: Gateway, client: Client, application: Application) -> None:
    for number in range(5):
        await client.ask(GET % number)
    other = await gateway.connect()
    await other.ask(GET % 5)
    assert [received.connection for received in application.received] == [0] * 6


async def test_rule_22_pipelined_requests_are_answered_in_order(client: Client, application: Application) -> None:
    """One at a time reaches the application, bodies in between included."""
    count = 300
    application.answer = lambda received: (
        b"HTTP/1.1 200 OK\r\nX-Path: %b\r\nContent-Length: 2\r\n\r\nok" % (received.line.split()[1])
    )
    for number in range(count):
        body = b"x" * (number % 7)
        client.send(b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (number, len(body), body))
    for number in range(count):
        assert (await client.answer()).get("x-path") == b"/%d" % number
    assert len(application.connections) == 1
    assert [len(received.content) for received in application.received] == [n % 7 for n in range(count)]


async def test_rule_22_what_is_pipelined_waits_outside(
    gateway: Gateway, client: Client, application: Application
) -> None:
    """Behind a slow request only a little is read from the client; then all of it is served."""
    go_on = asyncio.Event()

    async def slow_first(application: Application, end: End) -> None:
        while True:
            received = await end.message()
            await asyncio.wait_for(go_on.wait(), LONGEST)
            application.received.append(received)
            end.send(OK)

    application.script = slow_first
    count = 2_000
    padding = b"X: %b\r\n" % (b"x" * 1000)
    for number in range(count):
        client.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n%b\r\n" % (number, padding))
    (downstream,) = await wait_until(lambda: [c for c in gateway.front.connections if not c.transport.is_reading()])
    assert len(downstream._reader.buffer) < 2**19
    go_on.set()
    for _ in range(count):
        assert (await client.answer()).status == 200
    assert len(application.received) == count


async def test_rule_22_close_is_honoured_and_said(client: Client) -> None:
    answer = await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n")
    assert answer.get("connection") == b"close"
    assert await client.end() == b""


async def test_rule_22_nothing_is_served_behind_close(client: Client, application: Application) -> None:
    client.send(b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET % 2)
    await client.answer()
    assert await client.end() == b""
    assert [received.line for received in application.received] == [b"GET /1 HTTP/1.1"]


async def test_rule_22_an_http_1_0_client_is_closed_unless_it_asks(gateway: Gateway, application: Application) -> None:
    client = await gateway.connect()
    answer = await client.ask(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    assert (answer.get("connection"), await client.end()) == (b"close", b"")
    kept = await gateway.connect()
    for _ in range(2):
        answer = await kept.ask(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        assert (answer.get("connection"), answer.content) == (b"keep-alive", b"ok")
    assert len(application.connections) == 1


async def test_rule_22_an_application_that_closes_costs_the_client_nothing(
    client: Client, application: Application
) -> None:
    application.answer = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    for _ in range(3):
        assert (await client.ask(GET % 1)).get("connection") is None
    assert len(application.connections) == 3


async def test_rule_22_empty_lines_before_a_request_are_ignored(client: Client, application: Application) -> None:
    """However they are cut into segments (RFC 9112, section 2.2)."""
    for byte in b"\r\n\r\n" + GET % 1:
        await client.send_all(bytes([byte]))
        await asyncio.sleep(0)
    assert (await client.answer()).status == 200
    assert len(application.received) == 1


async def test_rule_08_a_slow_head_is_given_up(serve: Serve, application: Application) -> None:
    gateway = await serve(limits={"header_timeout": SOON})
    client = await gateway.connect()
    client.send(b"GET / HTTP/1.1\r\nHost")
    answer = await client.answer()
    assert (answer.status, answer.get("connection")) == (408, b"close")
    assert not application.connections


async def test_rule_22_a_head_that_dribbles_gains_no_time(serve: Serve) -> None:
    """The deadline is for the whole head."""
    gateway = await serve(limits={"header_timeout": SOON})
    client = await gateway.connect()

    async def dribble() -> None:
        client.send(b"GET / HTTP/1.1\r\n")
        while True:
            client.send(b"X")
            await asyncio.sleep(0.005)

    task = asyncio.create_task(dribble())
    assert (await client.answer()).status == 408
    task.cancel()


async def test_rule_22_a_client_that_says_nothing_is_closed(serve: Serve) -> None:
    gateway = await serve(limits={"header_timeout": SOON})
    assert await (await gateway.connect()).end() == b""


async def test_rule_22_a_slow_body_is_given_up(serve: Serve, application: Application) -> None:
    gateway = await serve(limits={"body_timeout": SOON})
    client = await gateway.connect()
    answer = await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    assert (answer.status, answer.get("connection")) == (408, b"close")
    await wait_until(lambda: application.connections[0].ended)
    assert not application.received


async def test_rule_22_an_idle_connection_is_closed(serve: Serve) -> None:
    gateway = await serve(limits={"keepalive_timeout": SOON})
    client = await gateway.connect()
    await client.ask(GET % 1)
    assert await client.end() == b""


@pytest.mark.parametrize("ending", [b"Connection: close\r\n", b""])
async def test_rule_22_a_client_that_reads_nothing_is_cut(
    serve: Serve, application: Application, ending: bytes
) -> None:
    gateway = await serve(limits={"body_timeout": SOON})
    application.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (2**24, b"x" * 2**24)
    client = await gateway.connect()
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n" % ending)
    await wait_until(lambda: application.connections)
    await wait_until(lambda: not gateway.front.connections)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * 500), 414),
        (b"GET /%b" % (b"x" * 500), 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (b"x" * 500), 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: %b" % (b"x" * 500), 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n" % (b"X: 1\r\n" * 10), 431),
    ],
)
async def test_rule_08_a_head_beyond_the_limits(
    serve: Serve, application: Application, request_: bytes, status: int
) -> None:
    gateway = await serve(limits={"header_bytes": 300, "header_count": 10})
    client = await gateway.connect()
    assert (await client.ask(request_)).status == status
    assert await client.end() == b""
    assert not application.connections


async def test_rule_08_a_head_within_the_limits(serve: Serve) -> None:
    gateway = await serve(limits={"header_bytes": 300, "header_count": 10})
    client = await gateway.connect()
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 9
    assert (await client.ask(head + b"\r\n")).status == 200
    padded = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    assert (await client.ask(padded + b"x" * (300 - len(padded)) + b"\r\n\r\n")).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 11\r\n\r\n12345678901",
        b"Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n5\r\n12345\r\n0\r\n\r\n",
    ],
)
async def test_rule_08_a_body_beyond_the_limit(serve: Serve, application: Application, body: bytes) -> None:
    gateway = await serve(limits={"body_bytes": 10})
    client = await gateway.connect()
    assert (await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\n" + body)).status == 413
    assert not application.received
    other = await gateway.connect()
    fitting = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1234567890"
    assert (await other.ask(fitting)).status == 200


async def test_rule_22_more_connections_than_allowed(serve: Serve) -> None:
    gateway = await serve(limits={"connections": 2})
    first, second = await gateway.connect(), await gateway.connect()
    await first.ask(GET % 1)
    await second.ask(GET % 1)
    third = await gateway.connect()
    assert (await third.answer()).status == 503
    assert await third.end() == b""
    third.close()
    first.close()
    await wait_until(lambda: len(gateway.front.connections) == 1)
    assert (await (await gateway.connect()).ask(GET % 1)).status == 200


@pytest.mark.parametrize("begun", [False, True])
async def test_rule_20_a_client_that_goes_away_cancels_its_request(
    gateway: Gateway, client: Client, application: Application, *, begun: bool
) -> None:
    """Before the first byte and in mid-stream (rule 20)."""

    async def endless(_: Application, end: End) -> None:
        await end.message()
        if begun:
            end.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        await end.end()

    application.script = endless
    client.send(GET % 1)
    await wait_until(lambda: application.connections)
    if begun:
        await client.until(b"x\r\n")
    client.abort()
    await wait_until(lambda: application.connections[0].ended)
    (told,) = await gateway.told()
    assert told.status == (200 if begun else 499)


async def test_rule_25_draining_finishes_what_is_open(
    gateway: Gateway, client: Client, application: Application
) -> None:
    """Idle connections are closed at once, an open request is answered, also one whose head is not whole yet."""
    go_on = asyncio.Event()

    async def slow(_: Application, end: End) -> None:
        await end.message()
        await asyncio.wait_for(go_on.wait(), LONGEST)
        end.send(OK)
        await end.end()

    application.script = slow
    idle, partial = await gateway.connect(), await gateway.connect()
    client.send(GET % 1)
    partial.send(b"GET /2 HTTP/1.1\r\nHo")
    await wait_until(lambda: application.connections and any(c._reader.buffer for c in gateway.front.connections))
    await wait_until(lambda: len(gateway.front.connections) == 3)
    drain = asyncio.create_task(gateway.front.drain(LONGEST))
    assert await idle.end() == b""
    partial.send(b"st: a\r\n\r\n")
    go_on.set()
    for open_client in (client, partial):
        answer = await open_client.answer()
        assert (answer.content, answer.get("connection")) == (b"ok", b"close")
        assert await open_client.end() == b""
    await drain


async def test_draining_ends_in_time(gateway: Gateway, client: Client, application: Application) -> None:
    async def never(_: Application, end: End) -> None:
        await end.message()
        await end.end()

    application.script = never
    client.send(GET % 1)
    await wait_until(lambda: application.connections)
    await gateway.front.drain(0.01)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await client.until(b"\r\n\r\n")


async def test_rule_22_empty_lines_cost_nothing(gateway: Gateway, application: Application) -> None:
    """A few before a request are ignored; a flood of them is refused at once."""
    client = await gateway.connect()
    assert (await client.ask(b"\r\n" * 100 + GET % 1)).status == 200
    flood = await gateway.connect()
    flood.send(b"\r\n" * 500_000)
    assert (await flood.answer()).status == 400
    assert len(application.received) == 1


async def test_rule_22_a_slow_reader_is_not_cut(serve: Serve, application: Application) -> None:
    """As long as it takes something between two looks; one that takes nothing is."""
    gateway = await serve(limits={"body_timeout": "0.3s"})
    size = 2**24
    application.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size)
    loop = asyncio.get_running_loop()
    with socket.socket() as raw:  # of its own: a stream reads ahead
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        raw.setblocking(False)  # noqa: FBT003
        await loop.sock_connect(raw, ("127.0.0.1", gateway.port))
        await loop.sock_sendall(raw, GET % 1)
        taken = 0
        (downstream,) = await wait_until(lambda: [c for c in gateway.front.connections if c.is_paused])
        began = gateway.front.now
        while gateway.front.now < began + 1.5:  # five times the time-out, a little each time
            taken += len(await asyncio.wait_for(loop.sock_recv(raw, 65_536), LONGEST))
            at = gateway.front.now
            await wait_until(lambda at=at: gateway.front.now > at + 0.05)
        assert taken < size
        assert downstream in gateway.front.connections
        await wait_until(lambda: not gateway.front.connections)  # it reads no more


async def test_rule_22_an_application_that_stalls_in_mid_body_is_given_up(
    serve: Serve, application: Application
) -> None:
    """Of a body with a length the rest is due; events without end may wait for ever."""
    gateway = await serve(limits={"body_timeout": SOON})

    async def stall(_: Application, end: End) -> None:
        await end.message()
        end.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await end.end()

    application.script = stall
    client = await gateway.connect()
    client.send(GET % 1)
    await client.until(b"half")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await client.exactly(6)
    await wait_until(lambda: application.connections[0].ended)


async def test_both_sides_notice_a_host_that_vanished(client: Client, gateway: Gateway) -> None:
    """The kernel asks for them: no packet tells of a host that is gone."""
    await client.ask(GET % 1)
    (downstream,) = gateway.front.connections
    (upstream,) = gateway.front.pool._servers[0].idle
    for end in (downstream, upstream):
        connection = end.transport.get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


async def test_leave_that_the_application_does_not_give_is_its_fault(serve: Serve, application: Application) -> None:
    """A client that waits for 100 Continue was not slow."""
    gateway = await serve(limits={"body_timeout": SOON})

    async def silent(_: Application, end: End) -> None:
        await end.end()

    application.script = silent
    client = await gateway.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert (await client.answer()).status == 504


async def test_refusals_of_a_request_are_problems_for_those_who_read_them(serve: Serve) -> None:
    gateway = await serve(limits={"body_bytes": 2})
    client = await gateway.connect()
    answer = await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nContent-Length: 3\r\n\r\nabc")
    assert (answer.status, answer.get("content-type")) == (413, b"application/problem+json")
    assert json.loads(answer.content)["status"] == 413


async def test_a_request_that_comes_late_while_connections_are_waited_for_has_its_time(
    serve: Serve, application: Application
) -> None:
    """A gateway that retires waits for idle connections first; what comes on one then is answered, and told to go."""
    gateway = await serve()
    client = await gateway.connect()
    assert (await client.ask(GET % 1)).status == 200
    go_on = asyncio.Event()

    async def slow(_: Application, end: End) -> None:
        await end.message()
        await go_on.wait()
        end.send(OK)
        await end.end()

    application.script = slow
    for connection in application.connections:
        connection.abort()
    draining = asyncio.create_task(gateway.front.drain(0.6, idle=0.6))
    began = gateway.front.loop.time()
    await wait_until(lambda: gateway.front.loop.time() > began + 0.4)
    client.send(GET % 2)
    await wait_until(lambda: gateway.front.loop.time() > began + 0.9)
    go_on.set()
    answer = await client.answer()
    assert (answer.status, answer.get("connection")) == (200, b"close")
    await draining
