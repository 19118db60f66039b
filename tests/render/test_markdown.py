"""Markdown to HTML and to text."""

import pytest

from gateway.render.markdown import markdown_html, markdown_text


@pytest.mark.parametrize(
    "target", ["https://example.com/a?b=c&d", "http://example.com", "mailto:help@acme.example", "HTTPS://EXAMPLE.COM"]
)
def test_links_go_where_they_may(target: str) -> None:
    """http, https and mailto links work; search engines and the opener get nothing."""
    html = markdown_html(f"[here]({target})")
    assert html.startswith('<p><a href="')
    assert 'rel="noopener nofollow"' in html


@pytest.mark.parametrize(
    "target",
    ["javascript:alert(1)", "data:text/html,x", "ftp://a/b", "/relative", "//host/x", "#x", "file:///x"],
)
def test_other_links_stay_text(target: str) -> None:
    """Any other target leaves the source text as it is."""
    assert "<a" not in markdown_html(f"[here]({target})")
    assert target in markdown_html(f"[here]({target})")


def test_line_ends_are_kept() -> None:
    """An SRE who types a new line means one."""
    assert markdown_html("one\ntwo") == "<p>one<br />\ntwo</p>\n"


def test_tables_lists_and_code_work() -> None:
    """The usual things: emphasis, lists, code, tables."""
    html = markdown_html("- **a**\n- `b`\n\n|x|y|\n|-|-|\n|1|2|")
    for part in ("<strong>a</strong>", "<code>b</code>", "<th>x</th>", "<td>2</td>"):
        assert part in html


def test_deep_nesting_and_long_text_end() -> None:
    """The largest text that a field takes is rendered, whatever is in it."""
    for text in (">" * 20_000, "[" * 20_000, "*" * 20_000, "- " * 10_000, "`" * 20_000, "<" * 20_000, "[x](http://[)"):
        markdown_html(text)
        markdown_text(text)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("We are **back**.", "We are back."),
        ("one\ntwo\n\nthree", "one\ntwo\nthree"),
        ("- first\n- second", "- first\n- second"),
        ("1. first\n2. second", "1. first\n2. second"),
        ("# Title\n\ntext", "Title\ntext"),
        ("see [the plan](https://example.com/plan)", "see the plan (https://example.com/plan)"),
        ("<https://example.com/plan>", "https://example.com/plan"),
        ("`a < b` & c", "a < b & c"),
        ("```\ncode\n```", "code"),
        ("<b>raw</b>", "<b>raw</b>"),
    ],
)
def test_text_has_the_words(source: str, text: str) -> None:
    """Markup goes, words stay; a link keeps its address where its words are something else."""
    assert markdown_text(source) == text
