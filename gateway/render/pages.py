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
from gateway.render.contexts import Branding, MessagePage, WindowView
from gateway.render.documents import problem_document
from gateway.render.environment import make_environment, page_style, style_hash
from gateway.render.markdown import markdown_text
from gateway.render.own_templates import failure_words
from gateway.render.status_badge import status_badge
from gateway.render.wording import Badge, Tone, instant_words
from gateway.resources import templates_directory

_NONE: Mapping[str, Uptime] = MappingProxyType({})


def gated_page(moment: Moment, branding: Branding, *, refused_write: bool = False) -> bytes:
    """Render the page that stands in for the application: HTML in one piece, complete without its script.

    Without the script it looks again every `contexts.REFRESH_SECONDS`; not so after a refused write, where it says
    instead that nothing was processed.
    """
    return _render("status/gated.html", contexts.gated(moment, branding, refused_write=refused_write), branding)


def status_html(moment: Moment, branding: Branding, uptimes: Mapping[str, Uptime] = _NONE) -> bytes:
    """Render the status page: what is and what was, also when nothing is the matter.

    `uptimes` are the last days of components, by slug; without them there are no bars.
    """
    return _render("status/status.html", contexts.status_page(moment, branding, uptimes), branding)


def window_html(window: Window, moment: Moment, branding: Branding) -> bytes:
    """Render the page of one window, with all of its timeline."""
    return _render("status/window.html", contexts.window_page(window, moment, branding), branding)


def history_html(moment: Moment, branding: Branding, period: Period | None = None) -> bytes:
    """Render the past by month: a period, or what is in memory where that could not be read."""
    return _render("status/history.html", contexts.history_page(moment, branding, period), branding)


def unavailable_page(title: str, detail: str, branding: Branding, request_id: str = "") -> bytes:
    """Render what a browser sees when the application did not answer (502, 504)."""
    badge = Badge("Not available", "cross", Tone.BAD)
    return message_page(title, detail, branding, badge=badge, request_id=request_id)


def not_found_page(detail: str, branding: Branding) -> bytes:
    """Render the 404 of the gateway's own pages."""
    badge = Badge("Not found", "question", Tone.QUIET)
    return message_page("There is no such page", detail, branding, badge=badge)


def message_page(
    title: str, text: str, branding: Branding, *, badge: Badge, request_id: str = "", for_sre: bool = False
) -> bytes:
    """Render a page that says one thing, with a link to the status page, and to the panel where it is for an SRE."""
    page = MessagePage(branding=branding, badge=badge, title=title, text=text, request_id=request_id, for_sre=for_sre)
    return _render("status/message.html", page, branding)


def problem(moment: Moment, branding: Branding, read_only: bool) -> bytes:  # noqa: FBT001  the edge's name for it
    """Write the refusal as `application/problem+json`."""
    return json_bytes(problem_document(moment, branding, read_only=read_only))


def json_bytes(document: object) -> bytes:
    """Write a JSON document, in UTF-8, with a newline at its end."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def plain_text(moment: Moment, branding: Branding) -> bytes:
    """Write a few lines for those who read neither HTML nor JSON: what, since when, until when, the latest word."""
    page = contexts.status_page(moment, branding)
    lines = [f"{page.headline.title}. {page.headline.text}".strip()]
    if moment.as_of:
        lines.append(f"As of {instant_words(moment.as_of)}: there may be news that can't be read at the moment.")
    for view in page.active:
        lines += _window_lines(view)
    for view in page.upcoming:
        lines.append(f"Scheduled: {view.title}, {instant_words(view.starts_at)}.")
    if helpers := [where for where in (branding.support_email, branding.support_url.removeprefix("mailto:")) if where]:
        lines.append(f"Help: {' or '.join(helpers)}")
    return "\n".join(lines).encode() + b"\n"


def badge_svg(moment: Moment, branding: Branding) -> bytes:
    """Draw how the product does, in one word."""
    return _render("status/badge.svg", status_badge(moment, branding.product), branding)


def content_security_policy(branding: Branding) -> str:
    """Return the policy for customers' pages: the style sheet that they carry inside, and scripts from files alone."""
    style = page_style(branding.accent, branding.templates)
    return (
        f"default-src 'none'; style-src {style_hash(style)}; script-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _window_lines(view: WindowView) -> list[str]:
    if view.estimated_end is None:
        until = "taking longer than planned"
    else:
        until = f"{'until' if view.ends_on_time else 'expected until'} {instant_words(view.estimated_end)}"
    lines = [f"{view.kind.word}: {view.title}, since {instant_words(view.starts_at)}, {until}."]
    if view.posts:
        latest = view.posts[0]
        lines.append(f"{latest.badge.word} ({instant_words(latest.at)}): {markdown_text(latest.body)}")
    elif view.description:
        lines.append(markdown_text(view.description))
    return lines


@lru_cache
def environment_of(accent: str, templates: Path | None) -> Environment:
    """Return the one environment of a look, which keeps every template that was read."""
    return make_environment(accent, templates)


@lru_cache
def _default_environment(accent: str, templates: Path | None) -> Environment:
    """Return the gateway's own templates, with the style sheet that the policy allows."""
    return environment_of(accent, templates).overlay(loader=FileSystemLoader(templates_directory()))


def _render(template: str, page: Any, branding: Branding) -> bytes:
    """Render a page; where a template of the product's own fails, whatever the reason, the gateway's own is shown."""
    look = (branding.accent, branding.templates)
    try:
        return environment_of(*look).get_template(template).render(page=page).encode()
    except Exception as error:
        if branding.templates is None:
            raise
        branding.observe(TemplateFailed(template=template, reason=failure_words(error, branding.templates)))
        return _default_environment(*look).get_template(template).render(page=page).encode()
