"""`gateway bypass`: links that pass the gate, over the API."""

from datetime import timedelta
from uuid import UUID

import click

from gateway.commands import options
from gateway.commands.failures import tell
from gateway.commands.options import JSON, Id
from gateway.commands.output import print_json, print_table, short_instant
from gateway.commands.remote import api_options, connected
from gateway.domain.duration import iso_duration


@click.group
def bypass() -> None:
    """Make and revoke links that pass the gate, over the API."""


@bypass.command
@click.argument("name")
@click.option(
    "--for",
    "lifetime",
    callback=options.length,
    metavar="DURATION",
    help="How long it is good: 30m, 8h, 5d; 30 days at most.  [default: 8h]",
)
@JSON
@api_options
def create(name: str, lifetime: timedelta | None, url: str, token: str | None, *, as_json: bool) -> None:
    """Make a link and print its address, alone, for the only time; NAME says who or what it is for."""
    sent = {"name": name} | ({} if lifetime is None else {"expires_in": iso_duration(lifetime)})
    made = connected(url, token, "write").post("bypass-links", sent)
    if as_json:
        print_json(made)
        return
    click.echo(made["url"])
    until = short_instant(made["expires_at"])
    tell(
        f'whoever has this link passes every gate until {until}, as "{made["name"]}"; '
        f"it is not shown again, and ends with `gateway bypass revoke {made['id']}`"
    )


@bypass.command(name="list")
@JSON
@api_options
def list_(url: str, token: str | None, *, as_json: bool) -> None:
    """List links, the newest first, expired and revoked ones too; never their addresses."""
    found = connected(url, token, "read").get("bypass-links")["bypass_links"]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["id"],
            each["state"],
            short_instant(each["expires_at"]),
            short_instant(each["first_used_at"]),
            each["created_by"],
            each["name"],
        )
        for each in found
    ]
    print_table(("ID", "STATE", "EXPIRES", "FIRST USED", "CREATED BY", "NAME"), rows)


@bypass.command
@click.argument("link_id", metavar="ID", type=Id("bypass"))
@JSON
@api_options
def revoke(link_id: UUID, url: str, token: str | None, *, as_json: bool) -> None:
    """Revoke a link: whoever holds it is refused as everybody is, from the next request on."""
    revoked = connected(url, token, "write").delete(f"bypass-links/{link_id}")
    if as_json:
        print_json(revoked)
    else:
        tell(f'the bypass link for "{revoked["name"]}" is revoked')
