"""The logo: which pictures are taken, and what is said of the others."""

import base64
import struct
import zlib
from pathlib import Path

import pytest

from gateway.domain.errors import InvalidError
from gateway.render.logo import MOST_BYTES, read_logo

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 30">{}</svg>'


def png(width: int, height: int) -> bytes:
    """Make a black picture."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    lines = (b"\0" + b"\0" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "media_type", "size"),
    [
        (SVG.format("<path d='M0 0h9'/>").encode(), "image/svg+xml", (128, 32)),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="64px" height="64"/>', "image/svg+xml", (32, 32)),
        (SVG.format('<style>path{fill:url(#a)}</style><use href="#a"/>').encode(), "image/svg+xml", (128, 32)),
        (SVG.format('<image href="data:image/png;base64,AA=="/>').encode(), "image/svg+xml", (128, 32)),
        (png(40, 20), "image/png", (64, 32)),
        (png(900, 30), "image/png", (240, 8)),
    ],
)
def test_it_is_carried_as_it_is(tmp_path: Path, content: bytes, media_type: str, size: tuple[int, int]) -> None:
    """By its content, whatever its name is; its size is told, so nothing on the page moves."""
    file = tmp_path / "logo"
    file.write_bytes(content)
    logo = read_logo(file)
    assert logo.uri == f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    assert (logo.width, logo.height) == size


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "neither a PNG nor an SVG"),
        (b"GIF89a", "neither a PNG nor an SVG"),
        (b"<html/>", "its root is not <svg"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "viewBox"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%"/>', "viewBox"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 0"/>', "viewBox"),
        (SVG.format("<script>alert(1)</script>").encode(), "without scripts"),
        (SVG.format("<g onload='alert(1)'/>").encode(), "without scripts"),
        (SVG.format("<foreignObject/>").encode(), "without scripts"),
        (SVG.format("<a href='javascript:alert(1)'/>").encode(), "loads nothing"),
        (SVG.format("<image href='https://cdn.example/x.png'/>").encode(), "loads nothing"),
        (SVG.format("<style>@import 'x.css'</style>").encode(), "elsewhere"),
        (SVG.format("<path style='fill:url( \"https://x\" )'/>").encode(), "elsewhere"),
        (b"<!DOCTYPE svg>" + SVG.format("").encode(), "DOCTYPE"),
        (png(10, 10)[:-6], "cut off"),
        (png(0, 10), "no size"),
        (b" " * (MOST_BYTES + 1), f"{MOST_BYTES} or less"),
    ],
)
def test_what_can_not_be_used_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    """With the setting, the file and the remedy."""
    file = tmp_path / "logo.svg"
    file.write_bytes(content)
    with pytest.raises(InvalidError) as error:
        read_logo(file)
    text = error.value.fields["page.logo"]
    assert str(file) in text
    assert says in text


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As the system says it."""
    with pytest.raises(InvalidError, match=r"page\.logo: .*No such file"):
        read_logo(tmp_path / "logo.svg")
