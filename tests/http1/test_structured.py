"""Values of structured fields: whatever a text is, it stays in its place and can be read again (RFC 9651)."""

import re
from urllib.parse import unquote_to_bytes

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.http1.structured import date_item, text_item


def read(item: bytes) -> str:
    """Read as RFC 9651, sections 4.2.5 and 4.2.10, have it."""
    if item.startswith(b"%"):
        assert re.fullmatch(rb'%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"', item), item
        return unquote_to_bytes(item[2:-1]).decode()
    assert re.fullmatch(rb'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"', item), item
    return re.sub(r"\\(.)", r"\1", item[1:-1].decode())


@given(st.text(st.characters(exclude_categories=("Cs",))))
@example('QA "team" \\ 100%')
@example("a\r\nSet-Cookie: x=1")
@example("Prüfer\x7f\x00\x85")
def test_any_text_comes_through(text: str) -> None:
    assert read(text_item(text)) == text


@given(st.text())
def test_no_text_leaves_its_place(text: str) -> None:
    """Printable ASCII alone reaches the head: no CR, no LF, no quote that ends it."""
    assert re.fullmatch(rb"[\x20-\x7e]+", text_item(text))


def test_plain_text_is_a_string_and_other_text_a_display_string() -> None:
    assert text_item('a "b" \\') == b'"a \\"b\\" \\\\"'
    assert text_item("füü %\n") == b'%"f%c3%bc%c3%bc %25%0a"'
    assert date_item(1659578233) == b"@1659578233"
