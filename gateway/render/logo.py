"""The logo: a small picture that every page carries inside, because pages load nothing."""

import base64
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from gateway.domain.errors import InvalidError

MOST_BYTES = 20 * 1024
_HEIGHT = 32
_WIDEST = 240
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "{http://www.w3.org/2000/svg}svg"
_ACTIVE = frozenset({"script", "foreignobject", "iframe", "handler", "listener"})
_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+)(?:px)?\s*")
# Inside of an SVG, a reference to a part of itself or to a picture that it carries.
_OWN_REFERENCE = re.compile(r"#|data:image/(?:png|jpeg|webp)[;,]")
_ELSEWHERE = re.compile(r"@import|url\(\s*+[\"']?+(?!#|data:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture as a `data:` URI, with the size at which it is shown, in CSS pixels."""

    uri: str
    width: int
    height: int


def read_logo(path: Path) -> Logo:
    """Read an SVG or PNG.

    Raises:
        InvalidError: it can't be read, is neither, is too large, or does more than to be looked at.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _wrong(path, f"can't be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise _wrong(path, f"has {len(content)} bytes; each page carries it, so make it {MOST_BYTES} or less")
    if content.startswith(_PNG):
        media_type, (width, height) = "image/png", _png_size(path, content)
    else:
        media_type, (width, height) = "image/svg+xml", _svg_size(path, content)
    if not (width > 0 and height > 0):
        raise _wrong(path, "has no size: an SVG needs a viewBox, or width and height in pixels")
    scale = min(_HEIGHT / height, _WIDEST / width)
    return Logo(
        uri=f"data:{media_type};base64,{base64.b64encode(content).decode()}",
        width=max(1, round(width * scale)),
        height=max(1, round(height * scale)),
    )


def _wrong(path: Path, reason: str) -> InvalidError:
    return InvalidError({"page.logo": f"{path} {reason}"})


def _png_size(path: Path, content: bytes) -> tuple[float, float]:
    """Read the header chunk (PNG specification, section 11.2.1)."""
    if content[12:16] != b"IHDR" or not content.rstrip().endswith(b"IEND\xaeB`\x82"):
        raise _wrong(path, "is a PNG that was cut off or damaged: export it again")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _svg_size(path: Path, content: bytes) -> tuple[float, float]:
    """Read the size of an SVG, and see that it runs, loads and declares nothing."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _wrong(path, "has a DOCTYPE: remove it, an SVG needs none")
    try:
        root = ET.fromstring(content)  # noqa: S314  without a DOCTYPE there are no entities to expand
    except ET.ParseError as error:
        raise _wrong(path, f"is neither a PNG nor an SVG that can be read ({error})") from error
    if root.tag != _SVG:
        raise _wrong(path, 'is neither a PNG nor an SVG: its root is not <svg xmlns="http://www.w3.org/2000/svg">')
    for element in root.iter():
        _check_element(path, element)
    box = root.get("viewBox", "").replace(",", " ").split()
    sizes = [_LENGTH.fullmatch(text) for text in (*box[2:], root.get("width", ""), root.get("height", ""))]
    numbers = [float(size[1]) if size else 0.0 for size in sizes]
    return (numbers[0], numbers[1]) if len(box) == 4 else (numbers[-2], numbers[-1])  # noqa: PLR2004  x, y, w, h


def _check_element(path: Path, element: ET.Element) -> None:
    name = element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
    if name in _ACTIVE:
        raise _wrong(path, f"contains <{name}>: export it as a plain SVG, without scripts")
    texts = [element.text or ""] if name == "style" else []
    for attribute, value in element.attrib.items():
        plain = attribute.rpartition("}")[2].lower()
        if plain.startswith("on"):
            raise _wrong(path, f"contains a script ({plain}): export it as a plain SVG, without scripts")
        if plain in {"href", "src"} and _OWN_REFERENCE.match(value.strip()) is None:
            raise _wrong(path, f"refers to {value.strip()[:80]!r}: a page loads nothing, so put it into the SVG")
        texts.append(value)
    if any(_ELSEWHERE.search(text) for text in texts):
        raise _wrong(path, "loads something from elsewhere by url() or @import: put it into the SVG")
