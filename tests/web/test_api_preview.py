"""Previews over the API: what would happen to a request, and why, on a real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.config.settings import Maintenance
from gateway.domain.access import TokenScope
from gateway.service.preview import Previews
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import ClientMaker, application

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
SHOP = "https://shop.example.com/checkout"


@pytest.fixture
async def call(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Caller:
    maintenance = Maintenance.model_validate({"never_gate": ["/hook"], "bypass_networks": ["10.0.0.0/8"]})
    # The same services, with exemptions.
    object.__setattr__(services, "previews", Previews(services.windows, services.state, maintenance))
    client = await aiohttp_client(application(services, observations))
    return Caller(client, await token_of(services, TokenScope.WRITE))


async def made(call: Caller, **fields: Any) -> str:
    reply = await call("POST", "/windows", {"title": "Upgrade", **fields})
    assert reply.status == 201, reply
    return str(reply.document["id"])


async def asked(call: Caller, url: str = SHOP, **fields: Any) -> dict[str, Any]:
    reply = await call("POST", "/preview", {"url": url, **fields})
    assert reply.status == 200, reply
    document: dict[str, Any] = reply.document
    return document


async def test_a_request_is_explained(call: Caller) -> None:
    """The verdict, the reason, a sentence, and what each window does to it."""
    free = await asked(call)
    assert (free["verdict"], free["reason"], free["windows"]) == ("forward", "not_gated", [])
    assert free["summary"] == "forwarded: no window is in force"
    window = await made(call, scope={"paths": ["/checkout"], "excluded_paths": ["/checkout/help"]})
    refused = await asked(call)
    assert (refused["host"], refused["path"], refused["method"]) == ("shop.example.com", "/checkout", "GET")
    assert (refused["verdict"], refused["reason"], refused["tried"]) == ("refuse", "closed", None)
    assert refused["summary"] == 'refused with 503: "Upgrade" is closed for /checkout, but not /checkout/help'
    because = "is closed for /checkout, but not /checkout/help"
    assert refused["windows"] == [
        {"id": window, "title": "Upgrade", "state": "active", "gate": "closed", "effect": "refuses", "because": because}
    ]


@pytest.mark.parametrize(
    ("url", "fields", "expected", "says"),
    [
        ("/checkout", {}, ("refuse", "closed"), "is closed for"),
        ("/checkout/help", {}, ("forward", "not_gated"), "leaves out /checkout/help, and /checkout/help is there"),
        ("/checkout/help/../pay", {}, ("refuse", "closed"), "(/checkout/help/../pay is not plain"),
        ("/other", {}, ("forward", "not_gated"), "is about what is below /checkout, and /other is not"),
        ("/%63heckout", {}, ("refuse", "closed"), "(/%63heckout is not plain"),
        ("/checkout?x=/other#y", {}, ("refuse", "closed"), "is closed for"),
        ("/hook/x", {}, ("forward", "never_gate"), "/hook/x is among the paths that are never gated"),
        ("/checkout", {"address": "10.1.2.3"}, ("bypass", "bypass_network"), "10.1.2.3 is in a network that is never"),
        ("/checkout", {"address": "::ffff:10.1.2.3"}, ("bypass", "bypass_network"), "10.1.2.3 is in a network"),
        ("/checkout", {"address": "192.0.2.1"}, ("refuse", "closed"), "is closed for"),
        (
            "/checkout",
            {"bypass_link": True},
            ("bypass", "bypass_link"),
            'by the bypass link: without it, "Upgrade" is closed',
        ),
        ("/_maintenance/", {}, ("built_in", "own_pages"), "answered by the gateway itself"),
        ("http://other.example/checkout", {}, ("forward", "not_gated"), "is about 127.0.0.1, not about other.example"),
    ],
)
async def test_the_reasons(
    call: Caller, url: str, fields: dict[str, Any], expected: tuple[str, str], says: str
) -> None:
    """A path alone is one of the host that the call itself goes to."""
    await made(call, scope={"hosts": ["127.0.0.1"], "paths": ["/checkout"], "excluded_paths": ["/checkout/help"]})
    document = await asked(call, url, **fields)
    assert (document["verdict"], document["reason"]) == expected
    assert says in document["summary"]


async def test_reading_and_writing(call: Caller) -> None:
    """A read-only window lets reading through, and says so."""
    await made(call, gate="read_only")
    reading, writing = await asked(call), await asked(call, method="POST")
    assert (reading["verdict"], reading["windows"][0]["effect"]) == ("forward", "safe_method")
    assert reading["summary"] == 'forwarded: "Upgrade" is read-only, and GET changes nothing'
    assert (writing["verdict"], writing["reason"]) == ("refuse_write", "read_only")
    assert writing["summary"] == (
        'refused with 503: "Upgrade" is read-only for all requests, and POST may change something'
    )


async def test_a_time_to_come(call: Caller) -> None:
    """By what is scheduled now."""
    await made(call, starts_at=TOMORROW.isoformat(), ends="on_time", estimated_duration="PT1H")
    now = await asked(call)
    assert (now["verdict"], now["windows"][0]["effect"]) == ("forward", "scheduled")
    during = await asked(call, at=TOMORROW.isoformat())
    assert (during["verdict"], during["at"]) == ("refuse", TOMORROW.isoformat().replace("+00:00", "Z"))
    after = await asked(call, at=(TOMORROW + timedelta(hours=1)).isoformat())
    assert (after["verdict"], after["windows"][0]["effect"]) == ("forward", "over")


async def test_a_window_is_tried_as_if_it_were_in_force(call: Caller, services: Services) -> None:
    """One that exists, or a draft; beside what happens now. Nothing is changed by asking."""
    window = await made(call, title="Later", starts_at=TOMORROW.isoformat())
    version = services.state.version
    document = await asked(call, window_id=window)
    assert (document["verdict"], document["tried"]["verdict"]) == ("forward", "refuse")
    assert (document["tried"]["id"], document["tried"]["title"]) == (window, "Later")
    draft = {"kind": "degradation", "gate": "read_only", "scope": {"excluded_paths": ["/help"]}}
    for url, method, verdict in (
        ("/x", "POST", "refuse_write"),
        ("/x", "GET", "forward"),
        ("/help", "POST", "forward"),
    ):
        tried = (await asked(call, url, method=method, window=draft))["tried"]
        assert (tried["id"], tried["title"], tried["verdict"]) == (None, "this window", verdict)
    assert (await asked(call, window={"kind": "announcement"}))["tried"]["gate"] == "none"
    assert services.state.version == version


async def test_a_window_that_is_over_for_long_can_be_tried(call: Caller) -> None:
    """Also one that no gateway keeps in memory."""
    old = await made(call, title="Old", starts_at="2026-01-01T00:00:00Z", ends="on_time")
    for number in range(11):
        await made(call, title=f"{number}", starts_at=f"2026-02-{number + 1:02}T00:00:00Z", ends="on_time")
    assert (await asked(call, window_id=old))["tried"]["verdict"] == "refuse"


@pytest.mark.parametrize(
    ("fields", "wrong", "says"),
    [
        ({}, "url", "is missing: it is needed"),
        ({"url": ""}, "url", "must not be empty"),
        ({"url": "x" * 8193}, "url", "at most 8,192"),
        ({"url": "shop.example.com/x"}, "url", 'write for example "https://shop.example.com/checkout" or "/checkout"'),
        ({"url": "ftp://shop.example.com/"}, "url", "is not a URL"),
        ({"url": "/a b"}, "url", "is not a URL"),
        ({"url": "/a\r\nHost: x"}, "url", "is not a URL"),
        ({"url": "/a\u0000"}, "url", "is not a URL"),
        ({"url": "http://a..b/"}, "url", "is answered with 400 whatever windows there are"),
        ({"url": "http://x@shop.example.com/"}, "url", "is answered with 400 whatever windows there are"),
        ({"url": "http://shop.example.com:99999/"}, "url", "is answered with 400"),
        ({"url": "http://\u0130\u0130" + "x" * 80 + "/"}, "url", "names no host"),
        ({"url": "/", "method": "get"}, "method", "in capital letters: GET"),
        ({"url": "/", "method": "BREW"}, "method", "is not a method such as GET or POST"),
        ({"url": "/", "method": "G T"}, "method", "is not a method"),
        ({"url": "/", "method": "CONNECT"}, "method", "405 whatever windows there are"),
        ({"url": "/", "address": "nowhere"}, "address", "is not an address such as 192.0.2.1"),
        ({"url": "/", "address": 3232235777}, "address", "is not an address such as 192.0.2.1"),
        ({"url": "/", "bypass_link": "yes"}, "bypass_link", ""),
        ({"url": "/", "at": "tomorrow"}, "at", ""),
        ({"url": "/", "at": "2026-01-01T00:00:00Z"}, "at", "is in the past: leave it out to ask about now"),
        ({"url": "/", "window": {"scope": {"paths": ["x"]}}}, "window.scope.paths.0", "it starts with /"),
        ({"url": "/", "window": {"starts_at": None}}, "window.starts_at", "there is no such field"),
        ({"url": "/", "window_id": "x"}, "window_id", ""),
        ({"url": "/", "window_id": NO_WINDOW, "window": {}}, "body", "exclude each other"),
        ({"url": "/", "tea": 1}, "tea", "there is no such field"),
    ],
)
async def test_wrong_questions_are_named(call: Caller, fields: dict[str, Any], wrong: str, says: str) -> None:
    """By the field, with what would be right."""
    reply = await call("POST", "/preview", fields)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {wrong}
    assert says in reply.document["errors"][wrong]


async def test_a_window_that_is_none_can_not_be_tried(call: Caller) -> None:
    reply = await call("POST", "/preview", {"url": "/", "window_id": NO_WINDOW})
    assert is_problem(reply, 404)


async def test_letters_beyond_ascii_are_escaped_as_browsers_do(call: Caller) -> None:
    """In the path; a host is written in its ASCII form."""
    document = await asked(call, "https://m\u00fcnchen.example/caf\u00e9?q=\u00e9")
    assert (document["host"], document["path"]) == ("xn--mnchen-3ya.example", "/caf%C3%A9")


async def test_asking_takes_no_more_than_reading(call: Caller, services: Services) -> None:
    """A token that may only read may ask; without one nobody does."""
    reader = Caller(call.client, await token_of(services, TokenScope.READ))
    assert (await reader("POST", "/preview", {"url": "/"})).status == 200
    assert (await Caller(call.client, None)("POST", "/preview", {"url": "/"})).status == 401
