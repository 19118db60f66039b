"""The root of the command line: what there is, and what starting it costs."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gateway import __version__
from gateway.commands.root import _COMMANDS, gateway
from tests.commands.cli import ROOT, Shell, environment, refused


def commands(group: click.Group, path: str = "gateway") -> list[tuple[str, click.Command]]:
    """Return all commands below a group, with their paths."""
    context = click.Context(group)
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        found.append((f"{path} {name}", command))
        if isinstance(command, click.Group):
            found += commands(command, f"{path} {name}")
    return found


def test_the_commands_are_those_of_the_contract() -> None:
    """Names are a contract (interface.md)."""
    names = {path.removeprefix("gateway ") for path, _ in commands(gateway)}
    window = {"list", "show", "start", "schedule", "extend", "end", "cancel", "post", "edit", "reopen", "preview"}
    assert names == (
        {"serve", "demo", "check", "migrate", "user", "token", "window", "fence", "replica", "component"}
        | {"group", "bypass", "completion"}
        | {"template", *(f"template {verb}" for verb in ("list", "show", "add", "edit", "remove"))}
        | {"history", "history list", "history show", "history export"}
        | {f"user {verb}" for verb in ("add", "password", "role", "disable", "enable", "list")}
        | {"user sign-out", "user reset-second-factor"}
        | {f"token {verb}" for verb in ("create", "revoke", "list")}
        | {f"window {verb}" for verb in window}
        | {f"component {verb}" for verb in ("list", "add", "set", "edit", "remove", "move", "order", "history")}
        | {f"group {verb}" for verb in ("list", "add", "edit", "remove", "move", "order")}
        | {f"replica {verb}" for verb in ("list", "forget")}
        | {f"bypass {verb}" for verb in ("create", "list", "revoke")}
        | {"audit", *(f"audit {verb}" for verb in ("list", "export"))}
        | {"series", *(f"series {verb}" for verb in ("list", "show", "preview", "edit", "end"))}
    )


def test_the_table_says_what_the_commands_say() -> None:
    """`gateway --help` is written from a table; it must not drift from the commands' own words."""
    context = click.Context(gateway)
    for name, (_, text) in _COMMANDS.items():
        command = gateway.get_command(context, name)
        assert command is not None
        assert command.help is not None
        assert command.help.splitlines()[0] == text


def test_every_option_explains_itself() -> None:
    """No option without a line of help."""
    for path, command in commands(gateway):
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, (path, parameter.name)


def test_an_edit_has_no_defaults() -> None:
    """What is not given stays as it is, and of a template is not said: no help tells otherwise."""
    for path, command in commands(gateway):
        if path.endswith((" edit", "template add")):
            for option in command.params:
                assert "[default" not in (getattr(option, "help", "") or ""), (path, option.opts)


def test_the_manual_has_every_command() -> None:
    """docs/cli.md names each of them."""
    manual = (ROOT / "docs" / "cli.md").read_text()
    assert [
        path for path, command in commands(gateway) if not isinstance(command, click.Group) and path not in manual
    ] == []


def test_the_manual_has_every_option() -> None:
    """docs/cli.md names each of them."""
    manual = (ROOT / "docs" / "cli.md").read_text()
    assert [
        (path, parameter.opts[0])
        for path, command in commands(gateway)
        for parameter in command.params
        if isinstance(parameter, click.Option) and re.search(rf"{parameter.opts[0]}(?![a-z-])", manual) is None
    ] == []


def test_help_loads_nothing_heavy() -> None:
    """The first thing that people try answers at once: neither aiohttp nor pydantic nor asyncpg is imported."""
    code = (
        "import sys; from gateway.commands.root import gateway; gateway.main(['--help'], standalone_mode=False);"
        "print(sorted({'aiohttp', 'pydantic', 'asyncpg', 'jinja2'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment(), timeout=30
    )
    assert "Commands:" in done.stdout
    assert done.stderr == "[]\n"


def test_the_version() -> None:
    """Alone with the program's name, for scripts."""
    result = CliRunner().invoke(gateway, ["--version"])
    assert (result.exit_code, result.output) == (0, f"gateway {__version__}\n")


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (["nope"], ["No such command 'nope'", "gateway --help"]),
        (["window", "nope"], ["No such command 'nope'", "gateway window --help"]),
        (["window", "start"], ["--title", "gateway window start --help"]),
        (["window", "show", "17"], ["'17' is not an id"]),
        (["window", "start", "--title", "x", "--for", "soon"], ["--for", "'soon'", "1h30m"]),
        (["window", "start", "--title", "x", "--component", "db=fine"], ["--component", "db=fine", "operational"]),
        (["window", "start", "--title", "x", "--gate", "open"], ["--gate", "read_only"]),
        (["window", "schedule", "--title", "x", "--at", "2100-01-01T10:00"], ["--at", "time zone", "+01:00"]),
        (["window", "schedule", "--title", "x", "--at", "tomorrow"], ["--at", "not an instant"]),
        (["bypass", "create", "Anna", "--for", "soon"], ["--for", "'soon'", "1h30m"]),
        (["bypass", "create"], ["NAME", "gateway bypass create --help"]),
        (["bypass", "revoke", "gwb_1"], ["'gwb_1' is not an id"]),
        (["component", "set", "Not/one", "operational"], ["SLUG", "Not/one"]),
        (["component", "set", "api", "fine"], ["'fine'", "major_outage"]),
        (["component", "list", "--status", "fine"], ["--status", "'fine'", "major_outage"]),
        (["component", "list", "--visibility", "x"], ["--visibility", "'x'", "only_when_degraded"]),
        (["component", "add", "api"], ["--name", "gateway component add --help"]),
        (["component", "add", "api", "--name", "x", "--visibility", "x"], ["--visibility", "only_when_degraded"]),
        (["component", "edit", "api", "--token", "t"], ["nothing to change", "--no-group"]),
        (["component", "edit", "api", "--group", "x", "--no-group", "--token", "t"], ["--no-group exclude each other"]),
        (["component", "edit", "A"], ["SLUG", "'A'"]),
        (["component", "remove", "A"], ["SLUG", "'A'"]),
        (["component", "move", "api", "--token", "t"], ["--before SLUG or --after SLUG, one of them"]),
        (["component", "move", "api", "--before", "x", "--after", "y", "--token", "t"], ["one of them"]),
        (["component", "move", "api", "--before", "X"], ["--before", "'X'"]),
        (["component", "order"], ["SLUGS"]),
        (["component", "order", "api", "A"], ["'A'"]),
        (["component", "history", "api", "--from", "yesterday"], ["--from", "not an instant"]),
        (["component", "history", "api", "--to", "2026-01-01T00:00"], ["--to", "time zone"]),
        (["group", "add"], ["NAME", "gateway group add --help"]),
        (["group", "edit", "Core", "--token", "t"], ["nothing to change", "--collapsed"]),
        (["group", "move", "Core", "--token", "t"], ["--before NAME or --after NAME, one of them"]),
        (["group", "move", "Core", "--before", "a", "--after", "b", "--token", "t"], ["one of them"]),
        (["user", "add", "a@b.c"], ["--role"]),
        (["token", "create", "ci", "--scope", "all"], ["--scope", "report"]),
        (["window", "list"], ["no token", "GATEWAY_TOKEN", "gateway token create NAME --scope read"]),
        (["window", "list", "--token", "two words"], ["token", "copy it again"]),
        (["window", "list", "--token", "t", "--url", "ftp://x"], ["'ftp://x'", "http://127.0.0.1:8080"]),
        (["window", "list", "--token", "t", "--url", "http://h:port"], ["'http://h:port'"]),
        (["--config", "none.toml", "check"], ["none.toml", "no such file"]),
        (["check", "--config", "none.toml"], ["none.toml", "no such file"]),
        (["serve", "--config", "none.toml"], ["none.toml", "no such file"]),
        (["user", "--config", "none.toml", "list"], ["none.toml", "no such file"]),
    ],
)
async def test_wrong_usage_is_told_in_one_line(tmp_path: Path, line: list[str], parts: list[str]) -> None:
    """Exit code 2, what was wrong, and what would be right."""
    done = await Shell(tmp_path, {})(*line)
    assert refused(done, 2, *parts), done


async def test_no_command_shows_the_help(tmp_path: Path) -> None:
    """It is no success, and it is no data: standard error, exit code 2."""
    done = await Shell(tmp_path, {})()
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: gateway ")
