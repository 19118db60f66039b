"""Whoever bypasses a gate is told so: by a field on the application's answers, and by `/bypass.json` (rule 27)."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.bypass import Bypass
from gateway.domain.scope import Scope
from gateway.domain.window import Gate
from tests.edge.conftest import HOUR, Gateway, Serve, window
from tests.edge.test_bypass import bypass, cookie, load
from tests.edge.wire import OK, Application, Client, Message

GET = b"GET %b HTTP/1.1\r\nHost: shop.example\r\n%b\r\n"
LEFT = b"Cookie: gateway_bypass=left\r\n"
HERE = {"maintenance": {"bypass_networks": ["127.0.0.0/8"]}}
ASK = b"/_maintenance/bypass.json?for=%2Fcheckout"


def said(answer: Message) -> Any:
    assert answer.status == 200
    assert answer.get("Cache-Control") == b"no-store"
    assert answer.get("Content-Type") == b"application/json"
    return json.loads(answer.body)


async def test_rule_27_the_field_names_the_link_its_end_and_the_window(gateway: Gateway, client: Client) -> None:
    """One line, in front of the application's own, which stay as they are."""
    anna, closed = bypass(), window()
    load(gateway, closed, links=(anna,))
    answer = await client.ask(GET % (b"/", cookie(anna)))
    until = int(anna.expires_at.timestamp())
    expected = b'link;name="tester 1";until=@%d;window="%b"' % (until, str(closed.id).encode())
    assert answer.get("Gateway-Bypass") == expected
    assert answer.head.replace(b"Gateway-Bypass: %b\r\n" % expected, b"") + answer.body == OK


HOSTILE = ["a\r\nSet-Cookie: admin=1", 'QA";window="x', "x\x00y\x7f", "Prüfer 🧪", "\\", "%", "a\r\n\r\n<script>"]


@pytest.mark.parametrize("name", HOSTILE)
async def test_rule_27_no_name_leaves_its_place_in_the_head(
    gateway: Gateway, client: Client, application: Application, name: str
) -> None:
    """Names come from people: none adds a field, ends the head or forges a parameter."""
    link = Bypass(id=bypass().id, name=name, expires_at=datetime.now(UTC) + HOUR)
    closed = window()
    load(gateway, closed, links=(link,))
    answer = await client.ask(GET % (b"/", cookie(link)))
    assert answer.content == b"ok"
    assert [key for key, _ in answer.fields][1:] == [key for key, _ in (await _plain(gateway, client)).fields]
    value = answer.get("Gateway-Bypass")
    assert value is not None
    assert re.fullmatch(rb"[\x20-\x7e]+", value)
    assert value.endswith(b';window="%b"' % str(closed.id).encode())
    assert len(re.findall(rb'"(?:[^"\\]|\\.)*"', value)) == 2
    assert len(application.connections) == 1


async def _plain(gateway: Gateway, client: Client) -> Message:
    load(gateway)
    return await client.ask(GET % (b"/", b""))


async def test_rule_27_a_bypass_network_is_marked_too_and_only_where_a_window_refuses(serve: Serve) -> None:
    gateway = await serve(**HERE)
    client = await gateway.connect()
    closed = window(scope=Scope(paths=("/checkout",)))
    load(gateway, closed)
    answer = await client.ask(GET % (b"/checkout", b""))
    assert answer.get("Gateway-Bypass") == b'network;window="%b"' % str(closed.id).encode()
    other = await client.ask(GET % (b"/other", b""))
    assert other.head + other.body == OK
    load(gateway, window(Gate.READ_ONLY))
    assert (await client.ask(GET % (b"/checkout", b""))).get("Gateway-Bypass") is None
    load(gateway)
    assert (await client.ask(GET % (b"/checkout", b""))).get("Gateway-Bypass") is None
    assert [told.verdict for told in await gateway.told(4)] == ["bypass", "forward", "forward", "forward"]


async def test_rule_27_the_strictest_window_is_named(gateway: Gateway, client: Client) -> None:
    anna, mild, strict = bypass(), window(Gate.READ_ONLY, number=2), window()
    load(gateway, mild, strict, links=(anna,))
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n%b\r\n" % cookie(anna)
    assert str(strict.id).encode() in ((await client.ask(post)).get("Gateway-Bypass") or b"")
    load(gateway, mild, links=(anna,))
    assert str(mild.id).encode() in ((await client.ask(post)).get("Gateway-Bypass") or b"")


async def test_rule_27_a_reopening_is_bypassed_and_named(gateway: Gateway, client: Client) -> None:
    """Whoever would still be held back is told which window that was."""
    anna = bypass()
    over = replace(window(), reopen_over=timedelta(days=1), ended_at=datetime.now(UTC))
    load(gateway, over, links=(anna,))
    assert (await client.ask(GET % (b"/", b""))).status == 503
    value = (await client.ask(GET % (b"/", cookie(anna)))).get("Gateway-Bypass")
    assert value is not None
    assert value.endswith(b';window="%b"' % str(over.id).encode())
    # The ribbon is told the same.
    told = await client.ask(GET % (b"/_maintenance/bypass.json?for=/", cookie(anna)))
    assert json.loads(told.body)["window"]["url"].endswith(str(over.id))


async def test_rule_27_an_unknown_state_names_no_window(serve: Serve) -> None:
    """Where it means closed, a bypass network passes, and the field says no more than that."""
    gateway = await serve(maintenance={"when_unknown": "close", "bypass_networks": ["127.0.0.0/8"]})
    client = await gateway.connect()
    assert (await client.ask(GET % (b"/", b""))).get("Gateway-Bypass") == b"network"
    assert said(await client.ask(GET % (ASK, b"")))["gate"] == "closed"


async def test_rule_27_who_has_left_is_a_customer(serve: Serve, application: Application) -> None:
    """Also from a network that passes; the cookie is not forwarded when there is no gate."""
    gateway = await serve(**HERE)
    client = await gateway.connect()
    load(gateway, window())
    assert (await client.ask(GET % (b"/", b""))).status == 200
    assert (await client.ask(GET % (b"/", LEFT))).status == 503
    assert said(await client.ask(GET % (ASK, LEFT))) == {"bypass": None}
    load(gateway)
    assert (await client.ask(GET % (b"/", LEFT))).status == 200
    assert b"left" not in application.last.head


async def test_rule_27_a_page_is_told_what_it_bypasses(gateway: Gateway, client: Client) -> None:
    """By link or network, which window, and how to leave; nothing to those who bypass nothing there."""
    anna, closed = bypass(), window(scope=Scope(paths=("/checkout",)))
    load(gateway, closed, links=(anna,))
    assert said(await client.ask(GET % (ASK, cookie(anna)))) == {
        "bypass": {
            "by": "link",
            "name": "tester 1",
            "expires_at": anna.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "leave": "/_maintenance/bypass/leave",
        },
        "gate": "closed",
        "window": {"title": closed.title, "url": f"/_maintenance/windows/{closed.id}"},
    }
    elsewhere = ASK.replace(b"checkout", b"help")
    for path, fields in ((ASK, b""), (ASK, cookie(bypass(2))), (elsewhere, cookie(anna)), (ASK, LEFT)):
        assert said(await client.ask(GET % (path, fields))) == {"bypass": None}
    load(gateway, window(Gate.READ_ONLY), links=(anna,))
    assert said(await client.ask(GET % (ASK, cookie(anna))))["gate"] == "read_only"
    load(gateway, links=(anna,))
    assert said(await client.ask(GET % (ASK, cookie(anna)))) == {"bypass": None}


async def test_rule_27_a_network_is_told_as_such(serve: Serve) -> None:
    gateway = await serve(maintenance={"bypass_networks": ["127.0.0.0/8"], "never_gate": ["/hooks"]})
    client = await gateway.connect()
    load(gateway, window())
    told = said(await client.ask(GET % (ASK, b"")))
    assert (told["bypass"]["by"], told["bypass"]["name"], told["bypass"]["expires_at"]) == ("network", None, None)
    assert said(await client.ask(GET % (b"/_maintenance/bypass.json", b"")))["bypass"]["by"] == "network"
    hooks = b"/_maintenance/bypass.json?for=/hooks"
    assert said(await client.ask(GET % (hooks, b""))) == {"bypass": None}


async def test_rule_27_a_wrong_question_is_answered_as_such(client: Client) -> None:
    """Each with a line that says what is asked for, and the connection stays."""
    for query, reason in ((b"?for=checkout", b'"for" is the path'), (b"?" + b"a=&" * 20, b"too many fields")):
        answer = await client.ask(GET % (b"/_maintenance/bypass.json" + query, b""))
        assert answer.status == 400
        assert reason in answer.body
    post = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" % ASK
    answer = await client.ask(post)
    assert (answer.status, answer.get("Allow")) == (405, b"GET, HEAD")
    assert answer.body == b"405 this is asked for with GET, without a body\n"
    head = await client.ask(GET.replace(b"GET", b"HEAD") % (ASK, b""))
    assert (head.status, head.body) == (200, b"")
