"""Variables in texts: found, filled in, and never more than text."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.template import TemplateKind, asked_for, check_text, escaped, fill, wrong_values
from gateway.render.markdown import markdown_html

# One line of text, with what Markdown is made of more often than by chance.
MARKUP = st.sampled_from(
    [
        "*",
        "**",
        "_",
        "`",
        "[x](http://a)",
        "![",
        "](",
        "<b>",
        "<!--",
        "&amp;",
        "&#60;",
        "#",
        "# ",
        "- ",
        "+ ",
        "1. ",
        "1) ",
        "> ",
        "\\",
        "\\*",
        "|",
        "~~~",
        "```",
        "===",
        "---",
        "javascript:",
        "<javascript:a>",
        "http://a.b",
        "{{x}}",
        "a_b",
        "snake_case_name",
        "C#",
        '"',
        "'",
        " ",
    ]
)
VALUES = st.lists(
    st.one_of(MARKUP, st.text(st.characters(exclude_categories=("C", "Z")), max_size=5)), max_size=12
).map(lambda parts: " ".join("".join(parts).split()))


def shown(markdown: str) -> str:
    return str(markdown_html(markdown)).strip()


def as_text(value: str) -> str:
    return html.escape(value, quote=False).replace('"', "&quot;")


@given(VALUES.filter(bool))
@example("1. first")
@example("# no heading")
@example("_emphasis_")
@example("__init__")
@example("&lt;b&gt;")
@example("<https://evil.example>")
@example("a | b")
@example("***")
def test_a_value_shows_as_it_was_typed(value: str) -> None:
    """Whatever stands in a value: alone, in front, in the middle or at the end of a text, it is no Markdown."""
    for text in ("{{v}}", "{{v}} and more", "before {{v}} after", "ends with {{v}}", "a{{v}}b"):
        expected = text.replace("{{v}}", value)
        assert shown(fill(text, {"v": value}, markdown=True)) == f"<p>{as_text(expected)}</p>", value


@pytest.mark.parametrize("value", ["v18.2_rc1", "db-7.eu-west.example.com", "R&D", "C#", "50% (of 3)", "#4711: done!"])
def test_what_is_harmless_stays_readable(value: str) -> None:
    """Whoever edits the text later does not read backslashes where none are needed."""
    assert escaped(value).replace("\\#", "#") == value


def test_a_value_is_not_filled_in_again() -> None:
    """A value that looks like a variable stays what it is."""
    assert fill("{{a}} {{b}}", {"a": "{{b}}", "b": "B"}, markdown=False) == "{{b}} B"


def test_plain_texts_take_values_as_they_are() -> None:
    """A title is no Markdown."""
    assert fill("{{a}} is down", {"a": "*db*"}, markdown=False) == "*db* is down"


def test_a_link_of_the_template_takes_an_address() -> None:
    """The one place where a value is more than text is the one that the template's author made for it."""
    said = fill("[Ticket]({{url}})", {"url": "https://t.example/a_b?c=1&d=*"}, markdown=True)
    assert 'href="https://t.example/a_b?c=1&amp;d=*"' in shown(said)
    assert "href" not in shown(fill("[Ticket]({{url}})", {"url": "javascript:alert(1)"}, markdown=True))
    assert shown(fill("[Ticket]({{url}})", {"url": "x) [y](https://evil.example"}, markdown=True)).count("<a") <= 1
    assert 'evil.example"' not in shown(
        fill("[Ticket]({{url}})", {"url": "x) [y](https://evil.example"}, markdown=True)
    )


def test_variables_are_asked_for_in_reading_order_and_once() -> None:
    """The title's come first; what is built in is not asked for."""
    fields = {"description": "{{what}} of {{product}}, {{ticket}}; {{ where }}", "title": "{{where}}: {{what}}"}
    assert asked_for(TemplateKind.WINDOW, fields) == ("where", "what", "ticket")
    assert asked_for(TemplateKind.UPDATE, {"body": "{{title}} until {{end}} {{next}}"}) == ("next",)
    assert asked_for(TemplateKind.WINDOW, {"title": 5}) == ()


@pytest.mark.parametrize(
    "text", ["{{", "{{}}", "{{Name}}", "{{a b}}", "{{a}", "{{a-b}}", "{{ 1a }}", "x {{% if %}}", "{{{a}}"]
)
def test_what_begins_like_a_variable_must_be_one(text: str) -> None:
    """A typing error is found when the template is saved, not at three in the morning."""
    with pytest.raises(ValueError, match=r"is no variable: write \{\{name\}\}"):
        check_text(text)


@pytest.mark.parametrize("text", ["", "no braces", "{ {a} }", "{{a}} {{ b }}{{c_1}}", "{{a}}}", "}}"])
def test_other_braces_are_text(text: str) -> None:
    check_text(text)


def test_filling_in_takes_as_long_as_the_text_is() -> None:
    """No text and no value makes it slow: each character is looked at a fixed number of times."""
    value = "_*`[<&" * 80
    text = "{{a}}" * 2_000 + "{{" * 5_000
    assert len(fill(text, {"a": value}, markdown=True)) < len(text) + 2_000 * 2 * len(value)


def test_each_wrong_value_is_named() -> None:
    """Missing, empty, unknown, built in, several lines, too long: all at once, by name, with what would be right."""
    given = {"b": " ", "c": "two\nlines", "d": "x" * 501, "product": "Mine", "other": "1"}
    wrong = wrong_values(TemplateKind.WINDOW, ["a", "b", "c", "d"], given)
    assert wrong == {
        "a": "is missing: the template uses {{a}}",
        "b": "is missing: the template uses {{b}}",
        "c": "must be one line of text, of 500 characters at most",
        "d": "must be one line of text, of 500 characters at most",
        "product": "is built in (the product's name): leave it out",
        "other": "the template has no such variable; it takes a, b, c, d",
    }
    assert wrong_values(TemplateKind.UPDATE, [], {"x": "1"}) == {
        "x": "the template has no such variable; it takes none"
    }
    assert re.search("title", str(wrong_values(TemplateKind.UPDATE, [], {"title": "1"})))
