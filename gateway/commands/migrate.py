"""`gateway migrate`: bring the database's schema up to date."""

import asyncio
from pathlib import Path

import click

from gateway.commands.failures import tell
from gateway.commands.host import open_connection, open_database
from gateway.commands.options import CONFIG, JSON, read_settings
from gateway.commands.output import print_json
from gateway.config.settings import Settings
from gateway.store import migrate as store


@click.command
@CONFIG
@click.option("--dry-run", is_flag=True, help="Only say what would be applied.")
@JSON
def migrate(config: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Bring the database's schema up to date.

    Prints the migrations that it applies, one a line; nothing where there are none. A running gateway does the same
    when it connects; this is for those who want it done beforehand.
    """
    names = asyncio.run(_migrate(read_settings(config), dry_run=dry_run))
    if as_json:
        print_json({"dry_run": dry_run, "migrations": names})
        return
    for name in names:
        click.echo(name)
    if not names:
        tell("the schema is up to date")
    elif dry_run:
        tell("nothing was changed; without --dry-run these are applied")


async def _migrate(settings: Settings, *, dry_run: bool) -> list[str]:
    async with open_database(settings) as database, open_connection(database) as connection:
        return [migration.name for migration in await store.migrate(connection, dry_run=dry_run)]
