"""A client's connection: cuts requests out of its bytes, asks for the verdict, and sends each one its way."""

import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from gateway.domain.observation import RequestServed
from gateway.domain.verdict import Facts, Verdict, decide
from gateway.edge.exchange import Exchange
from gateway.http1.body import Body, body_reader
from gateway.http1.forward import Hop, trusted_client
from gateway.http1.head import HEAD_END, BadMessageError, RequestHead, RequestHeadParser

if TYPE_CHECKING:
    from gateway.edge.front import Front

# What may wait behind a request that is being answered, and what of a refused body is read to keep the connection.
_MOST_PIPELINED = 65_536
_MOST_DISCARDED = 65_536
_LINGER = 2.0
_NEVER = float("inf")


class Downstream(asyncio.Protocol):
    """One connection of a client. At any time it reads a head, has an exchange, or throws a refused body away."""

    __slots__ = (
        "_body",
        "_buffer",
        "_exchange",
        "_last",
        "_parser",
        "_paused",
        "_searched",
        "client",
        "deadline",
        "front",
        "hop",
        "is_tunnel",
        "peer",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, front: "Front") -> None:
        """Belong to `front`."""
        self.front = front
        self._parser = RequestHeadParser(front.header_count)
        self._buffer = bytearray()
        self._searched = 0
        self._exchange: Exchange | None = None
        self._body: Body | None = None
        """A refused request's body, being thrown away."""
        self._last = False
        """No further request is read from this connection."""
        self._paused = False
        """The client does not take what it is sent."""
        self.is_tunnel = False
        """The connection's bytes are no requests any more."""

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who is there."""
        front = self.front
        self.transport = transport  # type: ignore[assignment]
        peer = transport.get_extra_info("peername")
        # IPv4 clients of a socket for both families come as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2).
        self.peer = (peer[0].removeprefix("::ffff:"), peer[1]) if isinstance(peer, tuple) and peer else ("", 0)
        proto = b"https" if transport.get_extra_info("sslcontext") else b"http"
        trusted = bool(front.trusted_proxies) and _in_any(self.peer[0], front.trusted_proxies)
        self.client = self.peer[0]
        self.hop = Hop(self.peer[0], proto, is_trusted=trusted)
        self.deadline = front.now + front.header_timeout
        front.connections.add(self)
        if len(front.connections) > front.most_connections:
            self.refuse_message(BadMessageError(503, "too many connections; try again"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget it; a request that is under way is cancelled."""
        self.front.gone(self)
        if self._exchange is not None:
            self._exchange.client_gone()
            self._exchange = None

    def pause_writing(self) -> None:
        """Stop reading from the application while the client does not keep up."""
        self._paused = True
        if self._exchange is not None:
            self._exchange.pause_response()
        self.deadline = self.front.now + self.front.body_timeout

    def resume_writing(self) -> None:
        """Go on."""
        self._paused = False
        if self._exchange is not None:
            self._exchange.resume_response()
        else:
            self.deadline = self.front.now + self.front.keepalive_timeout
            self.transport.resume_reading()
            self._read_requests()

    # Bytes from the client

    def data_received(self, data: bytes) -> None:
        """Take what the client sends."""
        exchange = self._exchange
        if exchange is None and self._body is None:
            if self._last:
                return  # lingering: what still comes is thrown away
            self._buffer += data
            self._read_requests()
            if self._paused and len(self._buffer) > _MOST_PIPELINED:
                self.transport.pause_reading()  # it sends requests, and does not take the answers
        elif exchange is not None and exchange.wants_body:
            self._relay_body(exchange, data)
        elif self._body is not None:
            self._discard(self._body, data)
            self._read_requests()
        else:
            self._buffer += data
            if len(self._buffer) > _MOST_PIPELINED:
                self.transport.pause_reading()

    def _read_requests(self) -> None:
        """Serve the requests in the buffer, one after the other."""
        while self._buffer and self._exchange is None and self._body is None and not self._last and not self._paused:
            try:
                head = self._cut_head()
                if head is None:
                    return
                request = self._parser.parse(head)
            except BadMessageError as error:
                self.refuse_message(error)
                return
            self._serve(request)

    def _cut_head(self) -> bytes | None:
        """Cut a whole head off the buffer; None where its end has not come yet."""
        buffer = self._buffer
        while buffer[:2] == b"\r\n":  # RFC 9112, section 2.2: an empty line before a request is ignored
            del buffer[:2]
        end = buffer.find(HEAD_END, self._searched)
        size = len(buffer) if end < 0 else end
        if size > self.front.header_bytes:
            in_line = buffer.find(b"\r\n", 0, self.front.header_bytes) < 0
            raise BadMessageError(414 if in_line else 431, "the head of the request is too long")
        if end < 0:
            if buffer != b"\r" and _is_garbage(buffer):
                raise BadMessageError(400, "this is no HTTP/1.1 request")
            if self._searched == 0:
                self.deadline = self.front.now + self.front.header_timeout
            self._searched = max(1, len(buffer) - 3)
            return None
        self._searched = 0
        end += len(HEAD_END)
        if end == len(buffer):
            head = bytes(buffer)
            buffer.clear()
        else:
            head = bytes(memoryview(buffer)[:end])
            del buffer[:end]
        return head

    def _serve(self, request: RequestHead) -> None:
        """Ask for the verdict, once, and act on it (rule 25)."""
        front = self.front
        if self.hop.is_trusted:
            self.client = trusted_client(request, self.peer[0], front.trusted_proxies)
        moment = front.state.moment
        if not moment.gates and not request.path.startswith(front.prefix):
            verdict = Verdict.FORWARD
        else:
            client = _address(self.client) if front.exemptions.networks else None
            facts = Facts(request.host, request.path, request.method, client)
            verdict = decide(facts, moment, front.exemptions)
        if verdict is Verdict.FORWARD or verdict is Verdict.BUILT_IN:
            self._exchange_it(request, verdict)
        else:
            answer, status = front.answers.refusal(request, verdict, redirects=front.redirects)
            self._answer(request, answer, status, verdict)

    def _exchange_it(self, request: RequestHead, verdict: Verdict) -> None:
        front = self.front
        if request.body > front.body_bytes:
            self._answer(request, front.answers.plain(413, "the body is too large", request), 413, verdict)
            return
        built_in = verdict is Verdict.BUILT_IN
        self._exchange = exchange = Exchange(self, request, front.built_in if built_in else front.pool, verdict)
        self.deadline = front.now + (front.body_timeout if exchange.wants_body else front.response_timeout)
        exchange.start()
        if self._buffer and exchange.wants_body:
            data = bytes(self._buffer)
            self._buffer.clear()
            self._relay_body(exchange, data)

    def _relay_body(self, exchange: Exchange, data: bytes) -> None:
        self.deadline = self.front.now + self.front.body_timeout
        try:
            rest = exchange.feed(data)
        except BadMessageError as error:
            exchange.refuse(error)
            return
        if rest:
            self._buffer += rest
        if not exchange.wants_body and not self._paused:
            self.deadline = _NEVER if exchange.has_begun else self.front.now + self.front.response_timeout

    # Answers of the gateway's own

    def _answer(self, request: RequestHead, answer: bytes, status: int, verdict: Verdict) -> None:
        """Send a whole answer, and see to the request's body: small ones are read, others end the connection."""
        self._body = body_reader(request.body)
        unread = max(request.body, 0) - len(self._buffer)
        self._last = (
            not request.keep_alive
            or request.is_http_1_0
            or self.front.stopping
            or request.body < 0
            or unread > _MOST_DISCARDED
            or (request.expects_continue and unread > 0)
            or bool(request.upgrade)
        )
        self.transport.write(closing(answer) if self._last else answer)
        self._tell(request, status, verdict, len(answer))
        if self._last:
            self._body = None
            self.linger(unread=unread != 0 or request.body < 0)
        elif self._body is not None:
            self.deadline = self.front.now + self.front.body_timeout
            data = bytes(self._buffer)
            self._buffer.clear()
            if data:
                self._discard(self._body, data)
        else:
            self.deadline = self.front.now + self.front.keepalive_timeout

    def _discard(self, body: Body, data: bytes) -> None:
        _, rest = body.feed(data)
        if body.done:
            self._body = None
            self.deadline = self.front.now + self.front.keepalive_timeout
            self._buffer += rest
            if self._last:
                self.linger(unread=False)

    def refuse_message(self, error: BadMessageError) -> None:
        """Answer what can't be read as a request, and close."""
        self._last = True
        self.transport.write(closing(self.front.answers.plain(error.status, error.reason)))
        at = self.front.state.clock.timestamp()
        self.front.tell(RequestServed(at, self.client, b"", b"", b"", error.status, "bad", 0, 0.0, b""))
        self.linger(unread=True)

    def linger(self, *, unread: bool) -> None:
        """Close; where the client may still be sending, only after it had time to read the answer (rule 29)."""
        self._last = True
        self._buffer.clear()
        self.deadline = self.front.now + (_LINGER if unread and not self._paused else self.front.body_timeout)
        if not unread:
            self.transport.close()
            return
        self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    # What an exchange tells

    def become_tunnel(self) -> bytes:
        """Be counted as a tunnel from here; hand over what has come behind the request."""
        self.is_tunnel = True
        data = bytes(self._buffer)
        self._buffer.clear()
        self._exchange = None
        return data

    def exchange_done(self, *, last: bool, unread: bool) -> None:
        """Go on with the next request, or close where `last`; `unread` where the body was not read to its end."""
        self._exchange = None
        if last or self._last or self.front.stopping:
            self.linger(unread=unread)
            return
        self.deadline = self.front.now + self.front.keepalive_timeout
        self.transport.resume_reading()
        if self._buffer:
            self._read_requests()

    def exchange_failed(self, request: RequestHead, status: int, reason: str, *, unread: bool) -> None:
        """Answer in the application's place."""
        self._exchange = None
        answer = self.front.answers.unavailable(request, status, reason)
        last = unread or not request.keep_alive or request.is_http_1_0 or self.front.stopping
        self.transport.resume_reading()
        self.transport.write(closing(answer) if last else answer)
        if last:
            self.linger(unread=unread)
        else:
            self.deadline = self.front.now + self.front.keepalive_timeout
            self._read_requests()

    # Time

    def deadline_passed(self) -> None:
        """Act on a deadline; called by the sweep."""
        self.deadline = _NEVER
        if self._exchange is not None:
            if self._paused:
                self.transport.abort()  # a client that does not read
            else:
                self._exchange.timed_out()
        elif self._last or self._paused:
            self.transport.abort()  # there was time to read the answer
        elif self._body is not None or not self._buffer:
            self._last = True
            self.deadline = self.front.now + _LINGER  # `close` waits until all is sent: not for ever
            self.transport.close()
        else:
            self.refuse_message(BadMessageError(408, "the head of the request did not come in time"))

    def close_when_idle(self) -> None:
        """Close now, or after the request that is under way; a tunnel is closed by its ends."""
        if self._exchange is not None or self._body is not None:
            self._last = True
        elif not self._buffer and not self.is_tunnel:
            self.transport.close()

    def _tell(self, request: RequestHead, status: int, verdict: Verdict, sent: int) -> None:
        front = self.front
        front.tell(
            RequestServed(
                front.state.clock.timestamp(),
                self.client,
                request.method,
                request.target,
                request.host,
                status,
                verdict.value,
                sent,
                0.0,
                b"",
            )
        )


def _is_garbage(begin: bytearray) -> bool:
    """Tell from its beginning that this will be no head: other bytes than a method's, or bare line feeds."""
    return bool(begin) and (not 0x41 <= begin[0] <= 0x7A or begin.count(b"\n") != begin.count(b"\r\n"))  # noqa: PLR2004


def closing(answer: bytes) -> bytes:
    """Say in a ready-made answer that the connection ends with it."""
    return answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _in_any(text: str, networks: object) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)  # type: ignore[attr-defined]
