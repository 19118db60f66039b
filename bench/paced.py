"""The paced load: h2load over HTTP/1.1, at a rate that the answers don't slow, and how long each answer took."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from bench import BenchError
from bench.lab import Lab, Server, program
from bench.load import CONNECTIONS, HEADERS, PATH

RATE = 1000
_PATIENCE = 0.2  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long the answers took, in microseconds, in ascending order, and the sending of all; all of them were 200."""

    microseconds: tuple[int, ...]
    seconds: float

    @property
    def per_second(self) -> float:
        """Return the rate at which the requests were sent."""
        return len(self.microseconds) / self.seconds

    def quantile(self, share: float) -> int:
        """Return the time within which this share of the answers was there."""
        return self.microseconds[min(int(len(self.microseconds) * share), len(self.microseconds) - 1)]


def send_paced(lab: Lab, server: Server, seconds: float) -> Delays:
    """Send 1,000 requests a second: one each millisecond, by 32 connections in turn.

    Raises:
        BenchError: h2load failed or fell behind, or an answer was not 200.
    """
    # The connections are opened one each millisecond: opened together, they would all send at the same moment.
    pace = ["--rate", "1", "--rate-period", f"{1000 // RATE}ms", "--rps", str(RATE / CONNECTIONS)]
    count = max(int(RATE * seconds), CONNECTIONS)
    delays = _send(lab, server, count, pace)
    # Too slow a load would flatter the peers; a moment more is forgiven, for short runs on busy machines.
    if delays.seconds > count / RATE * 1.1 + _PATIENCE:
        raise BenchError(f"h2load sent {delays.per_second:.0f} requests a second to {server.name}, not {RATE}")
    return delays


def send_some(lab: Lab, server: Server, count: int) -> Delays:
    """Send that many requests, as fast as they are answered.

    Raises:
        BenchError: h2load failed, or an answer was not 200.
    """
    return _send(lab, server, count, [])


def _send(lab: Lab, server: Server, count: int, pace: list[str]) -> Delays:
    command = [program("h2load", debian="nghttp2-client"), "--h1", "--clients", str(CONNECTIONS), *pace]
    for name, value in HEADERS.items():
        command += ["--header", f"{name}: {value}"]
    with NamedTemporaryFile("r", dir=lab.directory, prefix="h2load-") as log:
        done = lab.run([*command, "--requests", str(count), "--log-file", log.name, server.url(PATH)])
        lines = [tuple(map(int, line.split("\t"))) for line in Path(log.name).read_text().splitlines()]
    good = [(start, delay) for start, status, delay in lines if status == 200]
    if done.returncode != 0 or len(good) != count:
        raise BenchError(
            f"h2load got {len(good)} answers of {count} from {server.name}: {(done.stderr or done.stdout).strip()}"
        )
    sent = [start for start, _ in good]
    return Delays(microseconds=tuple(sorted(delay for _, delay in good)), seconds=max(max(sent) - min(sent), 1) / 1e6)
