"""The commands on the host: operators, tokens and migrations, straight in a real PostgreSQL."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.commands.user import base_url
from gateway.config.settings import Maintenance, Server, Settings
from gateway.service.tokens import TokenRefusedError
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.commands.cli import Shell, refused

PASSWORD = "correct horse battery"


@pytest.fixture
def shell(tmp_path: Path, database_url: str) -> Shell:
    return Shell(tmp_path, {"DATABASE_URL": database_url})


async def test_an_operator_chooses_a_password_through_the_link(shell: Shell, services: Services) -> None:
    """The link stands alone on standard output, and signs in once."""
    done = await shell("user", "add", "ana@acme.example", "--role", "operator")
    assert done.code == 0
    link, token = done.out.strip().rsplit("/", 1)
    assert link == "http://127.0.0.1:8080/_maintenance/admin/sign-in"
    session = await services.operators.use_link(token, email=None, password=PASSWORD, address="", user_agent="")
    operator = await services.sessions.operator(session)
    assert operator is not None
    assert (operator.email, operator.role) == ("ana@acme.example", "operator")


async def test_a_password_from_standard_input(shell: Shell, services: Services) -> None:
    """One line, taken as it is; nothing is printed on standard output."""
    password = "  spaces count äöü  "
    done = await shell(
        "user", "add", "ana@acme.example", "--role", "viewer", "--password-stdin", stdin=f"{password}\nnot this"
    )
    assert (done.code, done.out) == (0, "")
    session = await services.operators.sign_in("ana@acme.example", password, address="", user_agent="")
    assert await services.sessions.operator(session)
    done = await shell("user", "password", "ana@acme.example", "--password-stdin", stdin=PASSWORD)
    assert (done.code, done.out) == (0, "")
    assert await services.sessions.operator(session) is None
    assert await services.operators.sign_in("ana@acme.example", PASSWORD, address="", user_agent="")


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "12 to 1024"),
        ("passwordpassword", "stolen"),
        ("it is lovelace", "e-mail"),
        ("our product 1", "product's"),
    ],
)
async def test_a_password_that_attackers_try_is_refused(
    shell: Shell, services: Services, password: str, said: str
) -> None:
    """Nobody is added, and the password until now stays; what is wrong is told, but not the password."""
    add = ("user", "add", "lovelace@acme.example", "--role", "viewer", "--password-stdin")
    done = await shell(*add, stdin=password)
    assert refused(done, 1, "password", said), done
    assert password not in done.err
    assert await services.operators.list() == []
    await shell(*add, stdin=PASSWORD)
    done = await shell("user", "password", "lovelace@acme.example", "--password-stdin", stdin=password)
    assert said in done.err
    assert await services.operators.sign_in("lovelace@acme.example", PASSWORD, address="", user_agent="")


async def test_an_operator_is_signed_out_everywhere(shell: Shell, services: Services) -> None:
    """By whoever has the host, who is named in the audit; the password stays."""
    await shell("user", "add", "ana@acme.example", "--role", "viewer", "--password-stdin", stdin=PASSWORD)
    session = await services.operators.sign_in("ana@acme.example", PASSWORD, address="", user_agent="")
    done = await shell("user", "sign-out", "ana@acme.example", "--json")
    assert (done.code, json.loads(done.out)) == (0, {"email": "ana@acme.example", "ended": 1})
    assert await services.sessions.operator(session) is None
    assert await services.operators.sign_in("ana@acme.example", PASSWORD, address="", user_agent="")
    done = await shell("user", "sign-out", "ana@acme.example")
    assert "sessions ended: 1" in done.err


async def test_a_second_factor_that_was_lost_is_reset(shell: Shell, services: Services, database: Database) -> None:
    """By whoever has the host, who is named in the audit; who has none is told so."""
    await shell("user", "add", "ana@acme.example", "--role", "viewer", "--password-stdin", stdin=PASSWORD)
    refused = await shell("user", "reset-second-factor", "ana@acme.example")
    assert (refused.code != 0, "has no second factor" in refused.err) == (True, True)
    ana = await services.operators.get("ana@acme.example")
    await services.second_factors.begin(ana)
    async with database.transaction() as session:
        await session.run("accept_code", operator_id=ana.id, step=1)
    assert (await services.operators.get(ana.id)).has_second_factor
    done = await shell("user", "reset-second-factor", "ana@acme.example", "--json")
    assert (done.code, done.json) == (0, {"email": "ana@acme.example", "has_second_factor": False})
    (latest, *_) = await services.audit.latest()
    assert latest.action == "operator.second_factor_reset"
    assert latest.actor.startswith("command line")
    assert await services.operators.sign_in("ana@acme.example", PASSWORD, address="", user_agent="")


async def test_operators_are_listed(shell: Shell) -> None:
    """The table lines up; `--json` has the same."""
    await shell("user", "add", "ana@acme.example", "--role", "viewer", "--password-stdin", stdin=PASSWORD)
    await shell("user", "add", "bo@acme.example", "--role", "reporter")
    assert (await shell("user", "role", "bo@acme.example", "operator")).code == 0
    assert (await shell("user", "disable", "ana@acme.example")).code == 0
    assert (await shell("user", "list")).out.splitlines() == [
        "E-MAIL            ROLE      STATE                LAST SEEN",
        "ana@acme.example  viewer    disabled",
        "bo@acme.example   operator  has no password yet",
    ]
    ana, bo = (await shell("user", "list", "--json")).json
    assert ana == {
        "email": "ana@acme.example",
        "role": "viewer",
        "disabled": True,
        "has_password": True,
        "has_second_factor": False,
        "last_seen_at": None,
    }
    assert (bo["role"], bo["disabled"], bo["has_password"]) == ("operator", False, False)


async def test_all_of_it_as_json(shell: Shell, services: Services) -> None:
    """What a command has done, on standard output alone; the link is null where there is none."""
    line = ["user", "add", "ana@acme.example", "--role", "viewer", "--json"]
    done = await shell(*line)
    assert (done.code, done.err) == (0, "")
    link = done.json["sign_in_link"]
    assert done.json == {"email": "ana@acme.example", "role": "viewer", "sign_in_link": link}
    assert await services.operators.open_link(link.rpartition("/")[2])
    again = await shell("user", "password", "ana@acme.example", "--json")
    assert (again.code, again.err, again.json["sign_in_link"] == link) == (0, "", False)
    given = await shell("user", "password", "ana@acme.example", "--password-stdin", "--json", stdin=PASSWORD)
    assert given.json == {"email": "ana@acme.example", "sign_in_link": None}
    assert (await shell("user", "role", "ana@acme.example", "reporter", "--json")).json == {
        "email": "ana@acme.example",
        "role": "reporter",
    }
    assert (await shell("user", "disable", "ana@acme.example", "--json")).json == {
        "email": "ana@acme.example",
        "disabled": True,
    }
    assert (await shell("user", "enable", "ana@acme.example", "--json")).json == {
        "email": "ana@acme.example",
        "disabled": False,
    }
    assert not (await services.operators.get("ana@acme.example")).disabled


async def test_who_it_was_is_recorded(shell: Shell, services: Services) -> None:
    """The audit names the login of whoever ran the command."""
    await shell("user", "add", "ana@acme.example", "--role", "viewer", LOGNAME="sre")
    entry = (await services.audit.latest(1))[0]
    assert (entry.action, entry.actor) == ("operator.added", "command line (sre)")


async def test_what_is_refused(shell: Shell) -> None:
    """One line, exit code 1, nothing changed."""
    await shell("user", "add", "ana@acme.example", "--role", "viewer")
    before = (await shell("user", "list")).out
    for line, stdin, said in [
        (["user", "add", "ANA@acme.example", "--role", "viewer"], "", "taken"),
        (["user", "add", "ana", "--role", "viewer"], "", "'ana' is not an e-mail address"),
        (["user", "password", "ana@acme.example", "--password-stdin"], "short\n", "password: must have 12"),
        (["user", "password", "nobody@acme.example"], "", "there is no operator nobody@acme.example"),
        (["user", "role", "nobody@acme.example", "viewer"], "", "there is no operator"),
        (["user", "disable", "nobody@acme.example"], "", "there is no operator"),
        (["token", "revoke", "nothing"], "", 'no token "nothing"'),
        (["token", "create", "", "--scope", "read"], "", "name: must not be empty"),
        (
            ["token", "create", "x", "--scope", "read", "--expires-in", "59s"],
            "",
            "expires_in: must lie between one min",
        ),
    ]:
        done = await shell(*line, stdin=stdin)
        assert refused(done, 1, said), done
    assert refused(await shell("user", "password", "ana@acme.example", "--password-stdin"), 2, "no password")
    assert (await shell("user", "list")).out == before


async def test_a_token_is_printed_alone(shell: Shell, services: Services) -> None:
    """`GATEWAY_TOKEN=$(gateway token create ...)` works, until it is revoked."""
    done = await shell("token", "create", "ci", "--scope", "report")
    assert done.code == 0
    token = done.out.removesuffix("\n")
    assert token.startswith("gwt_")
    actor = await services.tokens.actor(token, "")
    assert actor is not None
    assert actor.name == "token ci"
    assert refused(await shell("token", "create", "ci", "--scope", "read"), 1, "taken")
    [listed] = (await shell("token", "list", "--json")).json
    assert (listed["name"], listed["scope"], listed["revoked_at"]) == ("ci", "report", None)
    assert token not in (await shell("token", "list")).out
    revoked = await shell("token", "revoke", "ci")
    assert (revoked.code, revoked.out) == (0, "")
    assert 'the token "ci" is revoked, since ' in revoked.err
    with pytest.raises(TokenRefusedError):
        await services.tokens.actor(token, "")
    [listed] = (await shell("token", "list", "--json")).json
    assert (listed["state"], listed["revoked_at"].endswith("Z")) == ("revoked", True)
    again = await shell("token", "revoke", listed["id"], "--json")
    assert (again.code, again.json) == (0, listed)


async def test_how_long_a_token_is_good(shell: Shell, services: Services) -> None:
    """A year, or what `--expires-in` says; the list tells which are soon over, and who made them."""
    made = await shell("token", "create", "a", "--scope", "read", "--json", LOGNAME="sre")
    assert (made.code, made.json["state"], made.json["created_by"]) == (0, "live", "command line (sre)")
    assert await services.tokens.actor(made.json["token"], "192.0.2.7")
    assert "never expires" in (await shell("token", "create", "b", "--scope", "read", "--expires-in", "Never")).err
    soon = await shell("token", "create", "c", "--scope", "admin", "--expires-in", "90m", LOGNAME="sre")
    (line,) = soon.err.splitlines()
    assert re.fullmatch(
        r'gateway: made the token "c" with the scope admin; it expires on \S+ \S+Z, and is not .*', line
    )
    a, b, c = [re.split(r"  +", row) for row in (await shell("token", "list")).out.splitlines()[1:]]
    assert (a[:3], a[5:]) == (["a", "read", "live"], ["192.0.2.7", "command line (sre)"])
    assert (b[2], b[3]) == ("live", "never")
    assert (c[2], c[4]) == ("live, soon over", "never")
    listed = {each["name"]: each for each in (await shell("token", "list", "--json")).json}
    year, never = datetime.fromisoformat(listed["a"]["expires_at"]), listed["b"]["expires_at"]
    assert abs(year - datetime.now(UTC) - timedelta(days=365)) < timedelta(minutes=5)
    assert (never, listed["a"]["last_used_from"]) == (None, "192.0.2.7")
    wrong = await shell("token", "create", "d", "--scope", "read", "--expires-in", "soon")
    assert refused(wrong, 2, "'soon' is not a duration", "or: never")
    assert refused(await shell("token", "create", "d", "--scope", "root"), 2, "root", "'read'")
    assert refused(await shell("token", "create", "d"), 2, "--scope")


async def test_migrations_are_told_and_then_applied(
    tmp_path: Path, empty_database_url: str, psql: Callable[[str, str], str]
) -> None:
    """`--dry-run` changes nothing; the real run prints what it applied; a second one has nothing to do."""
    shell = Shell(tmp_path, {"DATABASE_URL": empty_database_url})
    tables = "select count(*) from pg_tables where schemaname = 'public'"
    told = await shell("migrate", "--dry-run")
    assert (told.code, "0001_initial" in told.out.splitlines()) == (0, True)
    assert psql(empty_database_url, tables) == "0"
    applied = await shell("migrate")
    assert (applied.code, applied.out) == (0, told.out)
    assert int(psql(empty_database_url, tables)) > 0
    again = await shell("migrate", "--json")
    assert (again.code, again.json) == (0, {"dry_run": False, "migrations": []})


async def test_a_newer_schema_is_left_alone(shell: Shell, database_url: str, psql: Callable[[str, str], str]) -> None:
    """An old gateway's command does not touch what a newer one has made."""
    psql(database_url, "insert into schema_migrations values (9999, '9999_later', '')")
    for line in (["migrate"], ["token", "create", "ci", "--scope", "read"]):
        done = await shell(*line)
        assert refused(done, 1, "9999", "upgrade the gateway"), done


async def test_settings_come_from_the_file_that_is_named(tmp_path: Path, database_url: str) -> None:
    """`--config` counts before and after the command; without it gateway.toml does, where there is one."""
    text = f'[database]\nurl = "{database_url}"\n[server]\nlisten = "[::]:{{port}}"\n'
    (tmp_path / "gateway.toml").write_text(text.format(port=1001))
    (tmp_path / "other.toml").write_text(text.format(port=1002))
    shell = Shell(tmp_path, {})
    for number, (line, port) in enumerate(
        [
            (["user", "add"], 1001),
            (["--config", "other.toml", "user", "add"], 1002),
            (["user", "--config", "other.toml", "add"], 1002),
            (["user", "add", "--config", "other.toml"], 1002),
            (["--config", "none.toml", "user", "add", "--config", "other.toml"], 1002),
        ]
    ):
        done = await shell(*line, f"{number}@acme.example", "--role", "viewer")
        assert done.out.startswith(f"http://[::1]:{port}/_maintenance/admin/sign-in/"), done


@pytest.mark.parametrize(
    ("listen", "certificate", "url"),
    [
        (("0.0.0.0:8080",), "", "http://127.0.0.1:8080/m"),
        ((":80",), "", "http://127.0.0.1:80/m"),
        (("shop.example:443",), "x.pem", "https://shop.example:443/m"),
        (("unix:/run/g.sock", "10.0.0.7:81"), "", "http://10.0.0.7:81/m"),
        (("unix:/run/g.sock",), "", "/m"),
    ],
)
def test_where_a_link_goes(listen: tuple[str, ...], certificate: str, url: str) -> None:
    """To an address that a browser on this host can open."""
    server = Server(listen=listen, tls_certificate=certificate, tls_key=certificate)
    assert base_url(Settings(server=server, maintenance=Maintenance(prefix="/m"))) == url
