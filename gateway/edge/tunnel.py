"""After 101: the two connections become one tunnel, and its bytes are the two ends' own (rule 23)."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.edge.downstream import Downstream
    from gateway.edge.upstream import UpstreamConnection


class TunnelEnd(asyncio.Protocol):
    """One end: what it receives goes to the other."""

    __slots__ = ("_other", "has_ended")

    def __init__(self, other: asyncio.Transport) -> None:
        """Send what is received to `other`."""
        self._other = other
        self.has_ended = False
        """Nothing more will be received."""

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self._other.write(data)

    def eof_received(self) -> bool:
        """Pass a half-close on, and keep the other direction open until it ends, too; then close both."""
        self.has_ended = True
        other, opposite = self._other, self._other.get_protocol()
        both = isinstance(opposite, TunnelEnd) and opposite.has_ended
        if both or other.is_closing() or not other.can_write_eof():
            return False
        other.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end: after what is left to send, or at once where this one broke."""
        if exc is None:
            self._other.close()
        else:
            self._other.abort()

    def pause_writing(self) -> None:
        """Stop the other end from sending."""
        self._other.pause_reading()

    def resume_writing(self) -> None:
        """Let it go on."""
        self._other.resume_reading()


class DownstreamEnd(TunnelEnd):
    """The client's end, which the front still counts among its connections."""

    __slots__ = ("_downstream",)

    def __init__(self, downstream: "Downstream", other: asyncio.Transport) -> None:
        """Take the place of `downstream`."""
        super().__init__(other)
        self._downstream = downstream

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end, and be forgotten."""
        super().connection_lost(exc)
        self._downstream.front.gone(self._downstream)


class UpstreamEnd(TunnelEnd):
    """The application's end, which its server still counts as in use."""

    __slots__ = ("_upstream",)

    def __init__(self, upstream: "UpstreamConnection", other: asyncio.Transport) -> None:
        """Take the place of `upstream`."""
        super().__init__(other)
        self._upstream = upstream

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end, and be counted no more."""
        super().connection_lost(exc)
        self._upstream.server.outstanding -= 1


def begin_tunnel(downstream: "Downstream", upstream: "UpstreamConnection") -> None:
    """Turn both connections into a tunnel; what the client has sent already goes first."""
    client, application = downstream.transport, upstream.transport
    early = downstream.become_tunnel()
    client.set_protocol(DownstreamEnd(downstream, application))
    application.set_protocol(UpstreamEnd(upstream, client))
    client.resume_reading()
    application.resume_reading()
    if early:
        application.write(early)
