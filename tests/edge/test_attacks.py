"""Malformed requests: refused, the connection ended, and nothing of them reaches the application (rules 3 to 8)."""

import asyncio
import re

import pytest

from tests.edge.attacks import ATTACKS, BODIES, HIDDEN, TECHNIQUES
from tests.edge.conftest import Gateway
from tests.edge.wire import Application, Message, connect
from tests.observed import wait_until

FRAMING = [name for name in TECHNIQUES if re.search("CL|TE|Content-Length|Transfer-Encoding|length|HTTP/1.0", name)]


@pytest.mark.parametrize("technique", FRAMING)
async def test_rule_05_doubtful_framing_reaches_nobody(
    gateway: Gateway, application: Application, technique: str
) -> None:
    await _assert_refused(gateway, application, technique)


@pytest.mark.parametrize("technique", [name for name in TECHNIQUES if name not in FRAMING])
async def test_rule_06_a_malformed_head_reaches_nobody(
    gateway: Gateway, application: Application, technique: str
) -> None:
    await _assert_refused(gateway, application, technique)


async def _assert_refused(gateway: Gateway, application: Application, technique: str) -> None:
    """At once and byte by byte: what is hidden behind it isn't served either."""
    for status, attack in TECHNIQUES[technique]:
        for size in (len(attack), 1 if len(attack) < 1000 else 4096):
            answer = await _only_answer(gateway, attack, size)
            assert answer.status == status, (attack, answer)
            assert answer.get("connection") == b"close", (attack, answer)
        assert not application.connections, attack
    sent = 2 * len(TECHNIQUES[technique])
    assert {told.verdict for told in await gateway.told(sent)} == {"bad"}
    assert len(gateway.served) == sent
    assert not application.connections


async def _only_answer(gateway: Gateway, attack: bytes, size: int) -> Message:
    """Send an attack in pieces of that size, and read to the end of the connection."""
    client = await gateway.connect()
    for start in range(0, len(attack), size):
        client.send(attack[start : start + size])
        await asyncio.sleep(0)  # the gateway, on the same loop, reads the piece: else they arrive as one
    said = await client.end()
    client.close()
    assert len(re.findall(rb"HTTP/1.1 \d", said)) == 1, (attack, said)
    return Message(head=said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")


def test_no_attack_is_counted_twice() -> None:
    assert len({attack for _, attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
@pytest.mark.parametrize("at_once", [True, False])
async def test_rule_06_a_malformed_body_never_becomes_a_whole_request(
    gateway: Gateway, application: Application, body: bytes, *, at_once: bool
) -> None:
    """One that comes with its head reaches nobody; later, the application sees its request broken off."""
    client = await gateway.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", body if at_once else b"")
    if not at_once:
        await wait_until(lambda: application.connections)
        client.send(body)
    client.send(HIDDEN)
    said = await client.end()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert len(re.findall(rb"HTTP/1.1 \d", said)) == 1
    await wait_until(lambda: all(end.ended for end in application.connections))
    assert not application.received
    assert bool(application.connections) is not at_once


async def test_refusals_say_why_in_a_line(gateway: Gateway) -> None:
    client = await connect(port=gateway.port)
    answer = await client.ask(b"GET / HTTP/1.1\r\n\r\n")
    assert answer.content == b"400 a request names exactly one Host\n"
    client.close()
