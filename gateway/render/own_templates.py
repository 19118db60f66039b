"""Templates of the product's own: which files of the directory count, and where one of them went wrong."""

import traceback
from pathlib import Path

from jinja2 import TemplateNotFound, TemplateSyntaxError

from gateway.domain.errors import InvalidError
from gateway.render.environment import PAGE_STYLES, STATUS_STYLE
from gateway.resources import templates_directory

_STYLES = frozenset(f"assets/{name}" for name in (*PAGE_STYLES, STATUS_STYLE))


def own_files(directory: Path) -> list[str]:
    """Return the files of the directory, as templates name them; a name that begins with a dot does not count.

    Raises:
        InvalidError: it can't be read, or a file in it would never be used.
    """
    if not directory.is_dir():
        raise InvalidError({"page.templates": f"{directory} is not a directory"})
    names = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    names = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    if wrong := [reason for name in names if (reason := _never_used(name))]:
        raise InvalidError({"page.templates": "; ".join(wrong)})
    return names


def page_templates() -> list[str]:
    """Return the names of the gateway's own templates that customers' pages are made of."""
    paths = sorted(path for path in templates_directory().rglob("*") if path.suffix in {".html", ".svg"})
    names = [path.relative_to(templates_directory()).as_posix() for path in paths]
    return [name for name in names if not name.startswith("admin/")]


def failure_words(error: Exception, directory: Path) -> str:
    """Say which file and line of the directory an error is about, as far as it can be told, and why."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.name}, line {error.lineno}: {error.message}"
    reason = str(error) or type(error).__name__
    if isinstance(error, TemplateNotFound):
        reason = f"there is no template {reason}"
    elif isinstance(error, RecursionError):
        reason = "it includes itself; the gateway's own has default/ before its name"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(directory)]
    if not own:
        return reason
    return f"{Path(own[-1].filename).relative_to(directory)}, line {own[-1].lineno}: {reason}"


def _never_used(name: str) -> str:
    """Say why a file would be of no effect; empty where it has one."""
    if name in _STYLES or name in page_templates():
        return ""
    if name.startswith(("admin/", "assets/")):
        possible = ", ".join(sorted(_STYLES))
        return f"{name} can't be replaced: the panel and the scripts stay as they are; of assets/ only {possible} can"
    same = [known for known in (*page_templates(), *sorted(_STYLES)) if known.endswith(f"/{Path(name).name}")]
    return f"{name} has no effect there: move it to {same[0]}" if same else ""
