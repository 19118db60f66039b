"""The fence: proof that every gateway has applied a window, and has no older request left in the application."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What a gateway says about a window that it gates by: the row it gates by, and what of the time before is left."""

    row_version: int
    left: int
    """Requests and tunnels admitted before, that the window would refuse, still in the application."""
    given_up: int
    """Of those: the gateway gave up on them (client gone, time-out); the application may still work on them."""
