"""Whose the pages are, how they look and what they speak: made from the settings by `render/branding.py`."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path

from gateway.domain.languages import ENGLISH
from gateway.domain.observation import Observer
from gateway.render.logo import Logo


@dataclass(frozen=True, slots=True, kw_only=True)
class FootLink:
    """A link of the product's own in the foot."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Branding:
    """What the pages say about whose they are, and how they look; made from the settings by `render/branding.py`.

    `prefix` has no slash at its end; `introduction` is Markdown; what is empty is not shown.
    """

    product: str
    support_email: str
    prefix: str
    support_text: str = ""
    support_url: str = ""
    introduction: str = ""
    links: tuple[FootLink, ...] = ()
    logo: Logo | None = None
    accent: str = ""
    """`#rrggbb`; empty: the style sheet's own."""
    templates: Path | None = None
    """Where templates are that take the place of the gateway's."""
    language: str = ENGLISH
    """The tag of the language of the product's own texts, and of pages for readers who ask for none of `languages`."""
    languages: tuple[str, ...] = (ENGLISH,)
    """The tags of those that readers can choose from."""
    time_zone: tzinfo = UTC
    """Of the times that pages show."""
    observe: Observer = field(default=lambda _: None, compare=False, repr=False)
    """Is told when one of these fails."""
