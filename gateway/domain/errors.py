"""The errors of the gateway, drawn as one tree.

    GatewayError
    ├── RejectedError            the caller asked for something that can't be: nothing was changed
    │   ├── InvalidError         a value is wrong; `fields` names each one
    │   ├── NotFoundError        no such thing
    │   ├── ConflictError        its state does not allow it, or it is taken
    │   │   └── StaleError       somebody else has changed it since it was read
    │   ├── ForbiddenError       this operator or token may not do that
    │   └── LimitedError         too many of them; `retry_after` says when again
    └── UnavailableError         the gateway could not do its part; the same call may succeed later
        ├── BusyError            too much is asked at once
        └── StoreError           PostgreSQL is away or refused

A class's docstring is its default message. `web/errors.py` and `commands/` render them, nobody else.
"""

import math


class GatewayError(Exception):
    """The gateway could not do that."""

    def __init__(self, message: str | None = None) -> None:
        """Keep `message`, or the class's docstring where none is given."""
        super().__init__(message or (type(self).__doc__ or "").strip())


class RejectedError(GatewayError):
    """That can't be done."""


class InvalidError(RejectedError):
    """Some values are not valid."""

    def __init__(self, fields: dict[str, str], message: str | None = None) -> None:
        """Name each wrong field (dotted path) with what is wrong and what would be right."""
        super().__init__(message or "; ".join(f"{name}: {text}" for name, text in fields.items()))
        self.fields = fields


class NotFoundError(RejectedError):
    """There is no such thing."""


class ConflictError(RejectedError):
    """Its state does not allow that."""


class StaleError(ConflictError):
    """It was changed by somebody else in the meantime."""


class ForbiddenError(RejectedError):
    """You may not do that."""


class LimitedError(RejectedError):
    """Too many attempts."""

    def __init__(self, *, retry_after: float) -> None:
        """Say when the next one is allowed: in `retry_after` seconds."""
        self.retry_after = math.ceil(retry_after)
        seconds = "1 second" if self.retry_after == 1 else f"{self.retry_after} seconds"
        super().__init__(f"too many attempts; the next one is possible in {seconds}")


class UnavailableError(GatewayError):
    """Not available at the moment."""


class BusyError(UnavailableError):
    """Too much is asked at once; try again in a moment."""


class StoreError(UnavailableError):
    """The database can't be reached."""
