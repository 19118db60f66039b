"""Texts of windows and updates in other languages, as they are asked for: by the tags of the languages."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from gateway.domain.languages import LANGUAGES
from gateway.domain.window import WindowText
from gateway.service.drafts.fields import Body, Draft, Text, Title


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"is no language of the pages: write one of {', '.join(LANGUAGES)}")
    return value


Language = Annotated[str, AfterValidator(_language), WithJsonSchema({"type": "string", "enum": [*LANGUAGES]})]


class TextDraft(Draft):
    """What a window says in another language; without a description the original one stays."""

    title: Title
    description: Text = ""


def texts_of(drafts: Mapping[str, TextDraft]) -> dict[str, WindowText]:
    """Return a window's translations."""
    return {tag: WindowText(title=draft.title, description=draft.description) for tag, draft in drafts.items()}


_WHAT = "In other languages, by their tags; what a language lacks is shown as it was written."
_TEXTS = {"de": {"title": "Datenbank-Upgrade", "description": "Suchen werden **schneller**."}}
_BODIES = {"de": "Die neue Version wird installiert."}
Texts = Annotated[dict[Language, TextDraft], Field(description=_WHAT, examples=[_TEXTS])]
Bodies = Annotated[dict[Language, Body], Field(description=_WHAT, examples=[_BODIES])]
