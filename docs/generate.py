"""Writes the reference pages from the code: the settings, into docs/configuration.md and README.md. `make docs`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from gateway.config.load import ENVIRONMENT_PREFIX
from gateway.config.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
_SHORT = re.compile(r"(<!-- settings -->\n).*(<!-- /settings -->\n)", re.DOTALL)

_INTRODUCTION = """# Settings

Written by `make docs` from `gateway/config/settings.py`. `gateway.toml` at the top of the repository holds all of them,
with their defaults.

- `gateway.toml` is read from the working directory; `--config FILE` or `GATEWAY_CONFIG` names another.
- Each setting is also a variable of the environment, which wins over the file: `GATEWAY_UPSTREAM__URL`. A list is
  written as JSON there: `GATEWAY_SERVER__TRUSTED_PROXIES='["10.0.0.0/8"]'`. `DATABASE_URL` is `database.url`.
- An unknown key is an error, in the file and in the environment. `gateway check` names all that is wrong, each with its
  path, and prints what is in effect.
- Durations are written `30s`, `5m`, `1h30m`, `2d` or ISO 8601 `PT45M`.
"""


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the sections that have keys, with their names."""
    for name, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel) and _keys(model):
            yield name, model


def configuration() -> str:
    """Return docs/configuration.md."""
    parts = [_INTRODUCTION]
    for name, model in sections():
        defaults = _defaults(model)
        variable = f"{ENVIRONMENT_PREFIX}{name.upper()}__"
        rows = [
            f"| `{key}` | `{_shown(defaults[key])}` | {field.description} | `{variable}{key.upper()}` |"
            for key, field in _keys(model).items()
        ]
        parts.append(f"\n## [{name}]\n\n{model.__doc__}\n\n| key | default | | variable |\n| --- | --- | --- | --- |\n")
        parts.append("\n".join(rows) + "\n")
    return "".join(parts)


def short_table() -> str:
    """Return the README's table."""
    rows = ["| setting | default | |", "| --- | --- | --- |"]
    for name, model in sections():
        defaults = _defaults(model)
        rows += [f"| `{name}.{key}` | `{_shown(defaults[key])}` | {f.description} |" for key, f in _keys(model).items()]
    return "\n".join(rows) + "\n"


def readme(text: str) -> str:
    """Return the README with today's table."""
    return _SHORT.sub(lambda found: found[1] + short_table() + found[2], text)


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """Return the defaults as they are written in the file; no default is a secret."""
    section = model()
    secrets = {key: value.get_secret_value() for key, value in section if isinstance(value, SecretStr)}
    return section.model_dump(mode="json") | secrets


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {key: field for key, field in model.model_fields.items() if field.description}


def _shown(value: object) -> str:
    if isinstance(value, list):
        items = ", ".join(_shown(item) for item in value)
        return items if len(value) == 1 else f"[{items}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    (ROOT / "docs/configuration.md").write_text(configuration())
    (ROOT / "README.md").write_text(readme((ROOT / "README.md").read_text()))
    print("docs/configuration.md and the table of README.md are written")  # noqa: T201
