"""`gateway template`, and windows and updates from templates: real processes, the API and a real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.access import TokenScope
from gateway.domain.window import Gate, Kind, UpdateStatus
from gateway.web.keys import Services
from tests.commands.cli import Shell, refused
from tests.observed import Observations
from tests.web.caller import token_of
from tests.web.panel import ClientMaker, application


@pytest.fixture
async def shell(tmp_path: Path, aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Shell:
    client = await aiohttp_client(application(services, observations))
    token = await token_of(services, TokenScope.WRITE)
    return Shell(tmp_path, {"GATEWAY_URL": str(client.make_url("/")), "GATEWAY_TOKEN": token})


async def test_one_is_added_listed_shown_edited_and_removed(shell: Shell, services: Services) -> None:
    """Tables that line up, facts to read, and what is not named by an edit stays."""
    line = ["template", "add", "pay", "--name", "Payments", "--title", "{{what}} is down", "--kind", "downtime"]
    added = await shell(*line, "--for", "2h", "--path", "/pay", "--description", "Ticket {{ticket}}")
    assert (added.code, added.out) == (0, "")
    assert added.err == 'gateway: added the template for windows "Payments" (pay)\n'
    head, *rows = (await shell("template", "list", "--kind", "window")).out.splitlines()
    [row] = [row for row in rows if row.startswith("pay ")]
    for column, cell in (("FOR", "window"), ("VARIABLES", "what, ticket"), ("NAME", "Payments"), ("SAYS", "{{what}}")):
        assert row[head.index(column) :].startswith(cell)
    edited = await shell("template", "edit", "pay", "--gate", "none", "--name", "Paying")
    assert edited.err == 'gateway: changed the template "Paying" (pay)\n'
    shown = (await shell("template", "show", "pay")).out.splitlines()
    facts = dict(" ".join(line.split()).split(" ", 1) for line in shown)
    assert facts["name"] == "Paying"
    assert (facts["title"], facts["kind"], facts["gate"]) == ("{{what}} is down", "downtime", "none")
    assert (facts["estimate"], facts["scope"]) == ("2h", "/pay")
    assert (await shell("template", "show", "pay", "--json")).json["window"]["description"] == "Ticket {{ticket}}"
    removed = await shell("template", "remove", "pay", "--json")
    assert removed.json["slug"] == "pay"
    assert "pay" not in [template.slug for template in await services.templates.list()]


async def test_an_edit_leaves_the_rest_of_the_template(shell: Shell) -> None:
    """A part of the scope takes the place of that part alone; `--clear` has it say nothing of something."""
    scope = ["--host", "a.example", "--path", "/a", "--path", "/b", "--except-path", "/a/x"]
    line = ["template", "add", "move", "--name", "Move", "--title", "Move", "--kind", "downtime", "--for", "2h"]
    assert (await shell(*line, *scope, "--description", "Soon")).code == 0
    edit = ["template", "edit", "move", "--json"]
    narrowed = (await shell(*edit, "--path", "/a")).json["window"]
    assert narrowed["scope"] == {"hosts": ["a.example"], "paths": ["/a"], "excluded_paths": ["/a/x"]}
    assert "\nscope        a.example, /a, but not /a/x\n" in (await shell("template", "show", "move")).out
    assert (narrowed["estimated_duration"], narrowed["description"]) == ("PT2H", "Soon")
    silent = (await shell(*edit, "--clear", "for", "--clear", "hosts", "--clear", "except-paths")).json["window"]
    assert silent == {
        "title": "Move",
        "kind": "downtime",
        "description": "Soon",
        "scope": {"hosts": [], "paths": ["/a"], "excluded_paths": []},
    }
    assert (await shell("template", "add", "all", "--name", "All", "--title", "All")).code == 0
    first = (await shell("template", "edit", "all", "--path", "/a", "--json")).json["window"]
    assert first == {"title": "All", "scope": {"paths": ["/a"]}}


async def test_one_for_updates(shell: Shell) -> None:
    made = await shell(
        "template", "add", "cause", "--name", "Cause", "--status", "identified", "--body", "{{x}}", "--json"
    )
    assert (made.json["kind"], made.json["variables"], made.json["window"]) == ("update", ["x"], None)
    assert (await shell("template", "edit", "cause", "--body", "It was {{x}}.", "--json")).json["update"] == {
        "status": "identified",
        "body": "It was {{x}}.",
    }
    assert {each["kind"] for each in (await shell("template", "list", "--json", "--kind", "update")).json} == {"update"}


async def test_a_window_from_a_template(shell: Shell, services: Services) -> None:
    """Started or scheduled; what is given goes before what the template says."""
    started = await shell(
        "window", "start", "--template", "unexpected-outage", "--var", "what=The *shop*", "--for", "2h"
    )
    assert started.code == 0, started
    [window] = await services.windows.list()
    assert (str(window.id), window.title, window.kind) == (
        started.out.strip(),
        "The *shop* is not available",
        Kind.DOWNTIME,
    )
    assert (window.gate, window.estimated_duration) == (Gate.CLOSED, timedelta(hours=2))
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    line = ["window", "schedule", "--at", at, "--template", "deploy", "--var", "version=v=2", "--title", "Own"]
    assert (await shell(*line, "--json")).json["title"] == "Own"
    own = next(window for window in await services.windows.list() if window.title == "Own")
    assert own.gate is Gate.READ_ONLY
    assert "We are installing v=2." in own.description


async def test_a_scope_of_a_template_is_filled_up(shell: Shell) -> None:
    """One option of the scope replaces that part; --path alone doesn't gate other hosts, too."""
    scope = ["--host", "a.example", "--path", "/a", "--except-path", "/a/x"]
    assert (await shell("template", "add", "move", "--name", "Move", "--title", "Move", *scope)).code == 0
    made = (await shell("window", "start", "--template", "move", "--host", "b.example", "--json")).json
    assert made["scope"] == {"hosts": ["b.example"], "paths": ["/a"], "excluded_paths": ["/a/x"]}


async def test_an_update_from_a_template(shell: Shell, services: Services) -> None:
    window = (await shell("window", "start", "--title", "x")).out.strip()
    posted = await shell("window", "post", window, "--template", "identified", "--var", "cause=a cable")
    assert posted.err == 'gateway: the window "x" has a new update: identified\n'
    assert (await shell("window", "post", window, "--template", "resolved", "--status", "completed", "Own.")).code == 0
    [own, cause] = (await services.windows.list())[0].updates
    assert (own.status, own.body) == (UpdateStatus.COMPLETED, "Own.")
    assert cause.body == "We have found the cause: a cable. We are working on it."


WRONG_USAGE = [
    (["window", "start"], "--title is missing: give it, or --template SLUG, which has one"),
    (["window", "start", "--template", "A b"], "'A b' is not a template's short name"),
    (["window", "start", "--template", "deploy", "--var", "v1"], "'v1': write NAME=VALUE, such as what=Checkout"),
    (["window", "start", "--template", "deploy", "--var", "=v1"], "'=v1': write NAME=VALUE"),
    (["window", "post", "00000000-0000-4000-8000-000000000000"], "--status and TEXT missing: give both, or --template"),
    (["window", "post", "00000000-0000-4000-8000-000000000000", "x"], "--status missing: give both"),
    (["template", "add", "x"], "Missing option '--name'"),
    (["template", "add", "x", "--name", "X"], "what it says is missing: --title for windows, or --status and --body"),
    (
        ["template", "add", "x", "--name", "X", "--title", "y", "--body", "z"],
        "--status, --body and --body-in are of a template for",
    ),
    (["template", "add", "X y", "--name", "X", "--title", "y"], "'X y' is not a template's short name"),
    (["template", "edit", "deploy"], "nothing to change: give --name, or fields such as --title or --body"),
    (["template", "edit", "deploy", "--clear", "title"], "'title' is not one of 'hosts', 'paths', "),
    (["template", "edit", "deploy", "--clear", "for", "--for", "1h"], "for can't be given and cleared at once"),
    (
        ["template", "edit", "deploy", "--clear", "paths", "--body", "x"],
        "--status, --body and --body-in are of a template for",
    ),
    (["template", "list", "--kind", "page"], "'page' is not one of 'window', 'update'"),
]


@pytest.mark.parametrize(("line", "said"), WRONG_USAGE)
async def test_wrong_usage_is_told_in_one_line(shell: Shell, line: list[str], said: str) -> None:
    assert refused(await shell(*line), 2, said)


REFUSED = [
    (
        ["window", "start", "--template", "no"],
        '--template: there is no template "no"; `gateway template list` shows them',
    ),
    (
        ["window", "start", "--template", "resolved"],
        '--template: "resolved" is a template for updates, not for windows',
    ),
    (["window", "start", "--template", "deploy"], "--var version: is missing: the template uses {{version}}"),
    (
        ["window", "start", "--template", "database-upgrade", "--var", "x=1"],
        "--var x: the template has no such variable; it takes none",
    ),
    (["window", "start", "--title", "x", "--var", "x=1"], "--var: belong to a template: name it as `template`"),
    (["template", "show", "no"], 'there is no template "no"; `gateway template list` shows them'),
    (["template", "edit", "no", "--name", "x"], 'there is no template "no"'),
    (
        ["template", "edit", "deploy", "--body", "x"],
        '"deploy" is a template for windows, and stays one: --status, --body and --body-in are of a template for',
    ),
    (["template", "edit", "resolved", "--clear", "paths"], '"resolved" is a template for updates, and stays one'),
    (["template", "remove", "no"], 'there is no template "no"'),
    (["template", "add", "deploy", "--name", "x", "--title", "y"], "slug is taken by another template"),
    (
        ["template", "add", "x", "--name", "x", "--title", "{{Y}}"],
        "--title: '{{Y}}' is no variable: write {{name}}",
    ),
    (["template", "add", "x", "--name", "x", "--body", "y"], "--status: is missing: it is needed"),
    (
        ["template", "add", "x", "--name", "x", "--title", "y", "--component", "gone"],
        '--component: there is no component "gone"',
    ),
]


@pytest.mark.parametrize(("line", "said"), REFUSED)
async def test_what_the_gateway_refuses(shell: Shell, services: Services, line: list[str], said: str) -> None:
    """Its words in one line, exit code 1; nothing was done."""
    assert refused(await shell(*line), 1, said)
    assert await services.windows.list() == []


async def test_the_token_s_scope_decides(shell: Shell, services: Services) -> None:
    read = await token_of(services, TokenScope.READ)
    for line in (["add", "x", "--name", "X", "--title", "y"], ["edit", "deploy", "--name", "X"], ["remove", "deploy"]):
        assert refused(await shell("template", *line, GATEWAY_TOKEN=read), 1, "scope write")
