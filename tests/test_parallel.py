"""Several processes run the tests: who is alone is alone (tests/parallel.py)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import parallel
from tests.commands.cli import LONGEST, ROOT

CONFTEST = """
from tests import parallel

def pytest_configure(config):
    config.pluginmanager.register(parallel)
    config.addinivalue_line("markers", "alone: .")
"""
TEST = """
import os, time
import pytest

pytestmark = {marks}

@pytest.mark.parametrize("number", range(4))
def test_it(number):
    began = time.monotonic()
    time.sleep(0.05)
    line = f"{name} {{os.environ.get('PYTEST_XDIST_WORKER')}} {{began}} {{time.monotonic()}}\\n"
    with open("log", "a") as log:
        log.write(line)
"""


def test_who_is_alone_waits_and_has_nobody_beside(tmp_path: Path) -> None:
    """In a run of two processes; they do run at the same time otherwise."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for name in ("a_alone", "b", "c", "d_alone", "e"):
        marks = "[pytest.mark.alone]" if "alone" in name else "[]"
        (tmp_path / f"test_{name}.py").write_text(TEST.format(marks=marks, name=name))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "xdist.plugin",
            "--numprocesses=2",
            "--dist=loadfile",
            "--no-loadscope-reorder",
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    ran = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert len(ran) == 20
    assert {worker for _, worker, _, _ in ran} == {"gw0", "gw1"}
    spans = [("alone" in name, float(began), float(ended)) for name, _, began, ended in ran]
    overlaps = [
        first_alone or second_alone
        for number, (first_alone, began, ended) in enumerate(spans)
        for second_alone, other_began, other_ended in spans[:number]
        if began < other_ended and other_began < ended
    ]
    assert overlaps
    assert not any(overlaps)
    # A file is handed out as a whole; so much is certain.
    assert not any(is_alone for is_alone, *_ in spans[:4])


def test_ports_are_given_to_one_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two processes, and below those that the kernel gives to connections."""
    given = []
    for worker in ("gw0", "gw1"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        ports = parallel.free_ports()
        given.append({next(ports) for _ in range(1600)})
    assert not given[0] & given[1]
    assert max(given[0] | given[1]) < 32768
