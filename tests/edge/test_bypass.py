"""Who holds a bypass link is let through a closed gate, and nobody else (rule 27)."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gateway.domain.bypass import Bypass, signed_token
from gateway.domain.scope import Scope
from gateway.domain.snapshot import Snapshot
from gateway.domain.window import Gate, Window
from tests.edge.conftest import HOUR, Gateway, Serve, window
from tests.edge.wire import OK, Application, Client, End
from tests.observed import wait_until

GET = b"GET %b HTTP/1.1\r\nHost: shop.example\r\n%b\r\n"
KEY = "2e" * 32


def bypass(number: int = 1, lasts: timedelta = HOUR) -> Bypass:
    return Bypass(id=UUID(int=number), name=f"tester {number}", expires_at=datetime.now(UTC) + lasts)


def cookie(link: Bypass, key: str = KEY) -> bytes:
    return b"Cookie: gateway_bypass=%b\r\n" % signed_token(link, key).encode()


def load(gateway: Gateway, *windows: Window, links: tuple[Bypass, ...] = ()) -> None:
    """Put windows and links in force, as the listener does."""
    before = time.monotonic()
    version = gateway.state.version + 1
    snapshot = Snapshot(version=version, taken_at=datetime.now(UTC), windows=windows, bypasses=links, bypass_key=KEY)
    gateway.state.loaded(snapshot, before, time.monotonic())


async def test_rule_27_a_bypass_goes_through_a_closed_gate(
    gateway: Gateway, client: Client, application: Application
) -> None:
    """The holder gets the application's own answer, marked as such; everybody else the page."""
    anna = bypass()
    load(gateway, window(), links=(anna, bypass(2)))
    through = await client.ask(GET % (b"/checkout?x", cookie(anna)))
    assert (through.status, through.content) == (200, b"ok")
    first, _, others = OK.partition(b"ok")[0].partition(b"\r\n")
    mark, _, rest = through.head.removeprefix(first + b"\r\n").partition(b"\r\n")
    assert mark.startswith(b"Gateway-Bypass: link;")
    assert rest == others
    assert (await client.ask(GET % (b"/checkout?x", b""))).status == 503
    assert [message.line for message in application.received] == [b"GET /checkout?x HTTP/1.1"]
    assert [told.verdict for told in await gateway.told(2)] == ["bypass", "refuse"]


async def test_rule_27_without_a_gate_a_bypass_changes_nothing(gateway: Gateway, client: Client) -> None:
    """Nor where a window gates another part of the site."""
    anna = bypass()
    for windows in ((), (window(Gate.NONE),), (window(scope=Scope(paths=("/other",))),)):
        load(gateway, *windows, links=(anna,))
        answer = await client.ask(GET % (b"/", cookie(anna)))
        assert answer.head + answer.body == OK
    assert {told.verdict for told in await gateway.told(3)} == {"forward"}


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH", b"DELETE"])
async def test_rule_27_writes_go_through_a_read_only_gate_too(
    gateway: Gateway, client: Client, application: Application, method: bytes
) -> None:
    anna = bypass()
    load(gateway, window(Gate.READ_ONLY), links=(anna,))
    write = b"%b / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n%b\r\nbody"
    assert (await client.ask(write % (method, b""))).status == 503
    assert (await client.ask(write % (method, cookie(anna)))).status == 200
    assert application.last.content == b"body"


ANNA = bypass()
FORGERIES: dict[str, Callable[[], bytes]] = {
    "none": lambda: b"",
    "another key": lambda: cookie(ANNA, "3f" * 32),
    "no key": lambda: cookie(ANNA, ""),
    "no link": lambda: cookie(bypass(9)),
    "later expiry": lambda: cookie(bypass(1, 2 * HOUR)),
    "another link's mac": lambda: cookie(ANNA).rpartition(b".")[0] + b"." + cookie(bypass(2)).rpartition(b".")[2],
    "another name": lambda: cookie(ANNA).replace(b"gateway_bypass", b"Gateway_Bypass"),
    "in another field": lambda: cookie(ANNA).replace(b"Cookie", b"X-Cookie"),
    "in a value": lambda: cookie(ANNA).replace(b"gateway_bypass", b"a=gateway_bypass"),
    "not whole": lambda: cookie(ANNA)[:-3] + b"\r\n",
    "more than whole": lambda: cookie(ANNA)[:-2] + b".\r\n",
    "bytes": lambda: b"Cookie: gateway_bypass=gwb_%b\r\n" % bytes(range(0x80, 0x100)),
}


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)
@pytest.mark.parametrize("gate", [Gate.CLOSED, Gate.READ_ONLY])
async def test_rule_27_what_was_not_issued_is_refused(
    gateway: Gateway, client: Client, application: Application, gate: Gate, forged: Callable[[], bytes]
) -> None:
    load(gateway, window(gate), links=(ANNA, bypass(2)))
    request = (GET % (b"/", forged())).replace(b"GET", b"DELETE")
    assert (await client.ask(request)).status == 503
    assert not application.connections


async def test_rule_27_a_revoked_link_is_refused_from_the_next_request_on(gateway: Gateway, client: Client) -> None:
    """On the connection that it has been used on; other links stay."""
    anna, bert = bypass(), bypass(2)
    load(gateway, window(), links=(anna, bert))
    assert (await client.ask(GET % (b"/", cookie(anna)))).status == 200
    load(gateway, window(), links=(bert,))
    assert (await client.ask(GET % (b"/", cookie(anna)))).status == 503
    assert (await client.ask(GET % (b"/", cookie(bert)))).status == 200


async def test_rule_27_a_link_expires_on_time(gateway: Gateway, client: Client) -> None:
    """By PostgreSQL's clock, to the request, with nothing that fires."""
    anna = bypass(lasts=timedelta(seconds=0.4))
    load(gateway, window(), links=(anna,))
    seen = []
    while not seen or seen[-1] != 503:
        before = gateway.state.now()
        status = (await client.ask(GET % (b"/", cookie(anna)))).status
        if gateway.state.now() < anna.expires_at:
            assert status == 200
        elif before >= anna.expires_at:
            assert status == 503
        seen.append(status)
    assert seen[0] == 200


async def test_rule_27_an_unknown_state_knows_no_links(serve: Serve) -> None:
    """Where it means closed, it means closed for all."""
    gateway = await serve(maintenance={"when_unknown": "close"})
    client = await gateway.connect()
    assert (await client.ask(GET % (b"/", cookie(ANNA)))).status == 503


SENT = [
    (b"Cookie: a=1; b=\xff\x80; c\r\nX: 1\r\n", b"Cookie: a=1; b=\xff\x80; c; gateway_bypass=%b\r\nX: 1\r\n"),
    (b"Cookie: a=1;b=2\r\n", b"Cookie: a=1;gateway_bypass=%b;b=2\r\n"),
    (b"COOKIE: a=1\r\ncookie: b=2\r\n", b"COOKIE: a=1\r\nCookie: gateway_bypass=%b\r\ncookie: b=2\r\n"),
    (b"", b"Cookie: gateway_bypass=x; gateway_bypass=%b\r\n"),
    (b"X: 1\r\n", b"Connection: close, cookie\r\nCookie: gateway_bypass=%b\r\nX: 1\r\n"),
]


@pytest.mark.parametrize(("left", "sent"), SENT)
@pytest.mark.parametrize("gated", [True, False])
async def test_rule_27_the_application_gets_every_cookie_but_the_gateway_s(
    gateway: Gateway, client: Client, application: Application, left: bytes, sent: bytes, *, gated: bool
) -> None:
    """Byte for byte, in its place; also while there is no gate (rule 10)."""
    anna = bypass()
    load(gateway, *([window()] if gated else []), links=(anna,))
    answer = await client.ask(GET % (b"/", sent % signed_token(anna, KEY).encode()))
    assert answer.status == 200
    assert application.last.head.startswith(b"GET / HTTP/1.1\r\nHost: shop.example\r\n%bX-Forwarded-For: " % left)
    assert b"gateway_bypass" not in application.last.head


async def test_rule_27_the_built_in_site_stays_the_gateway_s(gateway: Gateway, client: Client) -> None:
    """A bypass leads through the gate, not past the gateway."""
    anna = bypass()
    load(gateway, window(), links=(anna,))
    assert (await client.ask(GET % (b"/_maintenance/hello", cookie(anna)))).content == b"hello 127.0.0.1"


UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: raw\r\n%b\r\n"


async def test_rule_27_a_window_ends_no_request_and_no_tunnel_of_a_holder(
    serve: Serve, application: Application
) -> None:
    """They are exempt at a window's start, too; when the link is revoked they are ended as the others are (rule 25)."""
    gateway = await serve(server={"shutdown_grace": "0.2s"})
    anna = bypass()
    load(gateway, links=(anna,))

    async def hold(application: Application, end: End) -> None:
        received = await end.message()
        application.received.append(received)
        if b"/ws" in received.line:
            end.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
            end.send(b"echo " + await end.until(b"\n"))
        await end.end()

    application.script = hold
    tunnel, waiting, stranger = [await gateway.connect() for _ in range(3)]
    tunnel.send(UPGRADE % cookie(anna))
    await tunnel.until(b"\r\n\r\n")
    waiting.send(GET % (b"/slow", cookie(anna)))
    stranger.send(GET % (b"/slow", b""))
    await wait_until(lambda: len(application.received) == 3)
    load(gateway, window(), links=(anna,))
    assert (await stranger.answer()).status == 503
    tunnel.send(b"still here\n")
    assert await tunnel.until(b"\n") == b"echo still here\n"
    assert len([c for c in gateway.front.connections if c._exchange or c.tunnel]) == 2
    load(gateway, window())
    assert (await waiting.answer()).status == 503
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await tunnel.exactly(1)


async def test_rule_27_a_tunnel_is_opened_through_a_closed_gate(serve: Serve, application: Application) -> None:
    """And it ends when the link has expired: a bypass is no way to stay for ever."""
    gateway = await serve(server={"shutdown_grace": "0.1s"})
    anna = bypass(lasts=timedelta(seconds=0.5))

    async def switch(_: Application, end: End) -> None:
        await end.message()
        end.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
        await end.end()

    application.script = switch
    load(gateway, window(), links=(anna,))
    client = await gateway.connect()
    client.send(UPGRADE % cookie(anna))
    assert b" 101 " in await client.until(b"\r\n\r\n")
    keeping = asyncio.create_task(gateway.state.keep_time())
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await client.exactly(1)
    assert gateway.state.now() > anna.expires_at
    keeping.cancel()
