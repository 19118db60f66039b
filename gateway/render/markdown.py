"""Markdown, as SREs write it, to HTML that is safe to show and to text for those who read no HTML."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_SCHEMES = frozenset({"http", "https", "mailto"})
_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
"""Headings inside a window's text stand below the page's own two levels."""


def _is_safe_link(url: str) -> bool:
    try:
        return urlsplit(url.strip()).scheme.lower() in _SCHEMES
    except ValueError:  # not a URL at all, such as http://[
        return False


def _parser() -> MarkdownIt:
    # No raw HTML, and no images: a page loads nothing from elsewhere.
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
    parser.validateLink = _is_safe_link  # type: ignore[method-assign]
    return parser


_PARSER = _parser()


@lru_cache(maxsize=512)
def markdown_html(text: str) -> Markup:
    """Render CommonMark with tables; raw HTML and images are shown as text, links go to http, https and mailto only."""
    tokens = _PARSER.parse(text)
    for token in _walk(tokens):
        if token.type == "link_open":
            token.attrSet("rel", "noopener nofollow")
        elif token.type in {"heading_open", "heading_close"}:
            token.tag = _HEADINGS[token.tag]
    return Markup(_PARSER.renderer.render(tokens, _PARSER.options, {}))  # noqa: S704  the parser escapes all text


@lru_cache(maxsize=512)
def markdown_text(text: str) -> str:
    """Return the words of a Markdown text, a line per block, links with their address behind them."""
    lines: list[str] = []
    bullet = ""
    for token in _PARSER.parse(text):
        if token.type == "list_item_open":
            bullet = "- " if token.info == "" else f"{token.info}{token.markup} "
        elif token.type == "inline":
            lines.append(bullet + _inline_text(token.children or []))
            bullet = ""
        elif token.type in {"code_block", "fence"}:
            lines.append(token.content.rstrip("\n"))
    return "\n".join(lines)


def _walk(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _inline_text(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    targets: list[tuple[int, str]] = []
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            parts.append(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif token.type == "link_open":
            targets.append((len(parts), str(token.attrGet("href") or "")))
        elif token.type == "link_close":
            begin, target = targets.pop()
            if "".join(parts[begin:]) not in target:
                parts.append(f" ({target})")
    return "".join(parts)
