"""Clients that misbehave: they vanish, reset, stall, or send what is no HTTP."""

import asyncio

from bench.soak.content import LARGEST, MB, content
from bench.soak.customers import echoed, open_tunnel
from bench.soak.wire import Client, WrongError, request

_SMALL_BUFFER = 65_536
_KIND = "leaves"

_GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
_POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
MALFORMED: tuple[tuple[int, bytes], ...] = (
    (400, _GET + b"Host: b\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\n\r\n"),
    (400, _GET + b"X : 1\r\n\r\n"),
    (400, _GET + b"X: 1\r\n folded\r\n\r\n"),
    (400, _GET + b"X: \0\r\n\r\n"),
    (400, _POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    (400, _POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    (400, _POST + b"Content-Length: -1\r\n\r\n"),
    (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)),
    (400, b"hello\n\n"),
    (414, b"GET /" + b"a" * 70_000),
    (431, _GET + b"X: " + b"a" * 70_000),
    (501, _POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
)
"""Messages that can't be read as a request, and the status of each answer."""


def _leave(client: Client, where: str) -> None:
    """Vanish, or reset the connection."""
    reset = client.chance.random() < 0.5
    client.tally.left[f"{'reset' if reset else 'vanished'} {where}"] += 1
    assert client.wire is not None
    client.wire.leave(reset=reset)


async def leave_in_head(client: Client) -> None:
    """Go while the request is not whole yet."""
    wire = await client.connect()
    head = request("/sized/500/1", kind=_KIND)
    await wire.send(head[: client.chance.randrange(1, len(head) - 1)])
    await asyncio.sleep(client.chance.uniform(0, 0.1))
    _leave(client, "in mid-head")


async def leave_in_body(client: Client) -> None:
    """Go in the middle of an upload."""
    wire = await client.connect()
    body = content(client.seed(), MB)
    if client.chance.random() < 0.5:
        head = request("/digest", method="POST", kind=_KIND, fields=f"Content-Length: {MB}\r\n")
    else:
        head = request("/digest/1", method="POST", kind=_KIND, fields="Transfer-Encoding: chunked\r\n")
        head += b"%x\r\n" % MB
    await wire.send(head + body[: client.chance.randrange(1, MB - 1)])
    await asyncio.sleep(client.chance.uniform(0, 0.1))
    _leave(client, "in mid-body")


async def leave_before_answer(client: Client) -> None:
    """Go before the application answers: after a while, or at once."""
    wire = await client.connect()
    await wire.send(request("/slow/3000/500/1", kind=_KIND))
    await asyncio.sleep(client.chance.choice((0, 0.001, 0.05, 0.2)))
    _leave(client, "before the answer")


async def leave_in_answer(client: Client) -> None:
    """Go in the middle of a download, of an event stream, or right after the head."""
    wire = await client.connect(receive_buffer=_SMALL_BUFFER)
    target = client.chance.choice((f"/sized/{MB}/1", f"/chunked/{MB}/1/5000", f"/sized/{LARGEST}/1"))
    await wire.send(request(target, kind=_KIND))
    await wire.head()
    if more := client.chance.choice((0, 1, 300_000)):
        await wire.reader.readexactly(more)
    _leave(client, "in mid-answer")


async def leave_events(client: Client) -> None:
    """Go in the middle of an endless event stream."""
    wire = await client.connect()
    await wire.send(request("/events/0", kind=_KIND))
    await wire.head()
    for _ in range(client.chance.randrange(20)):
        await wire.reader.readuntil(b"\n\n")
    _leave(client, "in an event stream")


async def leave_pipelining(client: Client) -> None:
    """Send several requests, and go without an answer."""
    wire = await client.connect()
    await wire.send(request("/sized/20000/1", kind=_KIND) * client.chance.randrange(2, 10))
    await asyncio.sleep(client.chance.choice((0, 0.002)))
    _leave(client, "while pipelining")


async def leave_tunnel(client: Client) -> None:
    """Go in the middle of a tunnel."""
    wire = await client.connect()
    await open_tunnel(wire, kind=_KIND)
    for _ in range(client.chance.randrange(10)):
        await echoed(wire, content(client.seed(), 1000))
    await wire.send(content(client.seed(), 10_000))
    _leave(client, "in a tunnel")


async def stall_and_leave(client: Client) -> None:
    """Stop reading a large answer until all buffers are full, then go."""
    wire = await client.connect(receive_buffer=_SMALL_BUFFER)
    await wire.send(request(f"/sized/{LARGEST}/1", kind=_KIND))
    await asyncio.sleep(client.chance.uniform(0.2, 2))
    _leave(client, "after a stall")


async def send_garbage(client: Client) -> None:
    """Send what can't be read as a request; it is refused."""
    wire = await client.connect()
    status, message = client.chance.choice(MALFORMED)
    await wire.send(message)
    head = await wire.head()
    if head.status != status:
        raise WrongError(f"{message[:60]!r} was answered with {head.status}, not {status}")
    client.tally.refused[status] += 1
    await wire.reader.read()


async def send_bad_body(client: Client) -> None:
    """Send a good head, and a body whose framing breaks; it is refused."""
    wire = await client.connect()
    await wire.send(request("/digest", method="POST", kind=_KIND, fields="Transfer-Encoding: chunked\r\n"))
    await wire.send(b"5\r\nhello\r\n")
    await asyncio.sleep(client.chance.choice((0, 0.01)))
    await wire.send(b"zz\r\nhello\r\n")
    head = await wire.head()
    if head.status != 400:
        raise WrongError(f"a bad chunk was answered with {head.status}")
    client.tally.bad_bodies += 1
    await wire.reader.read()
