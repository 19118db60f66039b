"""Every command, with every option and argument that it has, taken from the tree itself: a new one is not forgotten.

What is wrong is told in one line on standard error, by the name that was typed and with the remedy; nothing is printed.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from gateway.commands.failures import guarded
from gateway.commands.options import Id, Number
from gateway.commands.root import gateway
from gateway.domain.access import Actor, TokenScope
from gateway.service.drafts.components import ComponentDraft, GroupDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.templates import TemplateDraft
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.commands.test_root import commands
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, token_of
from tests.web.panel import ClientMaker, application

SRE = Actor(name="sre@acme.example")
Capture = pytest.CaptureFixture[str]

COMMANDS = {
    path.removeprefix("gateway "): command
    for path, command in commands(gateway)
    if not isinstance(command, click.Group)
}
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
# What makes a line complete, by metavar, or by the name of the option.
VALID = {
    "ID": NO_WINDOW,
    "SLUG": "move",
    "SLUGS": "move",
    "NAME": "Core",
    "NAME...": "Core",
    "EMAIL": "ana@acme.example",
    "NAME|ID": "deploy",
    "INSTANT": TOMORROW,
    "DURATION": "5m",
    "ZONE": "UTC",
    "RRULE": "FREQ=DAILY",
    "URL": "/",
    "SHELL": "bash",
    "STATUS": "operational",
    "TEXT": "Text",
    "ROLE": "viewer",
    "--name": "Name",
    "--role": "viewer",
    "--scope": "read",
    "--format": "csv",
}
# What is told before anybody is asked, by metavar. Choices, numbers and ids are told by their types.
WRONG = {
    "DURATION": ("soon", "'soon' is not a duration: write for example 90s, 30m"),
    "INSTANT": ("noon", "'noon' is not an instant: write for example 2026-12-01T22:00:00Z"),
    "WHEN": ("noon", "'noon' is not an instant: write for example 2026-12-01T22:00:00Z"),
    "DATE": ("27.12.2026", "'27.12.2026' is not a date: write for example 2026-12-27"),
    "SLUG": ("A b", "'A b' is not a "),
    "SLUGS": ("api-", "'api-' is not a component's short name: small letters, digits and hyphens in between"),
    "SLUG[=STATUS]": ("api=bad", "'api=bad': the status is one of operational, "),
    "LANGUAGE TEXT": ("tlh Title", "'tlh' is not one of 'en', 'de', "),
    "NAME=VALUE": ("v1", "'v1': write NAME=VALUE, such as what=Checkout"),
    "FILE": ("nowhere.toml", "nowhere.toml: no such file; name another with --config FILE"),
    "TOKEN": ("a b", "the token contains characters that no token has: copy it again"),
    "--url": ("nowhere", "'nowhere' is no address of a gateway: write for example http://127.0.0.1:8080"),
}
# What the gateway tells, by the name of the option or argument, or with its command or group where that differs.
REFUSED = {
    "--title": ("x" * 201, "--title: must have at most 200 characters"),
    "--description": ("x" * 20_001, "--description: must have at most "),
    "--name": ("", "--name: must not be empty"),
    "--group": ("", "--group: must not be empty"),
    "--body": ("", "--body: must not be empty"),
    "--host": ("http://x", "--host: 'http://x' is not a host: write \"shop.example.com\""),
    "--path": ("shop", "--path: 'shop' is not a path such as \"/checkout\""),
    "--except-path": ("/a;b", "--except-path: '/a;b' can't be left out: "),
    "--every": ("x", "--every: 'X' is no part of a rule"),
    "--time-zone": ("MEZ", "--time-zone: there is no time zone 'MEZ'"),
    "--method": ("get", "--method: 'get' is not a method, in capital letters: GET"),
    "--address": ("x", "--address: 'x' is not an address"),
    "--actor": ("x" * 301, "--actor: must have at most "),
    "--action": ("x" * 301, "--action: must have at most "),
    "--about": ("x" * 301, "--about: must have at most "),
    "group --before": ("Nowhere", 'there is no group "Nowhere"; `gateway group list` shows them'),
    "group --after": ("Nowhere", 'there is no group "Nowhere"; `gateway group list` shows them'),
    "group NAME": ("Nowhere", 'there is no group "Nowhere"; `gateway group list` shows them'),
    "group NAME...": ("Nowhere", 'there is no group "Nowhere"; `gateway group list` shows them'),
    "RRULE": ("x", "RRULE: 'X' is no part of a rule"),
    "URL": ("nowhere", "URL: 'nowhere' is not a URL"),
    "TEXT": ("", "TEXT: must not be empty"),
    "template edit --body": (
        "x",
        '"move" is a template for windows, and stays one: --status, --body and --body-in are of',
    ),
    "group add NAME": ("", "NAME: must not be empty"),
    "bypass create NAME": ("", "NAME: must not be empty"),
}
# What the host's commands tell, which go straight to the database.
REFUSED_ON_THE_HOST = {
    "user add EMAIL": ("ana", "'ana' is not an e-mail address"),
    "user password EMAIL": ("ana", "there is no operator ana"),
    "user role EMAIL": ("ana", "there is no operator ana"),
    "user disable EMAIL": ("ana", "there is no operator ana"),
    "user enable EMAIL": ("ana", "there is no operator ana"),
    "user sign-out EMAIL": ("ana", "there is no operator ana"),
    "user reset-second-factor EMAIL": ("ana", "there is no operator ana"),
    "token create NAME": ("x" * 101, "name: must have at most 100 characters"),
    "token revoke NAME|ID": ("none", 'there is no token "none"'),
}
# No value of these is wrong: what is not there is not found.
NEVER_WRONG = {"component list --group"}
# What else a line needs, by the command, or by the command with that input.
BESIDE = {
    "window start": ["--title=T"],
    "window schedule": ["--title=T"],
    "window schedule --every": ["--title=T", "--time-zone=UTC"],
    "window schedule --time-zone": ["--title=T", "--every=FREQ=DAILY"],
    "window edit": ["--title=T"],
    "window post": ["--template=resolved"],
    "window post TEXT": ["--status=resolved"],
    "series edit": ["--title=T"],
    "template add": ["--title=T"],
    "template add --body": ["--status=resolved"],
    "template edit": ["--name=N"],
    "template edit --body": ["--status=resolved"],
    "group edit": ["--name=N"],
    "group move": ["--before=Edge"],
    "group move --before": [],
    "group move --after": [],
    "component edit": ["--name=N"],
    "component move": ["--before=other"],
}


def name_of(parameter: click.Parameter) -> str:
    """Return what people type, or read in the help."""
    return parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name.strip("[]")


def valid(parameter: click.Parameter) -> str:
    return VALID.get(name_of(parameter)) or VALID[str(parameter.metavar)]


def takes_value(parameter: click.Parameter) -> bool:
    return not (isinstance(parameter, click.Option) and parameter.is_flag)


def line_of(path: str, wrong: click.Parameter | None = None, value: str | None = None) -> list[str]:
    """Return a line with this value of a parameter (None: without it), and all else that the command needs."""
    place = f"{path} {name_of(wrong)}" if wrong else path
    line = path.split() + BESIDE.get(place, BESIDE.get(path, []))
    for parameter in COMMANDS[path].params:
        typed = value if parameter is wrong else valid(parameter) if parameter.required else None
        if parameter is wrong and value is None and isinstance(parameter, click.Argument):
            break  # the next argument would take its place
        if typed is not None and isinstance(parameter, click.Option):
            line += f"{name_of(parameter)}={typed}".split(" ", parameter.nargs - 1)
        elif typed is not None:
            line.append(typed)
    return line


def wrong_at_once(parameter: click.Parameter) -> tuple[str, str] | None:
    """Return a value that is refused before anybody is asked, and what is told of it."""
    match parameter.type:
        case click.Choice():
            return "no-such", "'no-such' is not one of '"
        case Number():
            return "0", "0 is not in the range "
        case Id():
            return "17", "'17' is not an id: `gateway "
    return WRONG.get(name_of(parameter)) or WRONG.get(str(parameter.metavar))


def refused_later(path: str, parameter: click.Parameter) -> tuple[str, str] | None:
    """Return a value that the gateway refuses, and what is told of it."""
    name = name_of(parameter)
    if wrong_at_once(parameter) or f"{path} {name}" in NEVER_WRONG:
        return None
    places = (f"{path} {name}", f"{path.split(maxsplit=1)[0]} {name}", name)
    return next((REFUSED[place] for place in places if place in REFUSED), None)


def run(line: list[str], capsys: Capture) -> tuple[int, str]:
    """Run a command in this process and return its exit code, and its one line on standard error."""
    code = guarded(lambda: gateway.main(line, prog_name="gateway", standalone_mode=False))
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1), (line, told)
    assert told.err.startswith("gateway: "), (line, told.err)
    assert "this is a bug" not in told.err, (line, told.err)
    return code, told.err


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GATEWAY_URL", "GATEWAY_TOKEN", "GATEWAY_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_each_input_is_known_here() -> None:
    """Whoever adds an option or an argument says what is wrong for it, and what is told then."""
    missing = [
        f"{path} {name_of(parameter)}"
        for path, command in COMMANDS.items()
        for parameter in command.params
        if takes_value(parameter) and not (wrong_at_once(parameter) or refused_later(path, parameter))
    ]
    assert set(missing) == NEVER_WRONG | REFUSED_ON_THE_HOST.keys()


@pytest.mark.parametrize("path", COMMANDS)
def test_what_no_command_knows(path: str, capsys: Capture) -> None:
    """Exit code 2: an unknown option, an argument too many, an option without its value."""
    code, told = run([*path.split(), "--no-such-option"], capsys)
    assert (code, "No such option '--no-such-option'" in told) == (2, True), told
    assert f"(see: gateway {path} --help)" in told
    arguments = [each for each in COMMANDS[path].params if isinstance(each, click.Argument)]
    if all(each.nargs == 1 for each in arguments):
        optional = [valid(each) for each in arguments if not each.required]
        code, told = run([*line_of(path), *optional, "too-many"], capsys)
        assert (code, "Got unexpected extra argument (too-many)" in told) == (2, True), told
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option) and takes_value(parameter):
            code, told = run([*path.split(), name_of(parameter)], capsys)
            values = "an argument" if parameter.nargs == 1 else f"{parameter.nargs} arguments"
            assert (code, f"Option '{name_of(parameter)}' requires {values}" in told) == (2, True), told


@pytest.mark.parametrize("path", COMMANDS)
def test_what_a_command_needs(path: str, capsys: Capture) -> None:
    """Exit code 2 for each thing that is missing, by its name."""
    for parameter in COMMANDS[path].params:
        if parameter.required:
            what = "argument" if isinstance(parameter, click.Argument) else "option"
            code, told = run(line_of(path, parameter), capsys)
            assert (code, f"Missing {what} '{name_of(parameter)}" in told) == (2, True), told


@pytest.mark.parametrize("path", COMMANDS)
def test_what_is_no_such_thing(path: str, capsys: Capture) -> None:
    """Exit code 2 for each option and argument whose values have a form; nobody is asked."""
    for parameter in COMMANDS[path].params:
        wrong = wrong_at_once(parameter) if takes_value(parameter) else None
        if wrong is None:
            continue
        name = name_of(parameter)
        line = line_of(path, parameter, wrong[0]) + (["--token", "gwt_some"] if name == "--url" else [])
        code, told = run(line, capsys)
        assert (code, wrong[1] in told) == (2, True), (line, told)
        # An address, a token, or a file is told by what it is.
        assert name in told.partition(":")[2] or name in ("--url", "--token", "--config"), (line, told)


@pytest.mark.parametrize(
    "path", [path for path, command in COMMANDS.items() if any("--from" in each.opts for each in command.params)]
)
def test_a_time_turned_round(path: str, capsys: Capture) -> None:
    """Exit code 2, in the same words by every command that takes `--from` and `--to`."""
    for until in ("2026-01-01", "2026-01-31T23:00:00-01:00"):
        line = [*line_of(path), "--from", "2026-02-01", "--to", until]
        code, told = run(line, capsys)
        assert (code, "--to does not lie after --from: " in told) == (2, True), (line, told)


async def test_what_the_gateway_refuses(
    aiohttp_client: ClientMaker, services: Services, observations: Observations, capsys: Capture
) -> None:
    """Exit code 1, and its own words with the name that was typed."""
    client = await aiohttp_client(application(services, observations))
    known = ["--url", str(client.make_url("/")), "--token", await token_of(services, TokenScope.WRITE)]
    ids = await _some_of_each(services)
    for path, command in COMMANDS.items():
        for parameter in command.params:
            refusal = refused_later(path, parameter)
            if refusal is None or not takes_value(parameter):
                continue
            line = [
                ids[path.split()[0]] if each == NO_WINDOW else each for each in line_of(path, parameter, refusal[0])
            ]
            code, told = await asyncio.to_thread(run, [*line, *known], capsys)
            assert (code, refusal[1] in told) == (1, True), (line, told)


async def _some_of_each(services: Services) -> dict[str, str]:
    """Make what lines are about; return the ids, by commands."""
    for name in ("Core", "Edge"):
        await services.component_groups.add(GroupDraft(name=name), SRE)
    await services.components.add(ComponentDraft(slug="move", name="API"), SRE)
    await services.templates.add(
        checked(TemplateDraft, {"slug": "move", "name": "Move", "window": {"title": "Move"}}), SRE
    )
    later = {"title": "Move", "starts_at": TOMORROW}
    window = await services.windows.create(checked(WindowDraft, later), SRE)
    recurrence = {"rule": "FREQ=DAILY;COUNT=2", "time_zone": "UTC"}
    recurring = await services.windows.create(checked(WindowDraft, later | {"recurrence": recurrence}), SRE)
    assert recurring.recurrence is not None
    return {"window": str(window.id), "series": str(recurring.recurrence.series)}


def test_what_the_host_refuses(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Exit code 1 by the commands that go straight to the database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    line = line_of("token list")
    assert guarded(lambda: gateway.main(line, prog_name="gateway", standalone_mode=False)) == 0
    capsys.readouterr()
    for place, (value, said) in REFUSED_ON_THE_HOST.items():
        path, _, name = place.rpartition(" ")
        parameter = next(each for each in COMMANDS[path].params if name_of(each) == name)
        code, told = run(line_of(path, parameter, value), capsys)
        assert (code, said in told) == (1, True), (place, told)
