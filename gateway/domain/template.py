r"""Templates: texts for windows and updates that are written before they are needed, with variables in them.

A variable is `{{name}}`. There is nothing else: no conditions, no loops, no defaults, so filling one in
takes as long as its text is, whoever wrote it. Values are text, not Markdown: they show exactly as they were typed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

LONGEST_VALUE = 500
MOST_VARIABLES = 20

_OPENED = re.compile(r"\{\{(?:[ ]?([a-z][a-z0-9_]{0,39})[ ]?\}\})?")

# Where CommonMark reads more than the character itself. Inside a word an underscore is one, and `C#` is no heading.
_MEANS_MORE = re.compile(
    r"[\\`*\[\]<>|]"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|&(?=#?[0-9A-Za-z]+;)"
    r"|^[#+=~-]"
    r"|^[0-9]{1,9}[.)]"
)


class TemplateKind(StrEnum):
    """What a template makes."""

    WINDOW = "window"
    UPDATE = "update"


# What is known without being asked for, and what it says.
BUILT_IN: dict[TemplateKind, dict[str, str]] = {
    TemplateKind.WINDOW: {
        "product": "the product's name",
        "date": "today",
        "time": "the time of day now",
        "start": "when the window starts",
        "end": "when it is expected to end",
        "duration": "how long it is expected to last",
    },
    TemplateKind.UPDATE: {
        "product": "the product's name",
        "date": "today",
        "time": "the time of day now",
        "start": "when the window started",
        "end": "when it is expected to end; of one that is overdue: as soon as possible",
        "duration": "how long it is expected to last",
        "title": "the window's title",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template as it is stored; `fields` are those of a window or of an update, some of them or all."""

    id: UUID
    slug: str
    name: str
    kind: TemplateKind
    fields: Mapping[str, Any]
    row_version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def variables(self) -> tuple[str, ...]:
        """What has to be given, in the order in which it is read; what is built in is not."""
        return asked_for(self.kind, self.fields)


# The fields with texts that have variables, in the order in which people read them.
TEXTS: dict[TemplateKind, tuple[str, ...]] = {
    TemplateKind.WINDOW: ("title", "description", "translations"),
    TemplateKind.UPDATE: ("body", "translations"),
}


def asked_for(kind: TemplateKind, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the variables of a template's texts that somebody has to give, each once, in order of appearance."""
    texts = [text for name in TEXTS[kind] for text in _texts(fields.get(name))]
    named = [match[1] for text in texts for match in _OPENED.finditer(text) if match[1]]
    return tuple(dict.fromkeys(name for name in named if name not in BUILT_IN[kind]))


def _texts(given: object) -> Iterator[str]:
    """Yield a text, or those of all translations; whatever else somebody has written by hand has none."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, Mapping):
        for each in given.values():
            yield from _texts(each)


def check_text(text: str) -> None:
    """Make sure that every `{{` begins a variable.

    Raises:
        ValueError: one does not; it shows where.
    """
    for match in _OPENED.finditer(text):
        if match[1] is None:
            found = text[match.start() : match.start() + 20].partition("\n")[0]
            raise ValueError(
                f"{found!r} is no variable: write {{{{name}}}}, with small letters, digits and _; "
                "two braces that are no variable need a space between them"
            )


def fill(text: str, values: Mapping[str, str], *, markdown: bool) -> str:
    """Put values in the places of variables; in a `markdown` text they are escaped, so that they show as they are.

    Raises:
        KeyError: a variable has no value.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        found = values[match[1]].strip()
        return escaped(found) if markdown else found

    return _OPENED.sub(value, text)


def fill_all(texts: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Fill in texts by the names of their fields, and those of their translations; titles are no Markdown.

    Raises:
        KeyError: a variable has no value.
    """
    return {
        name: fill_all(text, values) if isinstance(text, Mapping) else fill(text, values, markdown=name != "title")
        for name, text in texts.items()
    }


def escaped(value: str) -> str:
    r"""Write one line of text as Markdown that shows it as it is: `*` becomes `\*` (CommonMark 0.31, section 2.4)."""
    return _MEANS_MORE.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", value)


def wrong_values(kind: TemplateKind, asked: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Say which variables are missing, which there are none of, and which values are no text of one line."""
    wrong: dict[str, str] = {}
    takes = [*asked]
    known = f"it takes {', '.join(takes)}" if takes else "it takes none"
    for name in takes:
        if not given.get(name, "").strip():
            wrong[name] = f"is missing: the template uses {{{{{name}}}}}"
    for name, value in given.items():
        if name in BUILT_IN[kind]:
            wrong[name] = f"is built in ({BUILT_IN[kind][name]}): leave it out"
        elif name not in takes:
            wrong[name] = f"the template has no such variable; {known}"
        elif len(value) > LONGEST_VALUE or not value.isprintable():
            wrong[name] = f"must be one line of text, of {LONGEST_VALUE} characters at most"
    return wrong
