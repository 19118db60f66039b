"""What was admitted before a window and is still in the application: counted for the fence, ended when its time is up.

Nothing of this costs a request anything. What is open is looked through once, in the same turn of the loop in which
the window comes into force: whatever is admitted later was judged by it.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from gateway.domain.fence import Gated
from gateway.domain.snapshot import Moment
from gateway.domain.verdict import Verdict, is_exempt, refuses
from gateway.domain.window import Gate, Window

if TYPE_CHECKING:
    from gateway.edge.exchange import Exchange
    from gateway.edge.front import Connection, Front
    from gateway.edge.tunnel import Tunnel


@dataclass(slots=True)
class _Left:
    """A request, or the tunnel that it became."""

    connection: "Connection"
    admitted: "Exchange | Tunnel"
    until: float

    def is_there(self) -> bool:
        """Tell whether it has not ended."""
        admitted = self.connection.admitted
        if admitted is None or admitted.began != self.admitted.began:
            return False
        self.admitted = admitted
        return True


@dataclass(slots=True)
class _Taken:
    """A window that this gateway gates by."""

    window: Window
    left: dict["Connection", _Left]
    given_up: int

    def forget_what_ended(self) -> None:
        for left in [left for left in self.left.values() if not left.is_there()]:
            del self.left[left.connection]
            self.given_up += not left.admitted.was_answered


class LeftBehind:
    """Watches the moments, and remembers for each window in force what it would have refused."""

    def __init__(self, front: "Front", grace: float) -> None:
        """Give what is left of the time before a window `grace` seconds to finish (rule 25)."""
        self._front = front
        self._grace = grace
        self._taken: dict[UUID, _Taken] = {}

    def moment_changed(self, moment: Moment) -> None:
        """Look through what is open, also where no window is new: a scope may be another, a bypass link revoked."""
        before, self._taken = self._taken, {}
        for window in moment.gating:
            taken = self._taken[window.id] = before.get(window.id) or _Taken(window, {}, 0)
            taken.window = window
            taken.forget_what_ended()
        if self._taken:
            self._look_through(moment)

    def counts(self) -> dict[UUID, Gated]:
        """Return what is left, for each window that this gateway gates by."""
        for taken in self._taken.values():
            taken.forget_what_ended()
        return {
            window_id: Gated(row_version=taken.window.row_version, left=len(taken.left), given_up=taken.given_up)
            for window_id, taken in self._taken.items()
        }

    def total(self) -> int:
        """Return what is left of all windows together, for the metrics."""
        return sum(gated.left for gated in self.counts().values())

    def end_what_is_due(self, now: float) -> None:
        """End what has had its time to finish; `now` is the loop's."""
        for taken in self._taken.values():
            taken.forget_what_ended()
            verdict = Verdict.REFUSE if taken.window.gate is Gate.CLOSED else Verdict.REFUSE_WRITE
            for left in [left for left in taken.left.values() if left.until <= now]:
                left.until = math.inf  # once: a WebSocket has its own time to say good-bye
                left.admitted.end_for_gate(verdict)

    def _look_through(self, moment: Moment) -> None:
        front = self._front
        until = front.loop.time() + self._grace
        known = {window_id: taken.left for window_id, taken in self._taken.items()}
        for taken in self._taken.values():
            taken.left = {}
        for connection in front.connections:
            admitted = connection.admitted
            if admitted is None or admitted.verdict is Verdict.BUILT_IN:
                continue
            facts = front.facts(admitted.request, connection.client, moment)
            if is_exempt(facts, front.exemptions):
                continue
            for window_id, taken in self._taken.items():
                if refuses(taken.window, facts):
                    left = known[window_id].get(connection)
                    taken.left[connection] = left or _Left(connection, admitted, until)
