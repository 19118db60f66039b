"""When the application fails: the right status, never a clean end of an answer that is not whole (rules 18 and 19)."""

import asyncio
import json
import socket
import struct
from collections.abc import Callable

import pytest

from gateway.domain.observation import UpstreamFailed
from tests.edge.conftest import SOON, Gateway, Serve, StartApplication
from tests.edge.wire import LONGEST, OK, Application, Client, End
from tests.observed import Observations, wait_until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
FORMS = [
    (b"Accept: text/html,*/*\r\n", b"text/html; charset=utf-8"),
    (b"Accept: application/json\r\n", b"application/problem+json"),
    (b"Accept: */*\r\n", b"text/plain; charset=utf-8"),
]


@pytest.mark.parametrize(("accept", "content_type"), FORMS)
async def test_rule_18_an_application_that_refuses_connections(
    client: Client, application: Application, observations: Observations, accept: bytes, content_type: bytes
) -> None:
    """502 in the form that the client reads; the client's connection stays."""
    application.stop()
    for _ in range(2):
        answer = await client.ask(GET % accept)
        assert (answer.status, answer.get("content-type")) == (502, content_type)
        assert answer.get("cache-control") == b"no-store"
        assert b"Traceback" not in answer.content
        assert b"127.0.0.1" not in answer.content
    if b"json" in content_type:
        assert json.loads(answer.content)["status"] == 502
    head = await client.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert head.status == 502
    assert (await client.ask(GET % b"")).status == 502
    assert len(observations.of(UpstreamFailed)) == 4


async def test_rule_21_a_server_comes_back(
    client: Client, application: Application, start_application: StartApplication
) -> None:
    application.stop()
    assert (await client.ask(GET % b"")).status == 502
    await start_application(port=application.port)
    assert (await client.ask(GET % b"")).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\n",
        b"garbage\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 042 No\r\n\r\n",
        b"HTTP/1.1 000 No\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000,
    ],
    ids=lambda answer: repr(answer[:48]),
)
async def test_rule_18_an_answer_that_is_no_answer(client: Client, application: Application, answer: bytes) -> None:
    """502, and the connection to that application is not used again."""
    application.answer = answer
    assert (await client.ask(GET % b"")).status == 502
    application.answer = OK
    assert (await client.ask(GET % b"")).content == b"ok"
    assert len(application.connections) == 2


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 103 Early\r\n\r\n"])
async def test_rule_18_an_application_that_breaks_off_before_its_answer(
    client: Client, application: Application, before: bytes
) -> None:
    """On a fresh connection nothing is sent twice."""

    async def breaking(application: Application, end: End) -> None:
        application.received.append(await end.message())
        end.send(before)

    application.script = breaking
    answer = await client.ask(GET % b"")
    if answer.status == 103:
        answer = await client.answer()
    assert answer.status == 502
    assert len(application.received) == 1


@pytest.mark.parametrize("body", [b"xyz\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"-1\r\n", b"3\nabc\n0\n\n"])
async def test_rule_18_garbage_behind_the_head_is_no_answer_either(
    client: Client, application: Application, body: bytes
) -> None:
    application.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    assert (await client.ask(GET % b"")).status == 502
    application.answer = OK
    assert (await client.ask(GET % b"")).content == b"ok"


def _resetting(end: End) -> None:
    """Make the end of this connection a reset."""
    sock = end.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("version", "framing", "begin", "end_", "resets"),
    [
        (b"1.1", b"Content-Length: 9\r\n", b"abc", b"", False),
        (b"1.1", CHUNKED, b"3\r\nabc\r\n", b"", False),
        (b"1.1", CHUNKED, b"9\r\nabc", b"", False),
        (b"1.1", CHUNKED, b"3\r\nabc\r\n", b"xyz\r\n", False),
        (b"1.1", CHUNKED, b"3\r\nabc", b"def\r\n0\r\n\r\n", False),
        (b"1.0", b"Content-Length: 9\r\n", b"abc", b"", False),
        (b"1.0", CHUNKED, b"3\r\nabc\r\n", b"", False),
        (b"1.0", CHUNKED, b"3\r\nabc\r\n", b"xyz\r\n", False),
        (b"1.1", b"", b"abc", b"", True),
        (b"1.0", b"", b"abc", b"", True),
    ],
)
async def test_rule_18_an_answer_that_breaks_off_never_looks_whole(
    client: Client, application: Application, *, version: bytes, framing: bytes, begin: bytes, end_: bytes, resets: bool
) -> None:
    """Where the framing can't show it (a body that ends with its connection), the client gets a reset."""
    go_on = asyncio.Event()

    async def breaking(_: Application, end: End) -> None:
        await end.message()
        end.send(b"HTTP/1.1 200 OK\r\n", framing, b"\r\n", begin)
        await asyncio.wait_for(go_on.wait(), LONGEST)
        end.send(end_)
        if resets:
            _resetting(end)

    application.script = breaking
    client.send(b"GET / HTTP/%b\r\nHost: a\r\n\r\n" % version)
    head = await client.until(b"\r\n\r\n")
    await client.until(b"abc")
    go_on.set()
    if b"Content-Length" in head:
        assert await client.end() == b""
    elif b"Transfer-Encoding" in head:
        assert not (await client.end()).endswith(b"0\r\n\r\n")
    else:
        with pytest.raises(ConnectionResetError):
            await client.end()


async def test_rule_18_an_application_that_does_not_answer_in_time(serve: Serve, application: Application) -> None:
    gateway = await serve(upstream={"response_timeout": SOON})

    async def silent(_: Application, end: End) -> None:
        await end.end()

    application.script = silent
    client = await gateway.connect()
    for request in (GET % b"", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"):
        assert (await client.ask(request)).status == 504
    await wait_until(lambda: all(end.ended for end in application.connections))


async def test_rule_18_an_application_that_does_not_accept_in_time(serve: Serve) -> None:
    """A server whose queue is full lets the connection wait."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)  # noqa: FBT003
            filler.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        gateway = await serve(upstream={"url": url, "connect_timeout": SOON})
        client = await gateway.connect()
        assert (await client.ask(GET % b"")).status == 504


async def _with_a_stale_connection(application: Application, client: Client) -> None:
    """Leave one connection in the pool which breaks when it is used again; later ones work."""

    async def breaking_when_used_again(application: Application, end: End) -> None:
        application.received.append(await end.message())
        end.send(OK)
        if end.number == 0:
            application.received.append(await end.message())
            end.abort()
        else:
            await end.end()

    application.script = breaking_when_used_again
    assert (await client.ask(GET % b"")).status == 200


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"PUT"])
async def test_rule_19_a_stale_connection_is_replayed_once(
    client: Client, application: Application, method: bytes
) -> None:
    await _with_a_stale_connection(application, client)
    answer = await client.ask(b"%b /again HTTP/1.1\r\nHost: a\r\n\r\n" % method)
    assert answer.status == 200
    first, last = application.received[1:]
    assert first.head == last.head
    assert (first.connection, last.connection) == (0, 1)


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
        b"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_rule_19_what_may_have_been_done_is_never_replayed(
    client: Client, application: Application, request_: bytes
) -> None:
    await _with_a_stale_connection(application, client)
    assert (await client.ask(request_)).status == 502
    assert len(application.received) == 2


async def test_rule_19_a_replay_that_fails_as_well_is_the_last_one(client: Client, application: Application) -> None:
    async def breaking(application: Application, end: End) -> None:
        application.received.append(await end.message())
        if end.number == 0:
            end.send(OK)
            application.received.append(await end.message())

    application.script = breaking
    await client.ask(GET % b"")
    assert (await client.ask(GET % b"")).status == 502
    assert len(application.received) == 3


async def test_rule_19_nothing_is_replayed_after_a_first_byte(client: Client, application: Application) -> None:
    """Not even after an informational answer."""

    async def hinting(application: Application, end: End) -> None:
        application.received.append(await end.message())
        end.send(OK)
        application.received.append(await end.message())
        end.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")

    application.script = hinting
    await client.ask(GET % b"")
    assert (await client.ask(GET % b"")).status == 103
    assert (await client.answer()).status == 502
    assert len(application.received) == 2


async def test_rule_19_what_an_idle_connection_says_is_not_the_next_answer(
    gateway: Gateway, client: Client, application: Application
) -> None:
    """A second answer that nobody asked for ends that connection, whenever it comes."""
    application.answer = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
    for _ in range(3):
        assert (await client.ask(GET % b"")).content == b"ok"
    assert len(application.connections) == 3
    application.answer = OK
    await client.ask(GET % b"")
    application.connections[-1].send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen")
    await wait_until(lambda: not gateway.front.pool._servers[0].idle)
    assert (await client.ask(GET % b"")).content == b"ok"


async def test_rule_19_an_idle_connection_is_closed_in_time(serve: Serve, application: Application) -> None:
    """Before the application closes it (rule 19)."""
    gateway = await serve(upstream={"idle_timeout": SOON})
    client = await gateway.connect()
    await client.ask(GET % b"")
    await wait_until(lambda: application.connections[0].ended)
    assert (await client.ask(GET % b"")).status == 200


async def test_rule_21_requests_go_to_a_server_that_answers(
    serve: Serve, application: Application, start_application: StartApplication, free_port: Callable[[], int]
) -> None:
    """One that refuses is left out (rule 21)."""
    other = await start_application()
    gateway = await serve(upstream={"url": [f"http://127.0.0.1:{free_port()}", application.url, other.url]})
    clients = [await gateway.connect() for _ in range(6)]
    answers = await asyncio.gather(*(client.ask(GET % b"") for client in clients))
    assert [answer.status for answer in answers] == [200] * 6
    assert len(application.received) == len(other.received) == 3
