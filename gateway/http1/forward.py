"""The heads that go to the other side: end-to-end fields as they came, then the gateway's own (rule 9 and 10)."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.http1.head import CHUNKED, RequestHead, ResponseHead

VIA = b"gateway"
_APPENDED = {b"x-forwarded-for": b"X-Forwarded-For", b"forwarded": b"Forwarded", b"via": b"Via"}


class Hop:
    """What the gateway says about one client connection: who it is, and how it came. Made once per connection."""

    __slots__ = ("_by_host", "client", "is_trusted", "proto")

    def __init__(self, client: str, proto: bytes, *, is_trusted: bool) -> None:
        """`client` is the peer's address; a trusted peer's own forwarding fields are kept and added to."""
        self.client = client or "unknown"  # a unix socket's peer (RFC 7239, section 6.2)
        self.proto = proto
        self.is_trusted = is_trusted
        self._by_host: tuple[bytes, bytes] = (b"\0", b"")

    def lines(self, host: bytes) -> bytes:
        """Return the forwarding fields for an untrusted peer; a client mostly asks for one host, so it is kept."""
        known, lines = self._by_host
        if known != host:
            address = self.client.encode()
            forwarded = b"for=%b;host=%b;proto=%b" % (_node(self.client), _quoted(host), self.proto)
            lines = b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\nForwarded: %b\r\n" % (
                address,
                self.proto,
                host,
                forwarded,
            )
            self._by_host = (host, lines)
        return lines


def request_bytes(request: RequestHead, hop: Hop, request_id: bytes, *, host: bytes | None = None) -> bytes:
    """Write the head for the application; `host` replaces the Host where that is set (`host_header = "rewrite"`)."""
    lines = [b"%b %b HTTP/1.1\r\n" % (request.method, request.target)]
    if host is None:
        lines += [b"%b: %b\r\n" % field for field in request.kept]
    else:
        lines += [b"%b: %b\r\n" % (n, host if n.lower() == b"host" else v) for n, v in request.kept]
    if request.is_http_1_0 and not request.host:
        lines.append(b"Host: %b\r\n" % (host or b""))
    if request.body == CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    if request.te_trailers:
        lines.append(b"TE: trailers\r\n")
    if request.upgrade:
        lines.append(b"Connection: Upgrade\r\nUpgrade: %b\r\n" % request.upgrade)
    if hop.is_trusted and request.forwarding:
        lines.append(_appended(request, hop, request_id))
    else:
        version = b"1.0" if request.is_http_1_0 else b"1.1"
        lines.append(b"%bVia: %b %b\r\nX-Request-Id: %b\r\n\r\n" % (hop.lines(request.host), version, VIA, request_id))
    return b"".join(lines)


def response_bytes(response: ResponseHead, *, close: bool, chunked: bool, keep_alive_1_0: bool = False) -> bytes:
    """Write the head for the client.

    `close` says that the connection ends with this answer, `chunked` that the body goes out in chunks,
    `keep_alive_1_0` that an HTTP/1.0 client asked for the connection to stay.
    """
    lines = [b"HTTP/1.1 %d %b\r\n" % (response.status, response.reason)]
    lines += [b"%b: %b\r\n" % field for field in response.kept]
    if chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    if close:
        lines.append(b"Connection: close\r\n\r\n")
    elif response.upgrade and response.status in (101, 426):  # RFC 9110, section 15.5.22
        lines.append(b"Connection: Upgrade\r\nUpgrade: %b\r\n\r\n" % response.upgrade)
    elif keep_alive_1_0:
        lines.append(b"Connection: keep-alive\r\n\r\n")
    else:
        lines.append(b"\r\n")
    return b"".join(lines)


def request_id_of(request: RequestHead, hop: Hop, own: bytes) -> bytes:
    """Return a trusted peer's request id, else our own."""
    if hop.is_trusted:
        for name, value in request.forwarding:
            if name == b"x-request-id":
                return value
    return own


def trusted_client(request: RequestHead, peer: str, trusted: tuple[IPv4Network | IPv6Network, ...]) -> str:
    """Return the client's address by X-Forwarded-For: the last one that no trusted proxy has (peer: a trusted one)."""
    chain = b",".join(value for name, value in request.forwarding if name == b"x-forwarded-for")
    for part in reversed(chain.decode("latin-1").split(",")):
        try:
            address = ip_address(part.strip())
        except ValueError:
            return peer
        peer = str(address)
        if not any(address in network for network in trusted):
            break
    return peer


def _appended(request: RequestHead, hop: Hop, request_id: bytes) -> bytes:
    """Keep what a trusted peer has written, and add this hop behind it."""
    before: dict[bytes, list[bytes]] = {}
    for name, value in request.forwarding:
        before.setdefault(name, []).append(value)
    version = b"1.0" if request.is_http_1_0 else b"1.1"
    own = {
        b"x-forwarded-for": hop.client.encode(),
        b"forwarded": _forwarded(request, hop, before),
        b"via": version + b" " + VIA,
    }
    lines = [
        b"%b: %b\r\n" % (_APPENDED[name], b", ".join([*before.get(name, ()), value])) for name, value in own.items()
    ]
    proto = before.get(b"x-forwarded-proto", [hop.proto])[0]
    host = before.get(b"x-forwarded-host", [request.host])[0]
    lines.append(b"X-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n" % (proto, host))
    lines.append(b"X-Request-Id: %b\r\n\r\n" % request_id)
    return b"".join(lines)


def _forwarded(request: RequestHead, hop: Hop, before: dict[bytes, list[bytes]]) -> bytes:
    """Return what is added to Forwarded; where the peer sent none, it tells the same as the X-Forwarded fields."""
    nodes, host, proto = [_node(hop.client)], request.host, hop.proto
    if b"forwarded" not in before:
        chain = b",".join(before.get(b"x-forwarded-for", ())).decode("latin-1").split(",")
        nodes = [_node(part.strip()) for part in chain if part.strip()] + nodes
        host = before.get(b"x-forwarded-host", [host])[0]
        proto = before.get(b"x-forwarded-proto", [proto])[0]
    first, *others = (b"for=" + node for node in nodes)
    return b", ".join([b"%b;host=%b;proto=%b" % (first, _quoted(host), proto), *others])


def _node(address: str) -> bytes:
    """Write an address as RFC 7239, section 6, wants it: IPv6 in brackets and quotes."""
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return b"unknown"
    return b'"[%b]"' % str(parsed).encode() if isinstance(parsed, IPv6Address) else str(parsed).encode()


def _quoted(host: bytes) -> bytes:
    return host if host.replace(b".", b"").replace(b"-", b"").isalnum() else b'"%b"' % host
