"""The account: every request held against the model, and against what the application saw."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.story.harness.application import SEEN, SLOW
from tests.story.harness.clock import Clock
from tests.story.harness.faults import Fault
from tests.story.harness.fences import Said
from tests.story.harness.model import Model, Target, Verdict
from tests.story.harness.records import Records, Request
from tests.story.harness.wire import Outcome

EDGE = 0.005
"""Seconds by which a gateway may know PostgreSQL's clock wrong."""
_STEPS = (0.0005, 0.001, 0.002, 0.003, 0.005)
_MOST_TOLD = 20
_SEEN = 3.0
"""Seconds after which an answer says nothing about a change any more: another one may have come."""
_KILLED = 0.5
"""Seconds after which a client knows that a gateway was killed; starting one takes longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that is left of a storm."""

    records: Sequence[Records]
    model: Model
    clock: Clock
    faults: Sequence[Fault]
    fences: Sequence[Said]
    numbers: Mapping[str, int]
    """The probe target of each window, by id."""
    gateways: int
    directory: Path
    """Where the application has left its counts."""


@dataclass(slots=True, kw_only=True)
class Account:
    """What came out; `findings` must be nought."""

    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    exempt: int = 0
    """Under way on a gateway that was killed."""
    wrong: int = 0
    lost: int = 0
    strange: int = 0
    doubled: int = 0
    """Reached the application more than once."""
    slipped: int = 0
    """Refused, but reached the application; or answered by the application that never saw it."""
    unsettled: int = 0
    """Verdicts that are right only because a change was still on its way."""
    edges: Counter[float] = field(default_factory=Counter)
    """How many verdicts are right only because clocks may differ by so many seconds."""
    fence_held: int = 0
    fence_asked: int = 0
    fence_broken: int = 0
    """The fence held while a request that the window gates was in the application."""
    told: list[str] = field(default_factory=list)
    """The first findings in words."""

    @property
    def findings(self) -> int:
        """How much is not as it has to be."""
        return self.wrong + self.lost + self.strange + self.doubled + self.slipped + self.fence_broken

    def tell(self, finding: str) -> None:
        """Keep the first findings."""
        if len(self.told) < _MOST_TOLD:
            self.told.append(finding)


def settle(seen: Seen) -> Account:
    """Hold everything against everything."""
    account = Account()
    counts = (seen.directory / SEEN).read_bytes()
    for records in seen.records:
        samples = dict(records.samples)
        for number in records.numbers:
            request = records[number]
            came = counts[number] if number < len(counts) else 0
            _settle_request(request, records.targets[request.target], came, samples, seen=seen, account=account)
    account.requests = sum(len(records) for records in seen.records)
    most = max((records.numbers.stop for records in seen.records), default=0)
    if any(counts[most:]):
        account.slipped += 1
        account.tell("the application saw requests that nobody has sent")
    _settle_fences(seen, account)
    return account


def _settle_request(
    request: Request, target: Target, came: int, samples: Mapping[int, str], *, seen: Seen, account: Account
) -> None:
    outcome = request.outcome
    account.outcomes[outcome.name] += 1
    if came > 1:
        account.doubled += 1
        account.tell(f"{request} {target} came {came} times")
    if outcome > Outcome.CLOSED:
        if _is_exempt(request, seen.faults):
            account.exempt += 1
        elif outcome is Outcome.STRANGE:
            account.strange += 1
            account.tell(f"{request} {target}: {samples.get(request.number, '')}")
        else:
            account.lost += 1
            account.tell(f"{request} {target}: {samples.get(request.number, '')}")
        return
    if (came == 0) is (outcome == Outcome.FORWARDED):
        account.slipped += 1
        account.tell(f"{request} {target} came {came} times")
    _settle_verdict(request, target, seen, account)


def _settle_verdict(request: Request, target: Target, seen: Seen, account: Account) -> None:
    offset = seen.clock.offset(request.sent)
    begin, end = request.sent + offset, request.answered + offset
    uncertain = seen.clock.uncertain
    right = seen.model.verdicts(target, begin, end, uncertain=uncertain)
    if request.outcome in right:
        if len(right) > 1:
            account.unsettled += 1
        return
    for step in _STEPS:
        if request.outcome in seen.model.verdicts(target, begin, end, uncertain=uncertain + step):
            account.edges[step] += 1
            return
    account.wrong += 1
    expected = " or ".join(sorted(verdict.name for verdict in right))
    account.tell(
        f"{request} {target} at {begin:.6f}..{end:.6f}: not {expected}{_how_late(target, begin, end, request, seen)}"
    )


def _how_late(target: Target, begin: float, end: float, request: Request, seen: Seen) -> str:
    """Say by how much a wrong verdict would have been right earlier."""
    for back in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5):
        if request.outcome in seen.model.verdicts(target, begin - back, end + back, uncertain=0):
            return f"; right within {back} s"
    return ""


def _is_exempt(request: Request, faults: Sequence[Fault]) -> bool:
    return any(
        fault.gateway == request.gateway and fault.began <= request.answered and request.sent <= fault.began + _KILLED
        for fault in faults
    )


def _settle_fences(seen: Seen, account: Account) -> None:
    """No request that a window gates is in the application while its fence holds."""
    slow = json.loads((seen.directory / SLOW).read_text())
    load = seen.records[0]  # probes are never slow
    account.fence_asked = len(seen.fences)
    for said in seen.fences:
        if not said.holds:
            continue
        account.fence_held += 1
        begin, end = seen.clock.server(said.sent), seen.clock.server(said.answered)
        for number, came, went in slow:
            if came < said.sent and went > said.answered:
                target = load.targets[load[number].target]
                if _is_gated_by(said.window, target, begin, end, seen.model):
                    account.fence_broken += 1
                    account.tell(f"{said} while {number} {target} was there from {came} to {went}")


def _is_gated_by(window: str, target: Target, begin: float, end: float, model: Model) -> bool:
    """Tell whether a window gated a target all the time by what was committed: who holds says that all know it."""
    rows = [model.versions[version].get(window) for version in model.committed(begin, end)]
    return all(
        row is not None and row.verdict(target) > Verdict.FORWARDED and row.starts_at <= begin and row.stops_at > end
        for row in rows
    )


@dataclass(slots=True, kw_only=True)
class Propagation:
    """Seconds from the commit of a change to the last gateway's first answer by it."""

    seconds: list[float] = field(default_factory=list)
    resolution: list[float] = field(default_factory=list)
    """Seconds between the last answer by the old state was sent for and the first by the new one came."""
    unmeasured: int = 0
    """Changes that flip no probe target, or whose flip was not seen at every gateway before the next."""

    def percentile(self, share: float) -> float:
        """Return a percentile; NaN where nothing was measured."""
        return percentile(self.seconds, share)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not under `share` of all; NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def propagation(probes: Records, seen: Seen, wanted: Sequence[bool]) -> Propagation:
    """Measure each change that flips the probe target of its window, and that is `wanted` by its number."""
    asked: defaultdict[tuple[int, int], list[Request]] = defaultdict(list)
    for number in probes.numbers:
        request = probes[number]
        asked[request.target, request.gateway].append(request)
    found = Propagation()
    for number, change in enumerate(seen.model.changes):
        index = seen.numbers.get(change.window)
        if not wanted[number] or index is None:
            continue
        before, after = seen.model.before_and_after(number, probes.targets[index])
        measured = [
            _first(asked[index, gateway], seen.clock, change.committed, after) if before != after else None
            for gateway in range(seen.gateways)
        ]
        flips = [flip for flip in measured if flip is not None]
        if len(flips) < seen.gateways:
            found.unmeasured += 1
            continue
        found.seconds.append(max(seconds for seconds, _ in flips))
        found.resolution.append(max(resolution for _, resolution in flips))
    return found


def _first(asked: Sequence[Request], clock: Clock, committed: float, after: Verdict) -> tuple[float, float] | None:
    """Return how long after a commit a gateway first answered by it, and how exact that is."""
    before: Request | None = None
    for request in asked:
        if clock.server(request.answered) < committed:
            before = request
        elif request.outcome == after:
            if before is None or clock.server(request.sent) > committed + _SEEN:
                return None
            return clock.server(request.answered) - committed, request.answered - before.sent
        elif request.outcome <= Outcome.CLOSED:
            before = request
    return None
