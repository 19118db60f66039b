"""Every wrong input of the commands: what is said, and the exit code. Nothing is done then, and nothing is printed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.commands.failures import guarded
from gateway.commands.root import gateway
from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.commands.cli import Shell, refused
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, token_of
from tests.web.panel import ClientMaker, application

ID = NO_WINDOW
STATES = "'scheduled', 'active', 'overrunning', 'ended', 'cancelled'"
START = ["window", "start", "--title", "T"]
DURATION = "is not a duration: write for example 90s, 30m, 1h30m, 2d or PT45M"

WRONG_USAGE: list[tuple[list[str], str]] = [
    # Something that is not there.
    (["serve", "now"], "unexpected extra argument (now)"),
    (["demo", "now"], "unexpected extra argument (now)"),
    (["check", "all"], "unexpected extra argument (all)"),
    (["migrate", "up"], "unexpected extra argument (up)"),
    (["check", "--yaml"], "No such option '--yaml'"),
    (["migrate", "--dryrun"], "Did you mean '--dry-run'?"),
    (["user", "remove"], "No such command 'remove'"),
    (["token", "make"], "No such command 'make'"),
    (["component", "delete"], "No such command 'delete'"),
    (["replica", "remove"], "No such command 'remove'"),
    (["bypass", "remove"], "No such command 'remove'"),
    (["user", "list", "all"], "unexpected extra argument (all)"),
    (["component", "list", "all"], "unexpected extra argument (all)"),
    (["replica", "list", "all"], "unexpected extra argument (all)"),
    (["bypass", "list", "all"], "unexpected extra argument (all)"),
    # Something that is missing.
    (["user", "add", "--role", "viewer"], "Missing argument 'EMAIL'"),
    (["user", "password"], "Missing argument 'EMAIL'"),
    (["user", "role", "a@b.c"], "Missing argument 'ROLE'. Choose from: viewer, reporter, operator, administrator"),
    (["user", "disable"], "Missing argument 'EMAIL'"),
    (["token", "create", "--scope", "read"], "Missing argument 'NAME'"),
    (["token", "create", "ci"], "Missing option '--scope'. Choose from: read, report, write, admin"),
    (["window", "show"], "Missing argument 'ID'"),
    (["window", "schedule", "--title", "T"], "Missing option '--at'"),
    (["window", "extend", ID], "Missing option '--by'"),
    (["window", "extend", "--by", "5m"], "Missing argument 'ID'"),
    (["window", "end"], "Missing argument 'ID'"),
    (["window", "cancel"], "Missing argument 'ID'"),
    (["window", "post", ID, "Soon"], "--status missing: give both, or --template SLUG, which has them"),
    (["window", "post", ID, "--status", "resolved"], "TEXT missing: give both, or --template SLUG, which has them"),
    (["replica", "forget"], "Missing argument 'ID'"),
    (["component", "add", "api"], "Missing option '--name'"),
    (["component", "add", "--name", "API"], "Missing argument 'SLUG'"),
    (["component", "set", "api"], "Missing argument 'STATUS'. Choose from: operational, "),
    (["bypass", "revoke"], "Missing argument 'ID'"),
    ([*START, "--for"], "Option '--for' requires an argument"),
    # Something that is no such thing.
    (["user", "role", "a@b.c", "boss"], "Invalid value for 'ROLE': 'boss' is not one of 'viewer', 'reporter'"),
    (["user", "add", "a@b.c", "--role", "boss"], "'boss' is not one of 'viewer', 'reporter'"),
    (["window", "list", "--state", "open"], f"'open' is not one of {STATES}"),
    (["window", "list", "--limit", "0"], "0 is not in the range 1<=x<=1000"),
    (["window", "list", "--limit", "1001"], "1001 is not in the range 1<=x<=1000"),
    (["window", "list", "--limit", "many"], "'many' is not a valid whole number"),
    ([*START, "--for", "0"], f"Invalid value for '--for': '0' {DURATION}"),
    ([*START, "--for=-5m"], f"'-5m' {DURATION}"),
    ([*START, "--for", "3661d"], "'3661d' is longer than ten years"),
    ([*START, "--reopen-over", "soon"], f"Invalid value for '--reopen-over': 'soon' {DURATION}"),
    ([*START, "--wait-drained", "60"], f"Invalid value for '--wait-drained': '60' {DURATION}"),
    ([*START, "--kind", "outage"], "'outage' is not one of 'maintenance', 'downtime', 'degradation', 'announcement'"),
    ([*START, "--ends", "never"], "'never' is not one of 'when_fixed', 'on_time'"),
    ([*START, "--gate", "shut"], "'shut' is not one of 'none', 'read_only', 'closed'"),
    ([*START, "--component", ""], "'' is not a component's short name: small letters, digits"),
    ([*START, "--component", "api=bad"], "'api=bad': the status is one of operational, under_maintenance"),
    (["window", "schedule", "--title", "T", "--at", "2020-01-01T00:00:00Z"], "is in the past"),
    (["window", "extend", ID, "--by", "5"], f"Invalid value for '--by': '5' {DURATION}"),
    (["window", "post", ID, "--status", "done", "Text"], "'done' is not one of 'scheduled', 'investigating'"),
    (["component", "set", "api", "good"], "Invalid value for 'STATUS': 'good' is not one of 'operational'"),
    (["component", "set", "", "operational"], "'' is not a component's short name: small letters, digits"),
    (["component", "add", "A B", "--name", "x"], "'A B' is not a component's short name: small letters, digits"),
    (["component", "add", "api", "--name", "x", "--status", "good"], "'good' is not one of 'operational'"),
    *[
        ([*command, "17"], "Invalid value for 'ID': '17' is not an id")
        for command in (["window", "show"], ["window", "end"], ["window", "cancel"], ["replica", "forget"])
    ],
    (["window", "extend", "17", "--by", "5m"], "'17' is not an id"),
    (["window", "post", "17", "--status", "resolved", "Text"], "'17' is not an id"),
    (["fence", "17"], "'17' is not an id"),
    (["fence", ID, "--wait", "soon"], f"Invalid value for '--wait': 'soon' {DURATION}"),
]


@pytest.mark.parametrize(("line", "said"), WRONG_USAGE)
def test_wrong_usage(line: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and one line, which says where more is to be read; the settings and the network are not asked."""
    code = guarded(lambda: gateway.main(line, prog_name="gateway", standalone_mode=False))
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    [words] = told.err.splitlines()
    assert words.startswith("gateway: ")
    assert said in words


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[server", "bad.toml: is not TOML: "),
        (b"\xff\xfe", "bad.toml: is not TOML: "),
        (b"[server]\nlissten = ''\n", "server.lissten: "),
        (None, "bad.toml: can't be read: Is a directory"),
    ],
)
@pytest.mark.parametrize("command", [["serve"], ["check"], ["migrate"], ["user", "list"], ["token", "list"]])
def test_wrong_settings(
    tmp_path: Path, command: list[str], content: bytes | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command that reads them says so the same way: exit code 2."""
    file = tmp_path / "bad.toml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    code = guarded(lambda: gateway.main(["--config", str(file), *command], prog_name="gateway", standalone_mode=False))
    told = capsys.readouterr()
    assert (code, told.out, said in told.err) == (2, "", True), told


async def test_what_the_gateway_refuses(
    tmp_path: Path, aiohttp_client: ClientMaker, services: Services, observations: Observations
) -> None:
    """Its own words with the name of the field, exit code 1."""
    client = await aiohttp_client(application(services, observations))
    token = await token_of(services, TokenScope.WRITE)
    shell = Shell(tmp_path, {"GATEWAY_URL": str(client.make_url("/")), "GATEWAY_TOKEN": token})
    made = (await shell("window", "start", "--title", "Move", "--gate", "none")).out.strip()
    assert (await shell("component", "add", "api", "--name", "API")).code == 0
    for line, said in [
        ([*START, "--for", "0s"], "--for: must be longer than nothing"),
        ([*START, "--reopen-over", "2d"], "--reopen-over: must lie between nothing and one day"),
        (["window", "start", "--title", "x" * 201], "--title: "),
        ([*START, "--description", "x" * 20001], "--description: "),
        ([*START, "--path", "shop"], "--path: 'shop' is not a path"),
        ([*START, "--path", "a", "--path", "b"], "; 'b' is not a path"),
        ([*START, "--component", "api", "--component", "api"], 'names "api" more than once: give each'),
        (["window", "schedule", "--title", "T", "--at", "2201-01-01T00:00:00Z"], "--at: "),
        (["window", "extend", made, "--by", "0s"], "--by: must be longer than nothing"),
        (["window", "extend", ID, "--by", "5m"], f"there is no window {ID}"),
        (["window", "post", ID, "--status", "resolved", "Text"], f"there is no window {ID}"),
        (["window", "post", made, "--status", "resolved", ""], "TEXT: "),
        (["window", "cancel", ID], f"there is no window {ID}"),
        (["fence", ID], f"there is no window {ID}"),
        (["component", "add", "api", "--name", "API"], "slug"),
        (["component", "add", "web", "--name", ""], "--name: "),
        (["component", "add", "web", "--name", "W", "--description", "x" * 5001], "--description: "),
        (["component", "set", "web", "operational"], 'there is no component "web"'),
        (["replica", "forget", ID], "gateway replica list"),
        (["bypass", "create", "Anna", "--for", "0s"], "--for: "),
        (["bypass", "revoke", ID], f"there is no bypass link {ID}"),
    ]:
        done = await shell(*line)
        assert refused(done, 1, said), done
    assert [each["title"] for each in (await shell("window", "list", "--json")).json] == ["Move"]
    assert [each["slug"] for each in (await shell("component", "list", "--json")).json] == ["api"]
    for line in (["window", "end", made], ["window", "end", made]):
        done = await shell(*line)
    assert refused(done, 1, 'the window "Move" is ended, so it can\'t be ended'), done


async def test_what_the_host_refuses(tmp_path: Path, database_url: str, psql: Callable[[str, str], str]) -> None:
    """The commands that go straight to the database: exit code 1, and nothing has changed."""
    shell = Shell(tmp_path, {"DATABASE_URL": database_url})
    assert (await shell("user", "add", "ana@acme.example", "--role", "viewer")).code == 0
    assert (await shell("user", "disable", "ana@acme.example")).code == 0
    before = psql(database_url, "select email, role from operators")
    for line, stdin, said in [
        (["user", "add", "", "--role", "viewer"], "", "email: '' is not an e-mail address"),
        (["user", "add", "a b@c.d", "--role", "viewer"], "", "'a b@c.d' is not an e-mail address"),
        (["user", "add", "bo@acme.example", "--role", "viewer", "--password-stdin"], "short\n", "password: must have"),
        (["user", "disable", "ana@acme.example"], "", "ana@acme.example is disabled already"),
        (["token", "create", "x" * 101, "--scope", "read"], "", "name: must have at most 100 characters"),
        (["token", "revoke", ""], "", 'there is no token ""'),
    ]:
        done = await shell(*line, stdin=stdin)
        assert refused(done, 1, said), done
    assert psql(database_url, "select email, role from operators") == before
    for stdin in ("", "\n"):
        done = await shell("user", "add", "bo@acme.example", "--role", "viewer", "--password-stdin", stdin=stdin)
        assert refused(done, 2, "no password on standard input: --password-stdin reads one line"), done
