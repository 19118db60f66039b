"""What asks twice, so that nobody gates everything by a slip of the hand."""

from collections.abc import Mapping

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.domain.window import DEFAULT_GATE, Gate, Window
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import BRANDING

CONFIRM = "confirm"
"""The field for the product's name."""


def gates_everything(window: Window | WindowDraft) -> bool:
    """Tell whether a window keeps customers from something wherever they go; one that leaves paths out does, too."""
    gate = window.gate or DEFAULT_GATE[window.kind]
    return gate is not Gate.NONE and not (window.scope.hosts or window.scope.paths)


def require_name(request: web.Request, values: Mapping[str, str]) -> None:
    """Ask for the product's name, in any case.

    Raises:
        InvalidError: it was not typed.
    """
    product = request.app[BRANDING].product
    if values.get(CONFIRM, "").strip().casefold() != product.casefold():
        raise InvalidError({CONFIRM: f"This gates all requests. If you mean that, type {product} here."})
