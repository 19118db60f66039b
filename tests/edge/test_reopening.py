"""Reopening step by step, and waiting clients: `/events` (rule 30)."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.reopening import place
from gateway.domain.scope import Scope
from gateway.domain.window import Window
from gateway.edge.waiting import Target
from gateway.service.state import STALE_AFTER
from tests.edge.conftest import Gateway, Serve, window
from tests.edge.wire import Application, Client
from tests.observed import wait_until

GET = b"GET %b HTTP/1.1\r\nHost: shop.example\r\n%b\r\n"
HTML = b"Accept: text/html\r\n"
EVENTS = GET % (b"/_maintenance/events%b", b"Accept: text/event-stream\r\n%b")
OVER = timedelta(seconds=60)


def reopening(*, since: float = 0.0, over: timedelta = OVER, **options: Any) -> Window:
    """A window that has just ended, or so many seconds ago."""
    ended = datetime.now(UTC) - timedelta(seconds=since)
    return replace(window(**options), ended_at=ended, reopen_over=over)


def cookie_at(gate: Window, low: float, high: float) -> bytes:
    """A cookie whose place lies between two."""
    values = (b"%016x" % number for number in range(100_000))
    return b"Cookie: gateway_place=%b\r\n" % next(v for v in values if low <= place(gate, v) < high)


async def events(client: Client, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Read so many events, and nothing that is none."""
    found: list[tuple[str, dict[str, Any]]] = []
    while len(found) < count:
        lines = (await client.until(b"\n\n")).decode().split("\n")
        fields = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


async def listen(client: Client, query: bytes = b"", fields: bytes = b"") -> bytes:
    """Ask for events; return the head of the answer."""
    client.send(EVENTS % (query, fields))
    return await client.until(b"\r\n\r\n")


async def test_rule_30_early_places_are_in_and_late_ones_wait(
    gateway: Gateway, client: Client, application: Application
) -> None:
    """Half of the time is over: half of the clients are let in; the others are told when, each its own time."""
    gate = reopening(since=30)
    gateway.load(gate)
    assert (await client.ask(GET % (b"/", cookie_at(gate, 0.2, 0.4)))).status == 200
    assert b"gateway_place" not in application.last.head
    late = await client.ask(GET % (b"/", HTML + cookie_at(gate, 0.74, 0.76)))
    assert late.status == 503
    assert 14 <= int(late.get("retry-after") or 0) <= 16
    assert late.get("refresh") == late.get("retry-after")
    assert b"is coming back" in late.content
    assert late.get("set-cookie") is None
    assert len(application.received) == 1


async def test_rule_30_a_client_comes_back_when_it_was_told_and_is_in(gateway: Gateway, client: Client) -> None:
    gate = reopening(over=timedelta(seconds=2))
    gateway.load(gate)
    cookie = cookie_at(gate, 0.2, 0.3)
    await listen(client, b"?for=/cart", cookie)
    (_, _), (name, data) = await events(client, 2)
    assert name == "reopen"
    assert 0.1 <= data["in"] <= 0.6
    other = await gateway.connect()
    assert (await other.ask(GET % (b"/cart", cookie))).status == 503
    back = gateway.state.clock.timestamp() + data["in"]
    await wait_until(lambda: gateway.state.clock.timestamp() >= back)
    assert (await other.ask(GET % (b"/cart", cookie))).status == 200


async def test_rule_30_without_a_cookie_the_address_counts(gateway: Gateway, client: Client) -> None:
    """For programs, which keep no cookies; and a browser is given one with its first refusal, of no great value."""
    gate = next(
        gate for number in range(1, 50) if place(gate := reopening(since=30, number=number), b"127.0.0.1") > 0.7
    )
    gateway.load(gate)
    told = await client.ask(GET % (b"/", b""))
    assert told.status == 503
    assert told.get("set-cookie") is None
    expected = place(gate, b"127.0.0.1") * 60 - 30
    assert expected - 2 <= int(told.get("retry-after") or 0) <= expected + 1
    browser = await client.ask(GET % (b"/", HTML))
    given = re.fullmatch(rb"gateway_place=([0-9a-f]{16}); Path=/; .*HttpOnly.*", browser.get("set-cookie") or b"")
    assert given
    expected = max(1, place(gate, given[1]) * 60 - 30)
    assert expected - 2 <= int(browser.get("retry-after") or 0) <= expected + 1


@pytest.mark.parametrize("value", [b"", b"x", b"0" * 15, b"0" * 17, b"ABCDEF0123456789", b"0" * 4000])
async def test_rule_30_a_cookie_that_is_not_ours_is_none(gateway: Gateway, client: Client, value: bytes) -> None:
    gateway.load(reopening())
    answer = await client.ask(GET % (b"/", HTML + b"Cookie: gateway_place=%b; a=b\r\n" % value))
    assert answer.get("set-cookie") is not None


async def test_a_window_that_reopens_at_once_gives_no_cookie(gateway: Gateway, client: Client) -> None:
    """And one that will reopen step by step gives it from its beginning, so that the place is known at its end."""
    gateway.load(window())
    assert (await client.ask(GET % (b"/", HTML))).get("set-cookie") is None
    gateway.load(replace(window(), reopen_over=OVER))
    answer = await client.ask(GET % (b"/", HTML))
    assert answer.get("set-cookie") is not None
    assert answer.get("refresh") is None


async def test_a_refused_write_is_not_sent_again_by_the_browser(gateway: Gateway, client: Client) -> None:
    gate = reopening()
    gateway.load(gate)
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n%b\r\n" % (HTML + cookie_at(gate, 0.5, 0.6))
    answer = await client.ask(post)
    assert answer.get("retry-after") is not None
    assert answer.get("refresh") is None


async def test_rule_30_who_waits_is_told_at_the_end(gateway: Gateway, client: Client) -> None:
    """`state` for all; `reopen` for those whose page is let in; each once, and again after the next window."""
    gate = window(scope=Scope(paths=("/shop",)))
    gateway.load(gate)
    head = await listen(client, b"?for=%2Fshop%2Fcart%3Fa")
    assert b"text/event-stream" in head
    assert b"\r\nX-Accel-Buffering: no\r\n" in head
    [(name, said)] = await events(client, 1)
    assert abs(datetime.fromisoformat(said.pop("at")) - gateway.state.now()) < timedelta(seconds=5)
    assert (name, said) == ("state", {**_state(gateway), "gated": True, "changed": []})
    reader = await gateway.connect()
    await listen(reader)
    await events(reader, 1)
    for _ in range(2):
        gateway.load()
        told = await events(client, 2)
        assert [name for name, _ in told] == ["state", "reopen"]
        assert told[0][1].pop("at")
        assert told[0][1] == {**_state(gateway), "gated": False, "changed": ["windows"]}
        assert 0 <= told[1][1]["in"] <= 2.01
        gateway.load(gate)
        assert [name for name, _ in await events(client, 1)] == ["state"]
        assert [name for name, _ in await events(reader, 2)] == ["state", "state"]


def _state(gateway: Gateway) -> dict[str, Any]:
    gated = gateway.state.moment.gates
    summary = "Part of Shop is down for maintenance" if gated else "No known problems"
    return {"version": gateway.state.version, "summary": summary}


async def test_who_waits_is_told_when_the_state_is_old_and_when_it_is_not(gateway: Gateway, client: Client) -> None:
    """The page says as of when it is: rendered again once, and once more when the database speaks."""
    state = gateway.state
    gateway.load(window())
    await listen(client)
    await events(client, 1)
    reader = await gateway.connect()
    real = state.clock.monotonic
    for is_old in (False, True, False):
        if is_old:
            state.clock.monotonic = lambda: real() + STALE_AFTER
            assert state.moment.as_of is not None
        elif state.moment.as_of:
            state.confirmed(state.now(), state.clock.monotonic(), state.clock.monotonic())
        pages = {(await reader.ask(GET % (b"/", HTML))).body for _ in range(3)}
        assert len(pages) == 1
        assert (b"There may be news that we can" in pages.pop()) is is_old
    assert [said["changed"] for _, said in await events(client, 2)] == [["windows", "components"]] * 2


async def test_who_asks_when_all_is_over_is_told_at_once(gateway: Gateway, client: Client) -> None:
    """The window may have ended between the page and its request for events."""
    gateway.load()
    await listen(client, b"?for=/")
    assert [name for name, _ in await events(client, 2)] == ["state", "reopen"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (GET % (b"/_maintenance/events?for=shop", b""), 400),
        (GET % (b"/_maintenance/events?for=/%0a", b""), 400),
        (GET % (b"/_maintenance/events?for=/" + b"a" * 2048, b""), 400),
        (GET % (b"/_maintenance/events?for=/&method=BREW", b""), 400),
        (GET % (b"/_maintenance/events?" + b"a=1&" * 11, b""), 400),
        (b"POST /_maintenance/events HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405),
        (b"GET /_maintenance/events HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 405),
        (GET % (b"/_maintenance/events/", b""), 404),
    ],
)
async def test_what_makes_no_sense_is_refused(client: Client, request_bytes: bytes, status: int) -> None:
    assert (await client.ask(request_bytes)).status == status


async def test_a_quiet_connection_shows_that_it_lives(
    gateway: Gateway, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies cut what says nothing for a minute."""
    monkeypatch.setattr("gateway.edge.waiting._QUIET", (0.1, 0.2))
    await listen(client)
    await events(client, 1)
    assert await client.until(b":\n\n") == b":\n\n"
    assert await client.until(b":\n\n") == b":\n\n"
    assert gateway.front.waiting.count == 1


async def test_who_does_not_read_events_is_cut(
    gateway: Gateway, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.edge.waiting._QUIET", (0.1, 0.2))
    await listen(client)
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    (waiting,) = gateway.front.connections
    waiting.transport.write(b":" * 2**24)
    await wait_until(lambda: not gateway.front.connections)
    assert gateway.front.waiting.count == 0


async def test_who_talks_into_events_is_cut(gateway: Gateway, client: Client) -> None:
    await listen(client)
    client.send(b"x" * 100_000)
    await wait_until(lambda: not gateway.front.connections)
    assert gateway.front.waiting.count == 0


async def test_a_gateway_that_stops_closes_them(serve: Serve) -> None:
    gateway = await serve()
    client = await gateway.connect()
    await listen(client)
    await events(client, 1)
    await gateway.front.drain(5)
    assert await client.end() == b""


async def test_many_are_told_in_slices(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left out or told twice, also where those who wait for different pages share a slice."""
    monkeypatch.setattr("gateway.edge.waiting._SLICE", 3)
    gateway.load(window())
    clients = [await gateway.connect() for _ in range(20)]
    for number, client in enumerate(clients):
        await listen(client, b"?for=/%d" % (number % 4))
        await events(client, 1)
    gateway.load()
    gateway.load(window())
    gateway.load()  # the rounds before are given up where they were not finished
    told = [await events(client, 2) for client in clients]
    newest = [("state", gateway.state.version), ("reopen", None)]
    assert sum([(name, data.get("version")) for name, data in each] == newest for each in told) == 17
    assert all(("reopen", None) in [(name, data.get("version")) for name, data in each] for each in told)


async def test_a_crowd_with_pages_of_its_own_each_does_not_hold_up_requests(gateway: Gateway) -> None:
    """What the moment means is worked out slice by slice, too: no turn of the loop takes all of them."""
    gates = [window(scope=Scope(paths=(f"/{number}",)), number=number) for number in range(1, 4)]
    gateway.load(*gates)
    clients = [await gateway.connect() for _ in range(300)]
    for number, client in enumerate(clients):
        await listen(client, b"?for=/1/%d" % number)
        await events(client, 1)
    judged = [0]
    outlook = gateway.front.waiting._outlook

    def counted(target: Target) -> object:
        judged[0] += 1
        return outlook(target)

    gateway.front.waiting._outlook = counted  # type: ignore[method-assign, assignment]
    gateway.load()
    assert judged[0] <= 100
    for client in clients:
        assert [name for name, _ in await events(client, 2)] == ["state", "reopen"]
    assert judged[0] == 300


@pytest.fixture
async def redirecting(serve: Serve) -> Gateway:
    """A gateway that sends browsers to the status page."""
    return await serve(maintenance={"response": "redirect"})


async def test_a_redirect_leaves_the_place_with_a_browser(redirecting: Gateway) -> None:
    """With the window in force, so that the place is known at its end; once, and only where places will matter."""
    client = await redirecting.connect()
    redirecting.load(window())
    answer = await client.ask(GET % (b"/", HTML))
    assert (answer.status, answer.get("set-cookie")) == (302, None)
    redirecting.load(replace(window(), reopen_over=OVER))
    answer = await client.ask(GET % (b"/", HTML))
    assert (answer.status, answer.get("location")) == (302, b"/_maintenance/")
    given, _, _ = (answer.get("set-cookie") or b"").partition(b";")
    assert re.fullmatch(rb"gateway_place=[0-9a-f]{16}", given)
    again = await client.ask(GET % (b"/", HTML + b"Cookie: %b\r\n" % given))
    assert (again.status, again.get("set-cookie")) == (302, None)


async def test_who_waits_for_a_reopening_is_not_redirected(redirecting: Gateway) -> None:
    """The page itself comes back by the client's own time; the status page would not, and has no place to keep."""
    client = await redirecting.connect()
    gate = reopening(since=30)
    redirecting.load(gate)
    late = await client.ask(GET % (b"/", HTML + cookie_at(gate, 0.74, 0.76)))
    assert late.status == 503
    assert 14 <= int(late.get("retry-after") or 0) <= 16
    assert late.get("refresh") == late.get("retry-after")
    early = await client.ask(GET % (b"/", HTML + cookie_at(gate, 0.2, 0.4)))
    assert early.status == 200
    elsewhere = window(scope=Scope(paths=("/shop",)), number=2)
    redirecting.load(gate, elsewhere)
    assert (await client.ask(GET % (b"/", HTML + cookie_at(gate, 0.8, 0.9)))).status == 503
    assert (await client.ask(GET % (b"/shop", HTML + cookie_at(gate, 0.8, 0.9)))).status == 302
    redirecting.load(gate, window(number=2))
    assert (await client.ask(GET % (b"/", HTML + cookie_at(gate, 0.8, 0.9)))).status == 302
