"""The bench as it is run: it measures what it says, and says what it lacks. No ratio is judged: machines differ."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from bench.marks import AtMost, AtMostOver, AtMostTimes, Mark, OverLine, TimesPeer, UnderPeer
from tests.commands.cli import environment

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 110

PEERS = ["nginx", "haproxy", "envoy", "caddy", "aiohttp", "gateway"]
ROWS = ["forwarding", "varied", "page", "download", "upload", "latency", "memory", "start"]
STARTS = ["gateway, PostgreSQL runs", "gateway, embedded"]


def bench(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def found(*names: str) -> str:
    """Return where programs are; skip where one is missing, and name it."""
    places = [sysconfig.get_path("scripts"), os.environ["PATH"], "/usr/local/sbin", "/usr/sbin", "/sbin"]
    path = os.pathsep.join(places)
    if missing := [name for name in names if not shutil.which(name, path=path)]:
        pytest.skip(f"{', '.join(missing)} not installed: the bench can't run (make test installs them on Debian)")
    return path


@pytest.mark.story
@pytest.mark.long
def test_one_short_run(tmp_path: Path) -> None:
    """Every row has every peer, with figures that can be: some work was done, and it took some time."""
    found("nginx", "haproxy", "envoy", "caddy", "wrk", "h2load")
    file, page = tmp_path / "figures.json", tmp_path / "benchmarks.md"
    page.write_text("# Old\n\n<!-- notes -->\nWhy it is so.\n<!-- /notes -->\n\nold\n")
    done = bench("--rounds", "1", "--seconds", "0.1", "--warm-up", "0", "--json", str(file), "--write", str(page))
    assert done.returncode == 0, done.stderr

    figures: dict[str, Any] = json.loads(file.read_text())
    assert figures["machine"]["cores"] >= 1
    assert figures["versions"].keys() == {"python", *PEERS}
    assert all(figures["versions"].values())
    assert (figures["left_out"], figures["failed"]) == ({}, {})
    rows = {row["key"]: row for row in figures["rows"]}
    assert list(rows) == ROWS
    for key, row in rows.items():
        lines = row["lines"]
        assert list(lines) == {"latency": ["direct", *PEERS], "start": STARTS}.get(key, PEERS)
        assert all(len(line["rounds"]) == 1 and line["median"] > 0 for line in lines.values())
        # The gateway is judged in every row, and nobody else.
        assert {name for name, line in lines.items() if line["reached"] is not None} == set(
            STARTS if key == "start" else ["gateway"]
        )
        assert key == "start" or lines["nginx"]["compared"]["x nginx"] == "1.00"
    for key in ("forwarding", "varied", "page"):
        for line in rows[key]["lines"].values():
            assert 1 < line["median"] < 10_000, "microseconds of CPU for one request"
            assert line["beside"]["requests/s"] > 50
            # One process on one core can't use more than one second of CPU a second; ticks of 10 ms, read twice.
            assert line["median"] * line["beside"]["requests/s"] < 1.3e6
    for key in ("download", "upload"):
        assert all(5 < line["median"] < 10_000 for line in rows[key]["lines"].values()), "milliseconds for 100 MB"
    for line in rows["latency"]["lines"].values():
        assert 0 < line["beside"]["p50 us"] <= line["median"]
    assert all(2 < line["median"] < 1_000 for line in rows["memory"]["lines"].values()), "megabytes"
    assert rows["memory"]["lines"]["gateway"]["beside"]["its PostgreSQL, MB"] > 2

    # What is printed and what is written are the same tables, which line up; the notes have stayed.
    written = page.read_text()
    for table in written.split("\n\n"):
        if table.startswith("|"):
            assert table in done.stdout
            assert len({len(line) for line in table.splitlines()}) == 1
    assert written.count("\n|  ") == len(ROWS)
    assert written.endswith("\n\n## Why\n\n<!-- notes -->\nWhy it is so.\n<!-- /notes -->\n")
    assert "old" not in written


@pytest.mark.story
def test_a_peer_that_is_missing_is_left_out_and_named(tmp_path: Path) -> None:
    """On standard error, in the figures and on the page; a mark that needs it is not judged."""
    path = found("nginx")
    program = tmp_path / "haproxy"
    program.write_text("#!/bin/sh\necho cannot run >&2\nexit 3\n")
    program.chmod(0o755)
    file, page = tmp_path / "figures.json", tmp_path / "page.md"
    # The virtual environment comes first, then PATH: this haproxy hides the real one.
    done = bench(
        *("--rounds", "1", "--seconds", "0.1", "--warm-up", "0", "--rows", "download", "--peers", "haproxy,gateway"),
        *("--json", str(file), "--write", str(page)),
        PATH=f"{tmp_path}:{path}",
    )
    assert done.returncode == 0, done.stderr
    assert f"haproxy is left out: {program} ended with status 3: cannot run" in done.stderr
    figures = json.loads(file.read_text())
    assert list(figures["left_out"]) == ["haproxy"]
    assert figures["rows"][0]["lines"]["gateway"]["reached"] is None
    assert "not judged: at most haproxy" in done.stdout
    assert f"- Left out: {program} ended with status 3: cannot run" in page.read_text()


@pytest.mark.story
def test_a_row_that_fails_is_named(tmp_path: Path) -> None:
    """The other rows are measured all the same; the exit code is 1, and the page says why."""
    path = found("nginx", "haproxy")
    program = tmp_path / "h2load"
    program.write_text("#!/bin/sh\necho out of order >&2\nexit 3\n")
    program.chmod(0o755)
    page = tmp_path / "page.md"
    done = bench(
        *("--rounds", "1", "--seconds", "0.1", "--rows", "memory,download", "--peers", "haproxy", "--write", str(page)),
        PATH=f"{tmp_path}:{path}",
    )
    assert done.returncode == 1
    reason = "h2load got 0 answers of 1000 from haproxy: out of order"
    assert f"bench: memory could not be measured: {reason}" in done.stderr
    written = page.read_text()
    assert "- Could not be measured: resident memory" in written
    assert reason in written
    assert "## Download of 100 MB: CPU\n" in written


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    """With the package to install; in one line, before anything is started."""
    done = bench(PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line == "bench: wrk is not installed (on Debian: apt-get install wrk)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--peers", "apache"], f"there is no 'apache'; there are {', '.join(PEERS)}"),
        (["--rows", "speed"], f"there is no 'speed'; there are {', '.join(ROWS)}"),
        (["--rounds", "0"], "0 is not a number over 0"),
        (["--seconds", "nan"], "nan is not a number over 0"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    """Exit code 2, and what there is instead."""
    done = bench(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("mark", "figure", "said"),
    [
        (AtMostTimes("nginx", 1.5), 15, "reached: at most 1.5 x nginx"),
        (AtMostTimes("nginx", 1.5), 15.1, "MISSED: at most 1.5 x nginx"),
        (AtMostTimes("nginx", 1), 11, "MISSED: at most nginx"),
        (AtMostOver("nginx", 500), 510, "reached: at most nginx + 500 us"),
        (AtMostOver("nginx", 500), 511, "MISSED: at most nginx + 500 us"),
        (AtMost(60), 60, "reached: at most 60 us"),
        (AtMost(60), 61, "MISSED: at most 60 us"),
        (AtMostTimes("envoy", 1), 1, "not judged: at most envoy"),
    ],
)
def test_marks(mark: Mark, figure: float, said: str) -> None:
    """A mark is reached up to its limit; with no peer to compare with, it isn't judged."""
    assert mark.verdict({"nginx": 10, "gateway": figure}, "gateway", "us") == said


def test_columns() -> None:
    """Comparisons are with the medians, and empty where a peer was not measured."""
    medians = {"nginx": 10.0, "gateway": 15.0}
    assert TimesPeer("nginx").cell(medians, "gateway") == "1.50"
    assert OverLine("nginx").cell(medians, "gateway") == "5.00"
    assert UnderPeer("nginx").cell(medians, "gateway") == "no"
    assert UnderPeer("gateway").cell(medians, "nginx") == "yes"
    assert {column("envoy").cell(medians, "gateway") for column in (TimesPeer, OverLine, UnderPeer)} == {""}
