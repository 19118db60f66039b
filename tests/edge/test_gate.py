"""The gate: who is refused, in which form, and what becomes of the rest of the connection (rules 2, 25 to 29)."""

import asyncio
import gzip
import hashlib
import json
from datetime import timedelta

import brotli
import pytest

from gateway.domain.scope import Scope
from gateway.domain.window import Gate
from tests.edge.conftest import SOON, Gateway, Serve, window
from tests.edge.wire import Application, Client
from tests.observed import wait_until

GET = b"GET %b HTTP/1.1\r\nHost: shop.example\r\n%b\r\n"
POST = b"POST / HTTP/1.1\r\nHost: shop.example\r\n%b\r\n\r\n"
HTML = b"Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
FORMS = [
    (HTML, b"text/html; charset=utf-8"),
    (b"Accept: */*\r\nSec-Fetch-Mode: navigate\r\n", b"text/html; charset=utf-8"),
    (b"Accept: application/json\r\n", b"application/problem+json"),
    (b"Content-Type: application/json\r\n", b"application/problem+json"),
    (b"Accept: */*\r\n", b"text/plain; charset=utf-8"),
    (b"", b"text/plain; charset=utf-8"),
]


async def test_retry_after_is_that_of_the_windows_that_refuse(gateway: Gateway, client: Client) -> None:
    """A long window elsewhere does not keep clients away from here."""
    soon = window(scope=Scope(paths=("/a",)), lasts=timedelta(hours=1, minutes=5))
    late = window(scope=Scope(paths=("/b",)), lasts=timedelta(hours=11), number=2)
    gateway.load(soon, late)
    told = [int((await client.ask(GET % (path, b""))).get("retry-after") or 0) for path in (b"/a", b"/b", b"/a")]
    assert 290 <= told[0] <= 300
    assert 35_900 <= told[1] <= 36_000
    assert 290 <= told[2] <= 300


@pytest.mark.usefixtures("closed")
async def test_a_client_that_asks_and_does_not_read_is_not_read_either(gateway: Gateway, client: Client) -> None:
    """Its requests are left in its own buffers: the gateway's memory does not grow with what it sends."""
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    request = GET % (b"/", b"")
    for _ in range(200):
        client.send(request * 1000)
    downstream = await wait_until(
        lambda: next((c for c in gateway.front.connections if c.is_paused and not c.transport.is_reading()), None)
    )
    assert len(downstream._reader.buffer) < 2**20


@pytest.mark.usefixtures("closed")
async def test_a_client_that_never_reads_its_answers_is_cut(serve: Serve) -> None:
    """Sending what is left is no reason to keep a connection for ever."""
    gateway = await serve(limits={"keepalive_timeout": "0.3s", "body_timeout": "0.3s"})
    gateway.load(window())
    client = await gateway.connect()
    # Held: where a machine is slow, it is cut between two looks at all connections.
    downstream = await wait_until(lambda: next(iter(gateway.front.connections), None))
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(200):
        client.send(GET % (b"/", b"") * 1000)
    await wait_until(lambda: downstream.is_paused)
    await wait_until(lambda: not gateway.front.connections)


@pytest.fixture
async def closed(gateway: Gateway) -> Gateway:
    """The gateway while a window is active that closes it, for another hour."""
    gateway.load(window())
    return gateway


@pytest.mark.parametrize(("accept", "content_type"), FORMS)
async def test_rule_26_a_closed_gate_answers_in_the_applications_place(
    closed: Gateway, client: Client, application: Application, accept: bytes, content_type: bytes
) -> None:
    plain = await client.ask(GET % (b"/any?x", accept))
    assert (plain.status, plain.get("content-type")) == (503, content_type)
    assert plain.get("cache-control") == b"no-store"
    assert plain.get("x-robots-tag") == b"noindex"
    assert 3500 <= int(plain.get("retry-after") or 0) <= 3600
    assert plain.get("content-encoding") is None
    assert plain.get("connection") is None
    for coding, read in ((b"gzip", gzip.decompress), (b"br", brotli.decompress)):
        compressed = await client.ask(GET % (b"/", accept + b"Accept-Encoding: %b\r\n" % coding))
        assert compressed.get("content-encoding") == coding
        assert read(compressed.content) == plain.content
    refused = await client.ask(GET % (b"/", accept + b"Accept-Encoding: gzip;q=0\r\n"))
    assert refused.content == plain.content
    if b"json" in content_type:
        problem = json.loads(plain.content)
        assert (problem["status"], problem["type"]) == (503, "/_maintenance/problems/maintenance")
    assert not application.connections
    assert {told.verdict for told in await closed.told(3)} == {"refuse"}


@pytest.mark.usefixtures("closed")
async def test_rule_26_head_gets_the_same_head_and_no_body(client: Client) -> None:
    body = await client.ask(GET % (b"/", HTML))
    head = await client.ask((GET % (b"/", HTML)).replace(b"GET", b"HEAD"))
    assert dict(head.fields) | {b"Date": b""} == dict(body.fields) | {b"Date": b""}
    assert (await client.ask(GET % (b"/", HTML))).content == body.content


@pytest.mark.usefixtures("closed")
async def test_a_script_can_read_the_refusal(client: Client, application: Application) -> None:
    """CORS fields where there is an Origin; the preflight is answered so that the request itself is sent."""
    answer = await client.ask(GET % (b"/", b"Origin: https://app.example\r\nAccept: application/json\r\n"))
    assert answer.get("access-control-allow-origin") == b"https://app.example"
    assert answer.get("access-control-expose-headers") == b"Retry-After"
    assert b"Origin" in (answer.get("vary") or b"")
    preflight = await client.ask(
        b"OPTIONS /x HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: PATCH\r\n"
        b"Access-Control-Request-Headers: x-token\r\n\r\n"
    )
    assert preflight.status == 204
    assert preflight.get("access-control-allow-methods") == b"PATCH"
    assert preflight.get("access-control-allow-headers") == b"x-token"
    assert (await client.ask(GET % (b"/", b""))).get("access-control-allow-origin") is None
    assert not application.connections


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("body", [b"x" * 10, b"x" * 60_000])
async def test_rule_29_a_small_body_is_read_and_the_connection_kept(client: Client, body: bytes) -> None:
    for _ in range(2):
        client.send(POST % (b"Content-Length: %d" % len(body)), body[:5])
        assert (await client.answer()).get("connection") is None
        client.send(body[5:])
    client.send(GET % (b"/", b""))
    assert (await client.answer()).status == 503


@pytest.mark.usefixtures("closed")
async def test_rule_29_many_small_bodies_at_once(client: Client) -> None:
    """As many requests as fit are no depth of calls."""
    count = 3_000
    client.send((POST % b"Content-Length: 1" + b"x") * count)
    for _ in range(count):
        assert (await client.answer()).status == 503


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("framing", [b"Content-Length: %d", b"Transfer-Encoding: chunked"])
async def test_rule_29_a_huge_body_costs_the_connection_but_not_the_answer(client: Client, framing: bytes) -> None:
    """No reset may destroy it, though nobody reads the body to its end (rule 29)."""
    size = 2**24
    client.send(POST % (framing % size if b"%d" in framing else framing))
    client.send(b"x" * size if b"%d" in framing else b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size))
    await client.writer.drain()
    answer = await client.answer()
    assert (answer.status, answer.get("connection")) == (503, b"close")
    assert await client.end() == b""


@pytest.mark.usefixtures("closed")
async def test_rule_15_nothing_is_continued_that_is_refused(client: Client) -> None:
    answer = await client.ask(POST % b"Expect: 100-continue\r\nContent-Length: 3")
    assert (answer.status, answer.get("connection")) == (503, b"close")


@pytest.mark.usefixtures("closed")
async def test_an_http_1_0_client_is_refused_and_closed(client: Client) -> None:
    answer = await client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert (answer.status, answer.get("connection"), await client.end()) == (503, b"close", b"")


@pytest.mark.usefixtures("closed")
async def test_rule_26_an_upgrade_is_refused_as_any_request(client: Client, application: Application) -> None:
    answer = await client.ask(GET % (b"/ws", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"))
    assert answer.status == 503
    assert not application.connections


async def test_rule_26_read_only_lets_reading_through(
    gateway: Gateway, client: Client, application: Application
) -> None:
    gateway.load(window(Gate.READ_ONLY))
    for method in (b"GET", b"HEAD", b"OPTIONS"):
        assert (await client.ask(b"%b / HTTP/1.1\r\nHost: a\r\n\r\n" % method)).status == 200
    for method in (b"POST", b"PUT", b"PATCH", b"DELETE", b"PROPFIND"):
        answer = await client.ask(b"%b / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n" % method)
        assert answer.status == 503
        assert json.loads(answer.content)["type"] == "/_maintenance/problems/read-only"
    assert len(application.received) == 3


async def test_rule_25_a_request_that_is_under_way_is_finished(
    gateway: Gateway, client: Client, application: Application
) -> None:
    """Decided once, at the end of the head (rule 25)."""
    client.send(POST % b"Content-Length: 6", b"abc")
    await wait_until(lambda: application.connections)
    gateway.load(window())
    client.send(b"def")
    assert (await client.answer()).content == b"ok"
    assert application.last.content == b"abcdef"
    assert (await client.ask(GET % (b"/", b""))).status == 503


EXEMPT = {"maintenance": {"never_gate": ["/hooks", "/health"]}}


@pytest.mark.parametrize("path", [b"/hooks", b"/hooks/pay?x=%2f", b"/health"])
async def test_rule_27_never_gate_paths_are_forwarded(serve: Serve, path: bytes) -> None:
    gateway = await serve(**EXEMPT)
    gateway.load(window())
    client = await gateway.connect()
    assert (await client.ask(GET % (path, b""))).status == 200


@pytest.mark.parametrize(
    "path",
    [
        b"/hooksx",
        b"/hooks/../shop",
        b"/hooks/%2e%2e/shop",
        b"/hooks/..%2fshop",
        b"/hooks/%252e%252e/shop",
        b"/hooks/..;/shop",
        b"/hooks//../shop",
        b"/./hooks",
        b"//hooks",
        b"/hooks\\..\\shop",
        b"/%68ooks",
        b"/HOOKS",
        b"/hooks;x",
        b"http://shop.example/shop",
    ],
)
async def test_rule_02_an_exemption_holds_for_plain_paths_only(
    serve: Serve, application: Application, path: bytes
) -> None:
    gateway = await serve(**EXEMPT)
    gateway.load(window())
    client = await gateway.connect()
    assert (await client.ask(GET % (path, b""))).status == 503
    assert not application.connections


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (GET % (b"/shop", b""), 503),
        (GET % (b"/shop/cart?x", b""), 503),
        (GET % (b"/shop%2fcart", b""), 503),
        (GET % (b"/%73hop", b""), 503),
        (GET % (b"/%2573hop", b""), 503),
        (GET % (b"//shop", b""), 503),
        (GET % (b"/./shop", b""), 503),
        (GET % (b"/blog/../shop", b""), 503),
        (GET % (b"/blog/%2e%2e/shop", b""), 503),
        (GET % (b"/;x/shop", b""), 503),
        (GET % (b"\\shop".join([b"/", b""]), b""), 503),
        (GET % (b"http://SHOP.example:80/shop", b""), 503),
        (b"GET /shop HTTP/1.1\r\nHost: SHOP.example.:8080\r\n\r\n", 503),
        (b"GET /shop HTTP/1.1\r\nHost: blog.example\r\n\r\n", 200),
        (b"GET http://shop.example/shop HTTP/1.1\r\nHost: blog.example\r\n\r\n", 503),
        (b"GET http://blog.example/shop HTTP/1.1\r\nHost: shop.example\r\n\r\n", 200),
        (GET % (b"/blog", b""), 200),
        (GET % (b"/shopping", b""), 200),
        (GET % (b"/blog?/shop", b""), 200),
    ],
)
async def test_rule_02_a_scope_can_not_be_slipped_past(
    client: Client, gateway: Gateway, request_: bytes, status: int
) -> None:
    gateway.load(window(scope=Scope(hosts=("shop.example",), paths=("/shop",))))
    assert (await client.ask(request_)).status == status


@pytest.mark.parametrize("path", [b"/_maintenance/hello", b"/_maintenance/hello?x"])
async def test_rule_27_the_prefix_is_never_gated(closed: Gateway, client: Client, path: bytes) -> None:
    assert (await client.ask(GET % (path, b""))).content == b"hello 127.0.0.1"
    assert (await closed.told())[0].verdict == "built_in"


@pytest.mark.parametrize(
    "path",
    [b"/_maintenancex", b"/%5fmaintenance/hello", b"//_maintenance/hello", b"/_Maintenance/hello", b"/_maintenance;/"],
)
async def test_rule_02_the_prefix_is_exact(
    client: Client, gateway: Gateway, application: Application, path: bytes
) -> None:
    """Another spelling is the application's."""
    assert (await client.ask(GET % (path, b""))).status == 200
    assert application.last.line == b"GET %b HTTP/1.1" % path
    gateway.load(window())
    assert (await client.ask(GET % (path, b""))).status == 503


async def test_rule_28_a_window_starts_and_ends_by_time(gateway: Gateway, client: Client) -> None:
    """To the request, with nothing that fires; no request is in doubt."""
    starts = timedelta(seconds=0.3)
    gateway.load(window(starts_in=starts, lasts=timedelta(seconds=0.3)))
    (gated,) = gateway.state._snapshot.windows  # type: ignore[union-attr]
    seen = []
    while len(seen) < 3:
        before = gateway.state.now()
        status = (await client.ask(GET % (b"/", HTML))).status
        after = gateway.state.now()
        if not seen or seen[-1] != status:
            seen.append(status)
        if gated.is_active(before) and gated.is_active(after):
            assert status == 503
        if (
            not gated.is_active(before)
            and not gated.is_active(after)
            and (before < gated.starts_at) == (after < gated.starts_at)
        ):
            assert status == 200
    assert seen == [200, 503, 200]


async def test_redirects_are_for_browsers_that_navigate(serve: Serve) -> None:
    gateway = await serve(maintenance={"response": "redirect"})
    gateway.load(window())
    client = await gateway.connect()
    answer = await client.ask(GET % (b"/x", HTML))
    assert (answer.status, answer.get("location")) == (302, b"/_maintenance/")
    assert answer.get("cache-control") == b"no-store"
    assert (await client.ask(GET % (b"/x", b"Accept: application/json\r\n"))).status == 503
    assert (await client.ask(POST % (HTML + b"Content-Length: 0"))).status == 503


@pytest.mark.parametrize(("when_unknown", "status"), [("close", 503), ("forward", 200)])
async def test_an_unknown_state(serve: Serve, when_unknown: str, status: int) -> None:
    gateway = await serve(maintenance={"when_unknown": when_unknown, "retry_after": "7m"})
    client = await gateway.connect()
    answer = await client.ask(GET % (b"/", HTML))
    assert (answer.status, answer.get("retry-after")) == (status, b"420" if status == 503 else None)
    gateway.load()
    assert (await client.ask(GET % (b"/", HTML))).status == 200


async def test_retry_after_falls_back_when_the_estimate_has_passed(serve: Serve) -> None:
    gateway = await serve(maintenance={"retry_after": "7m"})
    overdue = window(lasts=timedelta(minutes=30))
    gateway.load(type(overdue)(**{name: getattr(overdue, name) for name in overdue.__slots__} | {"ends": "when_fixed"}))
    client = await gateway.connect()
    assert (await client.ask(GET % (b"/", b""))).get("retry-after") == b"420"


@pytest.mark.parametrize(
    ("trusted", "forwarded_for", "status"),
    [
        ([], b"10.0.0.1", 503),
        (["127.0.0.0/8"], b"10.0.0.1", 200),
        (["127.0.0.0/8"], b"10.0.0.1, 11.0.0.1", 503),
        (["127.0.0.0/8"], b"11.0.0.1, 10.0.0.1, 127.0.0.9", 200),
        (["127.0.0.0/8"], b"10.0.0.1, garbage", 503),
        (["127.0.0.0/8"], b"", 503),
        (["192.0.2.0/24"], b"10.0.0.1", 503),
    ],
)
async def test_rule_27_who_bypasses_is_known_by_a_trusted_address_alone(
    serve: Serve, trusted: list[str], forwarded_for: bytes, status: int
) -> None:
    gateway = await serve(server={"trusted_proxies": trusted}, maintenance={"bypass_networks": ["10.0.0.0/8"]})
    gateway.load(window())
    client = await gateway.connect()
    assert (await client.ask(GET % (b"/", b"X-Forwarded-For: %b\r\n" % forwarded_for))).status == status


# The built-in site, over the connection in memory


async def test_built_in_and_forwarded_requests_share_a_connection(client: Client, application: Application) -> None:
    for _ in range(3):
        assert (await client.ask(GET % (b"/_maintenance/hello", b""))).content == b"hello 127.0.0.1"
        assert (await client.ask(GET % (b"/", b""))).content == b"ok"
    client.send(GET % (b"/_maintenance/hello", b""), GET % (b"/", b""), GET % (b"/_maintenance/hello", b""))
    assert [(await client.answer()).content for _ in range(3)] == [b"hello 127.0.0.1", b"ok", b"hello 127.0.0.1"]
    assert len(application.connections) == 1


async def test_the_built_in_site_knows_a_trusted_client(serve: Serve) -> None:
    gateway = await serve(server={"trusted_proxies": ["127.0.0.1"]})
    client = await gateway.connect()
    answer = await client.ask(GET % (b"/_maintenance/hello", b"X-Forwarded-For: 192.0.2.7\r\n"))
    assert answer.content == b"hello 192.0.2.7"


async def test_a_large_upload_to_the_built_in_site_waits_for_it(gateway: Gateway, client: Client) -> None:
    """The memory in between is bounded, though a handler does not read."""
    piece, pieces = bytes(range(256)) * 256, 600
    client.send(b"POST /_maintenance/upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (pieces * len(piece)))

    async def send() -> None:
        for _ in range(pieces):
            await client.send_all(piece)

    sender = asyncio.create_task(send())
    await wait_until(lambda: any(not c.transport.is_reading() for c in gateway.front.connections))
    (downstream,) = gateway.front.connections
    assert downstream._exchange._upstream.transport.get_write_buffer_size() < 2**20
    assert not sender.done()
    gateway.open_upload.set()
    await sender
    assert (await client.answer()).content == hashlib.sha256(piece * pieces).hexdigest().encode()


async def test_a_large_download_from_the_built_in_site_waits_for_the_client(gateway: Gateway, client: Client) -> None:
    pieces = 800
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    client.send(GET % (b"/_maintenance/download?pieces=%d" % pieces, b""))
    (downstream,) = await wait_until(lambda: [c for c in gateway.front.connections if c.is_paused])
    far = downstream._exchange._upstream.transport._other
    await wait_until(lambda: far.get_write_buffer_size() > 0)
    assert downstream.transport.get_write_buffer_size() < 2**20
    assert far.get_write_buffer_size() < 2**20
    assert gateway.pieces_written < pieces // 2
    client.reader._transport.resume_reading()  # type: ignore[attr-defined]
    content = (await client.answer()).content
    assert content == b"".join(bytes([number % 256]) * 65_536 for number in range(pieces))


async def test_a_client_that_goes_away_leaves_the_built_in_site(gateway: Gateway, client: Client) -> None:
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    client.send(GET % (b"/_maintenance/download?pieces=800", b""))
    await wait_until(lambda: any(c.is_paused for c in gateway.front.connections))
    client.abort()
    await wait_until(lambda: not gateway.front.connections)
    assert gateway.front.built_in._server.outstanding == 0


async def test_rule_29_a_refused_body_that_never_comes_is_given_up(serve: Serve) -> None:
    gateway = await serve(limits={"body_timeout": SOON})
    gateway.load(window())
    client = await gateway.connect()
    assert (await client.ask(POST % b"Content-Length: 3")).status == 503
    assert await client.end() == b""


@pytest.mark.usefixtures("closed")
async def test_rule_29_an_upload_that_goes_on_for_long_can_read_its_answer(
    gateway: Gateway, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients send first and read then: while something still comes, nothing resets the connection."""
    monkeypatch.setattr("gateway.edge.downstream._LINGER", 0.1)
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
    began = gateway.front.now
    while gateway.front.now < began + 0.5:
        await client.send_all(b"x" * 1000)
        at = gateway.front.now
        await wait_until(lambda at=at: gateway.front.now > at)
    answer = await client.answer()
    assert (answer.status, answer.get("connection")) == (503, b"close")
    await wait_until(lambda: not gateway.front.connections)
