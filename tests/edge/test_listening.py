"""Other ways in and out: unix sockets, TLS (rule 24)."""

import socket
import ssl
from pathlib import Path

from tests.edge.conftest import Serve, StartApplication
from tests.edge.wire import Application

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_rule_24_unix_sockets_on_both_sides(
    serve: Serve, start_application: StartApplication, tmp_path: Path
) -> None:
    application = await start_application(path=tmp_path / "app.socket")
    path = tmp_path / "gateway.socket"
    gateway = await serve(server={"listen": f"unix:{path}"}, upstream={"url": application.url})
    client = await gateway.connect(path=path)
    for _ in range(2):
        assert (await client.ask(GET)).content == b"ok"
    assert application.last.get("x-forwarded-for") == b"unknown"
    assert application.last.get("forwarded") == b"for=unknown;host=a;proto=http"
    assert (await client.ask(b"GET /_maintenance/hello HTTP/1.1\r\nHost: a\r\n\r\n")).status == 200


async def test_a_socket_that_was_left_behind_is_taken_over(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "gateway.socket"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    gateway = await serve(server={"listen": f"unix:{path}"})
    assert (await (await gateway.connect(path=path)).ask(GET)).content == b"ok"


async def test_rule_24_https(
    serve: Serve, application: Application, certificate: tuple[str, str], trusting: ssl.SSLContext
) -> None:
    gateway = await serve(server={"tls_certificate": certificate[0], "tls_key": certificate[1]})
    client = await gateway.connect(tls=trusting)
    for _ in range(2):
        assert (await client.ask(GET)).content == b"ok"
    assert application.last.get("x-forwarded-proto") == b"https"
    body = b"x" * 2**21
    application.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    answer = await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    assert answer.content == application.last.content == body
    assert (await client.ask(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n")).status == 505
    plain = await gateway.connect()
    plain.send(GET)
    assert b"HTTP/1.1 200" not in await plain.end()


async def test_an_application_that_speaks_https(
    serve: Serve, start_application: StartApplication, certificate: tuple[str, str], trusting: ssl.SSLContext
) -> None:
    """Its certificate is checked; one that nobody vouches for is no application."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    application = await start_application(tls=context)
    gateway = await serve(upstream={"url": application.url})
    client = await gateway.connect()
    assert (await client.ask(GET)).status == 502
    assert not application.received
    gateway.front.pool._servers[0].tls = trusting
    assert (await client.ask(GET)).content == b"ok"
