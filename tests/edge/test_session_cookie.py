"""The panel's session over https has a cookie that browsers send everywhere: the application never sees it."""

import pytest

from gateway.http1.request import RequestHeadParser
from tests.edge.conftest import Gateway
from tests.edge.wire import Application, Client

GET = b"GET %b HTTP/1.1\r\nHost: shop.example\r\n%b\r\n"
OWN = b"__Host-gateway_session=secret"
OTHERS = b"; ".join(b"c%d=%d" % (number, number) for number in range(200))

SENT = [
    (b"", b"Cookie: %b\r\n"),
    (b"Cookie: a=1; b=2\r\n", b"Cookie: a=1; b=2; %b\r\n"),
    (b"Cookie: a=1; b=2\r\n", b"Cookie: a=1; %b; b=2\r\n"),
    (b"Cookie: b=2\r\n", b"Cookie: %b; b=2\r\n"),
    (b"Cookie: a=1;b=2\r\n", b"Cookie: a=1;%b;b=2\r\n"),
    (b"Cookie: a=1\r\nX: y\r\ncookie: b=2\r\n", b"Cookie: a=1\r\nX: y\r\ncookie: b=2\r\nCOOKIE:%b\r\n"),
    (b"Cookie: %b\r\n" % OTHERS, b"Cookie: " + OTHERS + b"; %b\r\n"),
    (b"", b"Cookie: gateway_bypass=x; %b; gateway_place=y\r\n"),
    (b"Cookie: a=1\r\n", b"Cookie: %b; a=1; __Host-gateway_session = secret ;\t__Host-gateway_session=secret\r\n"),
]


@pytest.mark.parametrize(("left", "sent"), SENT)
async def test_rule_10_the_application_never_sees_the_session(
    client: Client, application: Application, left: bytes, sent: bytes
) -> None:
    """Whatever the order and number of cookies; all others arrive byte for byte."""
    assert (await client.ask(GET % (b"/", sent.replace(b"%b", OWN)))).status == 200
    assert application.last.head.startswith(b"GET / HTTP/1.1\r\nHost: shop.example\r\n%bX-Forwarded-For: " % left)
    assert b"secret" not in application.last.head


async def test_rule_10_a_tunnel_does_not_carry_the_session(client: Client, application: Application) -> None:
    """Upgrades have a head, too."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: raw\r\nCookie: %b; a=1\r\n" % OWN
    await client.ask(GET % (b"/ws", upgrade))
    assert b"Cookie: a=1" in application.last.head
    assert b"secret" not in application.last.head


@pytest.mark.usefixtures("gateway")
async def test_the_built_in_site_gets_the_session(client: Client) -> None:
    """With all that the application gets, also on a connection that has just asked the application."""
    head = b"Cookie: a=1; %b; b=2\r\n" % OWN
    assert (await client.ask(GET % (b"/", head))).status == 200
    assert (
        await client.ask(GET % (b"/_maintenance/cookies", head))
    ).content == b"__Host-gateway_session=secret a=1 b=2"
    assert (await client.ask(GET % (b"/_maintenance/cookies", b"Cookie: a=1\r\n"))).content == b"a=1"


def test_who_has_none_of_our_cookies_pays_for_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Cookie field is taken apart for nothing."""

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("gateway.http1.request.take_cookie", never)
    head = GET % (b"/", b"Cookie: %b\r\n" % OTHERS)
    assert RequestHeadParser(100).parse(head).fields.session == ()
    with pytest.raises(AssertionError):
        RequestHeadParser(100).parse(GET % (b"/", b"Cookie: %b\r\n" % OWN))


async def test_a_session_stays_with_its_own_request(gateway: Gateway, application: Application) -> None:
    """What is remembered of a connection's last head gives the next one no session."""
    client = await gateway.connect()
    with_it = GET % (b"/_maintenance/cookies", b"Cookie: %b\r\n" % OWN)
    for _ in range(2):
        assert (await client.ask(with_it)).content == b"__Host-gateway_session=secret"
        assert (await client.ask(GET % (b"/_maintenance/cookies", b""))).content == b""
        assert (await client.ask(GET % (b"/", b"Cookie: %b\r\n" % OWN))).status == 200
        assert b"secret" not in application.last.head
