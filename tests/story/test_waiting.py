"""Twenty thousand customers wait for a window to end (rule 30, and a row of the fault table)."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.commands.cli import LONGEST
from tests.story.conftest import StartGateway
from tests.story.customers import fetch
from tests.story.processes import Program, eventually, port_of

pytestmark = [pytest.mark.story, pytest.mark.alone]

CLIENTS = 20_000
OVER = 15
MOST_BYTES_EACH = 4096
TOLD_WITHIN = 1.0
"""Seconds; half of that was seen on a slow machine. What was seen is written to standard output (`pytest -s`)."""
CROWD = [sys.executable, str(Path(__file__).with_name("waiting_clients.py"))]
PROGRAMS = 2
WORKERS = "2"
"""Each client takes a descriptor, and one more when it comes back; some systems allow a process no more than 20,000."""


@pytest.fixture
def start_program(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start a part of the crowd, by name and words; ended after the test, so that a failure shows what it said."""
    programs: list[Program] = []

    def start(name: str, *words: str) -> Program:
        programs.append(Program(name, [*CROWD, *words], directory=tmp_path))
        return programs[-1]

    yield start
    for program in programs:
        program.end()


def test_20_000_wait_are_told_and_come_back_evenly(
    database_url: str,
    psql: Callable[[str, str], str],
    start_gateway: StartGateway,
    start_program: Callable[..., Program],
    tmp_path: Path,
) -> None:
    """They cost less than 4 KB each, are told at once, and reach the application evenly over the time of the reopening.

    Meanwhile the page keeps coming, and who does as told is let in at once.
    """
    upstream = port_of(start_program("application", "application"))
    gateway = start_gateway(
        tmp_path,
        DATABASE__URL=database_url,
        UPSTREAM__URL=f"http://127.0.0.1:{upstream}",
        LOG__ACCESS="false",
        SERVER__WORKERS=WORKERS,
        cold=True,
    ).listening()
    psql(database_url, "insert into windows (title, reopen_over) values ('Upgrade', '15 seconds')")
    eventually(lambda: fetch(gateway.port, "/").status == 503)
    before = memory(gateway)
    words = ("clients", str(gateway.port), str(CLIENTS // PROGRAMS), "/")
    crowds = [start_program(f"crowd {number}", *words) for number in range(PROGRAMS)]
    for crowd in crowds:
        crowd.err.wait_for("^waiting$", within=120)
    each = (memory(gateway) - before) / CLIENTS
    assert fetch(gateway.port, "/").status == 503
    ended = end_the_window(database_url, psql)
    documents = [json.loads(crowd.out.wait_for(r"^\{.*\}$", within=OVER + LONGEST)[0]) for crowd in crowds]
    arrivals = [at for at in json.loads(fetch(upstream, "/arrivals").body) if at > ended - 1]
    told = sorted(at for document in documents for at in document["told"])
    seconds = Counter(int(arrival - ended) for arrival in arrivals)
    mean = CLIENTS / OVER
    inner = [seconds[second] for second in range(1, OVER - 1)]
    last, half = (told[place] - ended for place in (-1, CLIENTS // 2))
    figures = (
        f"{CLIENTS} clients, {each:.0f} bytes each; told within {last:.3f} s, half of them {half:.3f}; "
        f"let in per second: mean {mean:.0f}, most {max(seconds.values())}, least {min(inner)}"
    )
    sys.stdout.write(f"{figures}\n")
    assert len(told) == len(arrivals) == CLIENTS
    assert sum(document["refused"] for document in documents) == 0
    assert each <= MOST_BYTES_EACH, figures
    assert last <= TOLD_WITHIN, figures
    assert max(seconds.values()) <= 2 * mean, figures
    assert arrivals[-1] - ended <= OVER + 2, figures


def end_the_window(database_url: str, psql: Callable[[str, str], str]) -> float:
    """End it by hand; return when that was done, on the monotonic clock."""
    psql(database_url, "update windows set fixed = true")
    return time.monotonic()


def memory(gateway: Program) -> int:
    """Return what the gateway's processes hold for themselves, in bytes."""
    process = psutil.Process(gateway.process.pid)
    return sum(one.memory_full_info().uss for one in (process, *process.children(recursive=True)))
