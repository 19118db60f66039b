"""What is counted of a refusal: for each window that keeps a request from the application, one; and whom it met."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.rate import client_key
from gateway.domain.refusals import Refusals
from gateway.domain.scope import Scope
from gateway.domain.window import Gate
from gateway.edge.refusals import counted_as
from tests.edge.conftest import Gateway, Serve, window
from tests.edge.test_reopening import cookie_at
from tests.edge.wire import Application, Client, End
from tests.observed import wait_until

GET = b"GET %b HTTP/1.1\r\nHost: shop.example\r\n%b\r\n"
GRACE = {"shutdown_grace": "0.2s"}
SHOP, ALL, READS = (
    window(scope=Scope(paths=("/shop",))),
    window(number=2),
    window(Gate.READ_ONLY, number=3),
)


def counted(gateway: Gateway) -> dict[int, tuple[int, int]]:
    """Return what was counted since the last time, by the window's number: requests and clients."""
    taken = gateway.front.refusals.take()
    return {window_id.int: (tally.requests, len(tally.clients)) for window_id, tally in taken.items()}


@pytest.mark.parametrize(
    "request_bytes",
    [
        GET % (b"/", b"Accept: text/html\r\n"),
        GET % (b"/", b"Accept: application/json\r\n"),
        GET % (b"/", b""),
        b"HEAD / HTTP/1.1\r\nHost: shop.example\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\nok",
        b"OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\nAccess-Control-Request-Method: GET\r\n\r\n",
    ],
)
@pytest.mark.parametrize("response", ["page", "redirect"])
async def test_a_refusal_counts_in_whatever_form(serve: Serve, request_bytes: bytes, response: str) -> None:
    """A page, a problem, a line of text, a redirect, the answer to a preflight: the application saw none of them."""
    gateway = await serve(maintenance={"response": response})
    gateway.load(ALL)
    client = await gateway.connect()
    for _ in range(3):
        client.send(request_bytes)
        await client.answer(request_bytes.split()[0].decode())
    assert counted(gateway) == {2: (3, 1)}


async def test_each_window_that_refuses_counts_and_no_other(gateway: Gateway, client: Client) -> None:
    gateway.load(SHOP, ALL, READS, window(Gate.NONE, number=4))
    await client.ask(GET % (b"/shop", b""))
    await client.ask(GET % (b"/", b""))
    await client.ask(b"DELETE /shop/1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert counted(gateway) == {1: (2, 1), 2: (3, 1), 3: (1, 1)}


async def test_what_reaches_the_application_or_the_gateways_own_pages_is_not_counted(
    serve: Serve, application: Application
) -> None:
    """Reading in a read-only window, other paths, exempt ones, and pages under the prefix."""
    gateway = await serve(maintenance={"never_gate": ["/hook"]})
    gateway.load(SHOP, READS)
    client = await gateway.connect()
    for path in (b"/other", b"/hook"):
        assert (await client.ask(GET % (path, b""))).status == 200
    assert (await client.ask(GET % (b"/_maintenance/hello", b""))).status == 200
    assert len(application.received) == 2
    assert counted(gateway) == {}


async def test_while_no_state_is_known_there_is_no_window_to_count_for(serve: Serve) -> None:
    gateway = await serve(maintenance={"when_unknown": "close"})
    client = await gateway.connect()
    assert (await client.ask(GET % (b"/", b""))).status == 503
    assert counted(gateway) == {}


async def test_whom_a_reopening_holds_back_was_refused_by_its_window(gateway: Gateway, client: Client) -> None:
    """Until it is let in; also where another window refuses it at the same time."""
    over = replace(ALL, ended_at=datetime.now(UTC) - timedelta(seconds=30), reopen_over=timedelta(seconds=60))
    gateway.load(over)
    early, late = cookie_at(over, 0.1, 0.3), cookie_at(over, 0.8, 1.0)
    assert (await client.ask(GET % (b"/", early))).status == 200
    assert (await client.ask(GET % (b"/", late))).status == 503
    assert counted(gateway) == {2: (1, 1)}
    gateway.load(over, SHOP)
    assert (await client.ask(GET % (b"/shop", early))).status == 503
    assert (await client.ask(GET % (b"/shop", late))).status == 503
    assert counted(gateway) == {1: (2, 1), 2: (1, 1)}


async def test_what_waited_into_a_window_and_was_refused_counts(serve: Serve, application: Application) -> None:
    """It got the same answer as everybody else. Whose answer had begun was not refused: it is cut, and not counted."""
    gateway = await serve(server=GRACE)

    async def half(application: Application, end: End) -> None:
        application.received.append(received := await end.message())
        if b"/stream" in received.line:
            end.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")
        await end.end()

    application.script = half
    stuck, stream = await gateway.connect(), await gateway.connect()
    stuck.send(GET % (b"/stuck", b""))
    stream.send(GET % (b"/stream", b""))
    await stream.until(b"half")
    await wait_until(lambda: len(application.received) == 2)
    gateway.load(ALL)
    assert (await stuck.answer()).status == 503
    await wait_until(lambda: len(gateway.front.connections) == 1)
    assert counted(gateway) == {2: (1, 1)}


async def test_a_client_is_the_trusted_address(serve: Serve) -> None:
    """Behind a balancer whom it names; of IPv6 the /64; and whoever can't be known is one more."""
    gateway = await serve(server={"trusted_proxies": ["127.0.0.0/8"]})
    gateway.load(ALL)
    client = await gateway.connect()
    for named in (b"192.0.2.1", b"192.0.2.1", b"192.0.2.2", b"2001:db8::1", b"2001:db8::2:3", b"2001:db8:0:1::1", b"?"):
        await client.ask(GET % (b"/", b"X-Forwarded-For: %b\r\n" % named))
    assert counted(gateway) == {2: (7, 5)}


async def test_whom_a_stranger_names_does_not_count(gateway: Gateway, client: Client) -> None:
    """Nobody makes a thousand clients of one by a header."""
    gateway.load(ALL)
    for number in range(5):
        await client.ask(GET % (b"/", b"X-Forwarded-For: 192.0.2.%d\r\n" % number))
    assert counted(gateway) == {2: (5, 1)}


ADDRESSES = (
    st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n)))
    | st.integers(0, 2**128 - 1).map(lambda n: str(IPv6Address(n)))
    | st.integers(0, 2**70).map(lambda n: str(IPv6Address(n)))
    | st.integers(0, 2**32 - 1).map(lambda n: f"::ffff:{IPv4Address(n)}")
    | st.sampled_from(
        ["", "fe80::1%eth0", "fe80::2%eth0", "::1", "2001:db8::1", "2001:db8::ffff", "no address: at all"]
    )
)


@given(ADDRESSES, ADDRESSES)
def test_two_addresses_count_as_one_client_where_limits_take_them_for_one(one: str, other: str) -> None:
    assert (counted_as(one) == counted_as(other)) == (client_key(one) == client_key(other))


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_of_ipv6_the_network_counts(network: int, host: int, other: int) -> None:
    one, same = (str(IPv6Address((network << 64) + part)) for part in (host, other))
    assert (counted_as(one) == counted_as(same)) == (client_key(one) == client_key(same))


def test_tallies_are_taken_once() -> None:
    """What comes while they are written belongs to the next ones."""
    refusals = Refusals()
    refusals.add(ALL, "a")
    assert refusals.requests() == 1
    assert refusals.take()[ALL.id].requests == 1
    assert refusals.requests() == 0
    assert refusals.take() == {}
