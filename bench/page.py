"""The page that keeps a run's figures, `docs/benchmarks.md`.

What stands between its markers is written by hand, and stays.
"""

import re
from pathlib import Path

from bench.lab import CHECKOUT
from bench.load import CONNECTIONS, HEADERS
from bench.report import Run, facts, table

PAGE = CHECKOUT / "docs" / "benchmarks.md"
_NOTES = re.compile(r"<!-- notes -->\n(.*?)<!-- /notes -->", re.DOTALL)
_NO_NOTES = "Nothing has been written yet.\n"

_METHOD = f"""## How it is measured

Each proxy is one process with one worker on one core; the load and the upstream have the others. Every row starts all
peers, and each round measures them one after the other, so that what disturbs the machine disturbs all of them. The
median of the rounds counts, and its ratio to a peer more than its absolute value. CPU time is user and system time of
the peer's processes, read from the operating system; for the gateway without its PostgreSQL, which has nothing to do
with a request.

The load is {CONNECTIONS} kept-alive connections over loopback with {len(HEADERS)} header fields of a browser.
Every peer keeps its upstream connections, preserves Host, sets X-Forwarded-For and X-Forwarded-Proto, writes an access
log to a file, and compresses nothing:

- nginx: `worker_processes 1`, a buffered log
- haproxy: `nbthread 1`, the log on standard output, which is a file
- envoy: `--concurrency 1`, HTTP/1.1 on both sides, its default log, buffered
- caddy: `GOMAXPROCS=1`, no https, no admin endpoint, the log in JSON
- aiohttp: the proxy that most people would write, `bench/plain_aiohttp.py`
- gateway: `gateway serve` with everything switched on

The marks are this project's own; where one is missed, the table says so.
"""


def write_page(run: Run, page: Path) -> None:
    """Write the page anew, but for the notes that it has."""
    before = page.read_text() if page.exists() else ""
    found = _NOTES.search(before)
    page.write_text(_drawn(run, found[1] if found else _NO_NOTES))


def _drawn(run: Run, notes: str) -> str:
    parts = [
        "# Benchmarks",
        (
            f"Written by `make bench ARGS=--write` on {run.began:%-d %B %Y, %H:%M} UTC, all in one run; "
            "only the reasons at the end are written by hand."
        ),
        facts(run),
        _METHOD.rstrip(),
    ]
    for measured in run.rows:
        title = measured.row.title
        parts += [f"## {title[0].upper()}{title[1:]}", measured.row.note, table(measured)]
    parts += ["## Why", f"<!-- notes -->\n{notes}<!-- /notes -->"]
    return "\n\n".join(part for part in parts if part) + "\n"
