"""`python -m bench.soak`: soak a gateway; progress on standard error, figures on standard output."""

import argparse
import asyncio
import json
import math
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import psutil
import uvloop

from bench import BenchError
from bench.lab import open_lab
from bench.soak.checks import Check, Seen, check_all, resident
from bench.soak.content import MB
from bench.soak.mix import visit_all
from bench.soak.watch import Sample, Stage, start, wait_for
from bench.soak.wire import Tally

_WORK = Path(__file__).resolve().parents[1] / ".work"
_SAMPLE_EVERY = 5.0
_SAY_EVERY = 10.0


def main() -> int:
    """Run the soak; return 0 where every check holds, 1 where not or where it could not be done, 2 for wrong usage."""
    given = _arguments()
    # Whoever ends the soak ends the programs that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with open_lab(_WORK) as lab:
            stage = start(lab)
            try:
                seen = _soak(stage, seed=given.seed, seconds=given.minutes * 60)
            except (psutil.NoSuchProcess, OSError) as error:
                if not stage.has_ended():
                    raise
                raise BenchError(f"the gateway has ended by itself; it said:\n{stage.last_words()}") from error
            checks = check_all(seen)
    except (BenchError, OSError) as error:
        _say(f"soak: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    print(_table(seen, checks, seed=given.seed))
    if given.json:
        given.json.write_text(json.dumps(_document(seen, checks, seed=given.seed), indent=2) + "\n")
    return 0 if all(check.holds for check in checks) else 1


def _soak(stage: Stage, *, seed: int, seconds: float) -> Seen:
    """Load the gateway, wait until all has come to rest, and stop it."""
    tally = Tally()
    stage.metrics()  # what the first answer opens and keeps is no growth
    before = stage.fewest_descriptors()
    _say(f"soaking for {seconds:.0f} s, seed {seed}; the gateway has {before} descriptors")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        samples = runner.run(_load(stage, tally, seed=seed, seconds=seconds))
    _say("the clients are gone")
    wait_for(lambda: _open_requests(stage) == 0)
    wait_for(lambda: stage.gateway.descriptors() <= before)
    metrics, after = stage.settled_metrics(), stage.gateway.descriptors()
    return Seen(
        tally=tally,
        counts=stage.counts(),
        metrics=metrics,
        records=stage.records,
        log=stage.log,
        application_log=stage.application_log,
        samples=samples,
        seconds=seconds,
        descriptors_before=before,
        descriptors_after=after,
        exit_code=stage.stop(),
    )


def _open_requests(stage: Stage) -> int:
    counts = stage.counts()
    return counts["received"] - counts["answered"] - counts["cancelled"]


async def _load(stage: Stage, tally: Tally, *, seed: int, seconds: float) -> list[Sample]:
    """Have the clients visit, and look at the gateway meanwhile."""
    began = time.monotonic()
    samples = [stage.sample(began)]
    every = min(_SAMPLE_EVERY, seconds / 20)
    load = asyncio.create_task(visit_all(stage.gateway.port, tally, seed=seed, seconds=seconds))
    said = 0.0
    while samples[-1].second < seconds:
        await asyncio.sleep(max(0.0, began + every * len(samples) - time.monotonic()))
        samples.append(stage.sample(began))
        if load.done():
            break
        if samples[-1].second - said >= _SAY_EVERY - every / 2:
            said = samples[-1].second
            _say(_progress(samples, tally))
    await load
    return samples


def _progress(samples: Sequence[Sample], tally: Tally) -> str:
    first, last = samples[0], samples[-1]
    share = (last.cpu_seconds - first.cpu_seconds) / (last.second - first.second)
    requests = tally.right.total() + tally.left.total() + tally.refused.total()
    return (
        f"{last.second:4.0f} s  {requests:9,} requests  {tally.wrong} wrong  {last.resident / MB:6.1f} MB  "
        f"{last.descriptors:4} descriptors  {share:4.0%} of a core"
    )


def _table(seen: Seen, checks: Sequence[Check], *, seed: int) -> str:
    tally = seen.tally
    rows = [f"Soak of {seen.seconds / 60:g} minutes, seed {seed}", ""]
    rows += [f"  {number:9,}  {what}" for what, number in sorted(tally.right.items())]
    rows += [f"  {number:9,}  {what}" for what, number in sorted(tally.left.items())]
    rows += [f"  {number:9,}  malformed: {status}" for status, number in sorted(tally.refused.items())]
    rows += [f"  {tally.bad_bodies:9,}  bodies with broken framing", ""]
    rows += [f"  {figure:>9}  {name}" for name, figure in _figures(seen).items()]
    rows += ["", *(f"  {'ok  ' if check.holds else 'FAIL'}  {check.name}: {check.found}" for check in checks)]
    return "\n".join(rows)


def _figures(seen: Seen) -> dict[str, str]:
    first, last = seen.samples[0], seen.samples[-1]
    seconds, cpu = last.second - first.second, last.cpu_seconds - first.cpu_seconds
    early, late = resident(seen.samples, seen.seconds)
    return {
        "requests at the application per second": f"{seen.counts['received'] / seconds:,.0f}",
        "of a core used by the gateway": f"{cpu / seconds:.0%}",
        "MB of memory, early": f"{early / MB:.1f}",
        "MB of memory, late": f"{late / MB:.1f}",
        "MB of memory at most": f"{max(sample.resident for sample in seen.samples) / MB:.1f}",
        "descriptors at most": str(max(sample.descriptors for sample in seen.samples)),
        "requests whose client went away (499)": f"{seen.metrics.get(('forward', 499), 0):,}",
    }


def _document(seen: Seen, checks: Sequence[Check], *, seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "seconds": seen.seconds,
        "figures": _figures(seen),
        "tally": {field.name: getattr(seen.tally, field.name) for field in fields(seen.tally)},
        "application": dict(seen.counts),
        "metrics": {f"{verdict} {status}": number for (verdict, status), number in sorted(seen.metrics.items())},
        "checks": [asdict(check) for check in checks],
        "samples": [asdict(sample) for sample in seen.samples],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="Soak a gateway in mixed load.")
    parser.add_argument("--minutes", type=_positive, default=10.0, help="how long (10); fractions are allowed")
    parser.add_argument("--seed", type=int, default=1, help="decides all that clients leave to chance (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    return parser.parse_args()


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number over 0")
    return number


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
