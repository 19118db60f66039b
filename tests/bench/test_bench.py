"""The bench as it is run: it measures what it says, and says what it lacks. No ratio is judged: machines differ."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands.cli import environment

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 110


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


@pytest.fixture
def programs() -> None:
    """Skip where a program is missing, and name it."""
    path = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
    if missing := [
        name for name in ("nginx", "wrk", "taskset") if not (shutil.which(name) or shutil.which(name, path=path))
    ]:
        pytest.skip(f"{', '.join(missing)} not installed: the bench can't run (on Debian: make programs)")


@pytest.mark.story
@pytest.mark.usefixtures("programs")
def test_one_short_run(tmp_path: Path) -> None:
    """Every row has every peer, with figures that can be: some work was done, and it took some time."""
    file = tmp_path / "figures.json"
    peers = ["nginx", "aiohttp", "gateway"]
    done = bench("--rounds", "1", "--seconds", "1", "--peers", ",".join(peers), "--json", str(file))
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(file.read_text())
    assert figures["machine"]["cores"] >= 1
    assert figures["versions"].keys() == {"python", *peers}
    assert all(figures["versions"].values())
    assert [row["key"] for row in figures["rows"]] == ["forwarding", "page"]
    for row in figures["rows"]:
        assert list(row["peers"]) == peers
        assert row["peers"]["nginx"]["ratio"] == 1
        assert row["title"] in done.stdout
        for peer in row["peers"].values():
            assert len(peer["rounds"]) == 1
            assert 1 < peer["median"] < 10_000, "microseconds of CPU for one request"
            assert peer["requests_per_second"] > 50
            # One process on one core can't use more than one second of CPU a second.
            assert peer["median"] * peer["requests_per_second"] < 1.2e6
    assert "x nginx" in done.stdout


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    """With the package to install; in one line, before anything is started."""
    done = bench(PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line == "bench: wrk is not installed (on Debian: apt-get install wrk)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--peers", "apache"], "there is no 'apache'; there are nginx, aiohttp, gateway"),
        (["--rows", "speed"], "there is no 'speed'; there are forwarding, page"),
        (["--rounds", "0"], "0 is not a number over 0"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    """Exit code 2, and what there is instead."""
    done = bench(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
