"""The heads that go to the other side: end-to-end fields as they came, then the gateway's own (rule 9 and 10)."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.http1.fields import CHUNKED, HEAD_END, finder
from gateway.http1.request import RequestFields, RequestHead
from gateway.http1.response import ResponseHead

_HOST = finder(("host",))
_WITH_PORT = re.compile(r"(?:\[([^\[\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?", re.ASCII)
_LONGEST_REMEMBERED = 8192


class Hop:
    """What the gateway says about one client connection: who it is, and how it came. Made once per connection."""

    __slots__ = ("_fields", "_host", "_lines", "_own", "client", "is_trusted", "proto")

    def __init__(self, client: str, proto: bytes, *, is_trusted: bool) -> None:
        """`client` is the peer's address; a trusted peer's own forwarding fields are kept and added to."""
        self.client = client or "unknown"  # a unix socket's peer (RFC 7239, section 6.2)
        self.proto = proto
        self.is_trusted = is_trusted
        self._fields: RequestFields | None = None
        self._host: bytes | None = None
        self._lines = b""
        self._own: tuple[bytes, bool, bytes] = (b"\0", False, b"")

    def lines(self, fields: RequestFields, host: bytes | None) -> bytes:
        """Return all of a head behind its request line, up to the value of X-Request-Id, which is the last field.

        A client mostly sends the same fields again, which are then the same object: the last ones are remembered.
        """
        if fields is not self._fields or host != self._host:
            lines = _lines(fields, self, host)
            if len(lines) > _LONGEST_REMEMBERED:
                return lines
            self._fields, self._host, self._lines = fields, host, lines
        return self._lines

    def own(self, fields: RequestFields) -> bytes:
        """Return who the client is, in place of all that it said itself; it mostly asks for one host."""
        host, is_http_1_0, lines = self._own
        if host != fields.host or is_http_1_0 is not fields.is_http_1_0:
            lines = _anew(fields, self)
            self._own = fields.host, fields.is_http_1_0, lines
        return lines


def request_bytes(request: RequestHead, hop: Hop, request_id: bytes, *, host: bytes | None = None) -> bytes:
    """Write the head for the application; `host` replaces the Host where that is set (`host_header = "rewrite"`)."""
    lines = hop.lines(request.fields, host)
    return b"".join((request.method, b" ", request.target, b" HTTP/1.1", lines, request_id, HEAD_END))


def response_bytes(
    response: ResponseHead, *, close: bool = False, chunked: bool = False, keep_alive_1_0: bool = False
) -> bytes:
    """Write the head for the client.

    `close` says that the connection ends with this answer, `chunked` that the body goes out in chunks,
    `keep_alive_1_0` that an HTTP/1.0 client asked for the connection to stay.
    """
    framing = b"\r\nTransfer-Encoding: chunked" if chunked else b""
    if close:
        return b"%b%b\r\nConnection: close\r\n\r\n" % (response.kept, framing)
    if response.upgrade and response.status in (101, 426):  # RFC 9110, section 15.5.22
        return b"%b%b\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n" % (response.kept, framing, response.upgrade)
    if keep_alive_1_0:
        return b"%b%b\r\nConnection: keep-alive\r\n\r\n" % (response.kept, framing)
    return b"%b%b\r\n\r\n" % (response.kept, framing)


def _lines(fields: RequestFields, hop: Hop, host: bytes | None) -> bytes:
    """Write the fields: those that are kept, then the gateway's own, which a client can't have removed (rule 9)."""
    lines = [fields.kept]
    if fields.is_http_1_0 and not fields.host:  # what is forwarded is HTTP/1.1, which must have one
        lines = [_HOST.sub(b"", fields.kept), b"\r\nHost: %b" % (host or b"")]
    elif host is not None:
        lines = [_HOST.sub(lambda found: b"\r\n%b: %b" % (found[1], host), fields.kept)]
    if fields.body == CHUNKED:
        lines.append(b"\r\nTransfer-Encoding: chunked")
    if fields.te_trailers:  # RFC 9110, section 10.1.4: TE concerns one connection, and says so
        lines.append(b"\r\nTE: trailers\r\nConnection: TE")
    if fields.upgrade:
        lines.append(b"\r\nConnection: Upgrade\r\nUpgrade: %b" % fields.upgrade)
    lines.append(_appended(fields, hop) if hop.is_trusted and fields.forwarding else hop.own(fields))
    lines.append(b"\r\nX-Request-Id: ")
    return b"".join(lines)


def _anew(fields: RequestFields, hop: Hop) -> bytes:
    """Say who the client is, in place of all that it said itself."""
    forwarded = b"for=%b;host=%b;proto=%b" % (_node(hop.client), _quoted(fields.host), hop.proto)
    return b"\r\nX-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\nForwarded: %b\r\nVia: %b" % (
        hop.client.encode(),
        hop.proto,
        fields.host,
        forwarded,
        _via(fields),
    )


def request_id_of(request: RequestHead, hop: Hop, own: bytes) -> bytes:
    """Return a trusted peer's request id, else our own."""
    if hop.is_trusted:
        for name, value in request.fields.forwarding:
            if name == b"x-request-id":
                return value
    return own


def scheme_of(request: RequestHead, hop: Hop) -> bytes:
    """Return http or https: as a trusted peer says that the client came, else as it came here."""
    if hop.is_trusted:
        for name, value in request.fields.forwarding:
            if name == b"x-forwarded-proto":
                return value.partition(b",")[0].strip(b" \t").lower()
    return hop.proto


def trusted_client(request: RequestHead, peer: str, trusted: tuple[IPv4Network | IPv6Network, ...]) -> str:
    """Return the client's address by X-Forwarded-For: the last one that no trusted proxy has (peer: a trusted one).

    Where the chain can't be read, nobody knows who the client is: an empty string, which is in no network (rule 2).
    """
    chain = b",".join(value for name, value in request.fields.forwarding if name == b"x-forwarded-for")
    for part in reversed(chain.decode("latin-1").split(",")) if chain.strip(b" \t") else ():
        address = _address(part.strip())
        if address is None:
            return ""
        peer = str(address)
        if not any(address in network for network in trusted):
            break
    return peer


def _appended(fields: RequestFields, hop: Hop) -> bytes:
    """Keep what a trusted peer has written, and add this hop behind it."""
    before: dict[bytes, list[bytes]] = {}
    for name, value in fields.forwarding:
        before.setdefault(name, []).append(value)
    own = {
        b"X-Forwarded-For": hop.client.encode(),
        b"Forwarded": _forwarded(fields, hop, before),
        b"Via": _via(fields),
    }
    lines = [b"\r\n%b: %b" % (name, b", ".join([*before.get(name.lower(), ()), value])) for name, value in own.items()]
    proto = before.get(b"x-forwarded-proto", [hop.proto])[0]
    host = before.get(b"x-forwarded-host", [fields.host])[0]
    lines.append(b"\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b" % (proto, host))
    return b"".join(lines)


def _via(fields: RequestFields) -> bytes:
    return b"1.0 gateway" if fields.is_http_1_0 else b"1.1 gateway"


def _forwarded(fields: RequestFields, hop: Hop, before: dict[bytes, list[bytes]]) -> bytes:
    """Return what is added to Forwarded; where the peer sent none, it tells the same as the X-Forwarded fields."""
    nodes, host, proto = [_node(hop.client)], fields.host, hop.proto
    if b"forwarded" not in before:
        chain = b",".join(before.get(b"x-forwarded-for", ())).decode("latin-1").split(",")
        nodes = [_node(part.strip()) for part in chain if part.strip()] + nodes
        host = before.get(b"x-forwarded-host", [host])[0]
        proto = before.get(b"x-forwarded-proto", [proto])[0]
    first, *others = (b"for=" + node for node in nodes)
    return b", ".join([b"%b;host=%b;proto=%b" % (first, _quoted(host), proto), *others])


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address as proxies write it: some add the port; a zone means nothing here."""
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address((found[1] or found[2]) if found else text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None  # RFC 4291, section 2.5.5.2
    return mapped or address


def _node(address: str) -> bytes:
    """Write an address as RFC 7239, section 6, wants it: IPv6 in brackets and quotes."""
    parsed = _address(address)
    if parsed is None:
        return b"unknown"
    return b'"[%b]"' % str(parsed).encode() if isinstance(parsed, IPv6Address) else str(parsed).encode()


def _quoted(host: bytes) -> bytes:
    return host if host.replace(b".", b"").replace(b"-", b"").isalnum() else b'"%b"' % host
