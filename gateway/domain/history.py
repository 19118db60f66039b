"""The history of a database: which server's it is, and on which branch since failovers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Names the line of changes in which versions can be compared; None: the server does not tell.

    Each promotion of a standby begins a new timeline of the same system, perhaps without the last changes of the former
    primary. Within one history a lower version is older; across histories the version says nothing.
    """

    system: int | None = None
    """PostgreSQL's system identifier: made with the database, the same on all its standbys."""
    timeline: int | None = None
    """1 at first, higher after each promotion."""

    def is_superseded_by(self, known: "History") -> bool:
        """Tell whether this is a former primary: another server of the system was promoted since."""
        if self.system is None or self.system != known.system or self.timeline is None or known.timeline is None:
            return False
        return self.timeline < known.timeline

    def succeeds(self, known: "History") -> bool:
        """Tell whether this takes the place of `known`, whatever the versions: promoted later, or another database."""
        if self.system is None or known.system is None:
            return False
        return self.system != known.system or known.is_superseded_by(self)


UNKNOWN = History()
