"""Read the settings: `gateway.toml`, overridden by `GATEWAY_<SECTION>__<KEY>`; every error at once, with its path."""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.config.settings import Settings
from gateway.domain.errors import InvalidError

ENVIRONMENT_PREFIX = "GATEWAY_"


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings: from the environment, then `DATABASE_URL`, the file (None: no file), the defaults.

    Raises:
        InvalidError: `fields` names every wrong setting by its path (`server.listen`), or the file itself.
    """
    values = _read(path) if path else {}
    errors = _lay_environment_over(values)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise InvalidError(_by_path(error) | errors) from error
    if errors:
        raise InvalidError(errors)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidError({str(path): "no such file; name another with --config FILE"}) from error
    except OSError as error:
        raise InvalidError({str(path): f"can't be read: {error.strerror}"}) from error
    except ValueError as error:
        raise InvalidError({str(path): f"is not TOML: {error}"}) from error


def _lay_environment_over(values: dict[str, Any]) -> dict[str, str]:
    """Put GATEWAY_<SECTION>__<KEY> into `values`; return the errors: a wrong section must not pass silently."""
    own = {
        name.removeprefix(ENVIRONMENT_PREFIX): value
        for name, value in os.environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and "__" in name
    }
    # The name that platforms give it.
    platforms = {"DATABASE__URL": url} if (url := os.environ.get("DATABASE_URL")) else {}
    errors = {}
    for name, value in (platforms | own).items():
        *sections, key = name.lower().split("__")
        if sections[0] not in Settings.model_fields:
            errors[ENVIRONMENT_PREFIX + name] = f"there is no section [{sections[0]}]"
            continue
        inner = values
        for section in sections:
            inner = inner.setdefault(section, {}) if isinstance(inner, dict) else inner
        if isinstance(inner, dict):  # else the file is wrong there, and that is told
            inner[key] = value
    return errors


def _by_path(error: ValidationError) -> dict[str, str]:
    """Name every error of a validation by its dotted path."""
    fields: dict[str, str] = {}
    for item in error.errors():
        path = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            fields[path] = "there is no such setting"
        elif item["type"] == "model_type":
            fields[path] = f"is a section: write [{path}] and its settings below"
        else:
            fields[path] = item["msg"].removeprefix("Value error, ")
    return fields
