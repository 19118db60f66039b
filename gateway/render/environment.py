"""The one Jinja2 environment, and the style sheets that pages carry inside."""

import base64
import hashlib
import re
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gateway.domain.duration import short_duration
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


def make_environment(accent: str = "") -> Environment:
    """Make the environment over the templates.

    An undefined name is an error, everything is escaped; `inline_style` is the style sheet to carry inside, in the
    product's `accent`, the other globals are the choices of the panel's forms.

    Raises:
        InvalidError: the accent can't be read on the pages.
    """
    environment = Environment(
        loader=FileSystemLoader(templates_directory()),
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
    environment.globals["inline_style"] = Markup(page_style(accent))  # noqa: S704  our own files
    return environment


@lru_cache
def page_style(accent: str = "") -> str:
    """Return the style sheet that pages carry inside, without comments and indentation, in the product's accent.

    Raises:
        InvalidError: the accent can't be read on the pages.
    """
    directory = templates_directory() / "assets"
    text = "".join((directory / name).read_text(encoding="utf-8") for name in PAGE_STYLES)
    style = _COMMENT_OR_INDENT.sub("", text).strip()
    return f"{style}\n{accent_rules(accent, style)}" if accent else style


def style_hash(style: str) -> str:
    """Return the source expression that allows exactly this style sheet (CSP Level 3, section 2.3.1)."""
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
