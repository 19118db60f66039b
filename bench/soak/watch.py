"""The programs of a soak, and what is seen of the gateway from outside: its memory, descriptors, CPU and metrics."""

import json
import os
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from prometheus_client.parser import text_string_to_metric_families

from bench.lab import HOST, Lab, Server, free_port
from bench.soak.content import COUNTS

_CHECKOUT = Path(__file__).resolve().parents[2]
_TIMEOUT = 20.0
_LAST_WORDS = 20
_SETTLED = 1.5
"""Seconds without a change after which the gateway has told all: it tells twice a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The gateway at one moment."""

    second: float
    """Since the load began."""
    resident: int
    descriptors: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The gateway, and the application behind it."""

    gateway: Server
    application: Server
    internal: int
    records: Path
    log: Path
    application_log: Path

    def sample(self, began: float) -> Sample:
        """Look at the gateway's processes."""
        return Sample(
            second=time.monotonic() - began,
            resident=self.gateway.resident_bytes(),
            descriptors=self.gateway.descriptors(),
            cpu_seconds=self.gateway.cpu_seconds(),
        )

    def counts(self) -> Counter[str]:
        """Ask the application what it has counted; its records are then in their file."""
        counts: dict[str, int] = json.loads(_fetch(self.application.url(COUNTS)))
        return Counter(counts)

    def metrics(self) -> dict[tuple[str, int], int]:
        """Return how many requests the gateway has told of, by verdict and status."""
        text = _fetch(f"http://{HOST}:{self.internal}/metrics").decode()
        return {
            (sample.labels["verdict"], int(sample.labels["status"])): int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "gateway_requests_total"
        }

    def settled_metrics(self) -> dict[tuple[str, int], int]:
        """Wait until the gateway has told all, and return its metrics."""
        metrics, since = self.metrics(), time.monotonic()
        while time.monotonic() - since < _SETTLED:
            time.sleep(0.1)
            if (now := self.metrics()) != metrics:
                metrics, since = now, time.monotonic()
        return metrics

    def fewest_descriptors(self) -> int:
        """Return how many descriptors the gateway has while nobody visits."""
        fewest = self.gateway.descriptors()
        until = time.monotonic() + 1
        while time.monotonic() < until:
            time.sleep(0.05)
            fewest = min(fewest, self.gateway.descriptors())
        return fewest

    def stop(self) -> int:
        """Stop the gateway as an operator does; return its exit code, -1 where it does not end."""
        self.gateway.process.terminate()
        try:
            code = self.gateway.process.wait(_TIMEOUT)
        except psutil.TimeoutExpired:  # the lab kills it
            code = None
        return -1 if code is None else int(code)

    def has_ended(self) -> bool:
        """Tell whether the gateway has gone by itself."""
        try:
            return self.gateway.process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def last_words(self) -> str:
        """Return the end of the gateway's log, without requests."""
        lines = self.log.read_text(errors="replace").splitlines()
        said = [line for line in lines if '"RequestServed"' not in line]
        return "\n".join(said[-_LAST_WORDS:])


def wait_for(predicate: Callable[[], bool], within: float = _TIMEOUT) -> bool:
    """Wait until something holds; tell whether it does."""
    until = time.monotonic() + within
    while not predicate():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def start(lab: Lab) -> Stage:
    """Start both; the gateway has a core of its own where there are two, and everything else the others."""
    port = free_port()
    records = lab.directory / "records.txt"
    command = [sys.executable, "-m", "bench.soak.application", "--port", str(port), "--records", str(records)]
    application = lab.start("application", command, port=port, cores=lab.other_cores, directory=_CHECKOUT)

    port, internal = free_port(), free_port()
    directory = lab.subdirectory("gateway")
    (directory / "gateway.toml").write_text(f"""
        [server]
        listen = "{HOST}:{port}"
        internal_listen = "{HOST}:{internal}"
        shutdown_notice = "0s"
        shutdown_grace = "5s"
        [upstream]
        url = "{application.url("")}"
        idle_timeout = "5s"
        [log]
        format = "json"
    """)
    gateway = lab.start(
        "gateway",
        [sys.executable, "-m", "gateway", "serve"],
        port=port,
        cores=lab.proxy_cores,
        directory=directory,
        environment=_environment(),
    )
    os.sched_setaffinity(0, lab.other_cores)
    return Stage(
        gateway=gateway,
        application=application,
        internal=internal,
        records=records,
        log=_log(lab, gateway),
        application_log=_log(lab, application),
    )


def _log(lab: Lab, server: Server) -> Path:
    """Return the file that has all that a program says."""
    return lab.directory / f"{server.name}-{server.port}.log"


def _environment() -> Mapping[str, str]:
    """Return the environment without the settings of a gateway that is meant for elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "DATABASE_URL"))}
    return kept | {"PYTHONPATH": str(_CHECKOUT)}


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
        body: Any = answer.read()
        return bytes(body)
