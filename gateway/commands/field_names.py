"""The API's fields by the names that the command line has for them: what was typed as `--for` is told as `--for`."""

import click

# Only groups of fields: what is wrong stands behind the dot.
_CONTAINERS = frozenset({"window", "update", "scope", "recurrence"})
_NAMES: dict[str, tuple[str, ...]] = {
    "estimated_duration": ("--for",),
    "remaining": ("--for",),
    "expires_in": ("--for",),
    "starts_at": ("--at",),
    "hosts": ("--host",),
    "paths": ("--path",),
    "excluded_paths": ("--except-path",),
    "components": ("--component",),
    "reminders": ("--remind",),
    "rule": ("--every", "RRULE"),
    "excluded_dates": ("--except",),
    "since": ("--from",),
    "until": ("--to",),
    "subject_id": ("--about",),
    "variables": ("--var",),
    "body": ("--body", "TEXT"),
    "url": ("URL",),
}


def as_typed(fields: dict[str, str]) -> dict[str, str]:
    """Name wrong fields by the options and arguments of the command that runs; others keep the API's names."""
    named: dict[str, str] = {}
    for path, text in fields.items():
        name = _as_typed(path)
        named[name] = f"{named[name]}; {text}" if name in named else text
    return named


def _as_typed(path: str) -> str:
    parts = path.split(".")
    while len(parts) > 1 and parts[0] in _CONTAINERS:
        parts.pop(0)
    known = _names()
    field, *rest = parts
    if field == "translations" and rest:
        return _in_language(*rest)
    candidates = _NAMES.get(field, (f"--{field.replace('_', '-')}", field.upper()))
    name = next((each for each in candidates if each in known), None)
    if name is None:
        return path
    return f"{name} {'.'.join(rest)}" if field == "variables" and rest else name


def _in_language(tag: str, text: str = "body") -> str:
    """Name a translation by the option that gives it: `--title-in de`."""
    return f"--{text}-in {tag}"


def _names() -> frozenset[str]:
    """Return the options and arguments of the command that runs."""
    context = click.get_current_context(silent=True)
    params = context.command.params if context else []
    options = (option for each in params if isinstance(each, click.Option) for option in each.opts)
    return frozenset([*options, *(each.human_readable_name for each in params if isinstance(each, click.Argument))])
