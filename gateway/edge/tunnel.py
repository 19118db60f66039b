"""After 101: the two connections become one tunnel, and its bytes are the two ends' own (rule 23).

A window that gates the request a tunnel began with ends it (rule 25): a WebSocket with a Close of its own, between two
frames, so that the client's library tells its application to come back later; anything else is cut.
"""

import asyncio
import math
from typing import TYPE_CHECKING

from gateway.domain.verdict import Verdict
from gateway.edge.sockets import unsent_bytes
from gateway.http1.fields import tokens
from gateway.http1.websocket import CLOSE_TO_CLIENT, CLOSE_TO_SERVER, Frames

if TYPE_CHECKING:
    from gateway.edge.downstream import Downstream
    from gateway.edge.exchange import Exchange
    from gateway.edge.upstream import UpstreamConnection
    from gateway.http1.request import RequestHead


class TunnelEnd(asyncio.Protocol):
    """One end: what it receives goes to the other."""

    __slots__ = ("_closing", "_downstream", "_frames", "_is_ending", "_other", "has_ended")

    def __init__(self, downstream: "Downstream", other: asyncio.Transport, closing: bytes) -> None:
        """Send what is received to `other`; where that is a WebSocket, `closing` is what ends it."""
        self._downstream = downstream
        self._other = other
        self._closing = closing
        self._frames: Frames | None = Frames() if closing else None
        self._is_ending = False
        self.has_ended = False
        """Nothing more will be received."""

    @property
    def is_websocket(self) -> bool:
        """Whether the bytes are frames of a WebSocket."""
        return self._frames is not None

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        frames = self._frames
        if frames is None:
            self._other.write(data)
        elif not self._is_ending:
            frames.feed(data)
            self._other.write(data)
        elif not frames.is_between() and not self._other.is_closing():
            self._other.write(data[: frames.feed(data, only_this=True)])
            if frames.is_between():
                self._say_the_end()

    def end(self) -> None:
        """Pass nothing more on behind the frame that is under way, and say so."""
        self._is_ending = True
        if self._frames is not None and self._frames.is_between():
            self._say_the_end()

    def _say_the_end(self) -> None:
        if not self._other.is_closing():
            self._other.write(self._closing)
            if self._other.can_write_eof():
                self._other.write_eof()

    def eof_received(self) -> bool:
        """Pass a half-close on, and keep the other direction open until it ends, too; then close both."""
        self.has_ended = True
        other, opposite = self._other, self._other.get_protocol()
        both = isinstance(opposite, TunnelEnd) and opposite.has_ended
        if both or other.is_closing() or not other.can_write_eof():
            return False
        if not self._is_ending:
            other.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end: after what is left to send, for which it has its time; at once where this one broke."""
        if exc is None:
            self._other.close()
            front = self._downstream.front
            front.loop.call_later(front.body_timeout, self._other.abort)
        else:
            self._other.abort()

    def pause_writing(self) -> None:
        """Stop the other end from sending; who does not take what it is sent has its time for that."""
        self._other.pause_reading()
        self._downstream.deadline = self._downstream.front.now + self._downstream.front.body_timeout

    def resume_writing(self) -> None:
        """Let it go on."""
        self._other.resume_reading()
        self._downstream.deadline = float("inf")


class DownstreamEnd(TunnelEnd):
    """The client's end, which the front still counts among its connections."""

    __slots__ = ()

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end, and be forgotten."""
        super().connection_lost(exc)
        self._downstream.tunnel = None
        self._downstream.front.gone(self._downstream)


class UpstreamEnd(TunnelEnd):
    """The application's end, which its server still counts as in use."""

    __slots__ = ("_upstream",)

    def __init__(self, downstream: "Downstream", upstream: "UpstreamConnection", closing: bytes) -> None:
        """Take the place of `upstream`."""
        super().__init__(downstream, downstream.transport, closing)
        self._upstream = upstream

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end, and be counted no more."""
        if not self._is_ending:  # else the client has time to answer the Close that it was sent
            super().connection_lost(exc)
        self._upstream.server.outstanding -= 1


class Tunnel:
    """Both ends, and the request that the tunnel began with."""

    __slots__ = (
        "_downstream",
        "_from_application",
        "_from_client",
        "_unsent",
        "_upstream",
        "began",
        "request",
        "verdict",
    )

    def __init__(self, exchange: "Exchange", downstream: "Downstream", upstream: "UpstreamConnection") -> None:
        """Make the ends."""
        self.request: RequestHead = exchange.request
        self.verdict = exchange.verdict
        self.began = exchange.began
        self._downstream = downstream
        self._upstream = upstream
        self._unsent = math.inf
        closing = (b"", b"")
        if b"websocket" in tokens(self.request.fields.upgrade):
            closing = (CLOSE_TO_SERVER, CLOSE_TO_CLIENT)
        self._from_client = DownstreamEnd(downstream, upstream.transport, closing[0])
        self._from_application = UpstreamEnd(downstream, upstream, closing[1])

    @property
    def was_answered(self) -> bool:
        """Always: the application has agreed to the tunnel."""
        return True

    def begin(self, from_client: bytes, from_application: bytes) -> None:
        """Take both connections over, with what has come on them already."""
        client, application = self._downstream.transport, self._upstream.transport
        client.set_protocol(self._from_client)
        application.set_protocol(self._from_application)
        client.resume_reading()
        application.resume_reading()
        if from_application:
            self._from_application.data_received(from_application)
        if from_client:
            self._from_client.data_received(from_client)

    def is_moving(self) -> bool:
        """Tell whether a side has taken something since the last look: slow is not stalled."""
        before, client, application = self._unsent, self._downstream.transport, self._upstream.transport
        self._unsent = unsent_bytes(client) + unsent_bytes(application)
        return self._unsent < before

    def abort(self) -> None:
        """Cut both connections: one of them does not take what it is sent."""
        self._downstream.transport.abort()
        self._upstream.transport.abort()

    def end_for_gate(self, verdict: Verdict) -> None:  # noqa: ARG002  an exchange needs it
        """End the tunnel at a window."""
        self.end()

    def end(self) -> None:
        """End the tunnel: by the WebSocket's own means where it is one, else by cutting it."""
        if self._from_client.is_websocket:
            self._from_application.end()
            self._from_client.end()
            self._unsent = 0  # from now on no more time is given for moving
            self._downstream.end_tunnel()
        else:
            self._downstream.transport.abort()


def begin_tunnel(
    exchange: "Exchange", downstream: "Downstream", upstream: "UpstreamConnection", from_application: bytes
) -> None:
    """Turn both connections into a tunnel; what either side has sent already goes first."""
    tunnel = Tunnel(exchange, downstream, upstream)
    tunnel.begin(downstream.become_tunnel(tunnel), from_application)
