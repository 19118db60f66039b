"""`gateway component`: components, over the API."""

import click

from gateway.commands import options
from gateway.commands.failures import tell
from gateway.commands.options import JSON, one_of
from gateway.commands.output import print_json, print_table
from gateway.commands.remote import api_options, connected
from gateway.domain.component import ComponentStatus

_SLUG = click.argument("slug", callback=options.slug)


@click.group
def component() -> None:
    """Show components and set their status, over the API."""


@component.command(name="list")
@JSON
@api_options
def list_(url: str, token: str | None, *, as_json: bool) -> None:
    """List components: their own status, and the one customers see where an active window makes it worse."""
    found = connected(url, token, "read").get("components")["components"]
    if as_json:
        print_json(found)
        return
    rows = [(each["slug"], each["name"], each["group"] or "", each["status"], each["shown_status"]) for each in found]
    print_table(("SLUG", "NAME", "GROUP", "STATUS", "SHOWN"), rows)


@component.command
@_SLUG
@click.option("--name", required=True, help="The name customers know.")
@click.option("--description", help="One line about it.")
@click.option("--group", help="Shown under this heading, which is made where there is none.")
@click.option("--status", type=one_of(ComponentStatus), help="How it does.  [default: operational]")
@JSON
@api_options
def add(url: str, token: str | None, *, as_json: bool, **fields: str | None) -> None:
    """Add a component under the short name SLUG."""
    sent = {name: value for name, value in fields.items() if value is not None}
    made = connected(url, token, "write").post("components", sent)
    if as_json:
        print_json(made)
    else:
        tell(f'added the component "{made["name"]}": {made["status"]}')


@component.command(name="set")
@_SLUG
@click.argument("status", metavar="STATUS", type=one_of(ComponentStatus))
@JSON
@api_options
def set_(slug: str, status: str, url: str, token: str | None, *, as_json: bool) -> None:
    """Set the status of a component.

    STATUS: operational, degraded_performance, partial_outage, major_outage, under_maintenance.
    """
    changed = connected(url, token, "report").patch(f"components/{slug}", {"status": status})
    if as_json:
        print_json(changed)
    else:
        tell(f'the component "{changed["name"]}" is {changed["status"]}; customers see {changed["shown_status"]}')
