"""The soak, in short: mixed load with clients that vanish, stall and reset, and an account of every request."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands.cli import ROOT, environment

pytestmark = [pytest.mark.story, pytest.mark.alone, pytest.mark.long]

LONGEST = 110


def soak(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.soak", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def test_ten_seconds(tmp_path: Path) -> None:
    """Every check holds, and there was something to check: every kind of visit took place, right or cut short."""
    file = tmp_path / "figures.json"
    done = soak("--minutes", "0.17", "--seed", "7", "--json", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    figures: dict[str, Any] = json.loads(file.read_text())
    assert [check["name"] for check in figures["checks"] if not check["holds"]] == []
    assert len(figures["checks"]) >= 15
    tally = figures["tally"]
    assert tally["wrong"] == 0
    assert sum(tally["right"].values()) == tally["sent"] > 1000
    assert len(tally["right"]) == 15
    assert len(tally["left"]) >= 14, "of 16, some of them rare"
    assert figures["application"]["cancelled"] > 0
    assert figures["metrics"]["forward 499"] > 0


@pytest.mark.parametrize("minutes", ["0", "-1", "inf", "nan"])
def test_how_long_must_make_sense(minutes: str) -> None:
    """Anything but a number over 0 is wrong usage, and starts nothing."""
    done = soak(f"--minutes={minutes}")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{minutes} is not a number over 0" in done.stderr
