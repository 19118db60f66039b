"""Who the client is: trusted peers, the PROXY protocol before requests and before TLS, https or not (rules 9, 24)."""

import asyncio
import socket
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.domain.observation import CertificateFailed, CertificateLoaded
from tests.edge.conftest import SOON, Gateway, Serve, window
from tests.edge.wire import LONGEST, Application, Client, connect
from tests.http1.test_proxy_protocol import GOOD
from tests.observed import Observations, wait_until

GET = b"GET /x HTTP/1.1\r\nHost: shop.example\r\n\r\n"
TRUSTING = {"trusted_proxies": ["127.0.0.1"]}
V1 = b"PROXY TCP4 203.0.113.9 10.0.0.1 50000 443\r\n"


@pytest.mark.parametrize(("header", "client_address"), GOOD)
@pytest.mark.parametrize("at_once", [True, False])
async def test_rule_24_a_trusted_peer_says_who_the_client_is(
    serve: Serve, application: Application, header: bytes, client_address: tuple[str, int] | None, *, at_once: bool
) -> None:
    """Versions 1 and 2, in one piece with the request or byte by byte; the client itself is not trusted then."""
    gateway = await serve(server=TRUSTING)
    client = await gateway.connect()
    request = GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n")
    if at_once:
        client.send(header + request)
    else:
        for byte in header + request:
            await client.send_all(bytes([byte]))
            await asyncio.sleep(0)
    assert (await client.answer()).status == 200
    told = application.last.get("x-forwarded-for")
    expected = client_address[0].encode() if client_address else b"6.6.6.6, 127.0.0.1"
    assert told == expected
    assert (await gateway.told())[0].client == (client_address[0] if client_address else "6.6.6.6")
    again = await client.ask(GET)
    assert again.status == 200
    assert application.last.get("x-forwarded-for") == (client_address[0].encode() if client_address else b"127.0.0.1")


@pytest.mark.parametrize("header", [header for header, _ in GOOD])
async def test_rule_24_nobody_else_says_so(client: Client, application: Application, header: bytes) -> None:
    """From a stranger it is a malformed request."""
    client.send(header + GET)
    assert (await client.answer()).status in (400, 505)
    assert not application.connections


@pytest.mark.parametrize(
    "header", [b"PROXY TCP4 x\r\n", b"\r\n\r\n\x00\r\nQUIT\n\x99\x11\x00\x00", b"PROXY " + b"x" * 200]
)
async def test_rule_24_a_malformed_header_is_refused(serve: Serve, application: Application, header: bytes) -> None:
    gateway = await serve(server=TRUSTING)
    client = await gateway.connect()
    client.send(header + GET)
    answer = await client.answer()
    assert (answer.status, answer.get("connection")) == (400, b"close")
    assert not application.connections


async def test_rule_24_a_header_that_does_not_come_is_given_up(serve: Serve) -> None:
    gateway = await serve(server=TRUSTING, limits={"header_timeout": SOON})
    client = await gateway.connect()
    client.send(V1[:10])
    assert (await client.answer()).status == 408


async def test_a_trusted_peer_need_not_say_so(serve: Serve, application: Application) -> None:
    gateway = await serve(server=TRUSTING)
    client = await gateway.connect()
    assert (await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")).status == 200
    assert application.last.get("x-forwarded-for") == b"127.0.0.1"


async def test_a_trusted_proxy_on_a_unix_socket(serve: Serve, application: Application, tmp_path: Path) -> None:
    """Nginx in front of the gateway, on the same host."""
    path = tmp_path / "gateway.socket"
    gateway = await serve(server={"listen": f"unix:{path}", "trusted_proxies": ["unix:"]})
    client = await gateway.connect(path=path)
    await client.ask(GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n"))
    assert application.last.get("x-forwarded-for") == b"203.0.113.9, unknown"
    assert application.last.get("x-forwarded-proto") == b"https"
    assert (await gateway.told())[0].client == "203.0.113.9"


async def prefaced_tls(gateway: Gateway, header: bytes, trusting: ssl.SSLContext, *, at_once: bool = False) -> Client:
    """Connect as a balancer does that passes TLS on: its header, then the client's handshake."""
    raw = socket.create_connection(("127.0.0.1", gateway.port))
    if at_once:
        # Corked: header and handshake arrive as one piece.
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        raw.sendall(header)
    else:
        for byte in header:
            raw.sendall(bytes([byte]))
            await asyncio.sleep(0)
    raw.setblocking(False)  # noqa: FBT003
    opening = asyncio.open_connection(sock=raw, ssl=trusting, server_hostname="localhost")
    reader, writer = await asyncio.wait_for(opening, LONGEST)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    client = Client(reader, writer)
    gateway.clients.append(client)
    return client


@pytest.mark.parametrize(("header", "client_address"), [*GOOD, (b"", None)])
@pytest.mark.parametrize("at_once", [True, False])
async def test_rule_24_the_header_stands_before_tls(  # noqa: PLR0917
    serve: Serve,
    application: Application,
    certificate: tuple[str, str],
    trusting: ssl.SSLContext,
    header: bytes,
    client_address: tuple[str, int] | None,
    *,
    at_once: bool,
) -> None:
    tls = {"tls_certificate": certificate[0], "tls_key": certificate[1]}
    gateway = await serve(server=TRUSTING | tls)
    client = await prefaced_tls(gateway, header, trusting, at_once=at_once)
    assert (await client.ask(GET)).content == b"ok"
    assert application.last.get("x-forwarded-for") == (client_address[0].encode() if client_address else b"127.0.0.1")
    assert application.last.get("x-forwarded-proto") == b"https"


async def test_rule_24_who_says_nothing_before_tls_is_given_up(serve: Serve, certificate: tuple[str, str]) -> None:
    """Neither a half header, nor a malformed one, nor silence holds a descriptor for long."""
    tls = {"tls_certificate": certificate[0], "tls_key": certificate[1]}
    gateway = await serve(server=TRUSTING | tls, limits={"header_timeout": SOON})
    for begin in (b"", V1[:10], b"PROXY TCP4 x\r\n", V1):
        client = await gateway.connect()
        client.send(begin)
        with suppress(ConnectionResetError):  # where what it has sent was not read
            assert await client.end() == b""


EC = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
RSA = ["rsa:2048"]


def make_certificate(directory: Path, name: str, key_type: list[str]) -> tuple[Path, Path]:
    """Write a certificate for localhost that names `name`, and its key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", *key_type, "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return certificate, key


async def served_name(gateway: Gateway, trusted: list[Path]) -> str:
    """The common name of the certificate that a new connection gets."""
    context = ssl.create_default_context()
    for path in trusted:
        context.load_verify_locations(path)
    client = await connect(port=gateway.port, tls=context)
    gateway.clients.append(client)
    assert (await client.ask(GET)).status == 200
    found = client.writer.get_extra_info("peercert")["subject"]
    return str(dict(pair for entry in found for pair in entry)["commonName"])


@pytest.mark.parametrize("key_types", [(EC, EC), (EC, RSA), (RSA, EC)], ids=str)
async def test_rule_24_a_certificate_is_reloaded_when_its_files_change(
    serve: Serve, observations: Observations, tmp_path: Path, key_types: tuple[list[str], list[str]]
) -> None:
    """New connections get the new one, of whatever kind of key; open ones go on; half a pair changes nothing."""
    first = make_certificate(tmp_path, "first", key_types[0])
    second = make_certificate(tmp_path, "second", key_types[1])
    live = tmp_path / "live.pem", tmp_path / "live.key"
    for source, target in zip(first, live, strict=True):
        target.write_bytes(source.read_bytes())
    gateway = await serve(server={"tls_certificate": str(live[0]), "tls_key": str(live[1])})
    assert gateway.certificate is not None
    assert await served_name(gateway, [first[0], second[0]]) == "first"
    (open_client,) = gateway.clients

    live[0].write_bytes(second[0].read_bytes())
    gateway.certificate.reload_if_changed()
    (failed,) = observations.of(CertificateFailed)
    assert "not the key" in failed.reason
    assert await served_name(gateway, [first[0], second[0]]) == "first"
    gateway.certificate.reload_if_changed()
    assert len(observations.of(CertificateFailed)) == 1

    live[1].write_bytes(second[1].read_bytes())
    gateway.certificate.reload_if_changed()
    assert observations.of(CertificateLoaded)
    assert await served_name(gateway, [first[0], second[0]]) == "second"
    assert (await open_client.ask(GET)).status == 200

    live[1].unlink()
    gateway.certificate.reload_if_changed()
    assert await served_name(gateway, [first[0], second[0]]) == "second"


async def test_plain_http_is_redirected_where_that_is_set(
    serve: Serve, application: Application, certificate: tuple[str, str], trusting: ssl.SSLContext
) -> None:
    """With the method kept, to the same host and target; https itself is served."""
    tls = {"tls_certificate": certificate[0], "tls_key": certificate[1], "http_listen": "127.0.0.1:0"}
    gateway = await serve(server=tls | {"redirect_to_https": True, "https_port": 8443})
    https, http = gateway.ports
    client = await gateway.connect(port=http)
    answer = await client.ask(b"POST /a%2F?b HTTP/1.1\r\nHost: shop.example:8080\r\nContent-Length: 1\r\n\r\nx")
    assert (answer.status, answer.get("location")) == (308, b"https://shop.example:8443/a%2F?b")
    answer = await client.ask(b"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n")
    assert (answer.status, answer.get("location")) == (308, b"https://[::1]:8443/")
    assert not application.connections
    assert (await (await gateway.connect(port=https, tls=trusting)).ask(GET)).status == 200
    nameless = await (await gateway.connect(port=http)).ask(b"GET / HTTP/1.0\r\n\r\n")
    assert nameless.status == 400


async def test_a_balancer_that_ends_tls_says_what_the_client_spoke(serve: Serve, application: Application) -> None:
    """Only a trusted one is believed."""
    gateway = await serve(server=TRUSTING | {"redirect_to_https": True})
    client = await gateway.connect()
    for proto, status in ((b"http", 308), (b"https", 200), (b"HTTPS", 200)):
        answer = await client.ask(GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-Proto: %b\r\n\r\n" % proto))
        assert answer.status == status
    assert answer.get("location") is None
    assert len(application.received) == 2
    strict = await serve(server={"redirect_to_https": True})
    other = await strict.connect()
    assert (await other.ask(GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-Proto: https\r\n\r\n"))).status == 308
    await wait_until(lambda: strict.served)


async def test_rule_02_an_address_that_can_not_be_read_exempts_nobody(serve: Serve) -> None:
    """Least of all as the proxy's own: doubt counts as gated. With a port it can be read."""
    gateway = await serve(
        server={"trusted_proxies": ["127.0.0.0/8"]}, maintenance={"bypass_networks": ["127.0.0.0/8", "10.0.0.0/8"]}
    )
    gateway.load(window())
    client = await gateway.connect()
    field = b"\r\nX-Forwarded-For: %b\r\n\r\n"
    for chain, status in [
        (b"203.0.113.9", 503),
        (b"203.0.113.9:5678", 503),
        (b"unknown", 503),
        (b"[2001:db8::1]", 503),
        (b"fe80::1%eth0", 503),
        (b"10.0.0.9:5678", 200),
    ]:
        assert (await client.ask(GET.replace(b"\r\n\r\n", field % chain))).status == status, chain


async def test_rule_24_who_is_reset_before_he_is_known_is_nobody(serve: Serve, application: Application) -> None:
    """A TCP client that is gone when it is accepted has no address, and is no unix peer for that."""
    gateway = await serve(server={"trusted_proxies": ["unix:"]}, maintenance={"bypass_networks": ["10.0.0.0/8"]})
    gateway.load(window())
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", gateway.port)) as raw:
            raw.sendall(b"DELETE /evil HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        await asyncio.sleep(0)
    assert (await (await gateway.connect()).ask(GET)).status == 503
    assert not application.connections
    assert {told.verdict for told in await gateway.told()} == {"refuse"}
