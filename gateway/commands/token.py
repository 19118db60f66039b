"""`gateway token`: bearer tokens for the API, straight in the database."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from gateway.commands.failures import tell
from gateway.commands.host import on_host
from gateway.commands.options import CONFIG, JSON, configured, one_of, read_settings
from gateway.commands.output import instant, print_json, print_table, short_instant
from gateway.domain.access import TokenScope
from gateway.domain.duration import parse_duration, short_duration
from gateway.domain.token import DEFAULT_LIFETIME
from gateway.service.drafts.fields import checked
from gateway.service.drafts.tokens import TokenDraft
from gateway.store.tokens import Token

_NEVER = "never"


def _lifetime(_: click.Context, __: click.Parameter, value: str | None) -> timedelta | None:
    """Read a length of time, or `never`."""
    if value is None:
        return DEFAULT_LIFETIME
    if value.strip().lower() == _NEVER:
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}; or: {_NEVER}") from error


@click.group
@CONFIG
def token(config: Path | None) -> None:
    """Make and revoke tokens for the API."""
    configured(config)


@token.command
@click.argument("name")
@click.option("--scope", type=one_of(TokenScope), required=True, help="What the token is for.")
@click.option(
    "--expires-in",
    callback=_lifetime,
    metavar="DURATION",
    help=f"How long it is good: 12h, 90d; or {_NEVER}.  [default: {short_duration(DEFAULT_LIFETIME)}]",
)
@JSON
@CONFIG
def create(name: str, scope: str, expires_in: timedelta | None, config: Path | None, *, as_json: bool) -> None:
    """Make a token and print it, alone, for the only time; NAME says who or what it is for, and the audit names it."""
    settings = read_settings(config)
    draft = checked(TokenDraft, {"name": name, "scope": scope, "expires_in": expires_in})
    made, secret = on_host(settings, lambda host: host.tokens.issue(draft, host.actor))
    if as_json:
        print_json(_document(made, made.created_at) | {"token": secret})
        return
    click.echo(secret)
    until = f"expires on {short_instant(made.expires_at)}" if made.expires_at else "never expires"
    tell(f'made the token "{made.name}" with the scope {made.scope}; it {until}, and is not shown again')


@token.command
@click.argument("token_", metavar="NAME|ID")
@JSON
@CONFIG
def revoke(token_: str, config: Path | None, *, as_json: bool) -> None:
    """Revoke a token for good; no gateway takes it from the next call on."""
    revoked = on_host(read_settings(config), lambda host: host.tokens.revoke(token_, host.actor))
    if as_json:
        print_json(_document(revoked, revoked.revoked_at or revoked.created_at))
    else:
        tell(f'the token "{revoked.name}" is revoked, since {short_instant(revoked.revoked_at)}')


@token.command(name="list")
@JSON
@CONFIG
def list_(config: Path | None, *, as_json: bool) -> None:
    """List all tokens, expired and revoked ones too; never the secret itself."""
    found, now = on_host(read_settings(config), lambda host: host.tokens.list_with_clock())
    if as_json:
        print_json([_document(known, now) for known in found])
        return
    rows = [
        (
            known.name,
            known.scope,
            f"{known.state(now)}, soon over" if known.expires_soon(now) else known.state(now),
            short_instant(known.expires_at) or _NEVER,
            short_instant(known.last_used_at) or _NEVER,
            known.last_used_from,
            known.created_by,
        )
        for known in found
    ]
    print_table(("NAME", "SCOPE", "STATE", "EXPIRES", "LAST USED", "FROM", "MADE BY"), rows)


def _document(known: Token, now: datetime) -> dict[str, str | None]:
    return {
        "id": str(known.id),
        "name": known.name,
        "scope": known.scope,
        "state": known.state(now),
        "created_by": known.created_by,
        "created_at": instant(known.created_at),
        "expires_at": instant(known.expires_at),
        "last_used_at": instant(known.last_used_at),
        "last_used_from": known.last_used_from,
        "revoked_at": instant(known.revoked_at),
    }
