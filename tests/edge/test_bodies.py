"""Bodies both ways: framing kept, pieces passed on at once, back-pressure instead of memory (rules 7, 12 to 17)."""

import asyncio
import hashlib

import pytest

from tests.edge.conftest import SOON, Gateway, Serve
from tests.edge.wire import LONGEST, OK, Application, Client, End, Message
from tests.observed import wait_until

PIECE = bytes(range(256)) * 256
PIECES = 800
"""Together 50 MB."""
DIGEST = hashlib.sha256(PIECE * PIECES).hexdigest()
MOST_IN_FLIGHT = 24 * 2**20
"""What the network's own buffers may hold on two hops of loopback, far less than what is sent."""


async def test_rule_13_a_sized_request_body_stays_sized(client: Client, application: Application) -> None:
    for body in (b"", b"x", PIECE):
        await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        assert application.last.content == body
        assert application.last.get("content-length") == b"%d" % len(body)
        assert application.last.get("transfer-encoding") is None


async def test_rule_13_a_chunked_request_body_stays_chunked(client: Client, application: Application) -> None:
    """With its trailers, but those that would change what the message is; extensions are dropped."""
    await client.ask(
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 9\r\nContent-Length: 5\r\nHost: evil\r\n\r\n"
    )
    received = application.last
    assert received.content == b"abc0123456789"
    assert received.get("transfer-encoding") == b"chunked"
    assert received.get("content-length") is None
    assert received.get("trailer") == b"X-Sum"
    assert received.body.endswith(b"0\r\nX-Sum: 9\r\n\r\n")
    assert (await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).content == b"ok"


async def test_rule_12_a_body_that_dribbles_in_arrives_whole(client: Client, application: Application) -> None:
    """Whatever the segments in which head and body come."""
    request = (
        b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\n"
        b"POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    )
    for byte in request:
        await client.send_all(bytes([byte]))
        await asyncio.sleep(0)
    await client.answer()
    await client.answer()
    assert [received.content for received in application.received] == [b"hello!", b"abc"]


async def test_rule_13_get_may_have_a_body(client: Client, application: Application) -> None:
    await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
    assert application.last.content == b"abc"


async def test_rule_13_a_chunked_answer_stays_chunked(client: Client, application: Application) -> None:
    application.answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\nSet-Cookie: no\r\n\r\n"
    )
    for _ in range(2):
        answer = await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.fields == [(b"Trailer", b"X-Sum"), (b"Transfer-Encoding", b"chunked")]
        assert answer.content == b"abcde"
        assert answer.body.endswith(b"0\r\nX-Sum: 1\r\n\r\n")
    assert len(application.connections) == 1


async def test_rule_13_an_answer_that_ends_with_its_connection(client: Client, application: Application) -> None:
    """It goes out as it came; nothing invents a length."""

    async def until_close(_: Application, end: End) -> None:
        await end.message()
        end.send(b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\n", PIECE)

    application.script = until_close
    answer = await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.fields == [(b"X", b"1"), (b"Connection", b"close")]
    assert answer.content == PIECE


async def test_rule_17_an_http_1_0_client_never_gets_chunks(client: Client, application: Application) -> None:
    application.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    answer = await client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert answer.fields == [(b"Connection", b"close")]
    assert answer.content == b"abcde"


async def test_rule_16_each_piece_of_an_endless_answer_leaves_at_once(client: Client, application: Application) -> None:
    """Server-Sent Events: the next one is sent only when the client has read the one before."""
    seen = asyncio.Event()

    async def events(_: Application, end: End) -> None:
        await end.message()
        end.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            event = b"data: %d\n\n" % number
            end.send(b"%x\r\n%b\r\n" % (len(event), event))
            await asyncio.wait_for(seen.wait(), LONGEST)
            seen.clear()
        end.send(b"0\r\n\r\n")

    application.script = events
    client.send(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
    await client.until(b"\r\n\r\n")
    for number in range(5):
        assert await client.until(b"\n\n\r\n") == b"9\r\ndata: %d\n\n\r\n" % number
        seen.set()
    assert await client.until(b"0\r\n\r\n")


async def test_rule_16_an_endless_answer_outlives_every_timeout(serve: Serve, application: Application) -> None:
    """Also one whose request had a body that ended after the answer had begun."""
    gateway = await serve(limits={"body_timeout": SOON, "keepalive_timeout": SOON}, upstream={"response_timeout": SOON})
    sweeps = asyncio.Event()

    async def duplex(_: Application, end: End) -> None:
        await end.until(b"\r\n\r\n")
        end.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await end.exactly(3)
        await asyncio.wait_for(sweeps.wait(), LONGEST)
        end.send(b"1\r\nb\r\n0\r\n\r\n")

    application.script = duplex
    client = await gateway.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
    await client.until(b"a\r\n")
    client.send(b"xyz")
    at = gateway.front.now
    await wait_until(lambda: gateway.front.now > at + 0.2)
    sweeps.set()
    assert await client.end() == b"1\r\nb\r\n0\r\n\r\n"


async def test_rule_15_expect_100_continue_is_the_applications_to_answer(
    client: Client, application: Application
) -> None:
    async def careful(application: Application, end: End) -> None:
        head = await end.until(b"\r\n\r\n")
        assert Message(head=head).get("expect") == b"100-continue"
        end.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        application.received.append(Message(head=head, body=await end.exactly(5)))
        end.send(OK)
        await end.end()

    application.script = careful
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert (await client.answer()).head == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"hello")
    assert (await client.answer()).content == b"ok"
    assert application.last.body == b"hello"


@pytest.mark.parametrize("framing", [b"Content-Length: 9\r\nExpect: 100-continue", b"Content-Length: 99999999999"])
async def test_rule_15_an_early_refusal_reaches_the_client(
    client: Client, application: Application, framing: bytes
) -> None:
    """The application answers 413 and reads no further; there is no 100 before it."""
    refusal = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big"

    async def refusing(_: Application, end: End) -> None:
        await end.until(b"\r\n\r\n")
        end.send(refusal)
        end.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await end.writer.wait_closed()

    application.script = refusing
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % framing)
    if b"Expect" not in framing:
        client.send(PIECE * 300)
    answer = await client.answer()
    assert (answer.status, answer.content, answer.get("connection")) == (413, b"too big", b"close")
    if b"Expect" not in framing:  # all of it is taken, so that no reset can destroy the answer
        await client.send_all(b"")
    assert await client.end() == b""


async def test_rule_12_a_large_upload(client: Client, application: Application) -> None:
    async def summing(_: Application, end: End) -> None:
        head = await end.until(b"\r\n\r\n")
        digest = hashlib.sha256()
        left = int(Message(head=head).get("content-length") or 0)
        while left:
            piece = await end.read()
            digest.update(piece)
            left -= len(piece)
        end.send(b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n", digest.hexdigest().encode())
        await end.end()

    application.script = summing
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE)))
    for _ in range(PIECES):
        await client.send_all(PIECE)
    assert (await client.answer()).content == DIGEST.encode()


@pytest.mark.parametrize("chunked", [True, False])
async def test_rule_12_a_reader_that_stalls_stalls_the_application(
    gateway: Gateway, client: Client, application: Application, *, chunked: bool
) -> None:
    """The gateway stops reading, and holds next to nothing; then all of it comes through."""
    sent = 0

    async def flood(_: Application, end: End) -> None:
        nonlocal sent
        await end.message()
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (PIECES * len(PIECE))
        await end.send_all(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing)
        for _ in range(PIECES):
            await end.send_all(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE)
            sent += len(PIECE)
        await end.send_all(b"0\r\n\r\n" if chunked else b"")

    application.script = flood
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    downstream = await wait_until(lambda: next((c for c in gateway.front.connections if c.is_paused), None))
    await wait_until(lambda: not application.connections[0].writer.transport.is_closing() and sent)
    assert downstream.transport.get_write_buffer_size() < 2**20
    assert not downstream._exchange._upstream.transport.is_reading()
    await wait_until(lambda: application.connections[0].writer.transport.get_write_buffer_size() > 0)
    assert sent < MOST_IN_FLIGHT
    client.reader._transport.resume_reading()  # type: ignore[attr-defined]
    assert hashlib.sha256((await client.answer()).content).hexdigest() == DIGEST


async def test_rule_12_an_application_that_stalls_stalls_the_sender(
    gateway: Gateway, client: Client, application: Application
) -> None:
    go_on = asyncio.Event()

    async def slow(_: Application, end: End) -> None:
        await end.until(b"\r\n\r\n")
        end.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.wait_for(go_on.wait(), LONGEST)
        end.reader._transport.resume_reading()  # type: ignore[attr-defined]
        body = await end.exactly(PIECES * len(PIECE))
        end.send(b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n", hashlib.sha256(body).hexdigest().encode())
        await end.end()

    application.script = slow
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE)))
    sent = 0

    async def send() -> None:
        nonlocal sent
        for _ in range(PIECES):
            await client.send_all(PIECE)
            sent += len(PIECE)

    sender = asyncio.create_task(send())
    await wait_until(lambda: any(not c.transport.is_reading() for c in gateway.front.connections))
    await wait_until(lambda: client.writer.transport.get_write_buffer_size() > 0)
    (downstream,) = gateway.front.connections
    assert downstream._exchange._upstream.transport.get_write_buffer_size() < 2**20
    assert sent < MOST_IN_FLIGHT
    go_on.set()
    await sender
    assert (await client.answer()).content == DIGEST.encode()


async def test_rule_12_a_body_waits_for_a_connection_without_growing(serve: Serve, application: Application) -> None:
    """While the connection to the application is being opened, little of an upload is read."""
    gateway = await serve()
    opened = asyncio.Event()
    server = gateway.front.pool._servers[0]
    really_open = server.open

    async def open_late(loop: asyncio.AbstractEventLoop) -> object:
        await asyncio.wait_for(opened.wait(), LONGEST)
        return await really_open(loop)

    type(server).open, before = (lambda _, loop: open_late(loop)), type(server).open
    try:
        client = await gateway.connect()
        body = PIECE * 200
        sender = asyncio.create_task(
            client.send_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        )
        await wait_until(lambda: any(not c.transport.is_reading() for c in gateway.front.connections))
        (downstream,) = gateway.front.connections
        assert sum(map(len, downstream._exchange._held)) < 2**20
        opened.set()
        await sender
        assert (await client.answer()).content == b"ok"
        assert application.last.content == body
    finally:
        type(server).open = before
