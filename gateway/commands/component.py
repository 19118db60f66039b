"""`gateway component`: components, over the API."""

from datetime import datetime, timedelta

import click

from gateway.commands import options
from gateway.commands.failures import WrongUsageError, tell
from gateway.commands.interval import given_interval, interval_options
from gateway.commands.options import JSON, one_of
from gateway.commands.output import print_json, print_table, short_instant
from gateway.commands.remote import Document, api_options, connected
from gateway.domain.component import ComponentStatus, Visibility
from gateway.domain.duration import short_duration

_SLUG = click.argument("slug", callback=options.slug)
_VISIBILITY = click.option("--visibility", type=one_of(Visibility), help="Whether customers see it.")


@click.group
def component() -> None:
    """Keep components, their order and their status, over the API."""


@component.command(name="list")
@click.option("--group", metavar="NAME", help="Only those of this group.")
@click.option("--status", type=one_of(ComponentStatus), help="Only those with this own status.")
@click.option("--visibility", type=one_of(Visibility), help="Only those with this visibility.")
@click.option("--removed", is_flag=True, help="Those that were removed, instead of those that are there.")
@JSON
@api_options
def list_(url: str, token: str | None, *, removed: bool, as_json: bool, **selected: str | None) -> None:
    """List components: their own status, and the one customers see where an active window makes it worse."""
    query = {name: value for name, value in selected.items() if value is not None}
    query |= {"removed": "true"} if removed else {}
    found = connected(url, token, "read").all("components", "components", **query)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["slug"],
            each["name"],
            each["group"] or "",
            each["status"],
            each["shown_status"],
            "" if each["visibility"] == Visibility.SHOWN else each["visibility"],
        )
        for each in found
    ]
    print_table(("SLUG", "NAME", "GROUP", "STATUS", "SHOWN", "VISIBILITY"), rows)


@component.command
@_SLUG
@click.option("--name", required=True, help="The name customers know.")
@click.option("--description", help="One line about it.")
@click.option("--group", help="Shown under this heading, which is made where there is none.")
@click.option("--status", type=one_of(ComponentStatus), help="How it does.  [default: operational]")
@_VISIBILITY
@JSON
@api_options
def add(url: str, token: str | None, *, as_json: bool, **fields: str | None) -> None:
    """Add a component under the short name SLUG; one that was removed comes back, with its history."""
    sent = {name: value for name, value in fields.items() if value is not None}
    made = connected(url, token, "write").post("components", sent)
    _tell(made, f'added the component "{made["name"]}": {made["status"]}', as_json=as_json)


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
    said = f'the component "{changed["name"]}" is {changed["status"]}; customers see {_seen(changed)}'
    _tell(changed, said, as_json=as_json)


@component.command
@_SLUG
@click.option("--name", help="The name customers know.")
@click.option("--description", help="One line about it.")
@click.option("--group", help="The heading it is shown under, which is made where there is none.")
@click.option("--no-group", is_flag=True, help="Take it out of its group.")
@_VISIBILITY
@JSON
@api_options
def edit(slug: str, url: str, token: str | None, *, no_group: bool, as_json: bool, **fields: str | None) -> None:
    """Change a component: what is given, and nothing else."""
    sent: Document = {name: value for name, value in fields.items() if value is not None}
    if no_group and "group" in sent:
        raise WrongUsageError("--group and --no-group exclude each other")
    if no_group:
        sent["group"] = None
    if not sent:
        raise WrongUsageError("nothing to change: give --name, --description, --group, --no-group or --visibility")
    changed = connected(url, token, "write").patch(f"components/{slug}", sent)
    where = f'in the group "{changed["group"]}"' if changed["group"] else "in no group"
    _tell(changed, f'the component "{changed["name"]}" is {where}, {changed["visibility"]}', as_json=as_json)


@component.command
@_SLUG
@JSON
@api_options
def remove(slug: str, url: str, token: str | None, *, as_json: bool) -> None:
    """Remove a component. Its history is kept; refused while a window that is not over names it."""
    removed = connected(url, token, "write").delete(f"components/{slug}")
    said = f'the component "{removed["name"]}" is removed; `gateway component add {slug}` brings it back'
    _tell(removed, said, as_json=as_json)


@component.command
@_SLUG
@click.option("--before", callback=options.slug_option, metavar="SLUG", help="Right before this one.")
@click.option("--after", callback=options.slug_option, metavar="SLUG", help="Right after this one.")
@JSON
@api_options
def move(slug: str, before: str | None, after: str | None, url: str, token: str | None, *, as_json: bool) -> None:
    """Move a component within its group."""
    if (before is None) == (after is None):
        raise WrongUsageError("say where to: --before SLUG or --after SLUG, one of them")
    sent = {"before": before} if before is not None else {"after": after}
    changed = connected(url, token, "write").post(f"components/{slug}/move", sent)
    said = f'the component "{changed["name"]}" is right {"before" if before else "after"} {before or after}'
    _tell(changed, said, as_json=as_json)


@component.command
@click.argument("slugs", nargs=-1, required=True, callback=options.slugs)
@JSON
@api_options
def order(slugs: tuple[str, ...], url: str, token: str | None, *, as_json: bool) -> None:
    """Put the components SLUGS in this order, at the places that they have among the others."""
    ordered = connected(url, token, "write").post("component-order", {"slugs": slugs})
    _tell(ordered, f"the order is {', '.join(ordered['slugs'])}", as_json=as_json)


@component.command
@_SLUG
@interval_options(
    "From then on: 2026-12-01 (UTC) or 2026-12-01T22:00:00+01:00.  [default: 90 days before --to]",
    "Until then.  [default: now]",
)
@JSON
@api_options
def history(
    slug: str, since: datetime | None, until: datetime | None, url: str, token: str | None, *, as_json: bool
) -> None:
    """Show what customers saw of a component, the latest last; sums go to standard error."""
    query = given_interval(since, until)
    found = connected(url, token, "read").get(f"components/{slug}/history", **query)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            short_instant(each["since"]),
            short_instant(each["until"]),
            _length(each),
            each["status"],
            "; ".join(window["title"] for window in each["windows"]) or (each["changed_by"] or ""),
        )
        for each in found["intervals"]
    ]
    print_table(("SINCE", "UNTIL", "LASTED", "STATUS", "BECAUSE OF"), rows)
    if found["share_up"] is None:
        tell(f"nothing is known of {slug} in this time")
    else:
        tell(f"{int(found['share_up'] * 100_000) / 1000} % without an outage (partial or major)")


def _seen(changed: Document) -> str:
    return "nothing of it" if changed["visibility"] == Visibility.HIDDEN else str(changed["shown_status"])


def _length(interval: Document) -> str:
    lasted = datetime.fromisoformat(interval["until"]) - datetime.fromisoformat(interval["since"])
    return short_duration(timedelta(seconds=round(lasted.total_seconds())))


def _tell(changed: Document, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(changed)
    else:
        tell(what)
