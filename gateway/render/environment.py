"""The one Jinja2 environment, and the style sheets that pages carry inside."""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from gateway.domain.duration import short_duration
from gateway.domain.errors import InvalidError
from gateway.render import component_screens, panel
from gateway.render.accent import accent_rules
from gateway.render.bars import HEIGHT, LEGEND
from gateway.render.markdown import markdown_html, markdown_text
from gateway.render.series_screens import REPEAT_OPTIONS
from gateway.render.wording import duration_words, instant_html, instant_words, rfc3339
from gateway.resources import templates_directory

PAGE_STYLES = ("base.css", "page.css")
"""What customers' pages carry inside, in this order; the panel loads base.css and admin.css as files."""

_COMMENT_OR_INDENT = re.compile(r"/\*.*?\*/\n?|^[ \t]+|\n(?=\n)", re.DOTALL | re.MULTILINE)


DEFAULT = "default"
"""Before a template's name: the gateway's own, also where another one takes its place."""


def make_environment(accent: str = "", templates: Path | None = None) -> Environment:
    """Make the environment over the templates; those in the directory `templates` take the place of the gateway's.

    An undefined name is an error, everything is escaped; `inline_style` is the style sheet to carry inside, in the
    product's `accent`, the other globals are the choices of the panel's forms.

    Raises:
        InvalidError: the accent can't be read on the pages, or a style sheet of the product's own can't be used.
    """
    default = FileSystemLoader(templates_directory())
    own = [FileSystemLoader(templates)] if templates else []
    environment = Environment(
        loader=ChoiceLoader([*own, default, PrefixLoader({DEFAULT: default})]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "markdown": markdown_html,
        "plain": markdown_text,
        "instant": instant_html,
        "instant_words": instant_words,
        "rfc3339": rfc3339,
        "duration": duration_words,
        "short_duration": short_duration,
    }
    environment.globals |= {
        "legend": LEGEND,
        "bar_height": HEIGHT,
        "kinds": panel.KIND_OPTIONS,
        "gates": panel.GATE_OPTIONS,
        "ends": panel.ENDS_OPTIONS,
        "statuses": dict(panel.STATUS_OPTIONS),
        "effects": (("", "Not affected"), *panel.STATUS_OPTIONS),
        "visibilities": component_screens.VISIBILITY_OPTIONS,
        "update_statuses": panel.UPDATE_OPTIONS,
        "repeat_options": REPEAT_OPTIONS,
    }
    environment.globals["inline_style"] = Markup(page_style(accent, templates))  # noqa: S704  our own files
    return environment


@lru_cache
def page_style(accent: str = "", templates: Path | None = None) -> str:
    """Return the style sheet that pages carry inside, without comments and indentation, in the product's accent.

    Raises:
        InvalidError: as `make_environment`.
    """
    text = "".join(_style_sheet(f"assets/{name}", templates) for name in PAGE_STYLES)
    style = _COMMENT_OR_INDENT.sub("", text).strip()
    return f"{style}\n{accent_rules(accent, style)}" if accent else style


def _style_sheet(name: str, templates: Path | None) -> str:
    own = templates / name if templates else None
    if own is None or not own.exists():
        return (templates_directory() / name).read_text(encoding="utf-8")
    try:
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidError({"page.templates": f"{name} can't be read: {error}"}) from error
    if "</" in text:  # it would end the style element that it stands in
        line = text[: text.index("</")].count("\n") + 1
        raise InvalidError({"page.templates": f"{name}, line {line}: </ can't stand in a style sheet; write <\\/"})
    return text


def style_hash(style: str) -> str:
    """Return the source expression that allows exactly this style sheet (CSP Level 3, section 2.3.1)."""
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
