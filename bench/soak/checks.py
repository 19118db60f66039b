"""What must hold at the end: each request is accounted for, nothing is left over, nothing has grown."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.soak.application import ANSWERED, CANCELLED
from bench.soak.content import MB
from bench.soak.watch import Sample
from bench.soak.wire import Tally

MOST_GROWTH = 3 * MB
MOST_GROWTH_WHILE_WARMING = 16 * MB
_WARM_AFTER = 180.0
"""Seconds: shorter soaks compare a process that still fills its pools and caches."""
_SAID = ("listening on http://", "no operator yet; ")
"""What `gateway serve` says beside its log."""
_LEVELS = frozenset({"warning", "error", "critical"})
_MOST_SHOWN = 20
_CLIENT_CLOSED, _BAD_REQUEST = 499, 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must hold; `found` says by which figures it does or does not."""

    name: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that was seen in a soak."""

    tally: Tally
    counts: Counter[str]
    """The application's."""
    metrics: Mapping[tuple[str, int], int]
    """The gateway's."""
    records: Path
    log: Path
    application_log: Path
    samples: Sequence[Sample]
    seconds: float
    descriptors_before: int
    descriptors_after: int
    exit_code: int


class Record(NamedTuple):
    """One request as the application saw it."""

    request_id: str
    stays: bool
    status: int
    sent: int
    outcome: str


@dataclass(slots=True)
class Comparison:
    """The gateway's log beside the application's records."""

    logged: Counter[tuple[str, int]] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    """Lines of the log that should not be there."""
    unreached: int = 0
    """Forwarded requests that were given up before the application saw them."""
    disagreements: list[str] = field(default_factory=list)
    stays: Counter[str] = field(default_factory=Counter)
    """Records of requests that stay, by outcome."""

    def match(self, record: Record, entry: dict[str, Any]) -> None:
        """Note where the gateway says something else of a request than the application."""
        status, relayed = entry["status"], entry["sent"]
        if record.outcome == ANSWERED and (status, relayed) == (record.status, record.sent):
            return
        # Who leaves may do so while bytes are under way: less has come through than was handed over, or nothing.
        may_be = not record.stays and (
            status == _CLIENT_CLOSED
            or (status == record.status and relayed <= record.sent)
            or (status == _BAD_REQUEST and record.outcome == CANCELLED)
        )
        if not may_be:
            self.disagreements.append(f"the application has {record}, the log {entry}")


def compare(records: Path, log: Path) -> Comparison:
    """Match each forwarded request of the access log with the application's record of it."""
    compared = Comparison()
    # Both files are in the order of ends, nearly: read side by side, only what is ahead in one need be kept.
    known: dict[str, Record] = {}
    told: dict[str, dict[str, Any]] = {}
    for record, entry in zip_longest(_records(records), _entries(log, compared.complaints)):
        if record is not None:
            if record.request_id in known:
                compared.disagreements.append(f"{record.request_id} reached the application twice")
            known[record.request_id] = record
            if record.stays:
                compared.stays[record.outcome] += 1
        if entry is not None:
            compared.logged[entry["verdict"], entry["status"]] += 1
            if entry["verdict"] == "forward":
                told[entry["request_id"]] = entry
        for request_id in {record and record.request_id, entry and entry["request_id"]}:
            if request_id in known and request_id in told:
                compared.match(known.pop(request_id), told.pop(request_id))
    compared.unreached = len(told)
    compared.disagreements += [f"{request_id} of the application is not in the log" for request_id in known]
    compared.disagreements += [
        f"the application never saw {entry}"
        for entry in told.values()
        if entry["status"] not in (_CLIENT_CLOSED, _BAD_REQUEST)
    ]
    return compared


def _records(file: Path) -> Iterator[Record]:
    with file.open() as lines:
        for line in lines:
            request_id, kind, status, sent, outcome = line.split()
            yield Record(request_id, kind == "stays", int(status), int(sent), outcome)


def _entries(log: Path, complaints: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the requests of the log; keep other lines that should not be there."""
    with log.open() as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                if line.strip() and not line.startswith(_SAID):
                    complaints.append(line.strip())
                continue
            if entry["event"] == "RequestServed":
                yield entry
            elif entry["level"] in _LEVELS:
                complaints.append(line.strip())


def check_all(seen: Seen) -> list[Check]:
    """Check everything."""
    compared = compare(seen.records, seen.log)
    return [*_accounts(seen, compared), *_answers(seen, compared), *_process(seen, compared)]


def _accounts(seen: Seen, compared: Comparison) -> Iterator[Check]:
    counts, metrics = seen.counts, seen.metrics
    received, answered, cancelled = counts["received"], counts[ANSWERED], counts[CANCELLED]
    yield Check(
        name="the application received = answered + cancelled",
        found=f"{received:,} = {answered:,} + {cancelled:,}",
        holds=received == answered + cancelled > 0,
    )
    forwarded = sum(number for (verdict, _), number in metrics.items() if verdict == "forward")
    yield Check(
        name="the gateway forwarded = received + given up before",
        found=f"{forwarded:,} = {received:,} + {compared.unreached:,}",
        holds=forwarded == received + compared.unreached,
    )
    yield Check(
        name="the access log has what the metrics count",
        found=f"{compared.logged.total():,} lines, {sum(metrics.values()):,} counted",
        holds=dict(compared.logged) == dict(metrics),
    )
    yield Check(
        name="log and application agree on each request",
        found=_listed(compared.disagreements),
        holds=not compared.disagreements,
    )
    yield Check(
        name="no head was torn, nothing sent unasked",
        found=f"{counts['torn_heads']}, {counts['unasked']}",
        holds=counts["torn_heads"] == counts["unasked"] == 0,
    )
    said = seen.application_log.read_text().splitlines()
    yield Check(name="the application itself did not fail", found=_listed(said), holds=not said)
    yield Check(
        name="each tunnel was told as 101",
        found=f"{counts['tunnels']:,} = {metrics.get(('forward', 101), 0):,}",
        holds=counts["tunnels"] == metrics.get(("forward", 101), 0) > 0,
    )


def _answers(seen: Seen, compared: Comparison) -> Iterator[Check]:
    tally, metrics = seen.tally, seen.metrics
    right = tally.right.total()
    yield Check(
        name="no answer was wrong or missing",
        found=_listed(tally.reasons) if tally.wrong else "0",
        holds=tally.wrong == 0,
    )
    yield Check(
        name="sent to be answered = right answers = answered by the application",
        found=f"{tally.sent:,} = {right:,} = {compared.stays[ANSWERED]:,} (and {compared.stays[CANCELLED]} cancelled)",
        holds=tally.sent == right == compared.stays[ANSWERED] > 0 and compared.stays[CANCELLED] == 0,
    )
    bad = {status: number for (verdict, status), number in metrics.items() if verdict == "bad"}
    yield Check(
        name="malformed requests, by status, as sent and as counted",
        found=f"{dict(sorted(tally.refused.items()))} = {dict(sorted(bad.items()))}",
        holds=dict(tally.refused) == bad,
    )
    yield Check(
        name="bodies with broken framing, as sent and as counted",
        found=f"{tally.bad_bodies} = {metrics.get(('forward', 400), 0)}",
        holds=tally.bad_bodies == metrics.get(("forward", 400), 0),
    )
    strange = {key: number for key, number in metrics.items() if not _expected(*key)}
    yield Check(name="no other verdict or status", found=str(strange or "none"), holds=not strange)


def _expected(verdict: str, status: int) -> bool:
    return verdict == "bad" or (verdict == "forward" and status in (101, 200, 404, _BAD_REQUEST, _CLIENT_CLOSED))


def _process(seen: Seen, compared: Comparison) -> Iterator[Check]:
    yield Check(
        name="nothing in the log to worry about", found=_listed(compared.complaints), holds=not compared.complaints
    )
    yield Check(
        name="descriptors before = after",
        found=f"{seen.descriptors_before} = {seen.descriptors_after}",
        holds=seen.descriptors_after <= seen.descriptors_before,
    )
    early, late = resident(seen.samples, seen.seconds)
    most = MOST_GROWTH if seen.seconds >= _WARM_AFTER else MOST_GROWTH_WHILE_WARMING
    yield Check(
        name=f"memory grew by less than {most // MB} MB",
        found=f"{(late - early) / MB:+.1f} MB, from {early / MB:.1f} to {late / MB:.1f}",
        holds=late - early < most,
    )
    yield Check(name="the gateway ended with 0", found=str(seen.exit_code), holds=seen.exit_code == 0)


def resident(samples: Sequence[Sample], seconds: float) -> tuple[float, float]:
    """Return the median resident memory of the second and of the last minute; of quarters, where those are shorter."""
    period = min(60.0, seconds / 4)
    second = [sample.resident for sample in samples if period <= sample.second < 2 * period]
    last = [sample.resident for sample in samples if seconds - period <= sample.second]
    return median(second), median(last)


def _listed(lines: Sequence[str]) -> str:
    more = f"\n    and {len(lines) - _MOST_SHOWN:,} more" if len(lines) > _MOST_SHOWN else ""
    return "none" if not lines else f"{len(lines):,}\n    " + "\n    ".join(lines[:_MOST_SHOWN]) + more
