"""`gateway check`: what is in effect, and what is there."""

import asyncio
import json
import ssl
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.commands.check import as_toml, effective_settings, masked
from gateway.config.settings import Link, Page, Settings
from tests.commands.cli import Done, Shell


@pytest.fixture
async def upstream() -> AsyncIterator[str]:
    """The address of a server that accepts connections."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def verdicts(done: Done) -> dict[str, str]:
    """Return what was found of each thing: `ok`, `warn` or `failed`."""
    lines = [line.split() for line in done.out.splitlines()]
    return {line[1]: line[0] for line in lines if line and line[0] in ("ok", "warn", "failed")}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("embedded", "embedded"),
        ("postgresql://u:secret@h:5432/d", "postgresql://u:***@h:5432/d"),
        ("postgresql://u:se@cret@h,g/d", "postgresql://u:***@h,g/d"),
        (
            "postgresql://h/d?user=u&password=secret&sslpassword=other",
            "postgresql://h/d?user=u&password=***&sslpassword=***",
        ),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("unix:/run/app.sock", "unix:/run/app.sock"),
    ],
)
def test_secrets_are_masked(url: str, shown: str) -> None:
    """A password never shows, wherever in the address it stands."""
    assert masked(url) == shown


def test_what_is_printed_is_a_settings_file() -> None:
    """It can be saved as gateway.toml and means the same."""
    values = effective_settings(Settings())
    read = tomllib.loads(as_toml(values))
    assert Settings.model_validate(read) == Settings()
    assert json.loads(json.dumps(values))["limits"] == read["limits"]


def test_links_are_printed_as_toml() -> None:
    """Tables in a list, too, can be saved as they stand."""
    link = Link(name='The "Imprint"', url="https://acme.example/imprint")
    settings = Settings(page=Page(links=(link, link)))
    assert Settings.model_validate(tomllib.loads(as_toml(effective_settings(settings)))) == settings


async def test_a_logo_that_can_not_be_used_is_named(tmp_path: Path, database_url: str, upstream: str) -> None:
    """With its setting; the line is there where the pages have settings at all."""
    (tmp_path / "logo.svg").write_text("<html/>")
    variables = {"DATABASE_URL": database_url, "GATEWAY_UPSTREAM__URL": upstream, "GATEWAY_PAGE__LOGO": "logo.svg"}
    done = await Shell(tmp_path, variables)("check")
    assert (done.code, verdicts(done)["pages"]) == (1, "failed")
    assert "page.logo: logo.svg is neither a PNG nor an SVG" in done.out


async def test_own_templates_are_tried(tmp_path: Path, database_url: str, upstream: str) -> None:
    """The line names those that take the place of the gateway's; one that fails, with file and line."""
    page = tmp_path / "own" / "status" / "gated.html"
    page.parent.mkdir(parents=True)
    page.write_text("Back soon")
    variables = {"DATABASE_URL": database_url, "GATEWAY_UPSTREAM__URL": upstream, "GATEWAY_PAGE__TEMPLATES": "own"}
    done = await Shell(tmp_path, variables)("check")
    assert (done.code, verdicts(done)["pages"]) == (0, "ok")
    assert "own templates: status/gated.html" in done.out
    page.write_text("{{ nothing }}")
    done = await Shell(tmp_path, variables)("check")
    assert (done.code, verdicts(done)["pages"]) == (1, "failed")
    assert "page.templates: status/gated.html, line 1: 'nothing' is undefined" in done.out


async def test_all_is_well(tmp_path: Path, database_url: str, upstream: str) -> None:
    """Everything that was tried gets its line; exit code 0."""
    shell = Shell(tmp_path, {"DATABASE_URL": database_url, "GATEWAY_UPSTREAM__URL": upstream})
    done = await shell("check")
    assert (done.code, done.err) == (0, "")
    names = ("database", "migrations", "tokens", "connections", "upstream")
    assert verdicts(done) == dict.fromkeys(names, "ok")
    assert "at most 7 = 1 workers x (2 of its own + 5 pooled); the server allows 297" in done.out
    assert f'url = ["{upstream}"]' in done.out


async def test_tokens_that_expire_soon_are_named(
    tmp_path: Path, database_url: str, upstream: str, psql: Callable[[str, str], str]
) -> None:
    """Two weeks ahead, as a warning: the exit code stays 0. Those that are over or never expire need nobody."""
    shell = Shell(tmp_path, {"DATABASE_URL": database_url, "GATEWAY_UPSTREAM__URL": upstream})
    for name, lifetime in (("ci", "13d"), ("later", "15d"), ("always", "never"), ("gone", "1h"), ("over", "1h")):
        assert (await shell("token", "create", name, "--scope", "read", "--expires-in", lifetime)).code == 0
    assert (await shell("token", "revoke", "gone")).code == 0
    psql(database_url, "update tokens set created_at = '2020-01-01Z', expires_at = '2021-01-01Z' where name = 'over'")
    done = await shell("check")
    assert (done.code, verdicts(done)["tokens"]) == (0, "warn")
    (line,) = [line for line in done.out.splitlines() if line.startswith("warn")]
    assert 'soon over: "ci" (' in line
    assert not any(name in line for name in ("later", "always", "gone", '"over"'))
    found = {check["name"]: check for check in (await shell("check", "--json")).json["checks"]}
    assert (found["tokens"]["ok"], found["tokens"]["warning"]) == (True, True)
    assert (await shell("token", "revoke", "ci")).code == 0
    done = await shell("check")
    assert (done.code, verdicts(done)["tokens"]) == (0, "ok")
    assert "2 live, 1 of them never expire" in done.out


async def test_more_connections_than_the_server_allows_are_named(
    tmp_path: Path, database_url: str, upstream: str
) -> None:
    """The tests' server allows 300, three of them to administrators."""
    budget = {"GATEWAY_SERVER__WORKERS": "42", "GATEWAY_DATABASE__CONNECTIONS": "5"}
    shell = Shell(tmp_path, {"DATABASE_URL": database_url, "GATEWAY_UPSTREAM__URL": upstream} | budget)
    done = await shell("check")
    assert done.code == 0
    shell = Shell(tmp_path, shell.variables | {"GATEWAY_SERVER__WORKERS": "43"})
    done = await shell("check")
    assert done.code == 1
    assert verdicts(done)["connections"] == "failed"
    assert "at most 301 = 43 workers" in done.out
    assert "lower database.connections or server.workers" in done.out


async def test_what_is_wrong_is_named(tmp_path: Path, free_port: Callable[[], int], upstream: str) -> None:
    """One that failed does not hide the others; exit code 1; no password is shown."""
    gone = f"http://127.0.0.1:{free_port()}"
    database = f"postgresql://gateway:secret@127.0.0.1:{free_port()}/x"
    shell = Shell(tmp_path, {"DATABASE_URL": database, "GATEWAY_UPSTREAM__URL": json.dumps([upstream, gone])})
    done = await shell("check", "--json")
    assert done.code == 1
    assert "secret" not in done.out + done.err
    assert [(check["name"], check["ok"]) for check in done.json["checks"]] == [
        ("database", False),
        ("upstream", True),
        ("upstream", False),
    ]
    assert gone in done.json["checks"][2]["detail"]
    assert done.json["settings"]["database"]["url"] == database.replace("secret", "***")


async def test_migrations_to_come_are_no_failure(tmp_path: Path, empty_database_url: str, upstream: str) -> None:
    """The gateway applies them at its start; the check only says so, and changes nothing."""
    shell = Shell(tmp_path, {"DATABASE_URL": empty_database_url, "GATEWAY_UPSTREAM__URL": upstream})
    first, second = await shell("check"), await shell("check")
    assert (first.code, "0001_initial" in first.out) == (0, True)
    assert second.out == first.out


async def test_a_newer_schema_is_a_failure(
    tmp_path: Path, database_url: str, upstream: str, psql: Callable[[str, str], str]
) -> None:
    """This gateway could not run on it."""
    psql(database_url, "insert into schema_migrations values (9999, '9999_later', '')")
    done = await Shell(tmp_path, {"DATABASE_URL": database_url, "GATEWAY_UPSTREAM__URL": upstream})("check")
    assert done.code == 1
    assert verdicts(done) == {"database": "ok", "migrations": "failed", "connections": "ok", "upstream": "ok"}


async def test_an_embedded_database_is_started_and_stopped(shared_directory: Path, upstream: str) -> None:
    """Without any setting: it comes up, is asked, keeps what commands write, and nothing is left running."""
    shell = Shell(shared_directory, {"GATEWAY_UPSTREAM__URL": upstream})
    done = await shell("check")
    assert (done.code, verdicts(done)["database"]) == (0, "ok"), done
    assert (await shell("token", "create", "ci", "--scope", "read")).code == 0
    assert [token["name"] for token in (await shell("token", "list", "--json")).json] == ["ci"]
    directory = shared_directory / ".gateway" / "postgres"
    assert (directory / "PG_VERSION").exists()
    assert not (directory / "postmaster.pid").exists()


async def test_an_application_that_speaks_https_is_verified(
    tmp_path: Path, database_url: str, certificate: tuple[str, str]
) -> None:
    """As the gateway itself would; the message names the setting that helps."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        shell = Shell(tmp_path, {"DATABASE_URL": database_url, "GATEWAY_UPSTREAM__URL": url})
        stranger = await shell("check")
        assert (stranger.code, verdicts(stranger)["upstream"]) == (1, "failed")
        assert "upstream.tls_ca" in stranger.out
        known = await shell("check", GATEWAY_UPSTREAM__TLS_CA=certificate[0])
        assert (known.code, verdicts(known)["upstream"]) == (0, "ok")
