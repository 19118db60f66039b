"""Clients that behave: each takes the whole answer, and knows what is right."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bench.soak.content import LARGEST, MB, content, digest_of, event
from bench.soak.wire import Client, Head, Wire, WrongError, request

_SMALL_BUFFER = 65_536
_PIECE = 65_536


@asynccontextmanager
async def counted(client: Client, what: str) -> AsyncIterator[None]:
    """Count a request as sent, and as right where nothing is raised."""
    client.tally.sent += 1
    yield
    client.tally.right[what] += 1


# Single requests, on a connection that is kept


async def page(client: Client, wire: Wire) -> Head:
    """GET a page."""
    seed, size = client.seed(), client.chance.randrange(200, 20_000)
    async with counted(client, "GET"):
        await wire.send(request(f"/sized/{size}/{seed}"))
        return await wire.answer(content(seed, size))


async def chunked_page(client: Client, wire: Wire) -> Head:
    """GET a page in chunks."""
    seed, size = client.seed(), client.chance.randrange(200, 20_000)
    async with counted(client, "GET, chunked"):
        await wire.send(request(f"/chunked/{size}/{seed}/{client.chance.randrange(100, 9000)}"))
        return await wire.answer(content(seed, size))


async def slow_page(client: Client, wire: Wire) -> Head:
    """GET a page that takes its time."""
    seed = client.seed()
    async with counted(client, "GET, slow"):
        await wire.send(request(f"/slow/{client.chance.randrange(1, 100)}/500/{seed}"))
        return await wire.answer(content(seed, 500))


async def head_only(client: Client, wire: Wire) -> Head:
    """HEAD a page."""
    seed = client.seed()
    async with counted(client, "HEAD"):
        await wire.send(request(f"/sized/3000/{seed}", method="HEAD"))
        return await wire.answer(content(seed, 3000), of_head=True)


async def missing(client: Client, wire: Wire) -> Head:
    """GET what is not there."""
    async with counted(client, "404"):
        await wire.send(request(f"/missing/{client.seed()}"))
        return await wire.answer(b"there is nothing here\n", status=404)


async def post(client: Client, wire: Wire) -> Head:
    """POST a form, sized or in chunks."""
    body = content(client.seed(), client.chance.randrange(5000))
    async with counted(client, "POST"):
        if client.chance.random() < 0.5:
            await wire.send(_sized_head(body) + body)
        else:
            await wire.send(_CHUNKED_HEAD + chunked(client, body, most=2000))
        return await wire.answer(digest_of(body))


async def pair(client: Client, wire: Wire) -> Head:
    """Send two requests at once."""
    one, two, body = client.seed(), client.seed(), content(client.seed(), 700)
    async with counted(client, "pipelined"), counted(client, "pipelined"):
        second = request(f"/sized/900/{two}") if client.chance.random() < 0.5 else _sized_head(body) + body
        await wire.send(request(f"/sized/500/{one}") + second)
        await wire.answer(content(one, 500))
        return await wire.answer(digest_of(body) if second.startswith(b"POST") else content(two, 900))


_REQUESTS: tuple[tuple[int, Callable[[Client, Wire], Awaitable[Head]]], ...] = (
    (10, page),
    (4, chunked_page),
    (4, post),
    (3, pair),
    (1, slow_page),
    (1, head_only),
    (1, missing),
)
_CHOICE, _WEIGHTS = [kind for _, kind in _REQUESTS], [weight for weight, _ in _REQUESTS]


# Visits: from opening a connection to its end


async def browse(client: Client) -> None:
    """Send a number of requests, with short breaks."""
    wire = await client.connect()
    for _ in range(client.chance.randrange(5, 100)):
        [kind] = client.chance.choices(_CHOICE, _WEIGHTS)
        head = await kind(client, wire)
        if head.closes:
            raise WrongError("the gateway closes a connection that could be kept")
        await asyncio.sleep(client.chance.expovariate(300))


async def upload(client: Client) -> None:
    """POST 1 MB, sized or in chunks, to an application that takes it fast or slowly."""
    wire = await client.connect()
    body = content(client.seed(), MB)
    target = client.chance.choice(("/digest", "/digest/1"))
    async with counted(client, "POST of 1 MB"):
        if client.chance.random() < 0.5:
            await wire.send(_sized_head(body, target) + body)
        else:
            head = request(target, method="POST", fields="Transfer-Encoding: chunked\r\n")
            await wire.send(head + chunked(client, body, most=100_000))
        await wire.answer(digest_of(body))


async def download(client: Client) -> None:
    """GET 1 MB, sized or in chunks."""
    wire = await client.connect()
    seed = client.seed()
    target = client.chance.choice((f"/sized/{MB}/{seed}", f"/chunked/{MB}/{seed}/{client.chance.randrange(9000, MB)}"))
    async with counted(client, "GET of 1 MB"):
        await wire.send(request(target))
        await wire.answer(content(seed, MB))


async def listen(client: Client) -> None:
    """Read an event stream to its end."""
    wire = await client.connect()
    count = client.chance.randrange(1, 60)
    async with counted(client, "event stream"):
        await wire.send(request(f"/events/{count}", fields="Accept: text/event-stream\r\n"))
        await wire.answer(b"".join(event(number) for number in range(count)))


async def chat(client: Client) -> None:
    """Talk through a tunnel, which then ends from either side."""
    wire = await client.connect()
    async with counted(client, "tunnel"):
        await open_tunnel(wire)
        for _ in range(client.chance.randrange(1, 20)):
            message = content(client.seed(), client.chance.randrange(1, 5000))
            await echoed(wire, message)
            await asyncio.sleep(client.chance.expovariate(50))
        way = client.chance.randrange(3)
        if way == 0:  # the application closes
            await echoed(wire, b"bye\n")
            await wire.ends()
        elif way == 1:  # this end closes, and still hears what the application says to that
            wire.end_sending()
            if (last := await wire.reader.read()) != b"end\n":
                raise WrongError(f"the tunnel ends with {last!r}")


async def stall(client: Client) -> None:
    """Begin to read a large answer, stop for a while, and go on."""
    wire = await client.connect(receive_buffer=_SMALL_BUFFER)
    seed = client.seed()
    target = client.chance.choice((f"/sized/{LARGEST}/{seed}", f"/chunked/{LARGEST}/{seed}/300000"))
    async with counted(client, "stalled download"):
        await wire.send(request(target))
        await asyncio.sleep(client.chance.uniform(0.2, 2))
        await wire.answer(content(seed, LARGEST))


async def stall_upload(client: Client) -> None:
    """Send half a body, stop for a while, and go on."""
    wire = await client.connect()
    body = content(client.seed(), MB)
    async with counted(client, "stalled upload"):
        await wire.send(_sized_head(body) + body[: MB // 2])
        await asyncio.sleep(client.chance.uniform(0.2, 2))
        await wire.send(body[MB // 2 :])
        await wire.answer(digest_of(body))


async def stall_pipelining(client: Client) -> None:
    """Send many requests at once, take no answer for a while, then all."""
    wire = await client.connect(receive_buffer=_SMALL_BUFFER)
    seeds = [client.seed() for _ in range(client.chance.randrange(20, 200))]
    client.tally.sent += len(seeds)
    await wire.send(b"".join(request(f"/sized/{_PIECE}/{seed}") for seed in seeds))
    await asyncio.sleep(client.chance.uniform(0.2, 2))
    for seed in seeds:
        await wire.answer(content(seed, _PIECE))
        client.tally.right["pipelined, stalled"] += 1


async def send_slowly(client: Client) -> None:
    """Send a head, and a body, by little pieces."""
    wire = await client.connect()
    body = content(client.seed(), 300)
    async with counted(client, "sent slowly"):
        message = _sized_head(body) + body
        step = client.chance.randrange(50, 200)
        for begin in range(0, len(message), step):
            await wire.send(message[begin : begin + step])
            await asyncio.sleep(0.02)
        await wire.answer(digest_of(body))


# Pieces


async def open_tunnel(wire: Wire, *, kind: str = "stays") -> None:
    """Ask for another protocol, and get it."""
    await wire.send(request("/tunnel", kind=kind, fields="Connection: Upgrade\r\nUpgrade: echo\r\n"))
    head = await wire.head()
    if (head.status, head.fields.get("upgrade")) != (101, "echo"):
        raise WrongError(f"asked for a tunnel, got {head}")


async def echoed(wire: Wire, message: bytes) -> None:
    """Send a message through a tunnel, and get it back."""
    await wire.send(message)
    if await wire.reader.readexactly(len(message)) != message:
        raise WrongError("a tunnel changed the bytes")


def chunked(client: Client, body: bytes, *, most: int) -> bytes:
    """Frame a body as chunks of any size up to `most`."""
    pieces, begin = [], 0
    while begin < len(body):
        size = client.chance.randrange(1, most)
        piece = body[begin : begin + size]
        pieces.append(b"%x\r\n%b\r\n" % (len(piece), piece))
        begin += size
    return b"".join((*pieces, b"0\r\n\r\n"))


def _sized_head(body: bytes, target: str = "/digest") -> bytes:
    return request(target, method="POST", fields=f"Content-Length: {len(body)}\r\n")


_CHUNKED_HEAD = request("/digest", method="POST", fields="Transfer-Encoding: chunked\r\n")
