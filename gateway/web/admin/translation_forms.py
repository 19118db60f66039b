"""Texts in other languages in forms: a title and a description for each, of an update a text. Empty: not translated."""

from collections.abc import Mapping

from gateway.domain.languages import NAMES

_TEXTS = {"title": "Title", "description": "Description"}

# The fields, with what they are called where two versions are compared.
TEXT_FIELDS = {f"{part}.{tag}": f"{word} ({name})" for tag, name in NAMES.items() for part, word in _TEXTS.items()}
BODY_FIELDS = {f"body.{tag}": f"Text ({name})" for tag, name in NAMES.items()}

# Where the errors of the parts of a draft are shown.
TEXT_GROUPS = {f"translations.{tag}.{part}": f"{part}.{tag}" for tag in NAMES for part in _TEXTS}
BODY_GROUPS = {f"translations.{tag}": f"body.{tag}" for tag in NAMES}


def texts_in(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the translations of a window that were typed, as a draft has them."""
    typed = {tag: {part: values.get(f"{part}.{tag}", "").strip() for part in _TEXTS} for tag in NAMES}
    return {tag: text for tag, text in typed.items() if any(text.values())}


def bodies_in(values: Mapping[str, str]) -> dict[str, str]:
    """Return the translations of an update that were typed, as a draft has them."""
    typed = {tag: values.get(f"body.{tag}", "").strip() for tag in NAMES}
    return {tag: body for tag, body in typed.items() if body}
