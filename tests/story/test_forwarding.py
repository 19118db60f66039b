"""With no window, the application behind the gateway is the application: compared answer by answer with httpbin."""

import gzip
import json
import socket
import zlib
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.story.conftest import Stage
from tests.story.customers import Answer, fetch

pytestmark = pytest.mark.story

# What the gateway tells the application about the client (rule 9 of traffic.md), as httpbin shows it.
ADDED = {"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via", "X-Request-Id"}
CHAT = Subprotocol("chat.v2")
HOST = {"Host": "shop.example:8080"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\x00\xff\x80\r\n--x--\r\n"
)


# Of each connection, not of the answer (RFC 9110, section 7.6.1); and the second it was made in.
HOP_BY_HOP = {"Connection", "Transfer-Encoding", "Date"}


def end_to_end(answer: Answer) -> Answer:
    """Leave out what may differ between two connections. That the body was framed rightly is known: it was read."""
    headers = [(name, value) for name, value in answer.headers if name not in HOP_BY_HOP]
    return Answer(status=answer.status, reason=answer.reason, headers=headers, body=answer.body)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 301, 304, 400, 401, 404, 418, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_status_is_the_applications(stage: Stage, method: str, status: int) -> None:
    """Also those that a gateway has of its own: 502, 503 and 504 pass unchanged."""
    target = f"/status/{status}"
    through, direct = (fetch(port, target, method=method, headers=HOST) for port in (stage.shop.port, stage.httpbin))
    assert through.status == status
    assert end_to_end(through) == end_to_end(direct)


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", {}),
        ("/html", {}),
        ("/encoding/utf8", {}),
        ("/image/png", {}),
        ("/stream-bytes/100000?seed=7&chunk_size=1000", {}),
        ("/bytes/0", {}),
        ("/bytes/100000?seed=7", {}),
        ("/range/1000", {}),
        ("/range/1000", {"Range": "bytes=10-99"}),
        ("/drip?duration=0&numbytes=50&delay=0", {}),
        ("/redirect/3", {}),
        ("/relative-redirect/1", {}),
        ("/absolute-redirect/1", {}),
        ("/redirect-to?url=http%3A%2F%2Felsewhere.example%2F&status_code=307", {}),
        ("/cookies/set?session=1&theme=dark&consent=a%20b", {}),
        ("/cookies/delete?session=", {"Cookie": "session=1"}),
        ("/cookies", {"Cookie": "session=1; theme=dark"}),
        ("/response-headers?X-Twice=1&X-Twice=2&X-Empty=", {}),
        ("/etag/abc", {"If-None-Match": '"abc"'}),
        ("/etag/abc", {"If-Match": '"other"'}),
        ("/cache", {"If-Modified-Since": "Sat, 01 Jan 2022 00:00:00 GMT"}),
        ("/basic-auth/user/secret", {}),
        ("/basic-auth/user/secret", {"Authorization": "Basic dXNlcjpzZWNyZXQ="}),
        ("/bearer", {"Authorization": "Bearer t"}),
        ("/base64/R2F0ZXdheQ==", {}),
        ("/no/such/page", {}),
        ("//dbl//x", {}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_answer_through_the_gateway_is_the_answer(
    stage: Stage, method: str, target: str, headers: dict[str, str]
) -> None:
    """Status, reason, every field in its order, and every byte of the body; HEAD keeps its Content-Length."""
    through, direct = (
        fetch(port, target, method=method, headers=HOST | headers) for port in (stage.shop.port, stage.httpbin)
    )
    if target.startswith("/cookies/set"):
        assert [name for name, _ in through.headers].count("Set-Cookie") == 3
    assert end_to_end(through) == end_to_end(direct)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (None, {"Accept": "*/*", "X-Odd": 'a, "b"; c'}),
        (b"a=1&b=%C3%A4&a=2", FORM),
        (b'{"text": "\xc3\xa4"}', {"Content-Type": "application/json"}),
        (MULTIPART, {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"\x00\x01\xfe\xff" * 250_000, {"Content-Type": "application/octet-stream"}),
    ],
    ids=["empty", "form", "json", "file", "megabyte"],
)
def test_a_request_through_the_gateway_is_the_request(
    stage: Stage, method: str, body: bytes | None, headers: dict[str, str]
) -> None:
    """What httpbin says it was sent: the same, and what the gateway adds about the client."""
    target = "/anything/a%2Fb/%3B%41?x=%21&y=&z=a+b&show_env=1"
    seen = []
    for port in (stage.shop.port, stage.httpbin):
        answer = fetch(port, target, method=method, body=body, headers=HOST | headers)
        assert answer.status == 200
        seen.append(json.loads(answer.body))
    through, direct = seen
    added = {name: through["headers"].pop(name) for name in ADDED}
    assert through == direct
    assert added["X-Forwarded-For"] == "127.0.0.1"
    assert (added["X-Forwarded-Proto"], added["X-Forwarded-Host"]) == ("http", HOST["Host"])
    assert added["Forwarded"] == 'for=127.0.0.1;host="shop.example:8080";proto=http'
    assert added["Via"] == "1.1 gateway"


def test_a_stream_of_lines_arrives_whole(stage: Stage) -> None:
    """Chunked by the application, chunked to the client."""
    answer = fetch(stage.shop.port, "/stream/20")
    assert answer.header("Transfer-Encoding") == "chunked"
    assert [json.loads(line)["id"] for line in answer.body.splitlines()] == [*range(20)]


@pytest.mark.parametrize(
    ("target", "coding", "unpack"),
    [("/gzip", "gzip", gzip.decompress), ("/deflate", "deflate", zlib.decompress)],
)
def test_a_compressed_answer_stays_compressed(
    stage: Stage, target: str, coding: str, unpack: Callable[[bytes], bytes]
) -> None:
    """The application's own coding and length arrive."""
    answer = fetch(stage.shop.port, target, headers=HOST | {"Accept-Encoding": coding})
    assert (answer.header("Content-Encoding"), answer.header("Content-Length")) == (coding, str(len(answer.body)))
    assert json.loads(unpack(answer.body))["headers"]["Accept-Encoding"] == coding


def test_what_a_client_says_about_itself_is_not_believed(stage: Stage) -> None:
    """It is no trusted proxy: its forwarding fields are replaced."""
    forged = {"X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1", "Via": "1.1 me", "X-Request-Id": "mine"}
    answer = fetch(stage.shop.port, "/headers?show_env=1", headers=forged)
    shown: dict[str, Any] = json.loads(answer.body)["headers"]
    assert "10.0.0.1" not in answer.text
    assert (shown["X-Forwarded-For"], shown["Via"]) == ("127.0.0.1", "1.1 gateway")
    assert shown["X-Request-Id"] != "mine"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_of_unknown_length_arrives_whole(stage: Stage, method: str) -> None:
    """Chunked: the application reads the same bytes."""
    pieces = [b"piece %d;" % number * 500 for number in range(100)]
    answer = fetch(stage.shop.port, "/anything", method=method, body=iter(pieces), chunked=True)
    assert json.loads(answer.body)["data"] == b"".join(pieces).decode()


def test_options_and_an_unknown_method_reach_the_application(stage: Stage) -> None:
    """It answers them, not the gateway."""
    options = [fetch(port, "/get", method="OPTIONS") for port in (stage.shop.port, stage.httpbin)]
    assert options[0].header("Allow") is not None
    assert end_to_end(options[0]) == end_to_end(options[1])
    refused = [fetch(port, "/get", method="PROPFIND") for port in (stage.shop.port, stage.httpbin)]
    assert refused[0].status == 405
    assert end_to_end(refused[0]) == end_to_end(refused[1])


def test_pipelined_requests_are_answered_in_order(stage: Stage) -> None:
    """On one connection, a slow one before a fast one, and pages of the gateway's own in between."""
    targets = ("/delay/0.3", "/anything/2", "/_maintenance/live", "/anything/4")
    with closing(socket.create_connection(("127.0.0.1", stage.shop.port), timeout=20)) as client:
        heads = [f"GET {target} HTTP/1.1\r\nHost: shop\r\n" for target in targets]
        client.sendall(("\r\n".join(heads) + "Connection: close\r\n\r\n").encode())
        with client.makefile("rb") as stream:
            received = stream.read()
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 4
    where = [received.index(mark) for mark in (b"/delay/0.3", b"/anything/2", b"\r\n\r\nok\n", b"/anything/4")]
    assert where == sorted(where)


def test_a_websocket_is_a_tunnel(stage: Stage) -> None:
    """Text, binary and large messages, a subprotocol, compression, pings and close codes are the two ends' own."""
    with connect(
        f"ws://127.0.0.1:{stage.chat.port}/room?x=1", subprotocols=[Subprotocol("chat.v1"), CHAT], max_size=None
    ) as ws:
        assert ws.subprotocol == CHAT
        assert [extension.name for extension in ws.protocol.extensions] == ["permessage-deflate"]
        for message in ("hello", "ä" * 1000, b"\x00\xff", bytes(3_000_000), ""):
            ws.send(message)
            assert ws.recv(timeout=20) == message
        ws.send(["in ", "three ", "fragments"])
        assert ws.recv(timeout=20) == "in three fragments"
        assert ws.ping().wait(timeout=20)
        ws.send("close")
        with pytest.raises(ConnectionClosed) as closed:
            ws.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as you wish")


def test_a_refused_upgrade_is_relayed(stage: Stage) -> None:
    """The application decides; its answer arrives whole."""
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{stage.chat.port}/private"):
        pass
    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b"members only\n"
