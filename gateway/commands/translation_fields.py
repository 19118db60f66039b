"""Texts in other languages on the command line: the options, and the documents that are made of them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from gateway.commands.remote import Document
from gateway.domain.languages import LANGUAGES

F = TypeVar("F", bound=Callable[..., Any])


def _by_language(_: click.Context, __: click.Parameter, values: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the texts by the tags of their languages; the last one of a language counts."""
    return dict(values)


def _languages(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    return [tag for tag in LANGUAGES if tag.startswith(incomplete)]


def _text_in(option: str, destination: str, text: str) -> Callable[[F], F]:
    return click.option(
        option,
        destination,
        type=(click.Choice(LANGUAGES), str),
        multiple=True,
        callback=_by_language,
        shell_complete=_languages,
        metavar="LANGUAGE TEXT",
        help=text,
    )


TEXTS_IN = (
    _text_in("--title-in", "titles", "The title in another language, such as de Wartung; repeatable."),
    _text_in("--description-in", "descriptions", "The details in another language; repeatable."),
)
BODY_IN = _text_in("--body-in", "translations", "The text in another language; repeatable.")


def given_translations(titles: Mapping[str, str], descriptions: Mapping[str, str]) -> Document:
    """Return the translations of a window of which these were given."""
    parts = {"title": titles, "description": descriptions}
    return {
        tag: {name: texts[tag] for name, texts in parts.items() if tag in texts}
        for tag in dict.fromkeys((*titles, *descriptions))
    }


def changed_bodies(given: Document, saved: Document) -> Document:
    """Return all translations of an update of which `saved` are known. An empty text takes its language away."""
    return {tag: text for tag, text in (saved | given).items() if text}


def changed_translations(given: Document, saved: Document) -> Document:
    """Return all translations of a window of which `saved` are known. An empty title takes its language away.

    A description without a title is kept: the gateway says that one is missing.
    """
    changed = saved | {tag: saved.get(tag, {}) | text for tag, text in given.items()}
    return {
        tag: text
        for tag, text in changed.items()
        if tag not in given or text.get("title") or given[tag].get("description")
    }
