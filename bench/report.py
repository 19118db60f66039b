"""The report: tables for people, in Markdown that also lines up in a terminal, and a JSON document for programs."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.marks import shown
from bench.rows import Row
from bench.rows.row import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A row with the samples of every line, in the order of the rounds."""

    row: Row
    samples: Mapping[str, Sequence[Sample]]

    @property
    def medians(self) -> dict[str, float]:
        """Return the median of each line's rounds."""
        return {line: median(sample.value for sample in samples) for line, samples in self.samples.items()}

    def beside(self, line: str) -> dict[str, float]:
        """Return the medians of what was counted beside a line's value."""
        samples = self.samples[line]
        return {name: median(sample.beside[name] for sample in samples) for name in samples[0].beside}

    def verdict(self, line: str) -> str:
        """Say whether a line reaches its mark; nothing where it has none."""
        mark = self.row.marks.get(line)
        return mark.verdict(self.medians, line, self.row.unit) if mark else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that one run has found; `left_out` and `failed` say why, by peer and by the title of the row."""

    began: datetime
    rounds: int
    seconds: float
    versions: Mapping[str, str]
    left_out: Mapping[str, str]
    rows: Sequence[Measured]
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the figures depend on."""

    processor: str
    cores: int
    kernel: str


def this_machine() -> Machine:
    """Describe the machine."""
    return Machine(
        processor=_processor(), cores=os.cpu_count() or 1, kernel=f"{platform.system()} {platform.release()}"
    )


def table(measured: Measured) -> str:
    """Draw a row: a line for each peer, and whether the marks are reached."""
    row, medians = measured.row, measured.medians
    beside = list(dict.fromkeys(name for line in medians for name in measured.beside(line)))
    head = [
        "",
        f"median, {row.unit}",
        "lowest .. highest",
        *(column.heading for column in row.columns),
        *beside,
        "mark",
    ]
    body = []
    for line, samples in measured.samples.items():
        values = [sample.value for sample in samples]
        counted = measured.beside(line)
        body.append(
            [
                line,
                shown(medians[line]),
                f"{shown(min(values))} .. {shown(max(values))}",
                *(column.cell(medians, line) for column in row.columns),
                *(shown(counted[name]) if name in counted else "" for name in beside),
                measured.verdict(line),
            ]
        )
    return _markdown(head, body)


def facts(run: Run) -> str:
    """List what the figures depend on, and what is not among them."""
    machine = this_machine()
    said = [
        f"Machine: {machine.processor}, {machine.cores} cores, {machine.kernel}",
        f"Versions: {', '.join(f'{name} {version}' for name, version in run.versions.items())}",
        f"Rounds: {run.rounds}, with {run.seconds:g} s for each measurement",
        *(f"Left out: {reason}" for reason in run.left_out.values()),
        *(f"Could not be measured: {title}: {reason}" for title, reason in run.failed.items()),
    ]
    return "\n".join(f"- {fact}" for fact in said)


def document(run: Run) -> dict[str, Any]:
    """Return all that was measured, with the machine and the versions, as JSON values."""
    return {
        "began": run.began.isoformat(timespec="seconds"),
        "machine": asdict(this_machine()),
        "versions": dict(run.versions),
        "left_out": dict(run.left_out),
        "failed": dict(run.failed),
        "rounds": run.rounds,
        "seconds_per_round": run.seconds,
        "rows": [_row_document(measured) for measured in run.rows],
    }


def _row_document(measured: Measured) -> dict[str, Any]:
    row, medians = measured.row, measured.medians
    lines = {}
    for line, samples in measured.samples.items():
        mark = row.marks.get(line)
        lines[line] = {
            "median": medians[line],
            "rounds": [sample.value for sample in samples],
            "beside": measured.beside(line),
            "compared": {column.heading: column.cell(medians, line) for column in row.columns},
            "mark": mark.words(row.unit) if mark else None,
            "reached": mark.reached(medians, line) if mark else None,
        }
    return {"key": row.key, "title": row.title, "unit": row.unit, "lines": lines}


def _markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Draw a table whose first and last columns are words, and the others figures."""
    widths = [max(3, *(len(line[number]) for line in (head, *body))) for number in range(len(head))]
    words = (0, len(head) - 1)

    def drawn(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if number in words else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if number in words else "-" * (width - 1) + ":" for number, width in enumerate(widths)]
    return "\n".join([drawn(head), drawn(rule), *map(drawn, body)])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
