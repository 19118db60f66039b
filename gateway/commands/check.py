"""`gateway check`: the settings in effect, and whether what they name is there."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from gateway.commands.failures import DONE, FAILED
from gateway.commands.host import open_connection, open_database
from gateway.commands.options import CONFIG, JSON, read_settings
from gateway.commands.output import print_json, printable, short_instant
from gateway.config.settings import Page, Settings
from gateway.domain.errors import InvalidError, StoreError
from gateway.domain.token import TokenState
from gateway.edge.certificate import tls_context
from gateway.edge.servers import Server, upstream_tls
from gateway.render.branding import read_branding
from gateway.render.own_templates import own_files
from gateway.service.tokens import Tokens
from gateway.store.migrate import migrate
from gateway.store.pool import Database

MASK = "***"
# What is left for roles without privileges; the second reserve came with PostgreSQL 16.
_AVAILABLE = """
select current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
       - coalesce(current_setting('reserved_connections', true)::integer, 0)
"""
# What stands between a scheme or a user's name and the host; libpq also takes a password as a parameter.
_USER_PASSWORD = re.compile(r"(://[^:/?#]*:)[^/?#]*(?=@)")
_PARAMETER = re.compile(r"(?i)([?&](?:ssl)?password=)[^&#]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    warning: bool = False
    """It works, but somebody has to do something before long."""


@click.command
@CONFIG
@JSON
def check(config: Path | None, *, as_json: bool) -> int:
    """Check the settings, the database and the application.

    Prints the settings in effect, with secrets masked, then a line for each thing that was tried: `ok`, `warn` (it
    works, but see to it) or `failed`. An embedded database is started for the check where it does not run.
    """
    settings = read_settings(config)
    effective = effective_settings(settings)
    if as_json:
        findings = asyncio.run(_all(settings))
        print_json({"settings": effective, "checks": [asdict(finding) for finding in findings]})
    else:
        click.echo(as_toml(effective))
        findings = asyncio.run(_all(settings))
        for finding in findings:
            _print(finding)
    return DONE if all(finding.ok for finding in findings) else FAILED


def effective_settings(settings: Settings) -> dict[str, Any]:
    """Return all settings as JSON values, with secrets masked."""
    values = settings.model_dump(mode="json")
    values["database"]["url"] = masked(settings.database.url.get_secret_value())
    values["upstream"]["url"] = [masked(url) for url in settings.upstream.url]
    return values


def masked(url: str) -> str:
    """Return an address with its password hidden."""
    return _PARAMETER.sub(rf"\1{MASK}", _USER_PASSWORD.sub(rf"\1{MASK}", url))


def as_toml(values: dict[str, Any], path: str = "") -> str:
    """Write sections of settings as they stand in gateway.toml; an empty section is left out."""
    plain = {name: value for name, value in values.items() if not isinstance(value, dict)}
    parts = []
    if plain:
        lines = [f"{name} = {_toml_value(value)}" for name, value in plain.items()]
        parts.append("\n".join([f"[{path}]", *lines]) + "\n")
    for name, value in values.items():
        if isinstance(value, dict):
            parts.append(as_toml(value, f"{path}.{name}" if path else name))
    return "\n".join(part for part in parts if part)


def _toml_value(value: object) -> str:
    """Write a value: a JSON string, number or boolean is TOML, too."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml_value(inner)}' for key, inner in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


async def _all(settings: Settings) -> list[Finding]:
    findings = [*_pages(settings), *_certificate(settings), *[finding async for finding in _database(settings)]]
    return findings + [await _server(url, settings) for url in settings.upstream.url]


def _pages(settings: Settings) -> Iterator[Finding]:
    """Read what the customers' pages are made of, where a setting names something."""
    if settings.page == Page():
        return
    try:
        branding = read_branding(settings, observe=lambda _: None)
    except InvalidError as error:
        yield Finding(name="pages", ok=False, detail=str(error))
    else:
        own = f"own templates: {', '.join(own_files(branding.templates))}" if branding.templates else "as set in [page]"
        yield Finding(name="pages", ok=True, detail=own)


def _certificate(settings: Settings) -> Iterator[Finding]:
    """Load the certificate and its key, where they are set."""
    server = settings.server
    if not server.tls_certificate:
        return
    try:
        tls_context(server.tls_certificate, server.tls_key)
    except InvalidError as error:
        yield Finding(name="tls", ok=False, detail=str(error))
    else:
        yield Finding(name="tls", ok=True, detail=server.tls_certificate)


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    """Connect, and see whether the schema is as this gateway expects it."""
    where = masked(settings.database.url.get_secret_value())
    if settings.database.is_embedded:
        where = f"embedded in {settings.database.embedded_directory}"
    try:
        async with open_database(settings) as database, open_connection(database) as connection:
            yield Finding(name="database", ok=True, detail=where)
            try:
                missing = [migration.name for migration in await migrate(connection, dry_run=True)]
            except StoreError as error:
                yield Finding(name="migrations", ok=False, detail=str(error))
            else:
                to_come = f"to be applied by `gateway migrate` or at the start: {', '.join(missing)}"
                yield Finding(name="migrations", ok=True, detail=to_come if missing else "up to date")
                if not missing:
                    yield await _tokens(database)
            yield _budget(settings, int(await connection.fetchval(_AVAILABLE)))
    except StoreError as error:
        yield Finding(name="database", ok=False, detail=f"{where}: {error}")


async def _tokens(database: Database) -> Finding:
    """Tell which tokens expire soon, and how many never do."""
    found, now = await Tokens(database).list_with_clock()
    live = [token for token in found if token.state(now) is TokenState.LIVE]
    soon = [f'"{token.name}" ({short_instant(token.expires_at)})' for token in live if token.expires_soon(now)]
    if soon:
        detail = f"soon over: {', '.join(soon)}; `gateway token create` makes new ones"
        return Finding(name="tokens", ok=True, warning=True, detail=detail)
    lasting = sum(token.expires_at is None for token in live)
    return Finding(name="tokens", ok=True, detail=f"{len(live)} live, {lasting} of them never expire")


def _budget(settings: Settings, available: int) -> Finding:
    """Compare what all workers of this gateway may open with what the server allows."""
    count, each = settings.server.worker_count, settings.database.connections
    needed = count * (2 + each)
    detail = f"at most {needed} = {count} workers x (2 of its own + {each} pooled); the server allows {available}"
    if needed <= available:
        return Finding(name="connections", ok=True, detail=detail)
    remedy = "lower database.connections or server.workers, or raise the server's max_connections"
    return Finding(name="connections", ok=False, detail=f"{detail}: {remedy}")


async def _server(url: str, settings: Settings) -> Finding:
    """Open a connection to a server of the application, as the gateway does, and close it."""
    limit = settings.upstream.connect_timeout.total_seconds()
    try:
        server = Server(url, upstream_tls(settings.upstream), rewrite_host=False)
        async with asyncio.timeout(limit):
            connection = await server.open(asyncio.get_running_loop())
        connection.transport.abort()
    except TimeoutError:
        return Finding(name="upstream", ok=False, detail=f"{masked(url)}: no connection within {limit:g} s")
    except ssl.SSLCertVerificationError as error:
        reason = f"its certificate is not accepted: {error.verify_message}"
        return Finding(name="upstream", ok=False, detail=f"{masked(url)}: {reason}; see upstream.tls_ca")
    except OSError as error:
        return Finding(name="upstream", ok=False, detail=f"{masked(url)}: {error.strerror or error}")
    except InvalidError as error:
        return Finding(name="upstream", ok=False, detail=str(error))
    return Finding(name="upstream", ok=True, detail=masked(url))


def _print(finding: Finding) -> None:
    word = click.style("ok    ", fg="green") if finding.ok else click.style("failed", fg="red")
    if finding.warning:
        word = click.style("warn  ", fg="yellow")
    click.echo(f"{word}  {finding.name:<11}  {printable(' '.join(finding.detail.split()))}")
