"""The Jinja2 environment of a look, and the style sheets that pages carry inside."""

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.ext import i18n
from jinja2.runtime import Context
from markupsafe import Markup

from gateway.domain.duration import short_duration
from gateway.domain.errors import InvalidError
from gateway.domain.languages import ENGLISH, NAMES
from gateway.render import component_screens, panel
from gateway.render.accent import accent_rules
from gateway.render.bars import HEIGHT, LEGEND
from gateway.render.language import Language, language_of
from gateway.render.markdown import markdown_html, markdown_text
from gateway.render.series_screens import REPEAT_OPTIONS
from gateway.render.wording import rfc3339
from gateway.resources import templates_directory

PAGE_STYLES = ("base.css", "page.css")
"""What customers' pages carry inside, in this order; the panel loads base.css and admin.css as files."""
STATUS_STYLE = "status.css"
"""What those about the past carry beside."""

_COMMENT_OR_INDENT = re.compile(r"/\*.*?\*/\n?|^[ \t]+|\n(?=\n)", re.DOTALL | re.MULTILINE)
# The gateway's own sheets have no strings in which these stand.
_SPACE = re.compile(r"\s*([{};,>])\s*")

DEFAULT = "default"
"""Before a template's name: the gateway's own, also where another one takes its place."""


@lru_cache
def environment_of(accent: str = "", templates: Path | None = None) -> Environment:
    """Return the environment of a look, the same each time; templates in `templates` take the place of the gateway's.

    An undefined name is an error, everything is escaped; `inline_style` and `status_style` are style sheets to carry
    inside, in the product's `accent`, the other globals are the choices of the panel's forms.

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
        extensions=[i18n],
    )
    # What the extension adds to the environment, which its type does not tell.
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "markdown": markdown_html,
        "plain": markdown_text,
        "instant": _instant,
        "instant_words": _instant_words,
        "rfc3339": rfc3339,
        "duration": _duration,
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
        "language_names": NAMES,
        "lang": _lang,
    }
    environment.globals["inline_style"] = Markup(page_style(accent, templates))  # noqa: S704  our own files
    environment.globals["status_style"] = Markup(status_style(templates))  # noqa: S704
    return environment


def render(environment: Environment, template: str, page: Any) -> bytes:
    """Render a customers' page, in its own language and its product's time zone."""
    return environment.get_template(template).render(page=page, language=page.language).encode()


def _language(context: Context) -> Language:
    """Return the language of the page; the panel, which has none, is in English."""
    return context.get("language") or language_of(ENGLISH)


@pass_context
def _lang(context: Context, tag: str) -> Markup:
    """Write the attribute for a text in a language, where the page is in another one (WCAG 2.2, 3.1.2)."""
    return Markup("") if tag == _language(context).tag else Markup(' lang="{}"').format(tag)


@pass_context
def _gettext(context: Context, message: str) -> str:
    return _language(context).catalogue.gettext(message)


@pass_context
def _ngettext(context: Context, one: str, many: str, number: int) -> str:
    return _language(context).catalogue.ngettext(one, many, number)


@pass_context
def _instant(context: Context, at: datetime) -> Markup:
    """Write an instant as a `time` element, so that machines read it too."""
    return Markup('<time datetime="{}">{}</time>').format(rfc3339(at), _instant_words(context, at))


@pass_context
def _instant_words(context: Context, at: datetime) -> str:
    zone = context["page"].branding.time_zone if context.get("language") else UTC
    return _language(context).instant(at, zone)


@pass_context
def _duration(context: Context, length: timedelta) -> str:
    return _language(context).duration(length)


@lru_cache
def page_style(accent: str = "", templates: Path | None = None) -> str:
    """Return the style sheet that pages carry inside, without comments and indentation, in the product's accent.

    Raises:
        InvalidError: as `environment_of`.
    """
    text = "".join(_style_sheet(f"assets/{name}", templates) for name in PAGE_STYLES)
    style = _COMMENT_OR_INDENT.sub("", text).strip()
    return f"{style}\n{accent_rules(accent, style)}" if accent else style


@lru_cache
def status_style(templates: Path | None = None) -> str:
    """Return the style sheet that pages about the past carry beside the other.

    Raises:
        InvalidError: as `environment_of`.
    """
    return _COMMENT_OR_INDENT.sub("", _style_sheet(f"assets/{STATUS_STYLE}", templates)).strip()


def _style_sheet(name: str, templates: Path | None) -> str:
    own = templates / name if templates else None
    if own is None or not own.exists():
        text = (templates_directory() / name).read_text(encoding="utf-8")
        return _SPACE.sub(r"\1", _COMMENT_OR_INDENT.sub("", text))
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
