"""Where `sql/` and `templates/` are: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_PACKED = _PACKAGE / "_resources"
_ROOT = _PACKED if _PACKED.is_dir() else _PACKAGE.parent


def sql_directory() -> Path:
    """Return the directory with `migrations/` and `queries/`."""
    return _ROOT / "sql"


def templates_directory() -> Path:
    """Return the directory with the templates and their assets."""
    return _ROOT / "templates"
