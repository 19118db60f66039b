"""A change that came too late: somebody else has changed the same thing since the command read it."""

import json
from collections.abc import Iterator
from typing import Any

from gateway.domain.errors import StaleError


class ChangedMeanwhileError(StaleError):
    """It was changed by somebody else in the meantime; `differences` has both texts of each field that was sent."""

    def __init__(self, message: str, *, current: dict[str, Any], sent: dict[str, Any]) -> None:
        """Compare what is saved by now with what was sent."""
        super().__init__(f"{message}: nothing is done; run the command again if yours is still right")
        self.differences = [*_differences(current, sent)]


def _differences(current: dict[str, Any], sent: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in sent.items():
        saved = current.get(name)
        if name == "row_version" or value == saved:
            continue
        if isinstance(value, dict):
            yield from _differences(saved if isinstance(saved, dict) else {}, value, f"{path}{name}.")
        else:
            now, yours = (json.dumps(each, ensure_ascii=False) for each in (saved, value))
            yield f"{path}{name}: it is {now} now, you sent {yours}"
