"""`python -m bench`: measure, print the tables on standard output and the progress on standard error."""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from bench import BenchError
from bench.lab import open_lab, program
from bench.peers import PEERS, Peer
from bench.report import Measured, document, table
from bench.rows import ROWS, Row, Sample

_T = TypeVar("_T")
_WORK = Path(__file__).resolve().parent / ".work"


def main() -> int:
    """Run the bench; return 0, 1 when it could not be done (the reason on standard error), 2 for wrong usage."""
    given = _arguments()
    # Whoever ends the bench ends the programs that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        for name, package in (("wrk", "wrk"), ("nginx", "nginx-light"), ("taskset", "util-linux")):
            program(name, package)
        results = [_measure(row(), given.peers, rounds=given.rounds, seconds=given.seconds) for row in given.rows]
        if given.json:
            given.json.write_text(json.dumps(document(results, given.peers, seconds=given.seconds), indent=2) + "\n")
    except (BenchError, OSError) as error:
        _say(f"bench: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _measure(row: Row, peers: Sequence[Peer], *, rounds: int, seconds: int) -> Measured:
    samples: dict[str, list[Sample]] = {peer.name: [] for peer in peers}
    with open_lab(_WORK) as lab:
        _say(f"{row.key}: starting {', '.join(samples)}")
        servers = row.start(lab, peers)
        for server in servers:
            row.measure(lab, server, 1)  # to warm up: caches, pools, the interpreter's specialisations
        for number in range(1, rounds + 1):
            for server in servers:
                sample = row.measure(lab, server, seconds)
                samples[server.name].append(sample)
                _say(f"{row.key}: round {number} of {rounds}: {server.name} {sample.value:.1f} {row.unit}")
    measured = Measured(row=row, samples=samples)
    print(table(measured), end="\n\n", flush=True)
    return measured


def _arguments() -> argparse.Namespace:
    peers = {peer.name: peer for peer in PEERS}
    rows = {row.key: row for row in ROWS}

    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the gateway beside its peers.")
    parser.add_argument("--peers", type=_chosen(peers), default=list(PEERS), metavar="LIST", help=",".join(peers))
    parser.add_argument("--rows", type=_chosen(rows), default=list(ROWS), metavar="LIST", help=",".join(rows))
    parser.add_argument("--rounds", type=_positive, default=5, help="how often each peer is measured (5)")
    parser.add_argument("--seconds", type=_positive, default=3, help="how long each measurement takes (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    return parser.parse_args()


def _chosen(known: Mapping[str, _T]) -> Callable[[str], list[_T]]:
    def choose(text: str) -> list[_T]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name!r}; there are {', '.join(known)}")
        return [known[name] for name in names]

    return choose


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number over 0")
    return number


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
