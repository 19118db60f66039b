"""What the client wants to read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.negotiate import Format, accepts_gzip, wanted_format

CHROME = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "content_type", "mode", "form"),
    [
        (CHROME, b"", b"navigate", Format.HTML),
        (CHROME, b"", b"", Format.HTML),
        (b"*/*", b"", b"navigate", Format.HTML),
        (b"TEXT/HTML", b"", b"", Format.HTML),
        (b"application/json", b"", b"", Format.PROBLEM),
        (b"application/vnd.github+json", b"", b"", Format.PROBLEM),
        (b"application/json, text/html;q=0.5", b"", b"cors", Format.PROBLEM),
        (b"application/json;q=0.5, text/html", b"", b"cors", Format.HTML),
        (b"text/html;q=0, application/json", b"", b"", Format.PROBLEM),
        (b"text/html;q=0", b"", b"", Format.TEXT),
        (b"*/*", b"application/json; charset=utf-8", b"", Format.PROBLEM),
        (b"*/*", b"application/x-www-form-urlencoded", b"", Format.TEXT),
        (b"*/*", b"", b"", Format.TEXT),
        (b"", b"", b"", Format.TEXT),
        (b"text/html;q=abc", b"", b"", Format.TEXT),
    ],
)
def test_the_form(accept: bytes, content_type: bytes, mode: bytes, form: Format) -> None:
    """HTML when a browser navigates, a problem for API clients, a line of text for others."""
    assert wanted_format(accept, content_type, mode) is form


@pytest.mark.parametrize(
    ("accept_encoding", "accepts"),
    [
        (b"", False),
        (b"gzip", True),
        (b"br, GZIP;q=0.1", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000", False),
        (b"*", True),
        (b"*;q=0", False),
        (b"gzip;q=0, *", False),
        (b"identity", False),
        (b"br", False),
    ],
)
def test_gzip(accept_encoding: bytes, accepts: bool) -> None:  # noqa: FBT001
    assert accepts_gzip(accept_encoding) is accepts


@given(st.binary(max_size=60), st.binary(max_size=20))
def test_nothing_that_is_sent_breaks_it(accept: bytes, other: bytes) -> None:
    assert wanted_format(accept, other, b"") in Format
    assert accepts_gzip(accept) in (True, False)
