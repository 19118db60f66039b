"""`python -m tests.story.harness`: raise a storm; progress on standard error, figures on standard output."""

import argparse
import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import uvloop
from pydantic_core import to_json

from tests.story.harness.account import Account, percentile
from tests.story.harness.faults import ALL
from tests.story.harness.outage import Outage, outage
from tests.story.harness.stage import open_stage
from tests.story.harness.storm import Plan, Result, storm


def main() -> int:
    """Raise the storm; return 0 where all is as it has to be, 1 where not, 2 for wrong usage."""
    given = _arguments()
    # Whoever ends the storm ends the programs that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    plan = Plan(
        seed=given.seed,
        requests=given.requests,
        rate=given.rate,
        windows=given.windows,
        propagation=given.propagation,
        faults=ALL if given.faults else (),
    )
    result: Result | Outage
    try:
        with (
            open_stage(given.gateways, SERVER__WORKERS=str(given.workers)) as stage,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            if given.outage:
                _say(f"an outage of {given.outage:.0f} s, seed {plan.seed}")
                result = runner.run(outage(stage, seed=plan.seed, seconds=given.outage, rate=given.rate))
            else:
                _say(f"a storm of about {plan.seconds:.0f} s, seed {plan.seed}")
                result = runner.run(storm(stage, plan))
            log = stage.log
    except KeyboardInterrupt:
        return 130
    print(outage_table(result) if isinstance(result, Outage) else storm_table(result))
    if given.json:
        given.json.write_bytes(to_json(result, indent=2, fallback=str) + b"\n")
    if result.account.findings:
        _say(log)
    for shortcoming in (shortcomings := result.shortcomings()):
        print(f"FAIL  {shortcoming}")
    return 1 if shortcomings else 0


def storm_table(result: Result) -> str:
    """Write the figures of a storm."""
    spread = result.propagation
    rows = {
        "windows": f"{result.plan.windows}, {result.changes} changes committed",
        "done": _counted(result.deeds.done),
        "missed": _counted(result.deeds.missed),
        "faults": _counted(Counter(fault.kind for fault in result.faults)),
        "commit to last gateway": f"p50 {_ms(spread.percentile(0.5))}, p99 {_ms(spread.percentile(0.99))}, "
        f"most {_ms(spread.percentile(1))} of {len(spread.seconds)} changes ({spread.unmeasured} others flip no probe)",
        "exact to": f"p50 {_ms(percentile(spread.resolution, 0.5))}; the clock to {_ms(result.clock.uncertain)}, "
        f"its drift {_ms(result.clock.drift)}",
        "memory of all gateways": f"{_mb(result.memory_before)} before, {_mb(result.memory_after)} after",
    }
    return _lines(f"Storm, seed {result.plan.seed}, {result.seconds:.0f} s", result.account, rows)


def outage_table(result: Outage) -> str:
    """Write the figures of an outage."""
    rows = {
        "windows": f"{result.windows}, {result.edges_meanwhile} starts and ends while PostgreSQL was away",
        "all in step again": f"{_ms(result.in_step)} after PostgreSQL was back",
        "memory of all gateways": f"{_mb(result.memory[0])} first, {_mb(result.memory[-1])} last, "
        f"{_mb(max(result.memory))} at most",
    }
    return _lines(f"PostgreSQL away for {result.seconds:.0f} s", result.account, rows)


def _lines(title: str, account: Account, rows: dict[str, str]) -> str:
    common = {
        "requests": f"{account.requests:,}",
        **{f"  {name}": f"{count:,}" for name, count in sorted(account.outcomes.items())},
        "wrong verdicts": str(account.wrong),
        "lost, strange": f"{account.lost}, {account.strange} ({account.exempt} exempt: on a gateway that was killed)",
        "doubled, slipped through": f"{account.doubled}, {account.slipped}",
        "while something changed": f"{account.unsettled:,}",
        "right but for a clock's error": _counted({f"up to {_ms(s)}": n for s, n in sorted(account.edges.items())}),
        "fence": f"asked {account.fence_asked} times, held {account.fence_held}, broken {account.fence_broken}",
    }
    lines = [title, "", *(f"{name:32} {value}" for name, value in (common | rows).items())]
    return "\n".join([*lines, *account.told])


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _mb(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MB"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    plan = Plan()
    parser = argparse.ArgumentParser(prog="python -m tests.story.harness", description="Raise a storm over gateways.")
    parser.add_argument("--seed", type=int, default=plan.seed, help="decides all that is left to chance (%(default)s)")
    parser.add_argument("--requests", type=int, default=plan.requests, help="how many (%(default)s)")
    parser.add_argument("--rate", type=float, default=plan.rate, help="requests per second (%(default)s)")
    parser.add_argument("--windows", type=int, default=plan.windows, help="how many windows (%(default)s)")
    parser.add_argument("--gateways", type=int, default=4, help="how many gateways (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes of each gateway (%(default)s)")
    parser.add_argument(
        "--propagation",
        type=float,
        default=plan.propagation,
        help="seconds after which a verdict by the old state is wrong (%(default)s)",
    )
    parser.add_argument("--faults", action="store_true", help="terminate, freeze, stop and kill meanwhile")
    parser.add_argument(
        "--outage",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="instead: stop PostgreSQL for so long (600: as it is asked for)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
