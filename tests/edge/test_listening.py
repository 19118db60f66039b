"""Other ways in and out: unix sockets, TLS (rule 24)."""

import socket
import ssl
from pathlib import Path

import pytest

from gateway.config.settings import Upstream
from gateway.domain.errors import InvalidError
from gateway.edge.servers import upstream_tls
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
    serve: Serve, start_application: StartApplication, certificate: tuple[str, str]
) -> None:
    """Its certificate is checked, its name told by SNI; one that nobody vouches for is no application."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    asked: list[str] = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    application = await start_application(tls=context)
    gateway = await serve(upstream={"url": application.url})
    client = await gateway.connect()
    assert (await client.ask(GET)).status == 502
    assert not application.received
    knowing = await serve(upstream={"url": application.url, "tls_ca": certificate[0]})
    other = await knowing.connect()
    for _ in range(2):
        assert (await other.ask(GET)).content == b"ok"
    assert set(asked) == {"localhost"}
    by_address = await serve(
        upstream={"url": application.url.replace("localhost", "127.0.0.2"), "tls_ca": certificate[0]}
    )
    assert (await (await by_address.connect()).ask(GET)).status == 502


def test_certificates_that_can_not_be_used_are_named(tmp_path: Path) -> None:
    """By the setting that names them."""
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage")
    for path in (str(garbage), "/nowhere.pem"):
        with pytest.raises(InvalidError) as error:
            upstream_tls(Upstream(url=("https://a",), tls_ca=path))
        assert path in error.value.fields["upstream.tls_ca"]
