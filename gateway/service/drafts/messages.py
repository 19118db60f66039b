"""What is wrong with a field, in words for people: the library that checks drafts speaks to programmers."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

EMPTY = "must not be empty"

_A_TEXT = "must be a text in quotes"
_A_TRUTH = "must be true or false"
_AN_ID = "must be an id such as 1657afaa-211c-42e4-9b02-7a819dc04f5b"
_AN_OBJECT = 'must be an object: {"field": "value"}'
_A_LIST = "must be a list: [...]"
_A_NUMBER = "must be a whole number"


def _one_of(context: Mapping[str, Any]) -> str:
    """Name the values of an enumeration, which come as `'a', 'b' or 'c'`."""
    values = re.findall(r"'([^']*)'", context["expected"])
    return f"must be one of {', '.join(values)}"


def _too_short(context: Mapping[str, Any]) -> str:
    least = context["min_length"]
    return EMPTY if least == 1 else f"must have at least {least} entries"


# By the types of the library's errors; those that are not here are never met: fields of these kinds check themselves.
_WORDS: dict[str, str | Callable[[Mapping[str, Any]], str]] = {
    "missing": "is missing: it is needed",
    "extra_forbidden": "there is no such field: correct its name, or leave it out",
    "string_type": _A_TEXT,
    "string_unicode": "must be a text of whole characters: it has half of a pair (a lone surrogate)",
    "string_too_short": _too_short,
    "string_too_long": lambda context: f"must have at most {context['max_length']:,} characters",
    "too_short": _too_short,
    "too_long": lambda context: f"must have at most {context['max_length']:,} entries",
    "int_type": _A_NUMBER,
    "int_parsing": _A_NUMBER,
    "int_parsing_size": _A_NUMBER,
    "int_from_float": _A_NUMBER,
    "greater_than": lambda context: f"must be more than {context['gt']}",
    "greater_than_equal": lambda context: f"must be at least {context['ge']:,}",
    "less_than_equal": lambda context: f"must be at most {context['le']:,}",
    "bool_type": _A_TRUTH,
    "bool_parsing": _A_TRUTH,
    "enum": _one_of,
    "uuid_type": _AN_ID,
    "uuid_parsing": _AN_ID,
    "uuid_version": _AN_ID,
    "timezone_aware": "needs its offset from UTC: write for example 2026-12-01T22:00:00Z",
    "tuple_type": _A_LIST,
    "frozen_set_type": _A_LIST,
    "dict_type": _AN_OBJECT,
    "model_type": _AN_OBJECT,
    "value_error": lambda context: str(context["error"]),
}


def field_errors(error: ValidationError) -> dict[str, str]:
    """Name every error of a validation by its dotted path, in words for people, with what is accepted.

    What is said of a whole is left out where something is said of its parts: it follows from that.
    """
    said = {_path(item): _text(item) for item in error.errors(include_url=False)}
    return {path: text for path, text in said.items() if not any(other.startswith(f"{path}.") for other in said)}


def _path(item: ErrorDetails) -> str:
    """Return a dotted path; that a wrong key is one, as the library adds, says its text."""
    return ".".join(str(part) for part in item["loc"] if part != "[key]") or "body"


def _text(item: ErrorDetails) -> str:
    words = _WORDS.get(item["type"], item["msg"])
    return words if isinstance(words, str) else words(item.get("ctx", {}))
