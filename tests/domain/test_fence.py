"""The fence: when it holds, what it says, and that it never holds while an older request is in the application."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.domain.fence import Fence, Gated, Replica, ReplicaState, Report, fence
from gateway.domain.scope import Scope
from gateway.domain.window import Gate, Kind, Window, cancel, end

NOW = datetime(2026, 12, 1, 22, 0, tzinfo=UTC)
WINDOW = Window(
    id=uuid4(),
    kind=Kind.MAINTENANCE,
    title="Upgrade",
    starts_at=NOW - timedelta(seconds=30),
    estimated_duration=timedelta(minutes=30),
    gate=Gate.CLOSED,
    row_version=3,
    created_at=NOW,
    updated_at=NOW,
)


def report(name: str, left: int | None = 0, *, row_version: int = 3, given_up: int = 0, silent: float = 1.0) -> Report:
    """Return what a replica has said `silent` seconds ago; `left` None: it does not gate."""
    gated = {} if left is None else {WINDOW.id: Gated(row_version=row_version, left=left, given_up=given_up)}
    return Report(
        id=uuid4(),
        name=name,
        applied_version=1,
        gates=gated,
        started_at=NOW - timedelta(hours=1),
        heartbeat_at=NOW - timedelta(seconds=silent),
    )


@pytest.mark.parametrize(
    ("reports", "holds", "said"),
    [
        (
            [report("web-1"), report("web-2"), report("web-3")],
            True,
            "3 of 3 gateways gate, 0 requests left in the application: safe to begin",
        ),
        ([report("web-1")], True, "1 of 1 gateway gates, 0 requests left in the application: safe to begin"),
        ([report("web-1", 1)], False, "1 of 1 gateway gates, 1 request left in the application"),
        (
            [report("web-1", 4), report("web-2 (pid 71)", 1, silent=14.2), report("web-3")],
            False,
            "2 of 3 gateways gate, 5 requests left in the application; web-2 (pid 71) has not been heard of for 14 s",
        ),
        (
            [report("web-1"), report("web-2", None), report("web-3", row_version=2)],
            False,
            (
                "1 of 3 gateways gate, 0 requests left in the application; "
                "web-2 does not gate yet; web-3 does not gate yet"
            ),
        ),
        (
            [report("web-1", given_up=2)],
            True,
            (
                "1 of 1 gateway gates, 0 requests left in the application: safe to begin (2 requests were given up on "
                "before the answer: the application may still be at work on them)"
            ),
        ),
        ([], False, "no gateway has reported: nobody knows whether there is one"),
    ],
)
def test_it_says_where_the_gateways_stand(reports: list[Report], holds: bool, said: str) -> None:  # noqa: FBT001
    """All of them gate by this very row, and nothing is left: then alone it holds."""
    told = fence(WINDOW, reports, NOW)
    assert (told.holds, told.is_vain, told.summary) == (holds, False, said)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (report("a"), ReplicaState.GATING),
        (report("a", 2), ReplicaState.DRAINING),
        (report("a", None), ReplicaState.BEHIND),
        (report("a", row_version=2), ReplicaState.BEHIND),
        # The database has lost a row again (a failover): who gates by that may gate less.
        (report("a", row_version=4), ReplicaState.BEHIND),
        (report("a", silent=10), ReplicaState.GATING),
        (report("a", silent=10.1), ReplicaState.UNKNOWN),
        (report("a", 2, silent=10.1), ReplicaState.UNKNOWN),
        # The clock of the server was set back.
        (report("a", silent=-5), ReplicaState.GATING),
    ],
)
def test_where_a_replica_stands(said: Report, state: ReplicaState) -> None:
    """Unknown is not drained, whatever was said last."""
    (replica,) = fence(WINDOW, [said], NOW).replicas
    assert replica.state is state


@pytest.mark.parametrize(
    ("window", "is_vain", "said"),
    [
        (replace(WINDOW, starts_at=NOW + timedelta(minutes=1)), False, "the window has not started"),
        (end(WINDOW, NOW), True, "the window is over"),
        (cancel(replace(WINDOW, starts_at=NOW + timedelta(minutes=1)), NOW), True, "the window is cancelled"),
        (replace(WINDOW, gate=Gate.NONE), True, "the window does not gate"),
    ],
)
def test_what_does_not_gate_has_no_fence(window: Window, is_vain: bool, said: str) -> None:  # noqa: FBT001
    """It says why, whatever the gateways report; to wait for a window that will start makes sense."""
    told = fence(window, [report("web-1")], NOW)
    assert (told.holds, told.is_vain) == (False, is_vain)
    assert told.summary.startswith(said)


# The model: several gateways and a database, and everything between them delayed at will.


@dataclass
class ModelReplica:
    """A gateway process: it admits by the row that it has applied, and reports when it comes to it."""

    id: UUID
    applied: Window | None
    open: list[str] = field(default_factory=list)
    """The paths of the requests that are in the application."""
    sent: list[Report] = field(default_factory=list)
    """Reports that are on their way to the database, the oldest first."""

    def refuses(self, path: str) -> bool:
        return self.applied is not None and self.applied.scope.covers(b"a", path.encode())

    def measured(self) -> dict[UUID, Gated]:
        if self.applied is None:
            return {}
        left = sum(self.refuses(path) for path in self.open)
        return {self.applied.id: Gated(row_version=self.applied.row_version, left=left, given_up=0)}


Fencing = Callable[[Window, list[Report], datetime], Fence]
Measuring = Callable[[ModelReplica, Window | None], dict[UUID, Gated]]

SCOPES = [Scope(), Scope(paths=("/a",)), Scope(paths=("/b",)), Scope(paths=("/a", "/b"))]
pick = st.randoms(use_true_random=False)


def truthfully(replica: ModelReplica, _newest: Window | None) -> dict[UUID, Gated]:
    """Report what is applied."""
    return replica.measured()


class Gateways(RuleBasedStateMachine):
    """The model. A subclass may ask another fence, or have the gateways report otherwise."""

    fencing: ClassVar[Fencing] = staticmethod(fence)
    measuring: ClassVar[Measuring] = staticmethod(truthfully)

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.window: Window | None = None
        self.living: list[ModelReplica] = []
        self.rows: dict[UUID, Report] = {}

    @initialize(count=st.integers(1, 3))
    def start(self, count: int) -> None:
        for _ in range(count):
            self.a_gateway_starts()

    @rule()
    def a_gateway_starts(self) -> None:
        """It registers, then takes up what the database knows, and only then serves anybody."""
        if len(self.living) < 4:
            replica = ModelReplica(uuid4(), None)
            self.living.append(replica)
            self._write(replica, {})
            replica.applied = self.window

    @rule(scope=st.sampled_from(SCOPES))
    def an_sre_starts_or_edits_the_window(self, scope: Scope) -> None:
        if self.window is None:
            self.window = replace(WINDOW, scope=scope, starts_at=self.now, row_version=1)
        else:
            self.window = replace(self.window, scope=scope, row_version=self.window.row_version + 1)

    @rule(random=pick, path=st.sampled_from(["/a/1", "/b/1", "/c"]))
    def a_request_comes(self, random: Random, path: str) -> None:
        if self.living and not (replica := random.choice(self.living)).refuses(path):
            replica.open.append(path)

    @rule(random=pick)
    def a_request_ends(self, random: Random) -> None:
        if busy := [replica for replica in self.living if replica.open]:
            replica = random.choice(busy)
            replica.open.remove(random.choice(replica.open))

    @rule(random=pick)
    def a_gateway_applies_what_is_known(self, random: Random) -> None:
        if self.living:
            random.choice(self.living).applied = self.window

    @rule(random=pick)
    def a_gateway_sends_a_report(self, random: Random) -> None:
        if self.living:
            replica = random.choice(self.living)
            replica.sent.append(self._report(replica, self.measuring(replica, self.window)))

    @rule(random=pick)
    def a_report_arrives(self, random: Random) -> None:
        """Late, and as the case may be after a newer one."""
        if waiting := [replica for replica in self.living if replica.sent]:
            replica = random.choice(waiting)
            sent = replica.sent.pop(random.randrange(len(replica.sent)))
            self._write(replica, dict(sent.gates))

    @rule(seconds=st.sampled_from([0.1, 3, 11]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: len(self.living) > 1)
    @rule(random=pick)
    def a_gateway_dies_and_that_is_certain(self, random: Random) -> None:
        replica = random.choice(self.living)
        self.living.remove(replica)
        del self.rows[replica.id]

    @invariant()
    def it_never_holds_while_an_older_request_is_there(self) -> None:
        if self.window is None:
            return
        told = self.fencing(self.window, list(self.rows.values()), self.now)
        covers = self.window.scope.covers
        there = [path for replica in self.living for path in replica.open if covers(b"a", path.encode())]
        assert not (told.holds and there), (told.summary, there)

    def _report(self, replica: ModelReplica, gates: dict[UUID, Gated]) -> Report:
        return Report(
            id=replica.id,
            name="a gateway",
            applied_version=1,
            gates=gates,
            started_at=NOW,
            heartbeat_at=self.now,
        )

    def _write(self, replica: ModelReplica, gates: dict[UUID, Gated]) -> None:
        self.rows[replica.id] = self._report(replica, gates)


def run(gateways: type[Gateways], examples: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        gateways,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_it_never_holds_while_an_older_request_is_in_the_application() -> None:
    """Whatever comes between: edits, late reports and reports out of order, silence, deaths, new gateways."""
    run(Gateways, 1000)


def holding(change: Callable[[Replica], Replica]) -> Fencing:
    """Return a fence that sees each replica otherwise."""
    return lambda window, reports, now: replace(
        told := fence(window, reports, now), replicas=tuple(change(replica) for replica in told.replicas)
    )


def unknown_is_drained(replica: Replica) -> Replica:
    return replace(replica, state=ReplicaState.GATING) if replica.state is ReplicaState.UNKNOWN else replica


def any_row_will_do(replica: Replica) -> Replica:
    drained = replica.state is ReplicaState.BEHIND and replica.report.gates and not replica.left
    return replace(replica, state=ReplicaState.GATING) if drained else replica


def not_gating_is_drained(replica: Replica) -> Replica:
    return replace(replica, state=ReplicaState.GATING) if not replica.report.gates else replica


def before_applying(replica: ModelReplica, newest: Window | None) -> dict[UUID, Gated]:
    """Report what is known of the newest row, which is not applied yet."""
    gates = replica.measured()
    if newest is None or not gates:
        return gates
    return {newest.id: replace(gates[newest.id], row_version=newest.row_version)}


def steps_of(gateways: Gateways) -> dict[str, list[Callable[[], None]]]:
    """Return for each rule the steps that go wrong without it, with one gateway."""
    first = Random(0)  # noqa: S311  there is only one to choose
    request = partial(gateways.a_request_comes, first, "/b/1")
    narrow = partial(gateways.an_sre_starts_or_edits_the_window, SCOPES[1])
    wide = partial(gateways.an_sre_starts_or_edits_the_window, SCOPES[0])
    apply = partial(gateways.a_gateway_applies_what_is_known, first)
    send = partial(gateways.a_gateway_sends_a_report, first)
    arrive = partial(gateways.a_report_arrives, first)
    return {
        "unknown is drained": [request, wide, partial(gateways.time_passes, 11)],
        "any row will do": [narrow, apply, request, send, arrive, wide],
        "not gating is drained": [request, wide],
        "reported before it is applied": [narrow, apply, request, wide, send, arrive],
    }


@pytest.mark.parametrize(
    ("lie", "fencing", "measuring"),
    [
        ("unknown is drained", holding(unknown_is_drained), truthfully),
        ("any row will do", holding(any_row_will_do), truthfully),
        ("not gating is drained", holding(not_gating_is_drained), truthfully),
        ("reported before it is applied", fence, before_applying),
    ],
)
def test_each_rule_is_needed(lie: str, fencing: Fencing, measuring: Measuring) -> None:
    """Without it the fence holds, after these steps, over a request that is still there; with it, it does not."""
    lying = type("Lying", (Gateways,), {"fencing": staticmethod(fencing), "measuring": staticmethod(measuring)})
    for gateways, is_caught in ((lying(), True), (Gateways(), False)):
        gateways.start(1)
        for step in steps_of(gateways)[lie]:
            gateways.it_never_holds_while_an_older_request_is_there()
            step()
        with pytest.raises(AssertionError, match="safe to begin") if is_caught else nullcontext():
            gateways.it_never_holds_while_an_older_request_is_there()
