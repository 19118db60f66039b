"""Bodies: the same pieces, rest and trailers, whatever the reads in which they arrive."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.body import ChunkedBody, EndlessBody, SizedBody, body_reader, chunk, last_chunk
from gateway.http1.fields import CHUNKED, UNTIL_CLOSE, BadMessageError


def splits(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut data at the places given, in any order, beyond its end or twice."""
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def read(body: ChunkedBody | SizedBody, pieces: list[bytes]) -> tuple[bytes, bytes]:
    """Feed all; return the content, and what came behind the body."""
    content, behind = b"", b""
    for piece in pieces:
        if body.done:
            behind += piece
            continue
        got, rest = body.feed(piece)
        content += got
        behind += rest
    return content, behind


CUTS = st.lists(st.integers(min_value=0, max_value=300), max_size=12)
CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
EXTENSION = st.sampled_from([b"", b";a", b";a=b", b';q="x y"', b";"])
TRAILERS = st.lists(st.sampled_from([b"X: 1", b"Y:", b"z-Z: \xff\t."]), max_size=3)
BEHIND = st.sampled_from([b"", b"GET / HTTP/1.1\r\n\r\n", b"\r\n", b"0\r\n\r\n"])


@given(st.binary(max_size=100), BEHIND, CUTS)
def test_a_sized_body_ends_where_it_says(content: bytes, behind: bytes, cuts: list[int]) -> None:
    body = SizedBody(len(content))
    assert read(body, splits(content + behind, cuts)) == (content, behind)
    assert body.done


@given(CHUNKS, EXTENSION, TRAILERS, BEHIND, CUTS)
def test_a_chunked_body_reads_the_same_however_it_is_cut(
    chunks: list[bytes], extension: bytes, trailers: list[bytes], behind: bytes, cuts: list[int]
) -> None:
    framed = b"".join(b"%X%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in chunks)
    framed += b"000%b\r\n" % extension + b"".join(line + b"\r\n" for line in trailers) + b"\r\n"
    body = ChunkedBody()
    assert read(body, splits(framed + behind, cuts)) == (b"".join(chunks), behind)
    assert body.done
    assert body.trailers == tuple(trailers)


@given(CHUNKS, TRAILERS)
def test_what_is_framed_can_be_read(chunks: list[bytes], trailers: list[bytes]) -> None:
    body = ChunkedBody()
    framed = b"".join(map(chunk, chunks)) + last_chunk(tuple(trailers))
    assert read(body, [framed]) == (b"".join(chunks), b"")
    assert body.trailers == tuple(trailers)


@given(
    st.sampled_from(
        [
            b"xyz\r\n",
            b"-1\r\n",
            b"+1\r\na\r\n",
            b"0x1\r\na\r\n",
            b" 1\r\na\r\n",
            b"1 \r\na\r\n",
            b"\r\n1\r\na\r\n",
            b"1\na\n",
            b"1\r\nab\r\n",
            b"1\r\na\n0\r\n",
            b"1\r\na\r0\r\n",
            b"1;a\nb\r\n",
            b"1;a\x00\r\n",
            b"1\x0b\r\n",
            b"1" * 16 + b"\r\n",
            b"0\r\nX : 1\r\n",
            b"0\r\n folded: 1\r\n",
            b"0\r\nnone\r\n",
            b"0\r\n: 1\r\n",
            b"0\r\nX: \x00\r\n",
            b"0\r\nX: 1\nY: 2\r\n",
            b"0\r\n\nX: 1\r\n",
        ]
    ),
    CUTS,
)
def test_malformed_framing_is_refused_however_it_is_cut(framed: bytes, cuts: list[int]) -> None:
    with pytest.raises(BadMessageError):
        read(ChunkedBody(), splits(framed + b"\r\n\r\n", cuts))


@pytest.mark.parametrize(
    "framed",
    [
        b"1" * 40_000,
        b"1;" + b"x" * 40_000,
        b"1;xxxxxx\r\na\r\n" * 3_000,
        b"0\r\nX: " + b"x" * 40_000,
        b"0\r\n" + b"X: 1\r\n" * 5_000,
    ],
)
@pytest.mark.parametrize("size", [1000, 100_000])
def test_what_is_no_content_has_a_limit(framed: bytes, size: int) -> None:
    with pytest.raises(BadMessageError):
        read(ChunkedBody(), [framed[start : start + size] for start in range(0, len(framed), size)])


def test_trailers_can_not_change_what_the_message_is() -> None:
    """RFC 9110, section 6.5.1."""
    body = ChunkedBody()
    read(body, [b"0\r\nContent-Length: 5\r\nHOST: b\r\nX: 1\r\nSet-Cookie: a\r\nTransfer-encoding: x\r\n"])
    read(body, [b"X-Forwarded-Proto: https\r\nx_request_id: 1\r\nProxy-Authorization: x\r\nContent-Type: x\r\n\r\n"])
    assert body.trailers == (b"X: 1",)


def test_readers_by_framing() -> None:
    assert body_reader(0) is None
    assert isinstance(body_reader(3), SizedBody)
    assert isinstance(body_reader(CHUNKED), ChunkedBody)
    assert isinstance(body_reader(UNTIL_CLOSE), EndlessBody)
    assert EndlessBody().feed(b"abc") == (b"abc", b"")
