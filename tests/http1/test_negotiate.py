"""What the client wants to read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.languages import LANGUAGES
from gateway.http1.negotiate import Format, accepted_coding, chosen_language, wanted_format

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
    ("accept_encoding", "coding"),
    [
        (b"", ""),
        (b"gzip", "gzip"),
        (b"br, GZIP;q=0.1", "br"),
        (b"gzip, deflate, br, zstd", "br"),
        (b"br;q=0.5, gzip", "gzip"),
        (b"br;q=0, gzip", "gzip"),
        (b"gzip;q=0", ""),
        (b"gzip; q=0.000", ""),
        (b"*", "br"),
        (b"br;q=0, *", "gzip"),
        (b"*;q=0", ""),
        (b"gzip;q=0, *", "br"),
        (b"gzip;q=0, br;q=0, *", ""),
        (b"identity", ""),
        (b"br", "br"),
        (b"brotli", ""),
        (b"x-gzip", ""),
    ],
)
def test_the_coding(accept_encoding: bytes, coding: str) -> None:
    """The heaviest, of equal ones the smaller; what is not named has the weight of the asterisk."""
    assert accepted_coding(accept_encoding) == coding


@given(st.binary(max_size=60), st.binary(max_size=20))
def test_nothing_that_is_sent_breaks_it(accept: bytes, other: bytes) -> None:
    assert wanted_format(accept, other, b"") in Format
    assert accepted_coding(accept) in {"br", "gzip", ""}


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        (b"", "en"),
        (b"*", "en"),
        (b"de", "de"),
        (b"DE-at", "de"),
        (b"sv, de;q=0.5", "de"),
        (b"en;q=0.4, fr;q=0.7, it;q=0.6", "fr"),
        (b"de;q=0, fr;q=0.1", "fr"),
        (b"de;q=x, fr;q=0.1", "fr"),
        (b"pt-BR,pt;q=0.9", "pt"),
        (b"zh", "zh-Hans"),
        (b"zh-CN", "zh-Hans"),
        (b"zh-Hans-SG", "zh-Hans"),
        (b"zh-TW, zh-Hant;q=0.9, ja;q=0.5", "ja"),
        (b"dex", "en"),
        (b";;,,q=1", "en"),
        (b"\xff\xfe", "en"),
    ],
)
def test_the_language(asked: bytes, tag: str) -> None:
    """The heaviest that there is; a region does not matter, the script of Chinese does."""
    assert chosen_language((b"", asked), LANGUAGES, "en") == tag


@given(cookie=st.binary(max_size=20), asked=st.binary(max_size=80))
def test_whatever_is_asked_a_language_that_is_offered_is_chosen(cookie: bytes, asked: bytes) -> None:
    """Nobody chooses one that is not offered, whatever is sent."""
    assert chosen_language((cookie, asked), ("de", "fr"), "fr") in {"de", "fr"}


@given(chosen=st.sampled_from(LANGUAGES), asked=st.binary(max_size=80))
def test_a_choice_is_stronger_than_what_the_browser_says(chosen: str, asked: bytes) -> None:
    """The cookie holds the reader's own choice."""
    assert chosen_language((chosen.encode(), asked), LANGUAGES, "en") == chosen
