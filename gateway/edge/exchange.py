"""One request and its response, between a downstream and an upstream, with back-pressure both ways."""

import socket
import struct
from typing import TYPE_CHECKING

from gateway.domain.observation import RequestServed, UpstreamFailed
from gateway.domain.verdict import Verdict
from gateway.edge.tunnel import begin_tunnel
from gateway.http1.body import Body, EndlessBody, body_reader, chunk, last_chunk
from gateway.http1.forward import request_bytes, request_id_of, response_bytes
from gateway.http1.head import (
    CHUNKED,
    HEAD_END,
    UNTIL_CLOSE,
    BadMessageError,
    RequestHead,
    ResponseHead,
    parse_response_head,
)

if TYPE_CHECKING:
    from gateway.edge.downstream import Downstream
    from gateway.edge.upstream import Pool, UpstreamConnection

_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})
_LONGEST_RESPONSE_HEAD = 262_144
_MOST_PENDING = 65_536
_CLIENT_CLOSED = 499
_SWITCHING = 101
_RESET = struct.pack("ii", 1, 0)


class Exchange:
    """Begins with a request's head; ends when the response is through, has failed, or the client has gone."""

    __slots__ = (
        "_began",
        "_body",
        "_buffer",
        "_chunked_out",
        "_downstream",
        "_last",
        "_pending",
        "_pool",
        "_received",
        "_replayed",
        "_request",
        "_request_body",
        "_request_id",
        "_response",
        "_reused",
        "_sent",
        "_upstream",
        "_verdict",
    )

    def __init__(self, downstream: "Downstream", request: RequestHead, pool: "Pool", verdict: Verdict) -> None:
        """Take the request to `pool`."""
        front = downstream.front
        self._downstream = downstream
        self._request = request
        self._pool = pool
        self._verdict = verdict
        self._request_body: Body | None = body_reader(request.body)
        self._response: ResponseHead | None = None
        self._body: Body | None = None
        self._upstream: UpstreamConnection | None = None
        self._pending: list[bytes] | None = None
        self._buffer = b""
        self._received = 0
        self._sent = 0
        self._replayed = False
        self._reused = False
        self._chunked_out = False
        self._last = False
        self._began = front.loop.time()
        self._request_id = request_id_of(request, downstream.hop, front.request_id())

    @property
    def wants_body(self) -> bool:
        """Whether the request's body has not come to its end."""
        return self._request_body is not None

    @property
    def has_begun(self) -> bool:
        """Whether the response has begun."""
        return self._response is not None

    # To the application

    def start(self) -> None:
        """Find an upstream connection."""
        connection = self._pool.idle()
        if connection is not None:
            self._reused = True
            self.connected(connection)
        else:
            self._pool.connect(self, self._downstream)

    def connected(self, connection: "UpstreamConnection") -> None:
        """Send the head, and what has come of the body."""
        downstream = self._downstream
        self._upstream = connection
        connection.exchange = self
        head = request_bytes(self._request, downstream.hop, self._request_id, host=connection.host)
        if self._pending:
            head = b"".join((head, *self._pending))
            downstream.transport.resume_reading()
        self._pending = None
        connection.transport.write(head)

    def feed(self, data: bytes) -> bytes:
        """Relay a piece of the request's body; return what follows it.

        Raises:
            BadMessageError: its framing is wrong, or it is too large.
        """
        body = self._request_body
        if body is None:
            return data
        piece, rest = body.feed(data)
        self._received += len(piece)
        if self._received > self._downstream.front.body_bytes:
            raise BadMessageError(413, "the body is too large")
        if body.is_chunked and piece:
            piece = chunk(piece)
        if body.done:
            self._request_body = None
            if body.is_chunked:
                piece += last_chunk(body.trailers)
        if self._upstream is not None:
            self._upstream.transport.write(piece)
        else:
            self._hold(piece)
        return rest

    def _hold(self, piece: bytes) -> None:
        """Keep a piece until there is a connection."""
        if self._pending is None:
            self._pending = []
        self._pending.append(piece)
        if sum(map(len, self._pending)) > _MOST_PENDING:
            self._downstream.transport.pause_reading()

    def pause_request(self) -> None:
        """Stop reading from the client: the application does not keep up."""
        if self._request_body is not None:
            self._downstream.transport.pause_reading()

    def resume_request(self) -> None:
        """Go on reading from the client."""
        self._downstream.transport.resume_reading()

    # To the client

    def pause_response(self) -> None:
        """Stop reading from the application: the client does not keep up."""
        if self._upstream is not None:
            self._upstream.transport.pause_reading()

    def resume_response(self) -> None:
        """Go on reading from the application."""
        if self._upstream is not None:
            self._upstream.transport.resume_reading()
        if self._response is not None and self._request_body is None:
            self._downstream.deadline = float("inf")

    def response_received(self, data: bytes) -> None:
        """Take what the application sends."""
        if self._response is None:
            self._read_head(self._buffer + data if self._buffer else data)
            return
        self._relay(data, b"")

    def _read_head(self, data: bytes) -> None:
        """Read heads: those of 1xx are relayed, the final one begins the response."""
        while True:
            end = data.find(HEAD_END)
            if end < 0:
                self._buffer = data
                if len(data) > _LONGEST_RESPONSE_HEAD:
                    self._fail(502, "the head of the application's answer is too long")
                elif data[:7] != b"HTTP/1."[: len(data)] or data.count(b"\n") != data.count(b"\r\n"):
                    self._fail(502, "the application does not answer in HTTP/1.1")
                return
            end += len(HEAD_END)
            try:
                response = parse_response_head(data[:end], answers_head=self._request.method == b"HEAD")
            except BadMessageError as error:
                self._fail(502, error.reason)
                return
            data = data[end:]
            if response.status == _SWITCHING:
                self._switch(response, data)
                return
            if response.status >= 200:  # noqa: PLR2004
                break
            self._reused = False  # the application has it: no replay
            if not self._request.is_http_1_0:
                self._downstream.transport.write(response_bytes(response, close=False, chunked=False))
        self._begin(response, data)

    def _begin(self, response: ResponseHead, data: bytes) -> None:
        """Send the final head, together with what has come of the body."""
        request, downstream = self._request, self._downstream
        self._response = response
        self._buffer = b""
        self._body = body_reader(response.body)
        self._chunked_out = response.body == CHUNKED and not request.is_http_1_0
        self._last = (
            not request.keep_alive
            or self._request_body is not None
            or response.body == UNTIL_CLOSE
            or (response.body == CHUNKED and request.is_http_1_0)
            or downstream.front.stopping
        )
        if self._request_body is None:
            downstream.deadline = float("inf")
        head = response_bytes(response, close=self._last, chunked=self._chunked_out, keep_alive_1_0=request.is_http_1_0)
        self._relay(data, head)

    def _relay(self, data: bytes, head: bytes) -> None:
        """Relay a piece of the body, behind `head` where that is not sent yet."""
        body = self._body
        if body is None:
            self._downstream.transport.write(head)
            self._finish(clean=not data)
            return
        try:
            piece, rest = body.feed(data)
        except BadMessageError as error:
            if head:
                self._fail(502, error.reason)
            else:
                self._cut(error.reason)
            return
        self._sent += len(piece)
        if self._chunked_out and piece:
            piece = chunk(piece)
        done = body.done
        if done and self._chunked_out:
            piece += last_chunk(body.trailers)
        if head or piece:
            self._downstream.transport.write(head + piece)
        if done:
            self._finish(clean=not rest)

    def _switch(self, response: ResponseHead, data: bytes) -> None:
        upstream, downstream = self._upstream, self._downstream
        if not self._request.upgrade or upstream is None:
            self._fail(502, "the application switched protocols unasked")
            return
        upstream.exchange = None
        downstream.deadline = float("inf")
        downstream.transport.write(response_bytes(response, close=False, chunked=False) + data)
        self._tell(_SWITCHING)
        begin_tunnel(downstream, upstream)

    # Ends

    def _finish(self, *, clean: bool) -> None:
        """The response is through: keep the upstream connection where it can serve again."""
        upstream, response = self._upstream, self._response
        if upstream is not None and response is not None:
            self._release(upstream, reusable=clean and response.keep_alive and self._request_body is None)
            self._tell(response.status)
        self._downstream.exchange_done(last=self._last, unread=self._request_body is not None)

    def _release(self, upstream: "UpstreamConnection", *, reusable: bool) -> None:
        self._upstream = None
        upstream.exchange = None
        self._pool.release(upstream, reusable=reusable)

    def upstream_closed(self, error: Exception | None) -> None:
        """The application closed, or broke off."""
        response = self._response
        self._upstream = None
        if response is None:
            if self._may_replay():
                self._replayed = True
                self._pool.connect(self, self._downstream)
            else:
                self._fail(502, "the application closed the connection before it answered")
        elif isinstance(self._body, EndlessBody) and error is None:
            self._tell(response.status)
            self._downstream.exchange_done(last=True, unread=self._request_body is not None)
        else:
            self._cut("the application broke off in mid-answer")

    def _may_replay(self) -> bool:
        """Tell whether the request may be sent once more (rule 19): it can't have been begun, or may be repeated."""
        request = self._request
        return (
            self._reused
            and not self._replayed
            and not self._buffer
            and request.body == 0
            and request.method in _IDEMPOTENT
        )

    def connect_failed(self, status: int, reason: str) -> None:
        """There is no connection to be had."""
        self._fail(status, reason)

    def timed_out(self) -> None:
        """A deadline has passed."""
        if self._request_body is not None and self._upstream is not None and not self._upstream.is_paused:
            self.refuse(BadMessageError(408, "the body of the request did not come in time"))
        elif self._response is None:
            self._fail(504, "the application did not answer in time")
        else:
            self._cut("the connection stalled")

    def refuse(self, error: BadMessageError) -> None:
        """Give up on a request whose body can't be relayed."""
        if self._response is not None:
            self._cut(error.reason)
            return
        self._drop_upstream()
        self._tell(error.status)
        self._downstream.exchange_failed(self._request, error.status, error.reason, unread=True)

    def client_gone(self) -> None:
        """Cancel the request (rule 20)."""
        self._drop_upstream()
        self._tell(_CLIENT_CLOSED if self._response is None else self._response.status)

    def _fail(self, status: int, reason: str) -> None:
        """Answer in the application's place; nothing of its own answer has been sent."""
        server = self._upstream.server.name if self._upstream is not None else self._pool.name
        self._downstream.front.observe(UpstreamFailed(server=server, reason=reason))
        self._drop_upstream()
        self._tell(status)
        self._downstream.exchange_failed(self._request, status, reason, unread=self._request_body is not None)

    def _cut(self, reason: str) -> None:
        """Break the client's connection: an answer that is not whole must not look whole (rule 18)."""
        self._downstream.front.observe(UpstreamFailed(server=self._pool.name, reason=reason))
        self._drop_upstream()
        transport, response = self._downstream.transport, self._response
        if response is not None and response.body < 0 and not self._chunked_out:
            # Only a reset tells this end from the body's own.
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()

    def _drop_upstream(self) -> None:
        upstream, self._upstream = self._upstream, None
        self._pool.forget(self)
        if upstream is not None:
            upstream.exchange = None
            self._pool.release(upstream, reusable=False)

    def _tell(self, status: int) -> None:
        request, front = self._request, self._downstream.front
        seconds = front.loop.time() - self._began
        front.tell(
            RequestServed(
                front.state.clock.timestamp() - seconds,
                self._downstream.client,
                request.method,
                request.target,
                request.host,
                status,
                self._verdict.value,
                self._sent,
                seconds,
                self._request_id,
            )
        )
