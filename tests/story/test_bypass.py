"""An SRE makes a bypass link, a tester works behind the closed gate, and the link is revoked (rule 27)."""

import http.client
import json
import time
from contextlib import closing
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import pytest

from tests.story.conftest import Stage
from tests.story.customers import fetch
from tests.story.processes import eventually

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("no_window_left")]


def test_rule_27_a_tester_works_behind_a_closed_gate_until_the_link_is_revoked(stage: Stage) -> None:
    """At both gateways, on connections that stay open; within a second after the command nobody is let through."""
    made = stage.command("bypass", "create", "Anna, smoke tests", "--for", "1h")
    assert made.code == 0, made
    link = urlsplit(made.out.strip())
    assert link.port == stage.shop.port
    assert stage.command("window", "start", "--title", "All closed").code == 0
    eventually(lambda: fetch(stage.chat.port, "/status/200").status == 503)

    visit = fetch(stage.shop.port, f"{link.path}?to=/cookies")
    assert (visit.status, visit.header("Location")) == (302, "/cookies")
    cookie = SimpleCookie(visit.header("Set-Cookie"))["gateway_bypass"]
    headers = {"Cookie": f"basket=17; gateway_bypass={cookie.value}"}
    seen = fetch(stage.shop.port, "/cookies", headers=headers)
    assert seen.status == 200
    assert seen.header("Gateway-Bypass").startswith('link;name="Anna, smoke tests";until=@')
    assert json.loads(seen.body) == {"cookies": {"basket": "17"}}
    assert fetch(stage.shop.port, "/post", method="POST", body=b"x", headers=headers).status == 200
    assert fetch(stage.shop.port, "/cookies").status == 503

    [listed] = [each for each in stage.command("bypass", "list", "--json").json if each["state"] == "live"]
    assert listed["first_used_at"] is not None
    with (
        closing(http.client.HTTPConnection("127.0.0.1", stage.shop.port, timeout=20)) as shop,
        closing(http.client.HTTPConnection("127.0.0.1", stage.chat.port, timeout=20)) as chat,
    ):

        def statuses() -> list[int]:
            found = []
            for connection in (shop, chat):
                connection.request("GET", "/status/200", headers=headers)
                response = connection.getresponse()
                response.read()
                found.append(response.status)
            return found

        assert 503 not in statuses()
        assert stage.command("bypass", "revoke", listed["id"]).code == 0
        revoked = time.monotonic()
        eventually(lambda: statuses() == [503, 503])
        assert time.monotonic() - revoked < 1
    again = fetch(stage.shop.port, link.path, headers={"Accept": "text/html"})
    assert (again.status, again.header("Set-Cookie")) == (403, None)
    assert "ask whoever gave it to you for a new one" in again.text

    audit = stage.psql("select actor, action from audit where subject = 'bypass_link' order by id").splitlines()
    assert audit == [
        "token story|bypass_link.created",
        "bypass link Anna, smoke tests|bypass_link.used",
        "token story|bypass_link.revoked",
    ]
    stage.shop.err.wait_for("BypassUsed .*Anna, smoke tests")
    stage.shop.out.wait_for(r"/_maintenance/bypass/gwb_[0-9a-f]{32}\.\*\*\*\?to=/cookies")
    secret = cookie.value.rpartition(".")[2]
    for gateway in (stage.shop, stage.chat):
        assert secret not in gateway.out.text + gateway.err.text
