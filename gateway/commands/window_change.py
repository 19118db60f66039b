"""A change of what describes a window: what is given takes the place of what was there, and the rest stays."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gateway.commands.failures import WrongUsageError
from gateway.commands.remote import Document
from gateway.commands.translation_fields import changed_translations

F = TypeVar("F", bound=Callable[..., Any])

_SCOPE = {"hosts": "hosts", "paths": "paths", "except-paths": "excluded_paths"}
_LISTS = {**_SCOPE, "components": "components", "reminders": "reminders", "except": "excluded_dates"}
_SINGLE = {
    "description": "description",
    "kind": "kind",
    "for": "estimated_duration",
    "gate": "gate",
    "ends": "ends",
    "reopen-over": "reopen_over",
}
# What `--clear` can empty, by the name of the API's field.
_CLEARABLE = {**_LISTS, **_SINGLE}

OF_WINDOW = (*_SCOPE, "components", "reminders")
OF_SERIES = (*OF_WINDOW, "except")
# A template need not say anything but a title.
OF_TEMPLATE = (*OF_WINDOW, *_SINGLE)


def clear_option(names: tuple[str, ...], text: str) -> Callable[[F], F]:
    """Add `--clear`, which takes one of `names`; the command gets all that are given as `cleared`."""
    return click.option("--clear", "cleared", type=click.Choice(names), multiple=True, help=text)


def refuse_given_and_cleared(given: Document, cleared: tuple[str, ...]) -> None:
    """Refuse, before anybody is asked, what is given and cleared at once.

    Raises:
        WrongUsageError: something is.
    """
    for name in cleared:
        if _CLEARABLE[name] in given.keys() | given.get("scope", {}).keys():
            raise WrongUsageError(
                f"{name} can't be given and cleared at once: what is given takes the place of what was there"
            )


def changed_fields(given: Document, cleared: tuple[str, ...], saved: Document) -> Document:
    """Return what is to be sent of a window of which `saved` is known.

    The API takes a scope and translations as a whole: the parts of which nothing is given are those that are saved.
    """
    emptied: Document = {_CLEARABLE[name]: [] if name in _LISTS else None for name in cleared}
    parts = {name: emptied.pop(name) for name in _SCOPE.values() if name in emptied} | given.get("scope", {})
    wholes: Document = {"scope": (saved.get("scope") or {}) | parts} if parts else {}
    if "translations" in given:
        wholes["translations"] = changed_translations(given["translations"], saved.get("translations") or {})
    return given | emptied | wholes
