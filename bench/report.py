"""The report: a table for people, a JSON document for programs."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.peers import Peer
from bench.rows import Row, Sample

_BASELINE = "nginx"
_SUBJECT = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A row with the samples of every peer, in the order of the rounds."""

    row: Row
    samples: Mapping[str, Sequence[Sample]]

    def value(self, peer: str) -> float:
        """Return the median of a peer's rounds."""
        return median(sample.value for sample in self.samples[peer])

    def ratio(self, peer: str) -> float | None:
        """Return a peer's median as a multiple of nginx's; None when nginx was left out."""
        return self.value(peer) / self.value(_BASELINE) if _BASELINE in self.samples else None


def table(measured: Measured) -> str:
    """Draw one row: a line for each peer, and whether the gateway reaches its mark."""
    unit = measured.row.unit
    lines = [measured.row.title, f"{'':10}{'median':>12}{'rounds':>20}{'x nginx':>10}{'requests/s':>13}"]
    for peer, samples in measured.samples.items():
        values = [sample.value for sample in samples]
        rate = median(sample.requests_per_second for sample in samples)
        ratio = measured.ratio(peer)
        lines.append(
            f"{peer:10}{measured.value(peer):>9.1f} {unit}{f'{min(values):.1f} to {max(values):.1f}':>20}"
            f"{'-' if ratio is None else f'{ratio:.2f}':>10}{rate:>13,.0f}{_verdict(measured, peer)}"
        )
    return "\n".join(lines)


def document(rows: Sequence[Measured], peers: Sequence[Peer], *, seconds: int) -> dict[str, Any]:
    """Return all that was measured, with the machine and the versions, as JSON values."""
    return {
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform()},
        "versions": {"python": platform.python_version()} | {peer.name: peer.version() for peer in peers},
        "seconds_per_round": seconds,
        "rows": [
            {
                "key": measured.row.key,
                "title": measured.row.title,
                "unit": measured.row.unit,
                "reach": measured.row.reach,
                "peers": {
                    peer: {
                        "median": measured.value(peer),
                        "ratio": measured.ratio(peer),
                        "rounds": [sample.value for sample in samples],
                        "requests_per_second": median(sample.requests_per_second for sample in samples),
                    }
                    for peer, samples in measured.samples.items()
                },
            }
            for measured in rows
        ],
    }


def _verdict(measured: Measured, peer: str) -> str:
    ratio = measured.ratio(peer)
    if peer != _SUBJECT or ratio is None:
        return ""
    return f"   {'reaches' if ratio <= measured.row.reach else 'MISSES'} {measured.row.reach:g} x nginx"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
