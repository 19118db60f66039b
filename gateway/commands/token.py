"""`gateway token`: bearer tokens for the API, straight in the database."""

from pathlib import Path

import click

from gateway.commands.failures import tell
from gateway.commands.host import on_host
from gateway.commands.options import CONFIG, JSON, configured, one_of, read_settings
from gateway.commands.output import instant, print_json, print_table, short_instant
from gateway.domain.access import TokenScope


@click.group
@CONFIG
def token(config: Path | None) -> None:
    """Make and revoke tokens for the API."""
    configured(config)


@token.command
@click.argument("name")
@click.option("--scope", type=one_of(TokenScope), required=True, help="What the token is for.")
@CONFIG
def create(name: str, scope: str, config: Path | None) -> None:
    """Make a token and print it, alone, for the only time."""
    made = on_host(read_settings(config), lambda host: host.tokens.create(name, TokenScope(scope), host.actor))
    click.echo(made)
    tell(f'made the token "{name}" with the scope {scope}; it is not shown again')


@token.command
@click.argument("name")
@CONFIG
def revoke(name: str, config: Path | None) -> None:
    """Revoke a token for good."""
    on_host(read_settings(config), lambda host: host.tokens.revoke(name, host.actor))
    tell(f'the token "{name}" is revoked')


@token.command(name="list")
@JSON
@CONFIG
def list_(config: Path | None, *, as_json: bool) -> None:
    """List all tokens, revoked ones too; never the secret itself."""
    found = on_host(read_settings(config), lambda host: host.tokens.list())
    if as_json:
        print_json(
            [
                {
                    "name": known.name,
                    "scope": known.scope,
                    "created_at": instant(known.created_at),
                    "last_used_at": instant(known.last_used_at),
                    "revoked_at": instant(known.revoked_at),
                }
                for known in found
            ]
        )
        return
    rows = [
        (
            known.name,
            known.scope,
            short_instant(known.created_at),
            short_instant(known.last_used_at),
            short_instant(known.revoked_at),
        )
        for known in found
    ]
    print_table(("NAME", "SCOPE", "CREATED", "LAST USED", "REVOKED"), rows)
