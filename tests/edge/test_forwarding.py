"""What is forwarded is what was sent: both ends look at the bytes (traffic.md, rules 1 to 17)."""

import pytest

from tests.edge.conftest import Gateway, Serve
from tests.edge.wire import OK, Application, Client, End, Message


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE"])
async def test_every_method_is_forwarded(client: Client, application: Application, method: str) -> None:
    answer = await client.ask(b"%b /x HTTP/1.1\r\nHost: a.example\r\n\r\n" % method.encode())
    assert (answer.status, answer.content) == (200, b"ok")
    assert application.last.line == b"%b /x HTTP/1.1" % method.encode()


@pytest.mark.parametrize(
    "target",
    [
        b"/a%2Fb/%3B%41?x=%21&z=%zz",
        b"/a/../b",
        b"//dbl//x",
        b"/%2e%2e/adm",
        b"/x?",
        b"/x??&&=%",
        b"/%",
        b"/a;b=c,d|{}^`\"<>\\'",
        b"/" + b"a" * 8000,
        b"/_maintenancex",
        b"/%5fmaintenance/",
    ],
)
async def test_rule_01_the_target_reaches_the_application_byte_for_byte(
    client: Client, application: Application, target: bytes
) -> None:
    await client.ask(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target)
    assert application.last.line == b"GET %b HTTP/1.1" % target


@pytest.mark.parametrize(
    ("line", "forwarded", "host"),
    [
        (b"GET http://B.example:81/p?q HTTP/1.1", b"GET /p?q HTTP/1.1", b"B.example:81"),
        (b"GET http://b HTTP/1.1", b"GET / HTTP/1.1", b"b"),
        (b"GET HTTPS://b?q HTTP/1.1", b"GET /?q HTTP/1.1", b"b"),
        (b"OPTIONS * HTTP/1.1", b"OPTIONS * HTTP/1.1", b"a"),
        (b"OPTIONS http://b HTTP/1.1", b"OPTIONS * HTTP/1.1", b"b"),
    ],
)
async def test_rule_03_other_forms_of_the_target(
    client: Client, application: Application, line: bytes, forwarded: bytes, host: bytes
) -> None:
    """Absolute-form routes by its authority, which replaces the Host (RFC 9112, section 3.2.2)."""
    await client.ask(b"%b\r\nX: 1\r\nHost: a\r\n\r\n" % line)
    assert application.last.line == forwarded
    assert application.last.get("host") == host
    assert application.last.get("x-forwarded-host") == host


async def test_rule_10_request_fields_keep_order_case_and_bytes(client: Client, application: Application) -> None:
    """Nothing is added but the gateway's own fields, at the end."""
    fields = [
        (b"uSeR-aGeNt", b"x"),
        (b"Host", b"a"),
        (b"X-Twice", b"1"),
        (b"Cookie", b"a=1; b=2"),
        (b"x-twice", b"2, 3"),
        (b"X-Bytes", b"\xff\xfe \xc3\xa9\tz"),
        (b"X-Empty", b""),
        (b"X_Under", b"1"),
        (b"Accept-Encoding", b"br"),
        (b"Cookie", b"c=3"),
    ]
    lines = b"".join(b"%b: %b\r\n" % pair for pair in fields)
    await client.ask(b"GET / HTTP/1.1\r\n%b\r\n" % lines)
    assert application.last.fields[: len(fields)] == fields
    own = [name for name, _ in application.last.fields[len(fields) :]]
    assert own == [b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Host", b"Forwarded", b"Via", b"X-Request-Id"]


async def test_rule_10_response_fields_keep_order_case_and_bytes(client: Client, application: Application) -> None:
    """Nothing at all is added to a response that keeps the connection."""
    head = (
        b"HTTP/1.1 299 Very \xc3\xa9 OK\r\nsErVeR: x\r\nSet-Cookie: a=1; Path=/\r\nX: \xff\r\nSet-Cookie: b=2\r\n"
        b'ETag: W/"x"\r\nset-cookie: c\r\nContent-Encoding: gzip\r\nX-Empty:\r\nContent-Length: 3\r\nVia: 1.1 b\r\n\r\n'
    )
    application.answer = head + b"\x1f\x8b\x00"
    answer = await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.head == head
    assert answer.content == b"\x1f\x8b\x00"


async def test_rule_09_hop_by_hop_fields_end_here_both_ways(client: Client, application: Application) -> None:
    """Also those that Connection nominates; but not the ones that both sides rely on."""
    application.answer = (
        b"HTTP/1.1 200 OK\r\nConnection: x-hop, keep-alive, content-length\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n"
        b"Proxy-Authenticate: Basic\r\nX-End: 1\r\nContent-Length: 2\r\nConnection: set-it\r\nSet-It: 1\r\n\r\nok"
    )
    answer = await client.ask(
        b"POST / HTTP/1.1\r\nConnection: X-Hop , host,content-length, x-forwarded-for,,via\r\nHost: a\r\nX-hop: 1\r\n"
        b"Keep-Alive: 3\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nTE: trailers, gzip\r\nX-End: 1\r\n"
        b"Content-Length: 2\r\nConnection: other\r\nOther: 1\r\nX-Forwarded-For: 9.9.9.9\r\n\r\nhi"
    )
    assert answer.fields == [(b"X-End", b"1"), (b"Content-Length", b"2")]
    names = [name for name, _ in application.last.fields]
    assert names[:3] == [b"Host", b"X-End", b"Content-Length"]
    assert application.last.get("te") == b"trailers"
    assert application.last.get("x-forwarded-for") == b"127.0.0.1"
    assert application.last.get("via") == b"1.1 gateway"
    assert application.last.content == b"hi"
    assert not {b"x-hop", b"other", b"keep-alive", b"proxy-connection", b"proxy-authorization"} & {
        name.lower() for name in names
    }


async def test_rule_09_forwarding_fields_of_a_stranger_are_replaced(client: Client, application: Application) -> None:
    await client.ask(
        b"GET / HTTP/1.1\r\nHost: a:8080\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n"
        b"x-forwarded-proto: https\r\n"
        b"X-Forwarded-Host: evil\r\nX-Request-Id: mine\r\nVia: 1.0 x\r\n\r\n"
    )
    received = application.last
    assert received.get("x-forwarded-for") == b"127.0.0.1"
    assert received.get("x-forwarded-proto") == b"http"
    assert received.get("x-forwarded-host") == b"a:8080"
    assert received.get("forwarded") == b'for=127.0.0.1;host="a:8080";proto=http'
    assert received.get("via") == b"1.1 gateway"
    assert received.get("x-request-id") not in (None, b"mine")


async def test_rule_09_forwarding_fields_of_a_trusted_peer_are_added_to(serve: Serve, application: Application) -> None:
    gateway = await serve(server={"trusted_proxies": ["127.0.0.0/8"]})
    client = await gateway.connect()
    await client.ask(
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n"
        b"x-forwarded-proto: https\r\n"
        b"X-Forwarded-Host: shop\r\nX-Request-Id: mine\r\nVia: 1.0 x\r\nX-Forwarded-For: 5.6.7.8\r\n\r\n"
    )
    received = application.last
    assert received.get("x-forwarded-for") == b"1.2.3.4, 5.6.7.8, 127.0.0.1"
    assert received.get("x-forwarded-proto") == b"https"
    assert received.get("x-forwarded-host") == b"shop"
    assert received.get("forwarded") == b"for=1.2.3.4, for=127.0.0.1;host=a;proto=http"
    assert received.get("via") == b"1.0 x, 1.1 gateway"
    assert received.get("x-request-id") == b"mine"
    assert (await gateway.told())[0].client == "5.6.7.8"


async def test_rule_09_request_ids_differ(client: Client, application: Application) -> None:
    for _ in range(3):
        await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len({received.get("x-request-id") for received in application.received}) == 3


async def test_rule_11_the_host_is_rewritten_where_that_is_set(serve: Serve, application: Application) -> None:
    gateway = await serve(upstream={"host_header": "rewrite"})
    client = await gateway.connect()
    await client.ask(b"GET / HTTP/1.1\r\nX: 1\r\nhOST: shop.example\r\n\r\n")
    own = application.url.removeprefix("http://").encode()
    assert application.last.fields[:2] == [(b"X", b"1"), (b"hOST", own)]
    assert application.last.get("x-forwarded-host") == b"shop.example"


@pytest.mark.parametrize("framing", [b"Content-Length: 1234\r\n", b"Transfer-Encoding: chunked\r\n", b""])
async def test_rule_14_an_answer_to_head_has_no_body_and_keeps_its_length(
    client: Client, application: Application, framing: bytes
) -> None:
    application.answer = b"HTTP/1.1 200 OK\r\n%b\r\n" % framing
    for _ in range(2):
        answer = await client.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.get("content-length") == (b"1234" if b"1234" in framing else None)
    application.answer = OK
    assert (await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).content == b"ok"


@pytest.mark.parametrize("head", [b"204 No Content\r\n", b"304 Not Modified\r\nETag: x\r\nContent-Length: 99\r\n"])
async def test_rule_14_204_and_304_end_with_their_head(client: Client, application: Application, head: bytes) -> None:
    application.answer = b"HTTP/1.1 %b\r\n" % head
    assert (await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).head == application.answer
    application.answer = OK
    assert (await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).content == b"ok"
    assert len(application.connections) == 1


async def test_rule_15_informational_answers_are_relayed(client: Client, application: Application) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\nLink: </y>\r\n\r\n"
    application.answer = early + b"HTTP/1.1 102 Processing\r\n\r\n" + OK
    assert (await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).head == early
    assert (await client.answer()).status == 102
    assert (await client.answer()).content == b"ok"


async def test_rule_15_an_http_1_0_client_gets_no_informational_answer(
    client: Client, application: Application
) -> None:
    application.answer = b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK
    assert (await client.ask(b"GET / HTTP/1.0\r\n\r\n")).status == 200


@pytest.mark.parametrize(
    ("line", "host"),
    [(b"GET / HTTP/1.0", None), (b"GET / HTTP/1.0\r\nHost:", None), (b"GET http://b/ HTTP/1.0", b"b")],
)
async def test_an_http_1_0_request_gets_a_host(
    client: Client, application: Application, line: bytes, host: bytes | None
) -> None:
    """What is forwarded is HTTP/1.1, which must have one: the application's own where the client names none."""
    await client.ask(line + b"\r\n\r\n")
    assert application.last.line == b"GET / HTTP/1.1"
    assert application.last.get("host") == (host or application.url.removeprefix("http://").encode())
    assert application.last.get("via") == b"1.0 gateway"


async def test_rule_14_range_and_conditional_requests_pass_untouched(client: Client, application: Application) -> None:
    application.answer = (
        b'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nETag: "e"\r\nContent-Length: 2\r\n\r\nab'
    )
    answer = await client.ask(b'GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nIf-Range: "e"\r\n\r\n')
    assert answer.head + answer.body == application.answer
    assert application.last.fields[1:3] == [(b"Range", b"bytes=0-1"), (b"If-Range", b'"e"')]


async def test_each_request_is_told_once(gateway: Gateway, client: Client, application: Application) -> None:
    await client.ask(b"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n")
    application.answer = b"HTTP/1.1 404 N\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    await client.ask(b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    told = await gateway.told(2)
    seen = [(t.method, t.target, t.host, t.status, t.sent, t.client, t.verdict) for t in told]
    assert seen == [
        (b"GET", b"/a?b", b"a", 200, 2, "127.0.0.1", "forward"),
        (b"POST", b"/c", b"a", 404, 3, "127.0.0.1", "forward"),
    ]
    assert told[0].request_id == application.received[0].get("x-request-id")


def test_the_wire_reads_messages() -> None:
    """The tests' own reading of a head, on which all others rely."""
    message = Message(head=b"HTTP/1.1 200 OK\r\nA: 1\r\na:  2 \r\n\r\n")
    assert (message.status, message.all("A"), message.get("b")) == (200, [b"1", b"2"], None)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET / HTTP/1.1", 200),
        (b"GET / HTTP/1.0", 200),
        (b"GET / HTTP/1.2", 400),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/0.9", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"GET /", 400),
    ],
)
async def test_rule_04_http_1_0_and_1_1_only(
    client: Client, application: Application, line: bytes, status: int
) -> None:
    """What is forwarded is HTTP/1.1, and so is every answer."""
    answer = await client.ask(line + b"\r\nHost: a\r\n\r\n")
    assert answer.line.startswith(b"HTTP/1.1 %d " % status)
    assert [received.line for received in application.received] == [b"GET / HTTP/1.1"] * (status == 200)


async def test_rule_03_connect_is_refused(client: Client, application: Application) -> None:
    assert (await client.ask(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")).status == 405
    assert not application.connections


REQUEST_FRAMINGS = [
    b"Content-Length: 3\r\n\r\nabc",
    b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"Connection: content-length\r\nContent-Length: 3\r\n\r\nabc",
    b"Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
]
RESPONSE_FRAMINGS = [*REQUEST_FRAMINGS, b"Connection: close\r\n\r\nabc"]


@pytest.mark.parametrize("answer", RESPONSE_FRAMINGS)
@pytest.mark.parametrize(
    ("version", "request_"),
    [(b"1.1", framing) for framing in REQUEST_FRAMINGS]
    # HTTP/1.0 knows no chunks: such a request is refused (rule 5).
    + [(b"1.0", framing) for framing in REQUEST_FRAMINGS if b"chunked" not in framing],
)
async def test_rule_07_never_both_framings_in_either_direction(
    client: Client, application: Application, request_: bytes, answer: bytes, version: bytes
) -> None:
    async def answer_and_close(application: Application, end: End) -> None:
        application.received.append(await end.message())
        end.send(b"HTTP/1.1 200 OK\r\n" + answer)

    application.script = answer_and_close
    got = await client.ask(b"POST / HTTP/%b\r\nHost: a\r\n%b" % (version, request_))
    assert got.content == application.last.content == b"abc"
    for message in (got, application.last):
        assert len(message.all("content-length") + message.all("transfer-encoding")) <= 1
    assert len(application.last.all("content-length") + application.last.all("transfer-encoding")) == 1
    assert got.get("transfer-encoding") is None or version == b"1.1"
