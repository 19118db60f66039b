"""Style sheets and scripts that pages load as files. The version is in the address, so they may be kept for ever."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.resources import templates_directory

_TYPES = {".css": "text/css", ".js": "text/javascript"}
_COMMENT_LINE_OR_INDENT = re.compile(rb"^[ \t]*//.*\n|^[ \t]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served; `version` is made from its content."""

    body: bytes
    content_type: str
    version: str


@lru_cache
def assets() -> dict[str, Asset]:
    """Read all assets, by file name. They are few and small, so they stay in memory."""
    files = sorted((templates_directory() / "assets").iterdir())
    return {file.name: _read(file.read_bytes(), _TYPES[file.suffix]) for file in files if file.suffix in _TYPES}


def asset_url(prefix: str, name: str) -> str:
    """Return the address of an asset, with its version."""
    return f"{prefix}/assets/{name}?v={assets()[name].version}"


def _compact(script: bytes) -> bytes:
    """Leave out indentation, and comments that have their line to themselves."""
    return _COMMENT_LINE_OR_INDENT.sub(b"", script)


def _read(body: bytes, content_type: str) -> Asset:
    body = _compact(body) if content_type == _TYPES[".js"] else body
    return Asset(body=body, content_type=content_type, version=hashlib.sha256(body).hexdigest()[:16])
