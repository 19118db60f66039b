"""What a scope leaves out, over real sockets: forwarded where it is plainly so, and nowhere else (rules 2 and 27)."""

import pytest

from gateway.domain.scope import Scope
from gateway.domain.window import Gate
from tests.edge.conftest import Gateway, Serve, window
from tests.edge.wire import Application, Client
from tests.observed import wait_until

GET = b"GET %b HTTP/1.1\r\nHost: shop.example\r\n\r\n"
WITHOUT_HELP = Scope(paths=("/shop",), excluded_paths=("/shop/help",))
ALL_BUT_HELP = Scope(excluded_paths=("/shop/help",))


@pytest.mark.parametrize("scope", [WITHOUT_HELP, ALL_BUT_HELP])
@pytest.mark.parametrize("path", [b"/shop/help", b"/shop/help/", b"/shop/help/a.html?x=../..", b"/shop/help?/shop"])
async def test_rule_27_what_is_left_out_is_forwarded(
    gateway: Gateway, client: Client, application: Application, scope: Scope, path: bytes
) -> None:
    """Byte for byte, as if there were no window."""
    gateway.load(window(scope=scope))
    assert (await client.ask(GET % path)).status == 200
    assert application.last.line == b"GET %b HTTP/1.1" % path
    assert (await client.ask(GET % b"/shop")).status == 503


@pytest.mark.parametrize("scope", [WITHOUT_HELP, ALL_BUT_HELP])
@pytest.mark.parametrize(
    "path",
    [
        b"/shop/help/../checkout",
        b"/shop/help/%2e%2e/checkout",
        b"/shop/help/%2E./checkout",
        b"/shop/help/%252e%252e/checkout",
        b"/shop/help/..%2fcheckout",
        b"/shop/help/..%5ccheckout",
        b"/shop/help/..\\checkout",
        b"/shop/help/..;/checkout",
        b"/shop/help/..;x=/checkout",
        b"/shop/help;/../checkout",
        b"/shop/help;x",
        b"/shop/help//../../checkout",
        b"/shop/help//",
        b"/shop/help/.",
        b"/shop/help/./x",
        b"/shop/help/..",
        b"/shop/help%2f..%2fcheckout",
        b"/shop/help%00/../checkout",
        b"/shop/help%23",
        b"/shop/help%3f",
        b"/shop//help",
        b"//shop/help",
        b"/shop/./help",
        b"/./shop/help",
        b"/shop/%68elp",
        b"/shop%2fhelp",
        b"/shop/HELP",
        b"/shop/helpdesk",
        b"/shop/checkout/../help",
        b"http://shop.example/shop/help/../checkout",
        b"http://shop.example//shop/help",
    ],
)
async def test_rule_02_an_exclusion_can_not_be_used_to_slip_past(
    gateway: Gateway, client: Client, application: Application, scope: Scope, path: bytes
) -> None:
    """Doubt counts as gated, never as exempt: the application does not see the request."""
    gateway.load(window(scope=scope))
    assert (await client.ask(GET % path)).status == 503
    assert not application.connections


async def test_an_absolute_target_is_left_out_as_its_path(gateway: Gateway, client: Client) -> None:
    gateway.load(window(scope=WITHOUT_HELP))
    assert (await client.ask(GET % b"http://shop.example/shop/help")).status == 200


async def test_another_window_may_refuse_what_one_leaves_out(gateway: Gateway, client: Client) -> None:
    """An exclusion is of its window alone; the strictest gate that covers wins."""
    gateway.load(window(scope=WITHOUT_HELP), window(Gate.READ_ONLY, number=2))
    assert (await client.ask(GET % b"/shop/help")).status == 200
    post = b"POST /shop/help HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n\r\n"
    assert (await client.ask(post)).status == 503


async def test_a_request_to_what_is_left_out_is_not_left_behind(serve: Serve, application: Application) -> None:
    """No fence waits for it, and nothing ends it."""
    gateway = await serve()
    inside, outside = await gateway.connect(), await gateway.connect()
    for client, path in ((inside, b"/shop/help"), (outside, b"/shop/checkout")):
        client.send(b"POST %b HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 6\r\n\r\nabc" % path)
    await wait_until(lambda: len(application.connections) == 2)
    gated = window(scope=WITHOUT_HELP)
    gateway.load(gated)
    assert gateway.front.left_behind.counts()[gated.id].left == 1
    for client in (inside, outside):
        client.send(b"def")
        assert (await client.answer()).status == 200


async def test_a_client_that_waits_for_what_is_left_out_is_let_in(gateway: Gateway, client: Client) -> None:
    """The stream of events knows exclusions, too: it says `reopen` at once."""
    gateway.load(window(scope=WITHOUT_HELP))
    client.send(b"GET /_maintenance/events?for=/shop/help HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    assert b"event: reopen" in await client.reader.readuntil(b"event: reopen")
