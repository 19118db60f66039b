"""Several servers of the application: who is asked, who is left out, and how it comes back (rule 21)."""

import asyncio
from collections import Counter

import pytest

from gateway.domain.observation import ServerEjected, ServerRecovered
from tests.edge.conftest import SOON, Gateway, Serve, StartApplication
from tests.edge.wire import OK, Application, Client, End
from tests.observed import Observations, wait_until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def three(start_application: StartApplication) -> list[Application]:
    return [await start_application() for _ in range(3)]


def upstream(applications: list[Application], **more: object) -> dict[str, object]:
    return {"url": [application.url for application in applications]} | more


def counted(applications: list[Application]) -> list[int]:
    return [len(application.received) for application in applications]


async def test_rule_21_requests_are_spread(serve: Serve, start_application: StartApplication) -> None:
    """One after the other: the servers take turns."""
    applications = await three(start_application)
    gateway = await serve(upstream=upstream(applications))
    client = await gateway.connect()
    for _ in range(9):
        assert (await client.ask(GET)).status == 200
    assert counted(applications) == [3, 3, 3]


async def test_rule_21_the_least_busy_server_is_asked(serve: Serve, start_application: StartApplication) -> None:
    """While one server has requests that don't end, all others go elsewhere."""
    applications = await three(start_application)
    gateway = await serve(upstream=upstream(applications))
    go_on = asyncio.Event()

    async def slow(application: Application, end: End) -> None:
        while True:
            application.received.append(await end.message())
            await go_on.wait()
            end.send(OK)

    applications[1].script = slow
    clients = [await gateway.connect() for _ in range(6)]
    waiting: list[Client] = []
    for client in clients:
        client.send(GET)
        total = sum(counted(applications)) + 1
        await wait_until(lambda total=total: sum(counted(applications)) >= total)
        if len(applications[1].received) == len(waiting) + 1:
            waiting.append(client)
        else:
            assert (await client.answer()).status == 200
    assert counted(applications)[1] == len(waiting) == 1
    go_on.set()
    for client in waiting:
        assert (await client.answer()).status == 200


async def test_rule_21_a_server_that_refuses_is_left_out_and_tried_again(
    serve: Serve, start_application: StartApplication, observations: Observations
) -> None:
    """No client sees it; the log says so once; when it is back, it serves again."""
    applications = await three(start_application)
    gateway = await serve(upstream=upstream(applications))
    client = await gateway.connect()
    gone = applications[2]
    port = gone.port
    gone.stop()
    for _ in range(30):
        assert (await client.ask(GET)).status == 200
    (ejected,) = observations.of(ServerEjected)
    assert ejected.server == gone.url
    assert abs(counted(applications)[0] - counted(applications)[1]) <= 1
    back = await start_application(port=port)
    await wait_until(lambda: _served_by(client, back))
    assert [seen.server for seen in observations.of(ServerRecovered)] == [back.url]
    assert len(observations.of(ServerEjected)) == 1


async def _served_by(client: Client, application: Application) -> bool:
    assert (await client.ask(GET)).status == 200
    return bool(application.received)


@pytest.mark.parametrize("how", ["silent", "closing"])
async def test_rule_21_a_server_that_never_answers_is_left_out(
    serve: Serve, start_application: StartApplication, observations: Observations, how: str
) -> None:
    """It accepts connections; after three failures in a row nobody is sent there for a while."""
    applications = await three(start_application)
    gateway = await serve(upstream=upstream(applications, response_timeout=SOON))
    sick = applications[0]

    async def fail(application: Application, end: End) -> None:
        application.received.append(await end.message())
        if how == "silent":
            await end.end()

    sick.script = fail
    client = await gateway.connect()
    statuses = Counter([(await client.ask(GET)).status for _ in range(40)])
    assert statuses == {200: 37, 504 if how == "silent" else 502: 3}
    assert [seen.server for seen in observations.of(ServerEjected)] == [sick.url]


async def test_rule_21_an_answer_in_between_is_forgiveness(
    serve: Serve, start_application: StartApplication, observations: Observations
) -> None:
    """A server that fails now and then is not left out: failures count in a row."""
    applications = await three(start_application)
    gateway = await serve(upstream=upstream(applications[:2]))
    flaky = applications[0]

    async def every_other(application: Application, end: End) -> None:
        while True:
            application.received.append(await end.message())
            if len(application.received) % 2:
                return
            end.send(OK)

    flaky.script = every_other
    client = await gateway.connect()
    statuses = Counter(
        [(await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")).status for _ in range(40)]
    )
    assert statuses[502] == 10
    assert not observations.of(ServerEjected)


async def test_rule_21_one_request_tries_a_server_that_was_left_out(
    serve: Serve, start_application: StartApplication
) -> None:
    """While it tries, nobody else is sent there: a server that hangs holds one client, not all."""
    applications = await three(start_application)
    gateway = await serve(upstream=upstream(applications[:2]))
    sick = gateway.front.pool._servers[0]
    now = gateway.front.loop.time()
    for _ in range(8):
        sick.failed(now, outright=True)
    sick.out_until = now
    opened = 0

    async def never(_: asyncio.AbstractEventLoop) -> object:
        nonlocal opened
        opened += 1
        return await asyncio.Event().wait()

    clients = [await gateway.connect() for _ in range(10)]
    type(sick).open, before = (
        (lambda server, loop: never(loop) if server is sick else before(server, loop)),
        type(sick).open,
    )
    try:
        for client in clients:
            client.send(GET)
        await wait_until(lambda: len(applications[1].received) == 9)
        assert opened == 1
    finally:
        type(sick).open = before


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", b"HTTP/1.0 200 OK\r\n\r\nok"])
async def test_rule_21_answers_that_end_with_their_connection_count(
    serve: Serve, start_application: StartApplication, observations: Observations, answer: bytes
) -> None:
    """An application that keeps no connection open comes back like any other."""
    application = await start_application()
    gateway = await serve(upstream=upstream([application]))
    server = gateway.front.pool._servers[0]
    server.failed(gateway.front.loop.time(), outright=True)

    async def answer_and_close(_: Application, end: End) -> None:
        await end.message()
        end.send(answer)

    application.script = answer_and_close
    client = await gateway.connect()
    assert (await client.ask(GET)).content == b"ok"
    assert (server.is_out, server.failures) == (False, 0)
    assert observations.of(ServerRecovered)


async def test_when_no_server_answers_the_client_is_told(gateway: Gateway, application: Application) -> None:
    application.stop()
    client = await gateway.connect()
    for _ in range(3):
        assert (await client.ask(GET)).status == 502
