"""A client's connection: cuts requests out of its bytes, asks for the verdict, and sends each one its way."""

import asyncio
from typing import TYPE_CHECKING

from gateway.domain.observation import RequestServed
from gateway.domain.verdict import Verdict
from gateway.edge import ribbon
from gateway.edge.answers import closing
from gateway.edge.client import ClientConnection
from gateway.edge.exchange import Exchange
from gateway.edge.sockets import unsent_bytes
from gateway.edge.waiting import refused_question, target_of
from gateway.http1.body import Body, body_reader
from gateway.http1.fields import BadMessageError
from gateway.http1.forward import request_id_of, scheme_of, trusted_client
from gateway.http1.proxy_protocol import parse_preface
from gateway.http1.reader import RequestReader
from gateway.http1.request import RequestHead, for_built_in

if TYPE_CHECKING:
    from gateway.edge.front import Front
    from gateway.edge.tunnel import Tunnel

# What may wait behind a request that is being answered, and what of a refused body is read to keep the connection.
_MOST_PIPELINED = 65_536
_MOST_DISCARDED = 65_536
_LINGER = 2.0
_LONGEST_LINGER = 30.0
_NEVER = float("inf")


class Downstream(ClientConnection):
    """One connection of a client. At any time it reads a head, has an exchange, or throws a refused body away."""

    __slots__ = (
        "_body",
        "_exchange",
        "_is_last",
        "_linger_until",
        "_reader",
        "_unsent",
        "bypass_field",
        "deadline",
        "is_paused",
        "tunnel",
    )

    def __init__(self, front: "Front", client: tuple[str, int] | None = None, *, is_panel: bool = False) -> None:
        """Belong to `front`; `client` opened the connection, where a balancer has said so before the handshake.

        With `is_panel` it came by an address that is the panel's own.
        """
        super().__init__(front, client, is_panel=is_panel)
        self._reader = RequestReader(front.header_bytes, front.header_count)
        self._exchange: Exchange | None = None
        self._body: Body | None = None
        """A refused request's body, being thrown away."""
        self._is_last = False
        """No further request is read from this connection."""
        self._linger_until = _NEVER
        self._unsent = 0
        """What waited to be sent when a deadline for that was set."""
        self.bypass_field = b""
        """What the answer to a request says that is here by a bypass: the end of its first line, and one more."""
        self.is_paused = False
        """The client does not take what it is sent."""
        self.tunnel: Tunnel | None = None
        """The connection's bytes are no requests any more."""

    @property
    def admitted(self) -> "Exchange | Tunnel | None":
        """What the connection has in the application, or with the built-in site."""
        return self._exchange or self.tunnel

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who is there, and expect a request."""
        super().connection_made(transport)
        front = self.front
        self.deadline = front.now + front.header_timeout
        front.connections.add(self)
        if self.is_nobody:
            self._is_last = True
            self.transport.abort()
        elif len(front.connections) > front.most_connections:
            self.refuse_message(BadMessageError(503, "too many connections; try again"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget it; a request that is under way is cancelled."""
        self.front.gone(self)
        if self._exchange is not None:
            self._exchange.client_gone()
            self._exchange = None

    def pause_writing(self) -> None:
        """Stop reading from the application while the client does not keep up."""
        self.is_paused = True
        if self._exchange is not None:
            self._exchange.pause_response()
        self._unsent = unsent_bytes(self.transport)
        self.deadline = self.front.now + self.front.body_timeout

    def resume_writing(self) -> None:
        """Go on."""
        self.is_paused = False
        if self._exchange is not None:
            self._exchange.resume_response()
        elif self._is_last:
            self.deadline = self.front.now + self.front.body_timeout
        else:
            self.deadline = self.front.now + self.front.keepalive_timeout
            self.resume_reading()
            self._read_requests()

    # Bytes from the client

    def data_received(self, data: bytes) -> None:
        """Take what the client sends."""
        exchange = self._exchange
        if exchange is None and self._body is None:
            if self._is_last:  # lingering: what still comes is thrown away, and gets a little time each
                self.deadline = min(self.front.now + _LINGER, self._linger_until)
                return
            reader = self._reader
            reader.buffer = reader.buffer + data if reader.buffer else data
            self._read_requests()
            if self.is_paused and len(self._reader.buffer) > _MOST_PIPELINED:
                self.pause_reading()  # it sends requests, and does not take the answers
        elif exchange is not None and exchange.request_body is not None:
            self._relay_body(exchange, data)
        elif self._body is not None:
            self._discard(self._body, data)
            self._read_requests()
        else:
            self._reader.buffer += data
            if len(self._reader.buffer) > _MOST_PIPELINED:
                self.pause_reading()

    def _read_requests(self) -> None:
        """Serve the requests in the buffer, one after the other."""
        if self.awaits_preface and not self._took_preface():
            return
        reader = self._reader
        while reader.buffer and not (self._exchange or self._body or self._is_last or self.is_paused):
            is_new = not reader.searched
            try:
                request = reader.read()
            except BadMessageError as error:
                self.refuse_message(error)
                return
            if request is None:
                if is_new and reader.buffer:
                    self.deadline = self.front.now + self.front.header_timeout
                return
            self._serve(request)

    def _took_preface(self) -> bool:
        """Take a PROXY header off the buffer; False while it has not come whole."""
        try:
            preface = parse_preface(self._reader.buffer)
        except BadMessageError as error:
            self.refuse_message(error)
            return False
        if preface is None:
            return False
        self.awaits_preface = False
        self._reader.buffer = self._reader.buffer[preface.size :]
        if preface.client is not None:
            self.is_named(preface.client)
        return True

    def _serve(self, request: RequestHead) -> None:
        """Ask for the verdict, once, and act on it (rule 25)."""
        front = self.front
        began = front.monotonic()
        moment = front.state.moment_at(began)
        if self.hop.is_trusted:
            self.client = trusted_client(request, self.peer[0], front.trusted_networks)
        if front.redirects_to_https and scheme_of(request, self.hop) == b"http":
            self._answer(request, *front.answers.to_https(request), Verdict.FORWARD, began)
            return
        if not moment.gates and not request.path.startswith(front.prefix):
            verdict = Verdict.FORWARD
        else:
            verdict = front.verdict(request, self.client, moment, began)
        if verdict is Verdict.FORWARD or verdict is Verdict.BYPASS:
            if verdict is Verdict.BYPASS:
                self.bypass_field = ribbon.field(front, request, self.client, moment, began)
            self._exchange_it(Exchange(self, request, front.pool, verdict, began, self._request_id(request)))
        elif verdict is Verdict.BUILT_IN and request.path == front.events_path:
            self._wait_for_events(request, began)
        elif verdict is Verdict.BUILT_IN and request.path == front.ribbon_path:
            self._answer(request, *ribbon.answer(front, request, self.client, moment, began), verdict, began)
        elif verdict is Verdict.BUILT_IN:
            request = for_built_in(request)
            self._exchange_it(Exchange(self, request, front.built_in, verdict, began, self._request_id(request)))
        else:
            front.refused(request, self.client, moment, began)
            answer, status = front.answers.refusal(request, verdict, moment, began, self.client)
            self._answer(request, answer, status, verdict, began)

    def _wait_for_events(self, request: RequestHead, began: float) -> None:
        """Become a waiting client: from here on, the connection is no more of this object."""
        front = self.front
        if refusal := refused_question(front.answers, request, (b"GET",)):
            self._answer(request, *refusal, Verdict.BUILT_IN, began)
            return
        self._is_last = True
        self._tell(request, 200, Verdict.BUILT_IN, 0, began)
        front.waiting.take(self, request, target_of(request))

    def _request_id(self, request: RequestHead) -> bytes:
        own = self.front.request_id()
        return request_id_of(request, self.hop, own) if self.hop.is_trusted else own

    def _exchange_it(self, exchange: Exchange) -> None:
        front = self.front
        if exchange.request_body is None:
            self._exchange = exchange
            self.deadline = front.now + front.response_timeout
            exchange.start()
            return
        request = exchange.request
        if request.fields.body > front.body_bytes:
            answer = front.answers.plain(413, "the body is too large", request)
            self._answer(request, answer, 413, exchange.verdict, exchange.began)
            return
        self._exchange = exchange
        self.deadline = front.now + front.body_timeout
        data = self._reader.take()
        # What has come of the body goes first: a body that is malformed from its beginning reaches nobody.
        if not data or self._relay_body(exchange, data):
            exchange.start()

    def _relay_body(self, exchange: Exchange, data: bytes) -> bool:
        """Hand a piece of the body on; False where that was the end of the exchange."""
        front = self.front
        self.deadline = front.now + front.body_timeout
        try:
            rest = exchange.feed(data)
        except BadMessageError as error:
            exchange.refuse(error)
            return False
        if rest:
            self._reader.buffer += rest
        if exchange.request_body is None and not self.is_paused:
            self.deadline = _NEVER if exchange.has_begun else front.now + front.response_timeout
        return True

    # Answers of the gateway's own

    def _answer(self, request: RequestHead, answer: bytes, status: int, verdict: Verdict, began: float) -> None:
        """Send a whole answer, and see to the request's body: small ones are read, others end the connection."""
        front, fields = self.front, request.fields
        if fields.body == 0 and fields.keep_alive and not (fields.is_http_1_0 or fields.upgrade or front.stopping):
            self.transport.write(answer)
            self._tell(request, status, verdict, len(answer), began)
            self.deadline = front.now + front.keepalive_timeout
            return
        self._body = body_reader(fields.body)
        unread = max(fields.body, 0) - len(self._reader.buffer)
        self._is_last = (
            not fields.keep_alive
            or fields.is_http_1_0
            or front.stopping
            or fields.body < 0
            or unread > _MOST_DISCARDED
            or (fields.expects_continue and unread > 0)
            or bool(fields.upgrade)
        )
        self.transport.write(closing(answer) if self._is_last else answer)
        self._tell(request, status, verdict, len(answer), began)
        if self._is_last:
            self._body = None
            self.linger(unread=unread != 0 or fields.body < 0)
        elif self._body is not None:
            self.deadline = front.now + front.body_timeout
            data = self._reader.take()
            if data:
                self._discard(self._body, data)
        else:
            self.deadline = front.now + front.keepalive_timeout

    def _discard(self, body: Body, data: bytes) -> None:
        _, rest = body.feed(data)
        if body.done:
            self._body = None
            self.deadline = self.front.now + self.front.keepalive_timeout
            self._reader.buffer += rest
            if self._is_last:
                self.linger(unread=False)

    def refuse_message(self, error: BadMessageError) -> None:
        """Answer what can't be read as a request, and close."""
        self._is_last = True
        self.transport.write(closing(self.front.answers.plain(error.status, error.reason)))
        at = self.front.state.clock.timestamp()
        self.front.tell(RequestServed(at, self.client, b"", b"", b"", error.status, "bad", 0, 0.0, b""))
        self.linger(unread=True)

    def linger(self, *, unread: bool) -> None:
        """Close; where the client may still be sending, only after it had time to read the answer (rule 29)."""
        self._is_last = True
        self._reader.buffer = b""
        self._linger_until = self.front.now + _LONGEST_LINGER
        self.deadline = self.front.now + (_LINGER if unread and not self.is_paused else self.front.body_timeout)
        if not unread:
            self.transport.close()
            return
        self.resume_reading()
        if self.transport.can_write_eof():
            try:
                self.transport.write_eof()
            except OSError:  # asyncio's own loop says so where the client has reset the connection
                self.transport.abort()

    # What an exchange tells

    def become_tunnel(self, tunnel: "Tunnel") -> bytes:
        """Be counted as a tunnel from here; hand over what has come behind the request."""
        self.tunnel = tunnel
        self._exchange = None
        return self._reader.take()

    def exchange_done(self, *, last: bool, unread: bool) -> None:
        """Go on with the next request, or close where `last`; `unread` where the body was not read to its end."""
        self._exchange = None
        # Also when the gateway stops: the client was not told that the connection ends, and may be sending.
        if last or self._is_last:
            self.linger(unread=unread)
            return
        self.deadline = self.front.now + self.front.keepalive_timeout
        self.resume_reading()
        if self._reader.buffer:
            self._read_requests()

    def exchange_failed(self, request: RequestHead, status: int, reason: str, *, unread: bool) -> None:
        """Answer in the application's place."""
        self._answer_instead(request, self.front.answers.unavailable(request, status, reason), unread=unread)

    def exchange_gated(self, request: RequestHead, verdict: Verdict, *, unread: bool) -> None:
        """Refuse a request that has waited for the application into a window."""
        now = self.front.monotonic()
        moment = self.front.state.moment_at(now)
        self.front.refused(request, self.client, moment, now)
        answer, status = self.front.answers.refusal(request, verdict, moment, now, self.client)
        self._tell(request, status, verdict, len(answer), now)
        self._answer_instead(request, answer, unread=unread)

    def _answer_instead(self, request: RequestHead, answer: bytes, *, unread: bool) -> None:
        self._exchange = None
        last = unread or not request.fields.keep_alive or request.fields.is_http_1_0 or self.front.stopping
        self.resume_reading()
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
        if self.is_paused and (unsent := unsent_bytes(self.transport)) < self._unsent:
            self._unsent = unsent  # slow, but it reads
            self.deadline = self.front.now + self.front.body_timeout
        elif self.tunnel is not None and self.tunnel.is_moving():
            self.deadline = self.front.now + self.front.body_timeout
        elif self.tunnel is not None:
            self.tunnel.abort()
        elif self._exchange is not None:
            if self.is_paused:
                self.transport.abort()  # a client that does not read
            else:
                self._exchange.timed_out()
        elif self._is_last or self.is_paused:
            self.transport.abort()  # there was time to read the answer
        elif self._body is not None or not self._reader.buffer:
            self._is_last = True
            self.deadline = self.front.now + _LINGER  # `close` waits until all is sent: not for ever
            self.transport.close()
        else:
            self.refuse_message(BadMessageError(408, "the head of the request did not come in time"))

    def close_when_idle(self) -> None:
        """Close now, or after the request that is under way; a tunnel is closed by its ends."""
        if self._exchange is not None or self._body is not None:
            self._is_last = True
        elif not self._reader.buffer and self.tunnel is None:
            self.transport.close()

    def end_tunnel(self) -> None:
        """Close the client's end when it had time to answer what was said last."""
        self.deadline = self.front.now + _LINGER

    def _tell(self, request: RequestHead, status: int, verdict: Verdict, sent: int, began: float) -> None:
        front = self.front
        at = began + front.state.clock.offset
        client, host = self.client, request.fields.host
        front.tell(
            RequestServed(at, client, request.method, request.target, host, status, verdict._value_, sent, 0.0, b"")
        )
