"""How figures are compared, in columns of a table, and judged, by marks that are to be reached.

`medians` are a row's, by the name of the line; a comparison with a peer that was not measured gives no result.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass


class Column(ABC):
    """A comparison that every line of a table shows."""

    @property
    @abstractmethod
    def heading(self) -> str:
        """Return what stands over the column."""

    @abstractmethod
    def cell(self, medians: Mapping[str, float], line: str) -> str:
        """Return what stands in a line."""


@dataclass(frozen=True, slots=True)
class TimesPeer(Column):
    """A figure as a multiple of a peer's."""

    peer: str

    @property
    def heading(self) -> str:
        """Return `x PEER`."""
        return f"x {self.peer}"

    def cell(self, medians: Mapping[str, float], line: str) -> str:
        """Return the ratio."""
        return f"{medians[line] / medians[self.peer]:.2f}" if self.peer in medians else ""


@dataclass(frozen=True, slots=True)
class OverLine(Column):
    """How far a figure is over another line's."""

    other: str

    @property
    def heading(self) -> str:
        """Return `over LINE`."""
        return f"over {self.other}"

    def cell(self, medians: Mapping[str, float], line: str) -> str:
        """Return the difference."""
        return shown(medians[line] - medians[self.other]) if self.other in medians and line != self.other else ""


@dataclass(frozen=True, slots=True)
class UnderPeer(Column):
    """Whether a figure is under a peer's."""

    peer: str

    @property
    def heading(self) -> str:
        """Return `under PEER`."""
        return f"under {self.peer}"

    def cell(self, medians: Mapping[str, float], line: str) -> str:
        """Return yes or no."""
        if self.peer not in medians or line == self.peer:
            return ""
        return "yes" if medians[line] < medians[self.peer] else "no"


class Mark(ABC):
    """The greatest figure that is good enough."""

    @abstractmethod
    def limit(self, medians: Mapping[str, float]) -> float | None:
        """Return it; None where it depends on a peer that was not measured."""

    @abstractmethod
    def words(self, unit: str) -> str:
        """Name it."""

    def reached(self, medians: Mapping[str, float], line: str) -> bool | None:
        """Tell whether a line reaches it; None where that can't be said."""
        limit = self.limit(medians)
        return None if limit is None else medians[line] <= limit

    def verdict(self, medians: Mapping[str, float], line: str, unit: str) -> str:
        """Say whether a line reaches it."""
        said = {True: "reached", False: "MISSED", None: "not judged"}[self.reached(medians, line)]
        return f"{said}: at most {self.words(unit)}"


@dataclass(frozen=True, slots=True)
class AtMostTimes(Mark):
    """A multiple of a peer's figure."""

    peer: str
    factor: float

    def limit(self, medians: Mapping[str, float]) -> float | None:
        """Return the peer's median, so many times."""
        return medians[self.peer] * self.factor if self.peer in medians else None

    def words(self, unit: str) -> str:  # noqa: ARG002
        """Return `1.5 x PEER`, or the peer's name alone."""
        return self.peer if self.factor == 1 else f"{self.factor:g} x {self.peer}"


@dataclass(frozen=True, slots=True)
class AtMostOver(Mark):
    """A peer's figure and so much more."""

    peer: str
    more: float

    def limit(self, medians: Mapping[str, float]) -> float | None:
        """Return the peer's median, and more."""
        return medians[self.peer] + self.more if self.peer in medians else None

    def words(self, unit: str) -> str:
        """Return `PEER + 500 us`."""
        return f"{self.peer} + {self.more:g} {unit}"


@dataclass(frozen=True, slots=True)
class AtMost(Mark):
    """A figure that depends on no peer."""

    most: float

    def limit(self, medians: Mapping[str, float]) -> float | None:  # noqa: ARG002
        """Return the figure."""
        return self.most

    def words(self, unit: str) -> str:
        """Return `60 MB`."""
        return f"{self.most:g} {unit}"


def shown(value: float) -> str:
    """Write a figure with three digits that count, or all before the point."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"
