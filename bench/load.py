"""The load: wrk with a browser's headers over kept-alive connections, and what it counted."""

import http.client
import json
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from bench import BenchError
from bench.lab import HOST, Lab, Server, program

CONNECTIONS = 32
PATH = "/page.html"
_INTERRUPTED = 124  # the exit code of timeout

# What Chromium sends when somebody opens a page, less Host, which wrk adds. 14 fields.
HEADERS = {
    "Connection": "keep-alive",
    "Cache-Control": "max-age=0",
    "sec-ch-ua": '"Chromium";v="142", "Not_A Brand";v="99"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9,de;q=0.8",
    "Cookie": "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=necessary",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What wrk counted; `failures` are connections and reads that broke."""

    requests: int
    received_bytes: int
    seconds: float
    statuses_over_399: int
    failures: int
    p50_us: int
    p99_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, whole."""

    status: int
    body: bytes


def send_load(lab: Lab, server: Server, seconds: float, *, script: str = "counted.lua") -> Counted:
    """Load a server with 32 connections.

    Raises:
        BenchError: wrk failed.
    """
    whole = ceil(seconds)
    # wrk knows whole seconds alone; an interrupt ends it as the end of its time does.
    command = ["timeout", "--signal=INT", str(seconds)] if seconds < whole else []
    command += [program("wrk", debian="wrk"), "--threads", "1", "--connections", str(CONNECTIONS)]
    command += ["--duration", f"{whole}s"]
    for name, value in HEADERS.items():
        command += ["--header", f"{name}: {value}"]
    # The scripts load each other from the working directory.
    done = lab.run([*command, "--script", script, server.url(PATH)], directory=Path(__file__).parent)
    if done.returncode != (_INTERRUPTED if seconds < whole else 0):
        raise BenchError(f"wrk failed on {server.name}: {(done.stderr or done.stdout).strip()}")
    return Counted(**json.loads(done.stdout.splitlines()[-1]))


def ask_once(server: Server) -> Answer:
    """Send the request of the load once."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    try:
        connection.request("GET", PATH, headers=HEADERS)
        response = connection.getresponse()
        return Answer(status=response.status, body=response.read())
    finally:
        connection.close()
