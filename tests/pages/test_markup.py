"""html-validate, on the HTML of every page that is shown to everybody, and of screens of the panel."""

from pathlib import Path

from tests.pages.panel import panel_screens
from tests.pages.public import public_pages
from tests.pages.tools import node

_VALIDATE = "html-validate/bin/html-validate.mjs"


def test_html_validate_finds_nothing(tmp_path: Path) -> None:
    """In no page in any state: elements, attributes and their nesting are those of the HTML standard."""
    for name, html in (*public_pages(), *panel_screens()):
        (tmp_path / f"{name}.html").write_bytes(html)
    node(_VALIDATE, "--preset", "standard", tmp_path)
