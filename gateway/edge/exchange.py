"""One request and its response, between a downstream and an upstream, with back-pressure both ways."""

import socket
import struct
from typing import TYPE_CHECKING

from gateway.domain.observation import RequestServed, UpstreamFailed
from gateway.domain.verdict import Verdict
from gateway.edge.tunnel import begin_tunnel
from gateway.http1.body import Body, ChunkedBody, EndlessBody, SizedBody, body_reader, chunk, last_chunk
from gateway.http1.fields import CHUNKED, HEAD_END, UNTIL_CLOSE, BadMessageError
from gateway.http1.forward import request_bytes, response_bytes
from gateway.http1.request import RequestHead
from gateway.http1.response import ResponseHead, parse_response_head

if TYPE_CHECKING:
    from gateway.edge.downstream import Downstream
    from gateway.edge.upstream import Pool, UpstreamConnection

_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})
_LONGEST_RESPONSE_HEAD = 262_144
_MOST_HELD = 65_536
_CLIENT_CLOSED = 499
_SWITCHING = 101
_RESET = struct.pack("ii", 1, 0)
_NEVER = float("inf")
_BYPASS = Verdict.BYPASS


class Exchange:
    """Begins with a request's head; ends when the response is through, has failed, or the client has gone."""

    __slots__ = (
        "_body_begun",
        "_buffer",
        "_chunked_out",
        "_downstream",
        "_held",
        "_is_last",
        "_may_replay",
        "_pool",
        "_request_id",
        "_response",
        "_response_body",
        "_sent",
        "_upstream",
        "began",
        "request",
        "request_body",
        "verdict",
    )

    def __init__(  # noqa: PLR0917
        self,
        downstream: "Downstream",
        request: RequestHead,
        pool: "Pool",
        verdict: Verdict,
        began: float,
        request_id: bytes,
    ) -> None:
        """Take the request to `pool`; it `began` at that time of the monotonic clock."""
        self.request = request
        self.request_body: Body | None = body_reader(request.fields.body)
        """None once it was read to its end."""
        self.verdict = verdict
        self.began = began
        self._downstream = downstream
        self._pool = pool
        self._request_id = request_id
        self._upstream: UpstreamConnection | None = None
        self._held: list[bytes] | None = None
        """What has come of the request's body before there is a connection."""
        self._may_replay = self._body_begun = False
        self._response: ResponseHead | None = None
        self._response_body: Body | None = None
        self._buffer = b""
        self._sent = 0

    @property
    def has_begun(self) -> bool:
        """Whether the response has begun."""
        return self._response is not None

    @property
    def was_answered(self) -> bool:
        """Whether the application has answered in full, as far as that can be told."""
        body = self._response_body
        return self._response is not None and (body is None or body.done or isinstance(body, EndlessBody))

    # To the application

    def start(self) -> None:
        """Find an upstream connection."""
        connection = self._pool.idle()
        if connection is None:
            self._pool.connect(self, self._downstream)
            return
        # Rule 19: a connection that was idle may turn out closed; what can't have been begun, or may be repeated,
        # is then sent once more.
        self._may_replay = self.request.fields.body == 0 and self.request.method in _IDEMPOTENT
        self.connected(connection)

    def connected(self, connection: "UpstreamConnection") -> None:
        """Send the head, and what has come of the body."""
        downstream = self._downstream
        self._upstream = connection
        connection.exchange = self
        host = connection.host if self.request.fields.host else connection.authority
        head = request_bytes(self.request, downstream.hop, self._request_id, host=host)
        if self._held is not None:
            head = b"".join((head, *self._held))
            self._held = None
            downstream.resume_reading()
        connection.transport.write(head)

    def feed(self, data: bytes) -> bytes:
        """Relay a piece of the request's body; return what follows it.

        Raises:
            BadMessageError: its framing is wrong, or it is too large.
        """
        body = self.request_body
        if body is None:
            return data
        self._body_begun = True
        piece, rest = body.feed(data)
        if isinstance(body, ChunkedBody):
            if body.content_bytes > self._downstream.front.body_bytes:
                raise BadMessageError(413, "the body is too large")
            if piece:
                piece = chunk(piece)
            if body.done:
                piece += last_chunk(body.trailers)
        if body.done:
            self.request_body = None
        if self._upstream is not None:
            self._upstream.transport.write(piece)
        else:
            self._hold(piece)
        return rest

    def _hold(self, piece: bytes) -> None:
        """Keep a piece until there is a connection."""
        if self._held is None:
            self._held = []
        self._held.append(piece)
        if sum(map(len, self._held)) > _MOST_HELD:
            self._downstream.pause_reading()

    def pause_request(self) -> None:
        """Stop reading from the client: the application does not keep up."""
        if self.request_body is not None:
            self._downstream.pause_reading()

    def resume_request(self) -> None:
        """Go on reading from the client."""
        self._downstream.resume_reading()

    # To the client

    def pause_response(self) -> None:
        """Stop reading from the application: the client does not keep up."""
        if self._upstream is not None:
            self._upstream.pause_reading()

    def resume_response(self) -> None:
        """Go on reading from the application."""
        if self._upstream is not None:
            self._upstream.resume_reading()
        self.renew_deadline()

    def renew_deadline(self) -> None:
        """Give the side that has to act its time from now."""
        downstream = self._downstream
        front = downstream.front
        if self.request_body is not None:
            downstream.deadline = front.now + front.body_timeout
        elif self._response is None:
            downstream.deadline = front.now + front.response_timeout
        elif isinstance(self._response_body, SizedBody):
            downstream.deadline = front.now + front.body_timeout
        else:
            downstream.deadline = _NEVER  # events, for example: nobody knows when the next one comes

    def response_received(self, data: bytes) -> None:
        """Take what the application sends: heads of 1xx, which are relayed; the final one; the body."""
        if self._response is not None:
            self._relay(data)
            return
        if self._buffer:
            data = self._buffer + data
        answers_head = self.request.method == b"HEAD"
        while (end := data.find(HEAD_END)) >= 0:
            end += 4
            try:
                response = parse_response_head(data[:end], answers_head=answers_head)
            except BadMessageError as error:
                self._fail(502, error.reason)
                return
            data = data[end:]
            self._may_replay = False
            if response.status >= 200:  # noqa: PLR2004
                self._begin(response, data)
                return
            if response.status == _SWITCHING:
                self._switch(response, data)
                return
            if not self.request.fields.is_http_1_0:
                self._downstream.transport.write(response_bytes(response))
        self._buffer = data
        if data:
            self._may_replay = False
        if len(data) > _LONGEST_RESPONSE_HEAD:
            self._fail(502, "the head of the application's answer is too long")
        elif data[:7] != b"HTTP/1."[: len(data)] or data.count(b"\n") != data.count(b"\r\n"):
            self._fail(502, "the application does not answer in HTTP/1.1")

    def _begin(self, response: ResponseHead, data: bytes) -> None:
        """Send the final head, together with what has come of the body."""
        downstream, fields, length = self._downstream, self.request.fields, response.body
        self._response = response
        self._buffer = b""
        self._note_answer()
        is_http_1_0 = fields.is_http_1_0
        self._chunked_out = length == CHUNKED and not is_http_1_0
        self._is_last = is_last = (
            not fields.keep_alive
            or self.request_body is not None
            or length == UNTIL_CLOSE
            or (is_http_1_0 and length == CHUNKED)
            or downstream.front.stopping
        )
        head = response_bytes(response, close=is_last, chunked=self._chunked_out, keep_alive_1_0=is_http_1_0)
        if self.verdict is _BYPASS:  # so that whoever tests does not take this for what customers get
            head = head.replace(b"\r\n", downstream.bypass_field, 1)
        if len(data) == length:  # all of it is here: the common case, and the short way
            self._sent = length
            downstream.transport.write(head + data if data else head)
            self._finish(is_clean=True)
            return
        self._response_body = body_reader(length)
        self.renew_deadline()
        if self._response_body is None:
            downstream.transport.write(head)
            self._finish(is_clean=False)
        else:
            self._relay(data, head)

    def _note_answer(self) -> None:
        upstream = self._upstream
        if upstream is not None and upstream.server.failures:
            self._pool.answered(upstream)

    def _relay(self, data: bytes, head: bytes = b"") -> None:
        """Relay a piece of the body, behind `head` where that is not sent yet."""
        body, rest = self._response_body, b""
        if body is None:
            raise RuntimeError("a response without a body has none to relay")
        try:
            piece, rest = body.feed(data)
        except BadMessageError as error:
            if head:
                self._fail(502, error.reason)
            else:
                self._cut(error.reason)
            return
        self._sent += len(piece)
        if isinstance(body, SizedBody):
            self.renew_deadline()
        if self._chunked_out:
            if piece:
                piece = chunk(piece)
            if body.done:
                piece += last_chunk(body.trailers)
        if head or piece:
            self._downstream.transport.write(head + piece if head else piece)
        if body.done:
            self._finish(is_clean=not rest)

    def _switch(self, response: ResponseHead, data: bytes) -> None:
        upstream, downstream = self._upstream, self._downstream
        if not self.request.fields.upgrade or self.request_body is not None or upstream is None:
            self._fail(502, "the application switched protocols unasked, or before it had the request")
            return
        self._note_answer()
        upstream.exchange = None
        downstream.deadline = _NEVER
        downstream.transport.write(response_bytes(response))
        self._tell(_SWITCHING)
        begin_tunnel(self, downstream, upstream, data)

    # Ends

    def _finish(self, *, is_clean: bool) -> None:
        """The response is through: keep the upstream connection where it can serve again."""
        upstream, response, unread = self._upstream, self._response, self.request_body is not None
        if upstream is not None and response is not None:
            self._upstream = upstream.exchange = None
            self._pool.release(upstream, reusable=is_clean and response.keep_alive and not unread)
            self._tell(response.status)
        self._downstream.exchange_done(last=self._is_last, unread=unread)

    def upstream_closed(self, error: Exception | None) -> None:
        """The application closed, or broke off."""
        response = self._response
        upstream, self._upstream = self._upstream, None
        if response is None:
            if self._may_replay:
                self._may_replay = False
                self._pool.connect(self, self._downstream)
            else:
                if upstream is not None:
                    self._pool.failed(upstream)
                self._fail(502, "the application closed the connection before it answered")
        elif isinstance(self._response_body, EndlessBody) and error is None:
            self._tell(response.status)
            self._downstream.exchange_done(last=True, unread=self.request_body is not None)
        else:
            self._cut("the application broke off in mid-answer")

    def connect_failed(self, status: int, reason: str) -> None:
        """There is no connection to be had."""
        self._fail(status, reason)

    def timed_out(self) -> None:
        """A deadline has passed."""
        upstream = self._upstream
        waits_for_leave = self.request.fields.expects_continue and not self._body_begun
        if self.request_body is not None and upstream is not None and not upstream.is_paused and not waits_for_leave:
            self.refuse(BadMessageError(408, "the body of the request did not come in time"))
        elif self._response is None:
            if upstream is not None:
                self._pool.failed(upstream)
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
        self._downstream.exchange_failed(self.request, error.status, error.reason, unread=True)

    def end_for_gate(self, verdict: Verdict) -> None:
        """End what was admitted before a window and is still here when its time is up (rule 25)."""
        if self._response is not None:
            self._cut("a window has begun", is_fault=False)
            return
        self._drop_upstream()
        self._downstream.exchange_gated(self.request, verdict, unread=self.request_body is not None)

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
        self._downstream.exchange_failed(self.request, status, reason, unread=self.request_body is not None)

    def _cut(self, reason: str, *, is_fault: bool = True) -> None:
        """Break the client's connection: an answer that is not whole must not look whole (rule 18)."""
        if is_fault:
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
        request, downstream = self.request, self._downstream
        began, ended = self.began, downstream.front.monotonic()
        downstream.front.tell(
            RequestServed(
                began + downstream.front.state.clock.offset,
                downstream.client,
                request.method,
                request.target,
                request.fields.host,
                status,
                self.verdict._value_,
                self._sent,
                ended - began,
                self._request_id,
            )
        )
