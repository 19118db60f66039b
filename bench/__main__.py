"""`python -m bench`: measure, print the tables on standard output and the progress on standard error."""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, TypeVar

from bench import BenchError
from bench.lab import open_lab, program
from bench.marks import shown
from bench.page import PAGE, write_page
from bench.peers import PEERS, Peer
from bench.report import Measured, Run, document, facts, table
from bench.rows import ROWS, Row

if TYPE_CHECKING:
    from bench.rows.row import Sample

_T = TypeVar("_T")
_WORK = Path(__file__).resolve().parent / ".work"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How often and for how long."""

    rounds: int
    seconds: float
    warm_up: float


def main() -> int:
    """Run the bench; return 0, 1 when a part could not be done (the reason on standard error), 2 for wrong usage."""
    given = _arguments()
    # Whoever ends the bench ends the programs that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _find_programs(given.rows)
        plan = _Plan(rounds=given.rounds, seconds=given.seconds, warm_up=given.warm_up)
        run = _run([row() for row in given.rows], given.peers, plan)
        print(facts(run))
        if given.json:
            given.json.write_text(json.dumps(document(run), indent=2) + "\n")
        if given.write:
            write_page(run, given.write)
    except (BenchError, OSError) as error:
        _say(f"bench: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 1 if run.failed else 0


def _find_programs(rows: Sequence[type[Row]]) -> None:
    """Check before anything is started that the loads can run, and the upstream, which is nginx."""
    for name, package in dict.fromkeys(
        [*(wanted for row in rows for wanted in row.programs), ("nginx", "nginx-light")]
    ):
        program(name, debian=package)


def _run(rows: Sequence[Row], wanted: Sequence[Peer], plan: _Plan) -> Run:
    began = datetime.now(UTC)
    versions = {"python": python_version()}
    peers = []
    left_out: dict[str, str] = {}
    for peer in wanted:
        try:
            versions[peer.name] = peer.version()
            peers.append(peer)
        except BenchError as error:
            left_out[peer.name] = str(error)
            _say(f"{peer.name} is left out: {error}")
    measured = []
    failed: dict[str, str] = {}
    for row in rows:
        try:
            if (done := _measure(row, peers, plan)).samples:
                measured.append(done)
                print(row.title, row.note, table(done), sep="\n", end="\n\n", flush=True)
        except (BenchError, OSError) as error:  # the other rows are worth having
            failed[row.title] = str(error)
            _say(f"bench: {row.key} could not be measured: {error}")
    return Run(
        began=began,
        rounds=plan.rounds,
        seconds=plan.seconds,
        versions=versions,
        left_out=left_out,
        rows=measured,
        failed=failed,
    )


def _measure(row: Row, peers: Sequence[Peer], plan: _Plan) -> Measured:
    with open_lab(_WORK) as lab:
        _say(f"{row.key}: starting")
        measures = row.start(lab, peers)
        samples: dict[str, list[Sample]] = {line: [] for line in measures}
        if row.warms_up and plan.warm_up:
            for measure in measures.values():
                measure(plan.warm_up)
        for number in range(1, plan.rounds + 1):
            for line, measure in measures.items():
                sample = measure(plan.seconds)
                samples[line].append(sample)
                _say(f"{row.key}: round {number} of {plan.rounds}: {line} {shown(sample.value)} {row.unit}")
    return Measured(row=row, samples=samples)


def _arguments() -> argparse.Namespace:
    peers = {peer.name: peer for peer in PEERS}
    rows = {row.key: row for row in ROWS}

    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the gateway beside its peers.")
    parser.add_argument("--peers", type=_chosen(peers), default=list(PEERS), metavar="LIST", help=",".join(peers))
    parser.add_argument("--rows", type=_chosen(rows), default=list(ROWS), metavar="LIST", help=",".join(rows))
    parser.add_argument("--rounds", type=_at_least_one, default=5, help="how often each peer is measured (5)")
    parser.add_argument("--seconds", type=_positive, default=3, help="how long each measurement takes (3)")
    parser.add_argument(
        "--warm-up", type=_not_negative, default=1, metavar="SECONDS", help="before the first round (1)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument(
        "--write", type=Path, nargs="?", const=PAGE, metavar="FILE", help="write the page too (docs/benchmarks.md)"
    )
    return parser.parse_args()


def _chosen(known: Mapping[str, _T]) -> Callable[[str], list[_T]]:
    def choose(text: str) -> list[_T]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name!r}; there are {', '.join(known)}")
        return [known[name] for name in names]

    return choose


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number over 0")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not a number over 0, at most 3600")
    return number


def _not_negative(text: str) -> float:
    return 0.0 if text == "0" else _positive(text)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
