"""What clients keep of each request: plain arrays, a million of them in a few megabytes, and files of the same."""

import json
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.story.harness.model import Target
from tests.story.harness.wire import Outcome

_MOST_SAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; times are monotonic. `gateway` and `target` are indexes."""

    number: int
    gateway: int
    target: int
    sent: float
    answered: float
    outcome: Outcome


class Records:
    """Requests by their numbers, which begin at `first` and have no gaps."""

    def __init__(self, first: int, targets: Sequence[Target]) -> None:
        """Keep requests for these targets."""
        self.first = first
        self.targets = targets
        self.samples: list[tuple[int, str]] = []
        """The first strange answers, by number."""
        self._sent = array("d")
        self._answered = array("d")
        self._gateway = array("B")
        self._target = array("H")
        self._outcome = array("B")

    def __len__(self) -> int:
        return len(self._sent)

    def sent(self, gateway: int, target: int, now: float) -> int:
        """Note that a request is sent, and return its number."""
        number = self.first + len(self._sent)
        self._sent.append(now)
        self._answered.append(0.0)
        self._gateway.append(gateway)
        self._target.append(target)
        self._outcome.append(Outcome.UNANSWERED)
        return number

    def ended(self, number: int, outcome: Outcome, now: float, received: bytes) -> None:
        """Note how it ended."""
        index = number - self.first
        self._answered[index] = now
        self._outcome[index] = outcome
        if outcome > Outcome.CLOSED and len(self.samples) < _MOST_SAMPLES:
            self.samples.append((number, received.decode("latin-1")))

    def __getitem__(self, number: int) -> Request:
        index = number - self.first
        return Request(
            number=number,
            gateway=self._gateway[index],
            target=self._target[index],
            sent=self._sent[index],
            answered=self._answered[index],
            outcome=Outcome(self._outcome[index]),
        )

    @property
    def numbers(self) -> range:
        """The numbers of all requests."""
        return range(self.first, self.first + len(self))

    def write(self, directory: Path, name: str) -> None:
        """Write all to files."""
        about = {"first": self.first, "samples": self.samples, "targets": [asdict(target) for target in self.targets]}
        (directory / f"{name}.json").write_text(json.dumps(about))
        for field in _FIELDS:
            (directory / f"{name}.{field}").write_bytes(getattr(self, f"_{field}").tobytes())

    @classmethod
    def read(cls, directory: Path, name: str) -> "Records":
        """Read what `write` wrote."""
        about = json.loads((directory / f"{name}.json").read_text())
        records = cls(about["first"], [Target(**target) for target in about["targets"]])
        records.samples = [(number, text) for number, text in about["samples"]]
        for field in _FIELDS:
            getattr(records, f"_{field}").frombytes((directory / f"{name}.{field}").read_bytes())
        return records


_FIELDS = ("sent", "answered", "gateway", "target", "outcome")
