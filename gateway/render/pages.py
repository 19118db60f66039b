"""The answers as bytes: pages, problem, text. The data plane renders them once per moment and keeps the bytes."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader

from gateway.domain.observation import TemplateFailed
from gateway.domain.past import Period
from gateway.domain.snapshot import Moment
from gateway.domain.uptime import Uptime
from gateway.domain.window import Window
from gateway.render import contexts
from gateway.render.contexts import MessagePage
from gateway.render.documents import problem_document
from gateway.render.environment import environment_of, page_style, render, status_style, style_hash
from gateway.render.language import Language
from gateway.render.look import Branding
from gateway.render.own_templates import failure_words
from gateway.render.status_badge import status_badge
from gateway.render.wording import Badge, Tone
from gateway.resources import templates_directory

_NONE: Mapping[str, Uptime] = MappingProxyType({})


def gated_page(moment: Moment, branding: Branding, language: Language, *, refused_write: bool = False) -> bytes:
    """Render the page that stands in for the application: HTML in one piece, complete without its script.

    Without the script it looks again every `contexts.REFRESH_SECONDS`; not so after a refused write, where it says
    instead that nothing was processed.
    """
    return _render("status/gated.html", contexts.gated(moment, branding, language, refused_write=refused_write))


def status_html(moment: Moment, branding: Branding, language: Language, uptimes: Mapping[str, Uptime] = _NONE) -> bytes:
    """Render the status page: what is and what was, also when nothing is the matter.

    `uptimes` are the last days of components, by slug; without them there are no bars.
    """
    return _render("status/status.html", contexts.status_page(moment, branding, language, uptimes))


def window_html(window: Window, moment: Moment, branding: Branding, language: Language) -> bytes:
    """Render the page of one window, with all of its timeline."""
    return _render("status/window.html", contexts.window_page(window, moment, branding, language))


def history_html(moment: Moment, branding: Branding, language: Language, period: Period | None = None) -> bytes:
    """Render the past by month: a period, or what is in memory where that could not be read."""
    return _render("status/history.html", contexts.history_page(moment, branding, language, period))


def unavailable_page(title: str, detail: str, branding: Branding, language: Language) -> bytes:
    """Render what a browser sees when the application did not answer (502, 504)."""
    badge = Badge("Not available", "cross", Tone.BAD)
    return message_page(title, detail, branding, language, badge=badge)


def not_found_page(detail: str, branding: Branding, language: Language) -> bytes:
    """Render the 404 of the gateway's own pages."""
    badge = Badge("Not found", "question", Tone.QUIET)
    return message_page(language.words("There is no such page"), detail, branding, language, badge=badge)


def message_page(
    title: str,
    text: str,
    branding: Branding,
    language: Language,
    *,
    badge: Badge,
    request_id: str = "",
    for_sre: bool = False,
) -> bytes:
    """Render a page that says one thing, with a link to the status page, and to the panel where it is for an SRE.

    Title and text are in `language`; the badge's word is translated.
    """
    page = MessagePage(
        branding=branding,
        language=language,
        badge=badge,
        title=title,
        text=text,
        request_id=request_id,
        for_sre=for_sre,
    )
    return _render("status/message.html", page)


def problem(moment: Moment, branding: Branding, language: Language, *, read_only: bool) -> bytes:
    """Write the refusal as `application/problem+json`."""
    return json_bytes(problem_document(moment, branding, language, read_only=read_only))


def json_bytes(document: object) -> bytes:
    """Write a JSON document, in UTF-8, with a newline at its end."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def badge_svg(moment: Moment, branding: Branding, language: Language) -> bytes:
    """Draw how the product does, in one word."""
    return _render("status/badge.svg", status_badge(moment, branding, language))


def content_security_policy(branding: Branding) -> str:
    """Return the policy for customers' pages: the style sheets that they carry inside, and scripts from files alone."""
    styles = (page_style(branding.accent, branding.templates), status_style(branding.templates))
    return (
        f"default-src 'none'; style-src {' '.join(map(style_hash, styles))}; script-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@lru_cache
def _default_environment(accent: str, templates: Path | None) -> Environment:
    """Return the gateway's own templates, with the style sheet that the policy allows."""
    return environment_of(accent, templates).overlay(loader=FileSystemLoader(templates_directory()))


def _render(template: str, page: Any) -> bytes:
    """Render a page; where a template of the product's own fails, whatever the reason, the gateway's own is shown."""
    branding: Branding = page.branding
    look = (branding.accent, branding.templates)
    try:
        return render(environment_of(*look), template, page)
    except Exception as error:
        if branding.templates is None:
            raise
        branding.observe(TemplateFailed(template=template, reason=failure_words(error, branding.templates)))
        return render(_default_environment(*look), template, page)
